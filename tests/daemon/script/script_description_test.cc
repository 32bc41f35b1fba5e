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
          "tags": ["a", "b"], "agent_arguments": ["-f", "x.py"], "iterations": null,
          "classes": [{"name": "Shopper", "weight": 2, "fixed_count": 0, "tasks": ["buy"]}]})");
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
  ASSERT_EQ(read->classes.size(), 1u);
  EXPECT_EQ(read->classes[0].name, "Shopper");
  EXPECT_EQ(read->classes[0].weight, 2);
  EXPECT_EQ(read->classes[0].tasks, std::vector<std::string>{"buy"});
  EXPECT_EQ(read->agent_arguments, (std::vector<std::string>{"-f", "x.py"}));
  EXPECT_EQ(read->iterations, std::nullopt);
}

TEST(ScriptDescriptionTest, WhatThePageOffersIsRead) {
  const auto read = ParseScriptDescription(
      R"({"autostart": true, "autoquit": -1, "web_host": "*", "web_port": 0, "tls_cert": "c.pem",
          "all_tags": ["x"], "exclude_tags": ["y"], "options": [
          {"name": "depth", "help": "How deep", "value": "3", "choices": ["3", "4"], "many": true},
          {"name": "key", "secret": true, "required": true, "flag": true}]})");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(read->autostart);
  EXPECT_EQ(read->autoquit, std::nullopt);
  EXPECT_EQ(read->web_host, "*");
  EXPECT_EQ(read->web_port, 0);
  EXPECT_EQ(read->web_tls_cert, "c.pem");
  EXPECT_EQ(read->all_tags, std::vector<std::string>{"x"});
  EXPECT_EQ(read->exclude_tags, std::vector<std::string>{"y"});
  ASSERT_EQ(read->options.size(), 2u);
  EXPECT_EQ(read->options[0].help, "How deep");
  EXPECT_EQ(read->options[0].value, "3");
  EXPECT_EQ(read->options[0].choices, (std::vector<std::string>{"3", "4"}));
  EXPECT_TRUE(read->options[0].many);
  EXPECT_TRUE(read->options[1].secret && read->options[1].required && read->options[1].flag);
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
