#include "daemon/coordinator/report_request.h"

#include <memory>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "tests/daemon/coordinator/fleet.h"

namespace squall {
namespace {

TEST(ReportRequestTest, TellsWhatARunHasComeToWhileItGoesOn) {
  const SystemClock clock;
  Fleet fleet(1);
  Watcher watcher;
  auto made = RunCoordinator::Make(fleet.PlanFor("{users: 2, spawn_rate: 1000}"), RunSettings(),
                                   fleet.Targets(), TestOptions(), &watcher, &clock);
  ASSERT_TRUE(made.ok()) << made.status();
  RunCoordinator* const coordinator = made->get();
  std::thread run([coordinator] { EXPECT_TRUE(coordinator->Run().ok()); });
  absl::StatusOr<RunReport> report = ReportRequest(coordinator).Wait();
  while (!report.ok() || report->total.Total().requests == 0) {
    report = ReportRequest(coordinator).Wait();
  }
  EXPECT_EQ(report->plan_name, "coordinated");
  coordinator->Stop("seen enough", /*immediate=*/true);
  run.join();
}

}  // namespace
}  // namespace squall
