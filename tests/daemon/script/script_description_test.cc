#include "daemon/script/script_description.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(ScriptDescriptionTest, OptionsAreReadAsPythonWritesThem) {
  const auto read = ParseScriptDescription(
      R"({"users": 10, "spawn_rate": 0.5, "run_time_seconds": 90, "stop_timeout_seconds": 2.5,
          "host": "http://shop", "headless": true, "csv": "out", "json_file": null,
          "exit_code_on_error": 3, "processes": -1, "master_bind_port": 6000,
          "tags": ["a", "b"], "classes": [{"name": "Shopper", "weight": 1}],
          "agent_arguments": ["-f", "x.py"], "iterations": null})");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->users, 10u);
  EXPECT_EQ(read->spawn_rate, 0.5);
  EXPECT_EQ(read->run_time, std::chrono::seconds(90));
  EXPECT_EQ(read->stop_timeout, std::chrono::milliseconds(2500));
  EXPECT_EQ(read->host, "http://shop");
  EXPECT_TRUE(read->headless);
  EXPECT_EQ(read->csv, "out");
  EXPECT_EQ(read->json_file, "");
  EXPECT_EQ(read->exit_code_on_error, 3);
  EXPECT_EQ(read->processes, -1);
  EXPECT_EQ(read->master_bind_port, 6000);
  EXPECT_EQ(read->tags, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(read->classes, std::vector<std::string>{"Shopper"});
  EXPECT_EQ(read->agent_arguments, (std::vector<std::string>{"-f", "x.py"}));
  EXPECT_EQ(read->iterations, std::nullopt);
}

TEST(ScriptDescriptionTest, WhatIsMissingOrOfAnotherKindHasItsDefault) {
  const auto read = ParseScriptDescription(
      R"({"users": "many", "exit_code_on_error": 1e300, "host": 5, "tags": "a", "run_time_seconds":
          -1})");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->users, std::nullopt);
  EXPECT_EQ(read->exit_code_on_error, 1);
  EXPECT_EQ(read->host, "");
  EXPECT_TRUE(read->tags.empty());
  EXPECT_EQ(read->run_time, std::nullopt);
}

TEST(ScriptDescriptionTest, WhatIsNoObjectIsRefused) {
  EXPECT_FALSE(ParseScriptDescription("[1]").ok());
  EXPECT_FALSE(ParseScriptDescription("{").ok());
}

}  // namespace
}  // namespace squall
