#include "daemon/sinks/metric_pump.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

#include <gtest/gtest.h>

#include "tests/daemon/sinks/sample_run.h"

namespace squall {
namespace {

// What one sink got; outlives it.
struct Log {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::pair<uint64_t, bool>> reports;  // requests since the report before, and last
  absl::Status answer;
  std::vector<absl::Status> next_answers;  // before it
  std::vector<Nanos> times_max;
  bool stuck = false;

  void Await(size_t count) {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return reports.size() >= count; });
  }
  void Answer(absl::Status status) {
    const std::lock_guard<std::mutex> lock(mutex);
    answer = std::move(status);
  }
  void SetStuck(bool on) {
    const std::lock_guard<std::mutex> lock(mutex);
    stuck = on;
    changed.notify_all();
  }
};

class LoggingSink final : public MetricSink {
 public:
  explicit LoggingSink(Log* log) : log_(log) {}
  absl::Status Send(const MetricReport& report) override {
    std::unique_lock<std::mutex> lock(log_->mutex);
    const uint64_t before = report.before == nullptr ? 0 : report.before->iterations;
    log_->reports.emplace_back(report.now->iterations - before, report.last);
    log_->changed.notify_all();
    log_->times_max.push_back(report.time_max);
    log_->changed.wait(lock, [&] { return !log_->stuck; });
    if (log_->next_answers.empty()) {
      return log_->answer;
    }
    absl::Status answer = std::move(log_->next_answers.front());
    log_->next_answers.erase(log_->next_answers.begin());
    return answer;
  }

 private:
  Log* const log_;
};

class MetricPumpTest : public testing::Test {
 protected:
  void Make(const std::vector<Log*>& logs,
            LastReportTries tries = {{Nanos(1), Nanos(1), Nanos(1)}}) {
    std::vector<MetricPump::Part> parts;
    for (Log* log : logs) {
      const MetricOutput output{.kind = MetricOutput::Kind::kInfluxDb, .to = "http://h:8086/x?p=s"};
      parts.push_back({output, std::make_unique<LoggingSink>(log)});
    }
    MetricPump::Hooks hooks;
    hooks.sample = [this] {
      const std::lock_guard<std::mutex> lock(mutex_);
      return PumpSample{figures_, 1};
    };
    hooks.tell = [this](std::string_view what, const std::string& text) {
      const std::lock_guard<std::mutex> lock(mutex_);
      told_.push_back(std::string(what) + "; " + text);
    };
    pump_ = std::make_unique<MetricPump>("run-1", std::move(parts), std::move(hooks), &counts_,
                                         &clock_, std::move(tries));
    pump_->Start();
  }
  void Set(uint64_t requests, RunState state = RunState::kRunning) {
    const std::lock_guard<std::mutex> lock(mutex_);
    figures_ = SampleRun(requests);
    figures_.state = state;
  }
  // An interval goes by.
  void Pass() {
    clock_.Advance(std::chrono::seconds(5));
    pump_->Wake();
  }
  std::vector<std::string> told() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return told_;
  }
  uint64_t sent() const { return counts_.Figures()[2].sent; }
  uint64_t failed() const { return counts_.Figures()[2].failed; }

  ManualClock clock_;
  OutputCounts counts_;
  std::mutex mutex_;
  Snapshot figures_ = SampleRun(1);
  std::vector<std::string> told_;
  std::unique_ptr<MetricPump> pump_;  // ends first
};

TEST_F(MetricPumpTest, ReportsComeWithTheIntervalAndAtTheEnd) {
  Log log;
  Make({&log});
  Pass();
  log.Await(1);
  Set(4);
  Pass();
  log.Await(2);
  Set(9, RunState::kFinished);
  pump_->Wake();  // no interval has gone by
  log.Await(3);
  pump_ = nullptr;
  const std::vector<std::pair<uint64_t, bool>> expected = {{1, false}, {3, false}, {5, true}};
  EXPECT_EQ(log.reports, expected);
  EXPECT_EQ(sent(), 3u);
  EXPECT_TRUE(told_.empty());
}

TEST_F(MetricPumpTest, WhatWasNotSentIsInTheNextReportAndSaidOnce) {
  Log log;
  log.answer = absl::UnavailableError("takes no\nconnections");
  Make({&log});
  for (size_t i = 1; i <= 3; ++i) {
    Set(i);
    Pass();
    log.Await(i);
  }
  while (failed() < 3) {
  }
  log.Answer(absl::OkStatus());
  Set(4);
  Pass();
  log.Await(4);
  pump_->End({SampleRun(6), 0});
  log.Await(5);
  const std::vector<std::string> warnings = pump_->Warnings();
  pump_ = nullptr;
  const std::vector<std::pair<uint64_t, bool>> expected = {
      {1, false}, {2, false}, {3, false}, {4, false}, {2, true}};
  EXPECT_EQ(log.reports, expected);
  EXPECT_EQ(sent(), 2u);
  EXPECT_EQ(failed(), 3u);
  const std::vector<std::string> lines = {
      "output failed; output influxdb http://h:8086: takes no connections",
      "output works again; output influxdb http://h:8086: 3 reports had failed"};
  EXPECT_EQ(told(), lines);
  EXPECT_EQ(warnings, std::vector<std::string>{"output influxdb http://h:8086: takes no "
                                               "connections"});
}

