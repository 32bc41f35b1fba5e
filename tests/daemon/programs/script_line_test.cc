#include "daemon/programs/script_line.h"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace squall {
namespace {

using Words = std::vector<std::string>;

TEST(ScriptLineTest, ALocustfileIsToldFromAPlanAndFromOtherCommands) {
  struct Row {
    const char* what;
    const char* program;
    Words arguments;
    std::optional<Words> left;
  };
  const Row rows[] = {
      {"a plan", "squall", {"run", "plan.yaml"}, std::nullopt},
      {"a plan by flag", "squall", {"run", "-f", "plan.yaml"}, std::nullopt},
      {"another command", "bin/squall", {"validate", "x.py"}, std::nullopt},
      {"help", "squall", {"--help"}, std::nullopt},
      {"by flag", "squall", {"run", "-f", "x.py", "-u", "5"}, Words{"-f", "x.py", "-u", "5"}},
      {"by position", "squall", {"run", "x.py", "Shopper"}, Words{"-f", "x.py", "Shopper"}},
      {"without the command", "squall", {"-f", "x.py"}, Words{"-f", "x.py"}},
      {"a long flag", "squall", {"run", "--locustfile=x.py"}, Words{"--locustfile=x.py"}},
      {"a file in the value of another flag", "squall", {"run", "--csv", "x.py"}, std::nullopt},
      {"two files", "squall", {"run", "-f", "a.py,b.py"}, Words{"-f", "a.py,b.py"}},
      {"a URL", "squall", {"run", "-f", "http://x/y.py"}, Words{"-f", "http://x/y.py"}},
      {"a directory", "squall", {"run", "-f", "tests"}, Words{"-f", "tests"}},
      {"locust alone", "/usr/bin/locust", {}, Words{}},
      {"locust with help", "locust", {"--help"}, Words{"--help"}},
      {"locust with a plan", "locust", {"-f", "plan.yml", "-u", "1"}, std::nullopt},
      {"a worker", "locust", {"-f", "x.py", "--worker"}, std::nullopt},
  };
  for (const Row& row : rows) {
    const std::optional<ScriptLine> line = FindScriptLine(row.program, row.arguments);
    EXPECT_EQ(line.has_value() ? std::optional(line->arguments) : std::nullopt, row.left)
        << row.what;
  }
}

TEST(ScriptLineTest, OursAreTakenAndTheRestKeepsItsOrder) {
  ScriptLine line;
  line.arguments = {"-f",      "x.py", "--seed", "7",        "--my-own", "--not-a-value",
                    "Shopper", "-u",   "10",     "--agents", "a:1,b:2",  "--script-memory-max",
                    "2GB",     "-r",   "0.5",    "-q"};
  RunFlags flags;
  EXPECT_EQ(TakeOurFlags(&line, &flags), std::nullopt);
  EXPECT_EQ(line.arguments,
            (Words{"-f", "x.py", "--my-own", "--not-a-value", "Shopper", "-u", "10", "-r", "0.5"}));
  EXPECT_EQ(flags.seed, 7u);
  EXPECT_EQ(flags.agents, (Words{"a:1", "b:2"}));
  EXPECT_EQ(flags.script_memory_max, 2'000'000'000u);
  EXPECT_TRUE(flags.quiet);
}

TEST(ScriptLineTest, JsonIsAFileForUsAndAFlagForLocust) {
  RunFlags flags;
  ScriptLine line{.as_locust = false, .arguments = {"--json", "x.json"}};
  EXPECT_EQ(TakeOurFlags(&line, &flags), std::nullopt);
  EXPECT_EQ(flags.json, "x.json");
  line = {.as_locust = true, .arguments = {"--json"}};
  EXPECT_EQ(TakeOurFlags(&line, &flags), std::nullopt);
  EXPECT_EQ(line.arguments, Words{"--json"});
}

TEST(ScriptLineTest, AWrongValueOfOursIsAUsageError) {
  RunFlags flags;
  ScriptLine line{.as_locust = false, .arguments = {"--shards", "many"}};
  EXPECT_EQ(TakeOurFlags(&line, &flags), 2);
}

}  // namespace
}  // namespace squall
