#include "daemon/store/retention.h"

#include <gtest/gtest.h>

#include "tests/daemon/store/store_fixture.h"

namespace squall {
namespace {

using std::chrono::seconds;

RunRecord StoredRun(const char* run_id, StoredState state, int64_t created, int64_t ended,
                    int64_t bytes) {
  RunRecord run = MakeRun(run_id, state, created);
  run.ended_at = ended == 0 ? WallTime() : At(ended);
  run.stored_bytes = bytes;
  return run;
}

struct PolicyCase {
  const char* shows;
  RetentionPolicy policy;
  std::vector<std::string> pruned;
};

TEST(RetentionTest, TableOfPolicies) {
  // Not in order of age, as a database may return them. The soak run began first and still runs.
  const std::vector<RunRecord> runs = {
      StoredRun("new", StoredState::kFinished, 400, 450, 40),
      StoredRun("old", StoredState::kFinished, 100, 350, 10),  // began early, ended late
      StoredRun("soak", StoredState::kRunning, 0, 0, 100),
      StoredRun("middle", StoredState::kFailed, 200, 250, 20),
      StoredRun("waiting", StoredState::kPending, 50, 0, 1),
  };
  const WallTime now = At(500);
  const PolicyCase cases[] = {
      {"no limit keeps all", {}, {}},
      {"as many as there are", {.max_runs = 5}, {}},
      {"one too many: the oldest ended one goes", {.max_runs = 4}, {"old"}},
      {"two too many", {.max_runs = 3}, {"old", "middle"}},
      {"active runs stay even when they alone are too many",
       {.max_runs = 1},
       {"old", "middle", "new"}},
      {"age counts from the end of a run", {.max_age = seconds(200)}, {"middle"}},
      {"exactly as old as allowed stays", {.max_age = seconds(250)}, {}},
      {"all too old, the active ones stay", {.max_age = seconds(1)}, {"old", "middle", "new"}},
      {"exactly as many bytes as allowed", {.max_bytes = 171}, {}},
      {"a byte too many", {.max_bytes = 170}, {"old"}},
      {"the oldest go until it fits", {.max_bytes = 150}, {"old", "middle"}},
      {"active runs stay even when they alone are too big",
       {.max_bytes = 1},
       {"old", "middle", "new"}},
      {"what age removes counts for the other limits",
       {.max_runs = 4, .max_age = seconds(200), .max_bytes = 151},
       {"middle"}},
      {"the strictest limit decides", {.max_runs = 4, .max_bytes = 150}, {"old", "middle"}},
  };
  for (const PolicyCase& each : cases) {
    EXPECT_EQ(ChooseRunsToPrune(runs, each.policy, now), each.pruned) << each.shows;
  }
}

TEST(RetentionTest, RunThatEndedWithoutATimeIsAsOldAsItsCreation) {
  const std::vector<RunRecord> runs = {StoredRun("r", StoredState::kFailed, 100, 0, 1)};
  EXPECT_EQ(ChooseRunsToPrune(runs, {.max_age = seconds(99)}, At(200)).size(), 1U);
  EXPECT_EQ(ChooseRunsToPrune(runs, {.max_age = seconds(100)}, At(200)).size(), 0U);
}

TEST(RetentionTest, EmptyStoreHasNothingToPrune) {
  EXPECT_TRUE(ChooseRunsToPrune({}, {.max_runs = 1, .max_bytes = 1}, At(0)).empty());
}

}  // namespace
}  // namespace squall