TEST_F(MetricPumpTest, OneThatIsStuckDelaysNobodyElse) {
  Log stuck;
  Log fine;
  stuck.stuck = true;
  Make({&stuck, &fine});
  Pass();
  stuck.Await(1);
  for (size_t i = 1; i <= 3; ++i) {
    fine.Await(i);
    Pass();
  }
  stuck.SetStuck(false);
  pump_->End({SampleRun(9), 0});
  stuck.Await(2);
  pump_ = nullptr;
  EXPECT_TRUE(stuck.reports.back().second);
  EXPECT_TRUE(fine.reports.back().second);
}

TEST_F(MetricPumpTest, ALastReportThatIsNotSentIsNoWarningOfTheRun) {
  Log log;
  log.answer = absl::UnavailableError("no");
  Make({&log});
  pump_->End({SampleRun(2), 0});
  log.Await(1);
  while (failed() < 1) {
  }
  while (told().empty()) {
  }
  EXPECT_TRUE(pump_->Warnings().empty());
  pump_ = nullptr;
  EXPECT_EQ(told(),
            std::vector<std::string>{"last report not sent; output influxdb http://h:8086: no"});
}

TEST_F(MetricPumpTest, ALastReportIsTriedAgainUntilItIsTaken) {
  Log log;
  log.next_answers = {absl::UnavailableError("answered 503"), absl::UnavailableError("closed")};
  Make({&log});
  pump_->End({SampleRun(2), 0});
  pump_ = nullptr;
  const std::vector<std::pair<uint64_t, bool>> expected = {{2, true}, {2, true}, {2, true}};
  EXPECT_EQ(log.reports, expected);
  EXPECT_EQ(sent(), 1u);
  EXPECT_EQ(failed(), 0u);
  EXPECT_TRUE(told_.empty());
  EXPECT_EQ(log.times_max, std::vector<Nanos>(3, std::chrono::seconds(8)));
}

TEST_F(MetricPumpTest, ALastReportIsNotTriedForEver) {
  Log down;
  down.answer = absl::UnavailableError("no");
  Log refusing;
  refusing.answer = absl::FailedPreconditionError("answered 400");
  Make({&down, &refusing});
  pump_->End({SampleRun(2), 0});
  pump_ = nullptr;
  EXPECT_EQ(down.reports.size(), 4u);
  EXPECT_EQ(refusing.reports.size(), 1u);
  EXPECT_EQ(failed(), 2u);
}

TEST_F(MetricPumpTest, ALastReportHasUntilTheDeadlineOnly) {
  Log log;
  log.answer = absl::UnavailableError("does not answer in time");
  log.stuck = true;
  Make({&log}, {{Nanos(1), Nanos(1)}, std::chrono::seconds(8)});
  Pass();
  log.Await(1);  // a report is under way
  pump_->End({SampleRun(2), 0});
  clock_.Advance(std::chrono::seconds(7));
  log.SetStuck(false);
  pump_ = nullptr;
  EXPECT_EQ(log.times_max.at(1), std::chrono::seconds(1));
  EXPECT_EQ(log.reports.size(), 2u);  // what is left is not worth another try
}

TEST_F(MetricPumpTest, ALastReportThatIsNotSentIsSaidThoughReportsHadFailedBefore) {
  Log log;
  log.answer = absl::UnavailableError("no");
  Make({&log});
  Pass();
  log.Await(1);
  pump_->End({SampleRun(2), 0});
  pump_ = nullptr;
  const std::vector<std::string> lines = {"output failed; output influxdb http://h:8086: no",
                                          "last report not sent; output influxdb http://h:8086: "
                                          "no"};
  EXPECT_EQ(told(), lines);
}

TEST_F(MetricPumpTest, AnotherRunIsLeftAlone) {
  Log log;
  figures_.run_id = "run-2";
  Make({&log});
  Pass();
  Snapshot other = SampleRun(2);
  other.run_id = "run-2";
  pump_->End({other, 0});
  pump_ = nullptr;
  EXPECT_TRUE(log.reports.empty());
}

}  // namespace
}  // namespace squall
