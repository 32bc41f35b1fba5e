#include "daemon/report/live.h"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "daemon/report/text.h"
#include "tests/daemon/report/sample_report.h"
#include "tests/support/golden.h"

namespace squall {
namespace {

using std::chrono::seconds;

// The twelfth second of a run: the sample's requests so far, all but 30 of them in the last ten
// seconds.
class LiveTest : public testing::Test {
 protected:
  LiveTest() : report_(ClosedReport()), now_(report_.total) {
    now_.state = RunState::kRunning;
    now_.elapsed = seconds(12);
    now_.users = {{"Buyer", 3}, {"Reader", 7}};
    now_.target_users = 10;
    now_.open_requests = 4;
    before_.elapsed = seconds(2);
    AddRequests(&before_.entries[{.name = "Get_All_Products", .method = "GET"}], {{0.42, 30}});
    for (int i = 0; i < 12; ++i) {
      points_.push_back(
          {.start = seconds(i), .length = seconds(1), .requests = static_cast<uint64_t>(i * i)});
    }
    state_ = {.now = &now_,
              .before = &before_,
              .points = &points_,
              .plan_name = "product-service",
              .host = "http://u:p@127.0.0.1:8082",
              .run_time = seconds(20)};
  }

  static std::vector<std::string> Lines(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) {
      lines.push_back(line);
    }
    return lines;
  }

