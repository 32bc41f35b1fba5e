#include "daemon/python/lane_context.h"

#include "tests/daemon/python/python_host.h"

namespace squall {
namespace {

class LaneContextTest : public EmbeddedPython {
 protected:
  PythonHost host{reactor.get()};
};

TEST_F(LaneContextTest, EverythingIsMeasuredOutsideOfARun) {
  EXPECT_EQ(context->PhaseAt(clock.Now()), RunPhase::kMeasured);
  context->CountOpenRequest(1);  // nobody is there to count
  context->CountExhaustion(NetError());
}

TEST_F(LaneContextTest, TheRunSaysWhichPhaseItIs) {
  host.phase = RunPhase::kCoolDown;
  context->SetRun(&host, host.recorder());
  EXPECT_EQ(context->PhaseAt(clock.Now()), RunPhase::kCoolDown);
}

TEST_F(LaneContextTest, NothingCountsUntilAllUsersAreThereWhenSoWished) {
  context->set_warming_up(true);
  EXPECT_EQ(context->PhaseAt(clock.Now()), RunPhase::kWarmUp);
  context->set_warming_up(false);
  EXPECT_EQ(context->PhaseAt(clock.Now()), RunPhase::kMeasured);
}

TEST_F(LaneContextTest, RecordsForTheRunWhileThereIsOne) {
  Recorder* const own = context->recorder();
  context->SetRun(&host, host.recorder());
  EXPECT_EQ(context->recorder(), host.recorder());
  context->SetRun(nullptr, nullptr);
  EXPECT_EQ(context->recorder(), own);
}

TEST_F(LaneContextTest, TheRunCountsOpenRequestsAndWhatIsExhausted) {
  context->SetRun(&host, host.recorder());
  context->CountOpenRequest(1);
  context->CountOpenRequest(1);
  context->CountOpenRequest(-1);
  context->CountExhaustion(NetError());
  EXPECT_EQ(host.open_requests, 1);
  EXPECT_EQ(host.exhausted.size(), 1U);
}

TEST_F(LaneContextTest, IsTheOneThatNativeTypesAskFor) { EXPECT_EQ(lane_context(), context.get()); }

}  // namespace
}  // namespace squall
