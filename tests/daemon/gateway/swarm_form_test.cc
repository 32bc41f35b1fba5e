#include "daemon/gateway/swarm_form.h"

#include <string>

#include <gtest/gtest.h>

namespace squall {
namespace {

using std::chrono::seconds;

PlanOffer LocustfileOffer() {
  PlanOffer plan{.name = "locustfile", .script = true};
  plan.options = {{.name = "region"}, {.name = "ids", .many = true}};
  return plan;
}

std::string Error(std::string_view form, const PlanOffer& plan = LocustfileOffer()) {
  return std::string(ParseSwarmForm(form, {plan}).status().message());
}

TEST(SwarmFormTest, ReadsLocustsFields) {
  const auto swarm = ParseSwarmForm(
      "user_count=10&spawn_rate=2.5&host=http%3A%2F%2Fh.test&run_time=1m30s&user_classes=A"
      "&user_classes=B&tags=x+y,z&exclude_tags=w&stop_timeout=5&region=eu&ids=1&ids=2"
      "&profile=nightly&unknown=1&shape_class=Default",
      {LocustfileOffer()});
  ASSERT_TRUE(swarm.ok()) << swarm.status();
  const StartRequest& start = swarm->start;
  EXPECT_EQ(start.settings.users, 10u);
  EXPECT_EQ(start.settings.spawn_rate, 2.5);
  EXPECT_EQ(start.settings.host, "http://h.test");
  EXPECT_EQ(start.settings.run_time, seconds(90));
  EXPECT_EQ(start.settings.stop_timeout, seconds(5));
  EXPECT_EQ(start.user_classes, (std::vector<std::string>{"A", "B"}));
  EXPECT_EQ(start.settings.tags, (std::vector<std::string>{"x", "y", "z"}));
  EXPECT_EQ(start.settings.exclude_tags, std::vector<std::string>{"w"});
  EXPECT_EQ(start.options, (std::map<std::string, std::string>{{"region", "eu"}, {"ids", "1\n2"}}));
  EXPECT_FALSE(swarm->by_shape);
}

TEST(SwarmFormTest, AnEmptyFieldWasNotFilledIn) {
  const auto swarm = ParseSwarmForm("user_count=&run_time=&host=", {LocustfileOffer()});
  ASSERT_TRUE(swarm.ok()) << swarm.status();
  EXPECT_EQ(swarm->start.settings, RunSettings());
}

TEST(SwarmFormTest, AShapeDecidesAsInLocust) {
  PlanOffer plan = LocustfileOffer();
  plan.has_shape = true;
  const auto by_shape = ParseSwarmForm("user_count=1&spawn_rate=1", {plan});
  EXPECT_TRUE(by_shape->by_shape);
  EXPECT_FALSE(by_shape->start.settings.users.has_value());
  EXPECT_EQ(by_shape->user_count, 1u);
  const auto by_hand = ParseSwarmForm("user_count=1&spawn_rate=1&shape_class=Default", {plan});
  EXPECT_FALSE(by_hand->by_shape);
  EXPECT_EQ(by_hand->start.settings.users, 1u);
  EXPECT_EQ(Error("shape_class=Wave"),
            "shape_class must be left out: plan 'locustfile' has no shape, got 'Wave'");
}

TEST(SwarmFormTest, SaysWhatIsWrong) {
  EXPECT_EQ(Error("user_count=x"), "user_count must be a whole number up to 1000000000, got 'x'");
  EXPECT_EQ(Error("spawn_rate=0"), "spawn_rate must be above 0 and at most 1000000000, got '0'");
  EXPECT_EQ(Error("run_time=soon"),
            "run_time must be a time span such as 20, 20s, 3m, 2h or 1h20m, got 'soon'");
  EXPECT_EQ(Error("plan=other"), "plan must be one that is offered, got 'other'");
  EXPECT_EQ(std::string(ParseSwarmForm("", {}).status().message()),
            "there is no plan to start here");
}

}  // namespace
}  // namespace squall
