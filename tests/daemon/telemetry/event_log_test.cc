#include "daemon/telemetry/event_log.h"

#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace squall {
namespace {

// The line without its time, which spdlog takes from the machine's clock.
std::string AfterTime(const std::string& line) {
  const size_t level = line.find("\"level\"");
  return level == std::string::npos ? line : line.substr(level);
}

TEST(EventLogTest, JsonIsOneObjectALine) {
  std::ostringstream out;
  EventLog log(LogFormat::kJson, LogLevel::kInfo, &out);
  log.Info("serving", {{"port", "7071"}, {"name", "a-1"}});
  const std::string line = out.str();
  EXPECT_TRUE(line.starts_with("{\"time\":\"2")) << line;
  EXPECT_EQ(line[line.find("\",\"level\"") - 1], 'Z') << line;
  EXPECT_EQ(AfterTime(line),
            "\"level\":\"info\",\"msg\":\"serving\",\"port\":\"7071\",\"name\":\"a-1\"}\n");
}

TEST(EventLogTest, NobodysWordsCanForgeALineOrAField) {
  std::ostringstream out;
  EventLog log(LogFormat::kJson, LogLevel::kInfo, &out);
  log.Info("x\",\"level\":\"error", {{"run_id", "a\n{\"msg\":\"b\"}\\"}, {"bytes", "\xff\x01"}});
  EXPECT_EQ(AfterTime(out.str()),
            "\"level\":\"info\",\"msg\":\"x\\\",\\\"level\\\":\\\"error\","
            "\"run_id\":\"a {\\\"msg\\\":\\\"b\\\"}\\\\\",\"bytes\":\"\xEF\xBF\xBD \"}\n");
}

TEST(EventLogTest, AJsonPatternSignInATextIsOnlyText) {
  std::ostringstream out;
  EventLog log(LogFormat::kJson, LogLevel::kInfo, &out);
  log.Info("%v {} 100%");
  EXPECT_EQ(AfterTime(out.str()), "\"level\":\"info\",\"msg\":\"%v {} 100%\"}\n");
}

TEST(EventLogTest, TextQuotesWhatIsNotOneWord) {
  std::ostringstream out;
  EventLog log(LogFormat::kText, LogLevel::kInfo, &out);
  log.Error("cannot start", {{"port", "1"}, {"reason", "no\nway"}, {"empty", ""}});
  const std::string line = out.str();
  EXPECT_TRUE(line.ends_with(" error cannot start port=1 reason=\"no way\" empty=\"\"\n")) << line;
}

TEST(EventLogTest, LinesBelowTheLevelAreDropped) {
  std::ostringstream out;
  EventLog log(LogFormat::kText, LogLevel::kWarning, &out);
  log.Info("quiet");
  log.Log(LogLevel::kDebug, "quieter");
  EXPECT_EQ(out.str(), "");
  log.Log(LogLevel::kWarning, "heard");
  EXPECT_TRUE(out.str().ends_with(" warning heard\n")) << out.str();
}

TEST(EventLogTest, ALongTextIsCut) {
  std::ostringstream out;
  EventLog log(LogFormat::kJson, LogLevel::kInfo, &out);
  log.Info(std::string(1 << 20, 'x'));
  EXPECT_LT(out.str().size(), 5000U);
}

}  // namespace
}  // namespace squall
