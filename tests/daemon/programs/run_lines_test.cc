#include "daemon/programs/run_lines.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "daemon/base/utf8.h"

namespace squall {
namespace {

constexpr char kTitle[] = "\x1b]0;owned\x07\u202e";  // would set the title of a terminal

// What a terminal would obey; the ends of lines are ours.
bool HoldsControls(std::string_view text) {
  while (!text.empty()) {
    const char32_t character = TakeCharacter(&text);
    if (IsControl(character) && character != '\n') {
      return true;
    }
  }
  return false;
}

v1::RunSummary HostileRun() {
  v1::RunSummary run;
  run.set_run_id("r-1");
  run.set_plan_name(std::string("plan\nrun  forged") + kTitle);
  run.set_state(v1::RUN_STATE_FINISHED);
  run.set_stop_reason(std::string("enough") + kTitle);
  run.set_verdict(v1::VERDICT_FAIL);
  run.add_warnings(std::string("slow") + kTitle);
  run.add_reasons(std::string("late") + kTitle);
  run.add_agents()->set_agent_id(std::string("a-1") + kTitle);
  return run;
}

TEST(RunLinesTest, NothingInARunReachesTheTerminalAsAControlCharacter) {
  const std::string text = RunText(HostileRun());
  EXPECT_FALSE(HoldsControls(text)) << text;
  EXPECT_NE(text.find("state     finished (enough\\x1b]0;owned\\x07\\u202e)\n"), std::string::npos)
      << text;
  // run, plan, state, started, users, requests, agent, warning, verdict, reason.
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 10) << text;
}

TEST(RunLinesTest, NorDoesAPlansNameInTheListOfRuns) {
  google::protobuf::RepeatedPtrField<v1::RunSummary> runs;
  *runs.Add() = HostileRun();
  const std::string text = RunsText(runs);
  EXPECT_FALSE(HoldsControls(text)) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2) << text;
}

TEST(RunLinesTest, ALongNameIsCutBetweenCharactersAndTheColumnsStayInLine) {
  google::protobuf::RepeatedPtrField<v1::RunSummary> runs;
  runs.Add()->set_plan_name(
      "x\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4");
  runs.Add()->set_plan_name(
      "\u5546\u54c1\u3092\u8cb7\u3046\u5546\u54c1\u3092\u8cb7\u3046\u5546\u54c1\u3092");
  runs.Add()->set_plan_name("short");
  const std::string text = RunsText(runs);
  EXPECT_TRUE(IsUtf8(text)) << text;
  // The whole of the first is 13 columns wide; the second is 26, so two give way to a mark.
  EXPECT_NE(text.find("x\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4   "
                      "         unspec"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("\u3046\u5546\u2026 "), std::string::npos) << text;
}

TEST(RunLinesTest, AnOrdinaryRunIsSaidInFull) {
  v1::RunSummary run;
  run.set_run_id("shop-1");
  run.set_plan_name("shop \u5546\u54c1");
  run.set_state(v1::RUN_STATE_RUNNING);
  run.set_users(12);
  run.set_requests(300);
  run.set_failures(8);
  EXPECT_EQ(RunText(run),
            "run       shop-1\nplan      shop \u5546\u54c1\nstate     running\nstarted   -\n"
            "users     12\nrequests  300 (8 failed)\n");
}

}  // namespace
}  // namespace squall
