// An agent with the real engine and HTTP client, and a real target on loopback to aim at.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "daemon/agent/agent.h"
#include "daemon/plan/plan.h"
#include "daemon/protocol/http/http_protocol.h"
#include "tests/daemon/target/test_client.h"

namespace squall {

// What the agent told its log, in order.
class SeenEvents final {
 public:
  void Add(const AgentEvent& event) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      lines_.push_back(fmt::format("{} {} {}", event.what, event.run_id, event.detail));
    }
    grown_.notify_all();
  }
  // False when `line` has not come within half a minute: a broken agent fails a test.
  bool Await(const std::string& line) {
    std::unique_lock<std::mutex> lock(mutex_);
    return grown_.wait_for(lock, std::chrono::seconds(30), [&] {
      return std::find(lines_.begin(), lines_.end(), line) != lines_.end();
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable grown_;
  std::vector<std::string> lines_;
};

// Tells of the last report alone: as an event, so that tests can wait for it.
class LastReportSink final : public MetricSink {
 public:
  LastReportSink(MetricSource source, SeenEvents* events)
      : source_(std::move(source)), events_(events) {}
  absl::Status Send(const MetricReport& report) override {
    if (report.last) {
      const std::string detail =
          fmt::format("{} {} {}", source_.test, source_.agent, RunStateName(report.now->state));
      events_->Add({"last report", source_.run_id, detail});
    }
    return absl::OkStatus();
  }

 private:
  const MetricSource source_;
  SeenEvents* const events_;
};

struct AgentRig {
  explicit AgentRig(const Clock* clock) : agent(MakeConfig(), &protocol, clock) {}

  AgentConfig MakeConfig() {
    AgentConfig config;
    config.name = "a-1";
    config.shards = 2;
    config.on_event = [this](const AgentEvent& event) { events.Add(event); };
    config.make_metric_sink =
        [this](const MetricOutput& output,
               const MetricSource& source) -> absl::StatusOr<std::unique_ptr<MetricSink>> {
      if (output.kind == MetricOutput::Kind::kOtlp) {
        return absl::FailedPreconditionError("not built in");
      }
      return std::make_unique<LastReportSink>(source, &events);
    };
    return config;
  }

  // Users that ask for `path` without a pause.
  Plan MakePlan(const std::string& path, uint64_t users, uint64_t iterations = 0) const {
    Plan plan;
    plan.name = "rig";
    plan.service.base_url = fmt::format("http://127.0.0.1:{}", target.port());
    plan.load_profile.load = ConstantLoad{users, 1e6, std::nullopt};
    if (iterations > 0) {
      plan.load_profile.iterations = iterations;
    }
    RequestStep request;
    request.path = path;
    request.name = "page";
    UserClass user_class;
    user_class.name = "reader";
    user_class.tasks.push_back({"read", 1, {}, {Step{request, {}}}, {}});
    plan.users.push_back(user_class);
    return plan;
  }

  PrepareOrder Order(const std::string& run_id, Plan plan, uint64_t epoch = 1) const {
    PrepareOrder order;
    order.run_id = run_id;
    order.epoch = epoch;
    order.owner = "coordinator-1";
    order.plan = std::move(plan);
    order.assignment = MakeAssignment(0, 1, epoch);
    return order;
  }

  RunningTarget target;
  const HttpProtocol protocol;
  SeenEvents events;
  Agent agent;  // last: its threads use the others
};

}  // namespace squall
