#include "daemon/wire/plan_digest.h"

#include <functional>
#include <set>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "daemon/wire/plan_proto.h"
#include "protos/squall/v1/plan.pb.h"
#include "tests/daemon/wire/random_plan.h"

namespace squall {
namespace {

Plan TwoTaskPlan() {
  Plan plan;
  plan.users.push_back({.name = "Shopper",
                        .tasks = {Task{.name = "list", .steps = {Step{.what = LogStep{}}}},
                                  Task{.name = "buy", .steps = {Step{.what = RequestStep{}}}}}});
  plan.test_data.push_back({.name = "ids", .rows = {Value(int64_t{1}), Value(int64_t{2})}});
  return plan;
}

TEST(PlanDigestTest, IsSha256InHexAndStaysTheSame) {
  const std::string digest = PlanDigest(TwoTaskPlan());
  EXPECT_EQ(digest.size(), 64u);
  EXPECT_EQ(digest.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(PlanDigest(TwoTaskPlan()), digest);
}

TEST(PlanDigestTest, IsTheSameAtTheOtherEndOfTheWire) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    Rng rng(seed);
    const Plan plan = RandomPlan(&rng);
    v1::Plan proto;
    ASSERT_TRUE(PlanToProto(plan, &proto).ok());
    const absl::StatusOr<Plan> received = PlanFromProto(proto);
    ASSERT_TRUE(received.ok()) << "seed " << seed << ": " << received.status();
    ASSERT_EQ(PlanDigest(*received), PlanDigest(plan)) << "seed " << seed;
  }
}

TEST(PlanDigestTest, DoesNotDependOnWhereThePlansTextStood) {
  Plan moved = TwoTaskPlan();
  const SourceMark mark{.file = "other.yaml", .line = 99, .column = 9};
  moved.users[0].mark = mark;
  moved.users[0].tasks[1].mark = mark;
  moved.users[0].tasks[1].steps[0].mark = mark;
  moved.test_data[0].mark = mark;
  EXPECT_EQ(PlanDigest(moved), PlanDigest(TwoTaskPlan()));
}

TEST(PlanDigestTest, IgnoresMarksInsideOfBranchesAndLoops) {
  const SourceMark mark{.file = "a.yaml", .line = 1, .column = 1};
  const auto plan = [](SourceMark inner) {
    Plan made = TwoTaskPlan();
    const StepList steps = {Step{.what = LogStep{}, .mark = std::move(inner)}};
    made.users[0].on_start = {Step{.what = LoopStep{.steps = steps}}};
    made.users[0].on_stop = {Step{.what = IfStep{.then = steps, .otherwise = steps}}};
    return made;
  };
  EXPECT_EQ(PlanDigest(plan(mark)), PlanDigest(plan({})));
}

TEST(PlanDigestTest, ChangesWithEverythingElse) {
  const std::function<void(Plan*)> changes[] = {
      [](Plan*) {},
      [](Plan* plan) { plan->seed = 1; },
      [](Plan* plan) { plan->service.bearer_token = "x"; },
      [](Plan* plan) { std::swap(plan->users[0].tasks[0], plan->users[0].tasks[1]); },
      [](Plan* plan) { std::swap(plan->test_data[0].rows[0], plan->test_data[0].rows[1]); },
      [](Plan* plan) { plan->test_data[0].rows[0] = Value(1.0); },  // 1 and 1.0 print differently
      [](Plan* plan) { plan->load_profile.load = PeakShape{}; },
      [](Plan* plan) { plan->load_profile.load = SoakShape{}; },
      [](Plan* plan) { plan->load_profile.iterations = 0; },  // none at all, not "no limit"
  };
  std::set<std::string> digests;
  for (const auto& change : changes) {
    Plan plan = TwoTaskPlan();
    change(&plan);
    digests.insert(PlanDigest(plan));
  }
  EXPECT_EQ(digests.size(), std::size(changes));
}

}  // namespace
}  // namespace squall