  RunReport report_;
  Snapshot now_;
  Snapshot before_;
  std::vector<SeriesPoint> points_;
  LiveState state_;
};

TEST_F(LiveTest, FrameMatchesTheGoldenFile) {
  ExpectGolden("report/live_frame.txt", LiveFrame(state_, {.width = 100, .height = 24}));
}

TEST_F(LiveTest, FrameOfAnOpenModelMatchesTheGoldenFile) {
  RunReport report = OpenReport();
  report.total.state = RunState::kRunning;
  report.total.target_rate = 100;
  state_ = {.now = &report.total, .plan_name = "arrivals", .host = "https://shop.test"};
  ExpectGolden("report/live_frame_open.txt", LiveFrame(state_, {.width = 80, .height = 24}));
}

TEST_F(LiveTest, NoFrameIsWiderOrHigherThanTheTerminal) {
  for (int i = 0; i < 60; ++i) {
    AddRequests(&now_.entries[{.name = fmt::format("/商品/{}", i), .method = "GET"}], {{9, 1}});
  }
  for (const size_t width : {1, 10, 33, 80, 250}) {
    for (const size_t height : {1, 2, 7, 9, 24, 100}) {
      const std::vector<std::string> lines =
          Lines(LiveFrame(state_, {.width = width, .height = height}));
      EXPECT_LT(lines.size(), height + (height == 1 ? 1 : 0));
      for (const std::string& line : lines) {
        EXPECT_LE(Columns(line), width) << line;
      }
    }
  }
}

TEST_F(LiveTest, NamesThatDoNotFitAreCounted) {
  for (int i = 0; i < 60; ++i) {
    AddRequests(&now_.entries[{.name = fmt::format("/{}", i), .method = "GET"}], {{9, 1}});
  }
  const std::vector<std::string> lines = Lines(LiveFrame(state_, {.width = 80, .height = 24}));
  EXPECT_EQ(lines.size(), 23u);
  EXPECT_EQ(lines.back(), "… and 48 more");
}

TEST_F(LiveTest, RatesFallToZeroWhenTheTargetHangs) {
  before_ = now_;
  before_.elapsed = seconds(2);
  EXPECT_NE(LiveLine(state_).find(" 0.0/s, "), std::string::npos) << LiveLine(state_);
}

TEST_F(LiveTest, LineSaysItAllWithoutATerminal) {
  EXPECT_EQ(LiveLine(state_),
            "12s of 20s: 10/10 users, 300 requests, 27.0/s, 8 failures (2.67%), p50 0.97 ms, "
            "p95 148 ms");
}

TEST_F(LiveTest, LineOfARunWithoutEnd) {
  state_.run_time.reset();
  EXPECT_EQ(LiveLine(state_).substr(0, 20), "12s, until stopped: ");
}

TEST_F(LiveTest, WarmUpShowsItsOwnFiguresAndSaysSo) {
  const RunReport report = OpenReport();
  Snapshot now = report.total;
  now.elapsed = seconds(4);
  state_ = {.now = &now, .run_time = seconds(30), .warm_up = seconds(5)};
  const std::string line = LiveLine(state_);
  EXPECT_NE(line.find("4s of 30s, warming up: "), std::string::npos) << line;
  EXPECT_NE(line.find(" 500 requests, 125.0/s"), std::string::npos) << line;
}

TEST_F(LiveTest, ThresholdsThatFailComeFirst) {
  const std::vector<ThresholdResult> results = {
      {.threshold = *ParseThreshold("response_time", "p(95) < 300ms"),
       .observed = 0.148,
       .passed = true},
      {.threshold = *ParseThreshold("checks", "rate > 99%")},
      {.threshold = *ParseThreshold("failures", "rate < 1%"), .observed = 0.0267}};
  state_.thresholds = &results;
  const std::vector<std::string> lines = Lines(LiveFrame(state_, {.width = 80, .height = 24}));
  ASSERT_GT(lines.size(), 8u);
  EXPECT_EQ(lines[5], "· checks: rate > 99%  no data");
  EXPECT_EQ(lines[6], "✗ failures: rate < 1%  2.67%");
  EXPECT_EQ(lines[7], "✓ response_time: p(95) < 300ms  148ms");
}

TEST_F(LiveTest, ManyThresholdsLeaveRoomForNames) {
  const std::vector<ThresholdResult> results(
      40, {.threshold = *ParseThreshold("checks", "rate > 99%")});
  state_.thresholds = &results;
  const std::string frame = LiveFrame(state_, {.width = 80, .height = 24});
  EXPECT_NE(frame.find("… and 35 more thresholds"), std::string::npos) << frame;
  EXPECT_NE(frame.find("GET Get_All_Products"), std::string::npos) << frame;
}

TEST_F(LiveTest, AgentsAreShownWhenThereAreSeveral) {
  AgentView one;
  one.name = "a-1";
  one.state = RunState::kRunning;
  one.users = one.target_users = 10;
  one.cpu_cores = 0.5;
  state_.agents = {one};
  EXPECT_EQ(LiveFrame(state_, {.width = 80, .height = 40}).find("a-1"), std::string::npos);
  AgentView other = one;
  other.name = "b\x1b";
  other.lost = true;
  state_.agents = {one, other};
  const std::string frame = LiveFrame(state_, {.width = 80, .height = 40});
  EXPECT_NE(frame.find("a-1 "), std::string::npos) << frame;
  EXPECT_NE(frame.find("b\\x1b "), std::string::npos) << frame;
  EXPECT_NE(frame.find(" running "), std::string::npos) << frame;
  EXPECT_NE(frame.find(" lost "), std::string::npos) << frame;
  EXPECT_NE(frame.find(" 10/10 "), std::string::npos) << frame;
  EXPECT_NE(frame.find(" 0.50 "), std::string::npos) << frame;
}

TEST_F(LiveTest, WhatWouldMakeTheRunInvalidIsSaid) {
  EXPECT_EQ(LiveFrame(state_, {}).find("INVALID"), std::string::npos);
  state_.invalid_so_far = {"the loop lag is 120 ms"};
  EXPECT_NE(LiveFrame(state_, {}).find("INVALID so far: the loop lag is 120 ms\n"),
            std::string::npos);
}

TEST_F(LiveTest, HostileNamesStayOnTheirLine) {
  const RunReport hostile = HostileReport();
  state_ = {.now = &hostile.total, .plan_name = "\x1b[2J\n", .host = "\x07"};
  const std::string frame = LiveFrame(state_, {.width = 80, .height = 24});
  EXPECT_EQ(frame.find('\x1b'), std::string::npos);
  EXPECT_EQ(Lines(frame).size(), 12u);
}

TEST_F(LiveTest, ColourIsOnlyThereWhenAskedFor) {
  EXPECT_EQ(LiveFrame(state_, {}).find('\x1b'), std::string::npos);
  EXPECT_NE(LiveFrame(state_, {.colour = true}).find('\x1b'), std::string::npos);
}

TEST(LiveRedrawTest, GoesUpClearsEachLineAndWhatIsBelow) {
  EXPECT_EQ(LiveRedraw("a\nb\n", 0), "\ra\x1b[K\nb\x1b[K\n\x1b[J");
  EXPECT_EQ(LiveRedraw("a\n", 12), "\x1b[12A\ra\x1b[K\n\x1b[J");
}

TEST(SparklineTest, HighestValueFillsItsCellAndTheNewestAreShown) {
  EXPECT_EQ(Sparkline({0, 50, 100}, 10), "▁▅█");
  EXPECT_EQ(Sparkline({100, 1, 2}, 2), "▅█");
  EXPECT_EQ(Sparkline({0, 0}, 5), "▁▁");
  EXPECT_EQ(Sparkline({}, 5), "");
  EXPECT_EQ(Sparkline({1}, 0), "");
}

}  // namespace
}  // namespace squall
