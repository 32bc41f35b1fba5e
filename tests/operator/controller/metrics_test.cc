#include "operator/controller/metrics.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "operator/controller/leader_elector.h"
#include "operator/controller/reflector.h"
#include "tests/support/golden.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

void Append(std::vector<MetricGroup> more, std::vector<MetricGroup>* groups) {
  groups->insert(groups->end(), more.begin(), more.end());
}

// Of a real queue and controller, so that the buckets are theirs.
class MetricsTest : public testing::Test, public Reconciler {
 protected:
  absl::StatusOr<ReconcileResult> Reconcile(const ObjectKey& key) override {
    clock_.Advance(milliseconds(20));
    if (key.name == "bad") {
      return TerminalError(absl::InvalidArgumentError("bad"));
    }
    if (key.name == "down") {
      return absl::UnavailableError("down");
    }
    return ReconcileResult{key.name == "again" ? seconds(15) : seconds(0)};
  }
  void RunAll() {
    for (const char* name : {"good", "bad", "down", "again"}) {
      controller_.queue().Add({"team", name});
    }
    while (controller_.RunOne()) {
    }
    controller_.queue().Add({"team", "waits"}, Priority::kBackground);
  }

  static ControllerOptions WithoutJitter() {
    ControllerOptions options;
    options.queue.retry_jitter = 0;
    return options;
  }

  ManualClock clock_;
  Controller controller_{WithoutJitter(), this, &clock_};
};

TEST_F(MetricsTest, EveryMetricIsInTheGoldenFile) {
  RunAll();
  std::vector<MetricGroup> groups = MetricsOf(controller_.queue().Stats());
  Append(MetricsOf(controller_.Stats()), &groups);
  LeaderStats leader;
  leader.leading = true;
  leader.slow_paths = 1;
  Append(MetricsOf("squall-operator", leader), &groups);
  RestClientMetrics client;
  client.OnCall({"200", "GET", "10.96.0.1:443", milliseconds(30), 0, 900});
  client.OnCall({"429", "PATCH", "10.96.0.1:443", milliseconds(1), 300, 200});
  client.OnRetry({"429", "PATCH", "10.96.0.1:443", milliseconds(1), 300, 200});
  Append(client.Collect(), &groups);
  ReflectorStats reflector;
  reflector.lists = {{"start", 1}, {"expired", 2}};
  reflector.events = {{"ADDED", 3}, {"BOOKMARK", 4}};
  Append(MetricsOf("pods", reflector), &groups);
  Append(MetricsOf(EventRecorderStats{5, 6, 7}), &groups);
  Append(MetricsOf(ProcessUsage{3.25, 1 << 20, 17, 1024},
                   WallTime(std::chrono::seconds(1'700'000'000)), "1.2.3"),
         &groups);
  ExpectGolden("metrics/operator.txt", MetricsText(groups));
}

TEST_F(MetricsTest, ResultsAreThereBeforeTheFirstPass) {
  const std::string text = MetricsText(MetricsOf(controller_.Stats()));
  for (const char* result : {"success", "error", "requeue", "requeue_after"}) {
    EXPECT_NE(text.find("controller_runtime_reconcile_total{controller=\"loadtest\",result=\"" +
                        std::string(result) + "\"} 0\n"),
              std::string::npos)
        << "an alert on a rate needs the zero before: " << result;
  }
}

}  // namespace
}  // namespace squall
