#include "daemon/programs/script_form.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(ChosenJsonTest, NothingIsNothing) { EXPECT_EQ(ChosenJson({}), ""); }

TEST(ChosenJsonTest, NamesAndValuesAreThoseOfTheLocustfilesParser) {
  StartRequest request;
  request.plan = "shop.py";
  request.settings.host = "http://shop";
  request.settings.users = 50;
  request.settings.spawn_rate = 2.5;
  request.settings.run_time = std::chrono::seconds(90);
  request.settings.iterations = 7;
  request.settings.stop_timeout = std::chrono::seconds(3);
  request.settings.tags = {"read"};
  request.settings.exclude_tags = {"slow", "write"};
  request.user_classes = {"Buyer"};
  request.options = {{"goods", "\"tea\""}};
  EXPECT_EQ(ChosenJson(request),
            R"({"goods":"\"tea\"","host":"http://shop","num_users":"50","spawn_rate":"2.5",)"
            R"("run_time":"90s","iterations":"7","stop_timeout":"3s","tags":["read"],)"
            R"("exclude_tags":["slow","write"],"user_classes":["Buyer"]})");
}

TEST(ChosenJsonTest, WhatIsEmptiedUndoesTheCommandLine) {
  StartRequest request;
  request.emptied = {.host = true,
                     .run_time = true,
                     .iterations = true,
                     .stop_timeout = true,
                     .tags = true,
                     .exclude_tags = true};
  EXPECT_EQ(ChosenJson(request),
            R"({"host":"","run_time":"","iterations":"","stop_timeout":"","tags":[],)"
            R"("exclude_tags":[]})");
}

TEST(DescribeScriptTest, TheFormShowsTheFileAndNoPassword) {
  ScriptDescription told;
  told.host = "http://ann:secret@shop";
  told.users = 6;
  told.spawn_rate = 2;
  told.all_tags = {"read"};
  told.tags = {"read"};
  told.iterations = 7;
  told.stop_timeout = Nanos(0);
  told.classes = {{.name = "Buyer", .weight = 2, .tasks = {"buy"}},
                  {.name = "Admin", .fixed_count = 1}};
  told.options = {{.name = "goods", .help = "What", .value = "tea"}};
  PlanOffer offer;
  offer.name = "shop.py";
  DescribeScript(told, &offer);
  EXPECT_TRUE(offer.script);
  EXPECT_EQ(offer.host, "http://shop");
  EXPECT_EQ(offer.users, 6u);
  EXPECT_EQ(offer.spawn_rate, 2);
  EXPECT_EQ(offer.tags, std::vector<std::string>{"read"});
  EXPECT_EQ(offer.only_tags, std::vector<std::string>{"read"});
  EXPECT_EQ(offer.iterations, 7u);
  EXPECT_EQ(offer.stop_timeout, std::nullopt);
  ASSERT_EQ(offer.user_classes.size(), 2u);
  EXPECT_EQ(offer.user_classes[0].tasks, std::vector<std::string>{"buy"});
  EXPECT_EQ(offer.user_classes[0].fixed_count, std::nullopt);
  EXPECT_EQ(offer.user_classes[1].fixed_count, 1u);
  ASSERT_EQ(offer.options.size(), 1u);
  EXPECT_EQ(offer.options[0].value, "tea");
}

TEST(DescribeScriptTest, AShapeSaysItselfHowManyUsersThereAre) {
  ScriptDescription told;
  told.has_shape = true;
  told.users = 6;
  PlanOffer offer;
  offer.planned = {{}};
  DescribeScript(told, &offer);
  EXPECT_TRUE(offer.has_shape);
  EXPECT_EQ(offer.users, std::nullopt);
  EXPECT_TRUE(offer.planned.empty());
}

}  // namespace
}  // namespace squall
