#include "daemon/gateway/start_order.h"

#include <gmock/gmock.h>

namespace squall {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

UserClass ClassOf(const std::string& name, const std::vector<std::string>& tags) {
  UserClass item;
  item.name = name;
  item.weight = 3;
  item.tasks.push_back({.name = "look", .tags = tags, .steps = {{RequestStep{.path = "/"}}}});
  return item;
}

Plan Shop() {
  Plan plan;
  plan.name = "shop";
  plan.service.base_url = "http://user:secret@shop:8082";
  plan.load_profile.load = ConstantLoad{.users = 10, .spawn_rate = 2, .run_time = seconds(60)};
  plan.users = {ClassOf("Shopper", {"read", "buy"}), ClassOf("Admin", {"admin", "read"})};
  return plan;
}

OfferedPlan Offered(Plan plan, RunSettings settings = {}) {
  PlanOffer offer = OfferOf(plan, settings);
  return {std::move(offer), std::move(plan), std::move(settings)};
}

OfferedPlan Locustfile() {
  Plan plan;
  plan.name = "locustfile.py";
  plan.script.emplace();
  OfferedPlan offered = Offered(plan);
  offered.offer.user_classes = {{.name = "WebUser"}};
  offered.offer.options = {{.name = "api_key"}};
  return offered;
}

std::string RefusalOf(const StartRequest& request, const std::vector<OfferedPlan>& offered) {
  const absl::StatusOr<RunOrder> order = OrderFromRequest(request, offered);
  EXPECT_EQ(order.status().code(), absl::StatusCode::kInvalidArgument) << order.status();
  return std::string(order.status().message());
}

TEST(OfferOfTest, APlanIsOfferedWithWhatTheFormBeginsWith) {
  const PlanOffer offer = OfferOf(Shop(), {});
  EXPECT_EQ(offer.name, "shop");
  EXPECT_FALSE(offer.script);
  EXPECT_FALSE(offer.open_model);
  EXPECT_FALSE(offer.has_shape);
  EXPECT_EQ(offer.load, "10 users at 2/s");
  EXPECT_EQ(offer.users, 10U);
  EXPECT_EQ(offer.spawn_rate, 2);
  EXPECT_EQ(offer.run_time, seconds(60));
  EXPECT_FALSE(offer.planned.empty());
  EXPECT_EQ(offer.stages, std::nullopt);
  EXPECT_THAT(offer.tags, ElementsAre("admin", "buy", "read"));
  ASSERT_EQ(offer.user_classes.size(), 2U);
  EXPECT_EQ(offer.user_classes[0].name, "Shopper");
  EXPECT_EQ(offer.user_classes[0].weight, 3);
  EXPECT_THAT(offer.user_classes[0].tasks, ElementsAre("look"));
}

TEST(OfferOfTest, APasswordIsNotOffered) {
  EXPECT_THAT(OfferOf(Shop(), {}).host, testing::Not(HasSubstr("secret")));
}

TEST(OfferOfTest, WhatTheCommandLineSaysIsWhereTheFormBegins) {
  const PlanOffer offer = OfferOf(Shop(), {.host = "http://other", .users = 20});
  EXPECT_EQ(offer.host, "http://other");
  EXPECT_EQ(offer.users, 20U);
  EXPECT_EQ(offer.spawn_rate, 2);
}

TEST(OfferOfTest, WhatTheCommandLineSaysOfTagsAndEndsIsShown) {
  RunSettings line = {.tags = {"read"}, .exclude_tags = {"admin"}, .seed = 7};
  line.stop_timeout = seconds(3);
  line.iterations = 40;
  PlanOffer offer = OfferOf(Shop(), line);
  EXPECT_THAT(offer.only_tags, ElementsAre("read"));
  EXPECT_THAT(offer.exclude_tags, ElementsAre("admin"));
  EXPECT_EQ(offer.seed, 7U);
  EXPECT_EQ(offer.stop_timeout, seconds(3));
  EXPECT_EQ(offer.iterations, 40U);
  Plan plan = Shop();
  plan.load_profile.iterations = 5;
  offer = OfferOf(plan, {});
  EXPECT_EQ(offer.iterations, 5U);
  EXPECT_EQ(offer.seed, std::nullopt);  // a new one
  EXPECT_EQ(offer.stop_timeout, std::nullopt);
}

TEST(OfferOfTest, SettingsThatThePlanCannotTakeAreLeftOut) {
  const PlanOffer offer = OfferOf(Shop(), {.tags = {"none"}});
  EXPECT_EQ(offer.users, 10U);
  EXPECT_THAT(offer.only_tags, IsEmpty());
}

TEST(OfferOfTest, StagesAreOfferedToBeEdited) {
  Plan plan = Shop();
  const std::vector<Stage> stages = {{seconds(10), 4, 2}, {seconds(20), 8, 2}};
  plan.load_profile.load = stages;
  const PlanOffer offer = OfferOf(plan, {});
  EXPECT_TRUE(offer.has_shape);
  EXPECT_EQ(offer.stages, stages);
  EXPECT_EQ(offer.users, 8U);
  EXPECT_EQ(offer.run_time, seconds(30));
}

TEST(OfferOfTest, ArrivalRatesHaveAPeakToChooseAndNoUsers) {
  Plan plan = Shop();
  plan.load_profile.load = Arrival{.stages = {{seconds(10), 20}, {seconds(10), 50}}};
  plan.load_profile.run_time =
      seconds(5);  // what a request scales is the whole profile, cut or not
  const PlanOffer offer = OfferOf(plan, {});
  EXPECT_TRUE(offer.open_model);
  EXPECT_EQ(offer.users, std::nullopt);
  EXPECT_EQ(offer.spawn_rate, std::nullopt);
  EXPECT_EQ(offer.arrival_rate, 50);
  EXPECT_EQ(OfferOf(Shop(), {}).arrival_rate, std::nullopt);
}

TEST(StartOrderTest, WithoutANameTheFirstPlanIsMeant) {
  Plan other = Shop();
  other.name = "other";
  const std::vector<OfferedPlan> offered = {Offered(Shop()), Offered(other)};
  EXPECT_EQ(OrderFromRequest({}, offered)->plan, Shop());
  EXPECT_EQ(OrderFromRequest({.plan = "other"}, offered)->plan, other);
  EXPECT_THAT(RefusalOf({.plan = "othr"}, offered), HasSubstr("did you mean 'other'?"));
  EXPECT_THAT(RefusalOf({}, {}), HasSubstr("this host offers none"));
}

TEST(StartOrderTest, WhatIsAskedForWinsOverTheCommandLine) {
  const std::vector<OfferedPlan> offered = {
      Offered(Shop(), {.host = "http://line", .seed = 7, .users = 20, .spawn_rate = 5})};
  StartRequest request;
  request.settings.users = 30;
  request.settings.run_time = seconds(5);
  const RunSettings settings = OrderFromRequest(request, offered)->settings;
  EXPECT_EQ(settings.users, 30U);
  EXPECT_EQ(settings.spawn_rate, 5);
  EXPECT_EQ(settings.run_time, seconds(5));
  EXPECT_EQ(settings.seed, 7U);
  EXPECT_EQ(settings.host, "http://line");
}

TEST(StartOrderTest, ArrivalsAndUsersTakeThePlaceOfEachOther) {
  const std::vector<OfferedPlan> users = {Offered(Shop(), {.users = 20, .spawn_rate = 5})};
  StartRequest request;
  request.settings.arrival_rate = 9;
  EXPECT_EQ(OrderFromRequest(request, users)->settings, (RunSettings{.arrival_rate = 9}));
  const std::vector<OfferedPlan> arrivals = {Offered(Shop(), {.arrival_rate = 9})};
  EXPECT_EQ(OrderFromRequest({.settings = {.users = 3}}, arrivals)->settings,
            (RunSettings{.users = 3}));
  request.stages = {{seconds(10), 4, 2}};
  EXPECT_THAT(RefusalOf(request, users), HasSubstr("stages must stand without"));
  request.stages.reset();
  EXPECT_THAT(RefusalOf(request, {Locustfile()}), HasSubstr("arrival_rate must not be given"));
}

TEST(StartOrderTest, WhatIsEmptiedHoldsNeitherFromTheCommandLineNorFromThePlan) {
  Plan plan = Shop();
  plan.seed = 5;
  plan.load_profile.iterations = 9;
  plan.load_profile.run_time = seconds(600);
  RunSettings line = {.host = "http://line", .tags = {"read"}, .exclude_tags = {"admin"}};
  line.seed = 7;
  line.stop_timeout = seconds(3);
  line.run_time = seconds(30);
  line.iterations = 40;
  StartRequest request;
  request.emptied = {.host = true,
                     .run_time = true,
                     .iterations = true,
                     .stop_timeout = true,
                     .seed = true,
                     .tags = true,
                     .exclude_tags = true};
  RunOrder order = *OrderFromRequest(request, {Offered(plan, line)});
  EXPECT_EQ(order.settings, RunSettings());
  ASSERT_TRUE(ApplyRunSettings(order.settings, &order.plan).ok());
  EXPECT_EQ(Profile::Make(order.plan.load_profile)->Duration(), std::nullopt);
  EXPECT_EQ(order.plan.load_profile.iterations, std::nullopt);
  EXPECT_EQ(order.plan.seed, 0U);
  EXPECT_EQ(order.plan.stop_timeout, plan.stop_timeout);
  EXPECT_EQ(order.plan.service.base_url, plan.service.base_url);
  EXPECT_EQ(order.plan.users, plan.users);
}

TEST(StartOrderTest, AHostThatComesBackAsItWasOfferedKeepsItsPassword) {
  const std::vector<OfferedPlan> offered = {Offered(Shop())};
  StartRequest request;
  request.settings.host = offered[0].offer.host;
  RunOrder order = *OrderFromRequest(request, offered);
  ASSERT_TRUE(ApplyRunSettings(order.settings, &order.plan).ok());
  EXPECT_EQ(order.plan.service.base_url, "http://user:secret@shop:8082");
}

TEST(StartOrderTest, OnlyTheChosenUserClassesStay) {
  const std::vector<OfferedPlan> offered = {Offered(Shop())};
  const Plan plan = OrderFromRequest({.user_classes = {"Admin"}}, offered)->plan;
  ASSERT_EQ(plan.users.size(), 1U);
  EXPECT_EQ(plan.users[0].name, "Admin");
  EXPECT_THAT(RefusalOf({.user_classes = {"Shoper"}}, offered),
              HasSubstr("did you mean 'Shopper'?"));
}

TEST(StartOrderTest, StagesStandInThePlaceOfTheLoad) {
  const std::vector<OfferedPlan> offered = {Offered(Shop(), {.users = 20, .run_time = seconds(9)})};
  const std::vector<Stage> stages = {{seconds(10), 4, 2}, {seconds(20), 8, 2}};
  RunOrder order = *OrderFromRequest({.stages = stages}, offered);
  ASSERT_TRUE(ApplyRunSettings(order.settings, &order.plan).ok());
  EXPECT_EQ(std::get<std::vector<Stage>>(order.plan.load_profile.load), stages);
  EXPECT_EQ(Profile::Make(order.plan.load_profile)->Duration(), seconds(30));
  StartRequest both;
  both.stages = stages;
  both.settings.users = 5;
  EXPECT_THAT(RefusalOf(both, offered), HasSubstr("without users"));
  Plan open = Shop();
  open.load_profile.load = Arrival{.stages = {{seconds(10), 50}}};
  EXPECT_THAT(RefusalOf({.stages = stages}, {Offered(open)}), HasSubstr("arrival-rate"));
}

TEST(StartOrderTest, ATypedPlanIsReadAndItsMistakesAreNamedByLine) {
  const char* text =
      "name: typed\n"
      "users:\n"
      "  - name: U\n"
      "    tasks:\n"
      "      - name: t\n"
      "        steps: [{get: /}]\n";
  const absl::StatusOr<RunOrder> order = OrderFromRequest({.text = text}, {});
  ASSERT_TRUE(order.ok()) << order.status();
  EXPECT_EQ(order->plan.name, "typed");
  EXPECT_THAT(RefusalOf({.text = "users: 5\n"}, {}), HasSubstr("plan.yaml:1:8: users: must"));
}

TEST(StartOrderTest, OfALocustfileTheOptionsAreChecked) {
  const std::vector<OfferedPlan> offered = {Locustfile()};
  EXPECT_TRUE(
      OrderFromRequest({.user_classes = {"WebUser"}, .options = {{"api_key", "x"}}}, offered).ok());
  EXPECT_THAT(RefusalOf({.options = {{"api_kay", "x"}}}, offered),
              HasSubstr("did you mean 'api_key'?"));
  EXPECT_THAT(RefusalOf({.user_classes = {"None"}}, offered), HasSubstr("user_classes must be"));
  EXPECT_THAT(RefusalOf({.options = {{"api_key", "x"}}}, {Offered(Shop())}),
              HasSubstr("only a locustfile"));
}

TEST(StartOrderTest, ASinglePassIsRefused) {
  StartRequest request;
  request.settings.once = true;
  EXPECT_THAT(RefusalOf(request, {Offered(Shop())}), HasSubstr("once must not"));
}

TEST(LaidOverTest, EveryFieldOfTheBaseShowsThrough) {
  RunSettings base;
  base.host = "http://base";
  base.tags = {"a"};
  base.exclude_tags = {"b"};
  base.seed = 1;
  base.stop_timeout = seconds(2);
  base.users = 3;
  base.spawn_rate = 4;
  base.run_time = seconds(5);
  base.iterations = 6;
  base.control_loss_policy = ControlLossPolicy::kStop;
  base.control_loss_timeout = seconds(7);
  EXPECT_EQ(LaidOver({}, base), base);
  RunSettings over = base;
  over.tags = {"other"};
  over.users = 0;
  EXPECT_EQ(LaidOver(over, base), over);
  EXPECT_THAT(LaidOver({}, {}).tags, IsEmpty());
}

}  // namespace
}  // namespace squall
