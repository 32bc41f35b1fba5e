#include "daemon/gateway/run_request.h"

#include <string>

#include <gtest/gtest.h>

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string StartError(const std::string& json) {
  return std::string(ParseStartRequest(json).status().message());
}
std::string ChangeError(const std::string& json) {
  return std::string(ParseRunChange(json).status().message());
}

TEST(ParseStartRequestTest, NothingIsThePlansOwn) {
  const auto start = ParseStartRequest("{}");
  ASSERT_TRUE(start.ok()) << start.status();
  EXPECT_EQ(start->settings, RunSettings());
  EXPECT_EQ(start->plan, "");
  EXPECT_FALSE(start->text.has_value());
  EXPECT_FALSE(start->stages.has_value());
}

TEST(ParseStartRequestTest, ReadsEveryField) {
  const auto start = ParseStartRequest(
      R"({"plan":"shop","users":5,"spawn_rate":0.5,"arrival_rate":7,"host":"http://h",)"
      R"("run_time_seconds":1.5,)"
      R"("iterations":9,"stop_timeout_seconds":0,"seed":"18446744073709551615","tags":["a"],)"
      R"("exclude_tags":["b"],"user_classes":["U"],"options":{"key":"v"}})");
  ASSERT_TRUE(start.ok()) << start.status();
  EXPECT_EQ(start->plan, "shop");
  EXPECT_EQ(start->settings.users, 5u);
  EXPECT_EQ(start->settings.spawn_rate, 0.5);
  EXPECT_EQ(start->settings.arrival_rate, 7);
  EXPECT_EQ(start->settings.host, "http://h");
  EXPECT_EQ(start->settings.run_time, milliseconds(1500));
  EXPECT_EQ(start->settings.iterations, 9u);
  EXPECT_EQ(start->settings.stop_timeout, Nanos(0));
  EXPECT_EQ(start->settings.seed, UINT64_MAX);
  EXPECT_EQ(start->settings.tags, std::vector<std::string>{"a"});
  EXPECT_EQ(start->settings.exclude_tags, std::vector<std::string>{"b"});
  EXPECT_EQ(start->user_classes, std::vector<std::string>{"U"});
  EXPECT_EQ(start->options, (std::map<std::string, std::string>{{"key", "v"}}));
}

TEST(ParseStartRequestTest, AnEmptiedFieldIsNotOneThatWasLeftOut) {
  EXPECT_EQ(ParseStartRequest("{}")->emptied, EmptiedFields());
  EXPECT_EQ(ParseStartRequest(R"({"host":"http://h","tags":["a"],"seed":"1"})")->emptied,
            EmptiedFields());
  const auto start =
      ParseStartRequest(R"({"host":null,"run_time_seconds":null,"iterations":null,"seed":null,)"
                        R"("stop_timeout_seconds":null,"tags":[],"exclude_tags":null})");
  ASSERT_TRUE(start.ok()) << start.status();
  EXPECT_EQ(start->settings, RunSettings());
  EXPECT_EQ(start->emptied, (EmptiedFields{.host = true,
                                           .run_time = true,
                                           .iterations = true,
                                           .stop_timeout = true,
                                           .seed = true,
                                           .tags = true,
                                           .exclude_tags = true}));
}

TEST(ParseStartRequestTest, ReadsStagesInThePlaceOfUsers) {
  const auto start =
      ParseStartRequest(R"({"stages":[{"duration_seconds":10,"users":5,"spawn_rate":2},)"
                        R"({"duration_seconds":0.5,"users":0}]})");
  ASSERT_TRUE(start.ok()) << start.status();
  EXPECT_EQ(*start->stages,
            (std::vector<Stage>{{.duration = seconds(10), .users = 5, .spawn_rate = 2},
                                {.duration = milliseconds(500), .users = 0, .spawn_rate = 1}}));
}

TEST(ParseStartRequestTest, SaysWhatIsWrong) {
  EXPECT_EQ(StartError(R"({"users":-5})"),
            "users must be a whole number from 0 to 1000000000, got -5");
  EXPECT_EQ(StartError(R"({"run_time_seconds":0})"),
            "run_time_seconds must be a number above 0 and at most 315619200, got 0");
  EXPECT_EQ(StartError(R"({"seed":"12x"})"),
            R"(seed must be a whole number of 64 bits, as a text, got "12x")");
  EXPECT_EQ(StartError(R"({"stages":[]})"), "stages must have at least one stage, got []");
  EXPECT_EQ(StartError(R"({"stages":[{"users":1}]})"), "stages[0].duration_seconds must be given");
  EXPECT_EQ(StartError(R"({"stages":[{"duration_seconds":1,"users":1,"rate":1}]})"),
            "stages[0] must have no field 'rate'; it may have duration_seconds, users, spawn_rate");
  EXPECT_EQ(
      StartError(R"({"stages":[{"duration_seconds":1,"users":1}],"users":3})"),
      "users, spawn_rate and arrival_rate must not be given with stages, which have their own");
  EXPECT_EQ(StartError(R"({"plan":"a","text":"b"})"), "plan and text must not both be given");
  EXPECT_EQ(StartError(R"({"user":1})"),
            "the body must have no field 'user', did you mean 'users'?");
}

TEST(ParseRunChangeTest, ReadsEachKind) {
  EXPECT_EQ(std::get<LoadRequest>(*ParseRunChange(R"({"users":9,"spawn_rate":3})")),
            (LoadRequest{.users = 9, .spawn_rate = 3}));
  EXPECT_EQ(std::get<LoadRequest>(*ParseRunChange(R"({"users":0})")),
            (LoadRequest{.users = 0, .spawn_rate = 1}));
  EXPECT_EQ(std::get<LoadRequest>(*ParseRunChange(R"({"arrival_factor":2.5})")),
            (LoadRequest{.arrival_factor = 2.5}));
  EXPECT_EQ(std::get<LoadRequest>(*ParseRunChange(R"({"clear":true})")),
            (LoadRequest{.clear = true}));
  EXPECT_EQ(std::get<PauseRequest>(*ParseRunChange(R"({"paused":false})")), PauseRequest{false});
  EXPECT_EQ(std::get<std::vector<Stage>>(
                *ParseRunChange(R"({"stages":[{"duration_seconds":1,"users":2}]})")),
            (std::vector<Stage>{{.duration = seconds(1), .users = 2, .spawn_rate = 1}}));
}

TEST(ParseRunChangeTest, WantsExactlyOne) {
  const std::string must =
      "the body must have exactly one of users, arrival_factor, clear, paused, stages, got ";
  EXPECT_EQ(ChangeError("{}"), must + "0");
  EXPECT_EQ(ChangeError(R"({"users":1,"paused":true})"), must + "2");
  EXPECT_EQ(ChangeError(R"({"spawn_rate":1})"), must + "0");
  EXPECT_EQ(ChangeError(R"({"paused":true,"spawn_rate":1})"),
            "spawn_rate must not be given without users");
  EXPECT_EQ(ChangeError(R"({"clear":false})"), "clear must be true, got false");
  EXPECT_EQ(ChangeError(R"({"usres":1})"),
            "the body must have no field 'usres', did you mean 'users'?");
}

TEST(ParseStopRequestTest, MayBeEmpty) {
  EXPECT_EQ(*ParseStopRequest(""), StopRequest());
  EXPECT_EQ(*ParseStopRequest("{}"), StopRequest());
  EXPECT_EQ(*ParseStopRequest(R"({"reason":"enough","immediate":true})"),
            (StopRequest{"enough", true}));
  EXPECT_FALSE(ParseStopRequest(R"({"why":"x"})").ok());
}

}  // namespace
}  // namespace squall
