#include "operator/controller/leader_elector.h"

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/kube/fake_api_server.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// One record, as an API server keeps it: versions, conflicts, and failures on demand.
class FakeLease {
 public:
  std::optional<LeaseRecord> record;
  int writes = 0;

  absl::StatusOr<LeaseRecord> Get() const {
    if (!record.has_value()) {
      return absl::NotFoundError("no lease");
    }
    return *record;
  }
  absl::StatusOr<LeaseRecord> Create(const LeaseRecord& wanted) {
    if (record.has_value()) {
      return absl::AlreadyExistsError("there is one");
    }
    return Store(wanted);
  }
  absl::StatusOr<LeaseRecord> Update(const LeaseRecord& wanted) {
    if (!record.has_value()) {
      return absl::NotFoundError("no lease");
    }
    if (wanted.resource_version != record->resource_version) {
      return absl::AbortedError("conflict");
    }
    return Store(wanted);
  }

 private:
  LeaseRecord Store(const LeaseRecord& wanted) {
    record = wanted;
    record->resource_version = std::to_string(++writes);
    return *record;
  }
};

// One candidate's way to it.
class Connection final : public LeaseStore {
 public:
  explicit Connection(FakeLease* lease) : lease_(lease) {}

  bool down = false;             // nothing arrives
  bool answers_lost = false;     // writes arrive, their answers do not
  std::function<void()> before;  // runs before each request: time passes, somebody else writes

  absl::StatusOr<LeaseRecord> Get() override {
    return Ask([this] { return lease_->Get(); }, /*write=*/false);
  }
  absl::StatusOr<LeaseRecord> Create(const LeaseRecord& record) override {
    return Ask([&] { return lease_->Create(record); }, /*write=*/true);
  }
  absl::StatusOr<LeaseRecord> Update(const LeaseRecord& record) override {
    return Ask([&] { return lease_->Update(record); }, /*write=*/true);
  }

 private:
  absl::StatusOr<LeaseRecord> Ask(const std::function<absl::StatusOr<LeaseRecord>()>& request,
                                  bool write) {
    if (before) {
      before();
    }
    if (down) {
      return absl::UnavailableError("down");
    }
    const absl::StatusOr<LeaseRecord> answer = request();
    if (write && answers_lost) {
      return absl::UnavailableError("reset");
    }
    return answer;
  }

  FakeLease* const lease_;
};

// A candidate that runs on the test's clock.
struct Candidate {
  Candidate(const std::string& name, FakeLease* lease, const Clock* clock)
      : connection(lease), elector(Options(name), &connection, Callbacks(), clock) {}

  static LeaderElectorOptions Options(const std::string& name) {
    LeaderElectorOptions options;
    options.self.identity = name;
    return options;
  }
  LeaderCallbacks Callbacks() {
    return {[this](int64_t epoch) { started.push_back(epoch); }, [this] { ++lost; }};
  }

  std::vector<int64_t> started;
  int lost = 0;
  Connection connection;
  LeaderElector elector;
};

class LeaderElectorTest : public testing::Test {
 protected:
  // Each candidate steps when its wait is over, until `span` has passed. At most one may lead.
  void RunFor(Nanos span, const std::vector<Candidate*>& candidates) {
    const TimePoint end = clock_.Now() + span;
    std::vector<TimePoint> due(candidates.size(), clock_.Now());
    while (clock_.Now() < end) {
      int leaders = 0;
      for (size_t i = 0; i < candidates.size(); ++i) {
        if (due[i] <= clock_.Now()) {
          due[i] = clock_.Now() + candidates[i]->elector.Step();
        }
        leaders += candidates[i]->elector.leading() ? 1 : 0;
      }
      ASSERT_LE(leaders, 1);
      clock_.Advance(milliseconds(100));
    }
  }

  ManualClock clock_;
  FakeLease lease_;
  Candidate a_{"a", &lease_, &clock_};
  Candidate b_{"b", &lease_, &clock_};
};

TEST_F(LeaderElectorTest, TheFirstCandidateLeadsAndKeepsLeading) {
  RunFor(std::chrono::minutes(10), {&a_, &b_});
  EXPECT_TRUE(a_.elector.leading());
  EXPECT_EQ(a_.started, std::vector<int64_t>{0});
  EXPECT_EQ(a_.lost, 0);
  EXPECT_TRUE(b_.started.empty());
  EXPECT_EQ(b_.elector.Stats().holder, "a");
  EXPECT_EQ(a_.elector.Stats().slow_paths, 0U);
}

TEST_F(LeaderElectorTest, RenewsEveryTwoSecondsOrALittleLater) {
  RunFor(seconds(240), {&a_});
  EXPECT_GE(lease_.writes, 100);
  EXPECT_LE(lease_.writes, 121);
}

TEST_F(LeaderElectorTest, AStandbyTakesOverADeadLeadersLeaseWhenItRunsOut) {
  RunFor(seconds(30), {&a_, &b_});
  RunFor(seconds(12), {&b_});  // a is dead; b saw its last renewal up to 2.4 s ago
  EXPECT_FALSE(b_.elector.leading());
  RunFor(seconds(6), {&b_});
  EXPECT_TRUE(b_.elector.leading());
  EXPECT_EQ(b_.started, std::vector<int64_t>{1});
}

TEST_F(LeaderElectorTest, AReleasedLeaseIsTakenWithinARetry) {
  RunFor(seconds(30), {&a_, &b_});
  a_.elector.Stop();
  EXPECT_EQ(a_.lost, 0) << "went of its own accord";
  EXPECT_EQ(lease_.record->holder, "");
  EXPECT_EQ(lease_.record->duration_seconds, 1);
  RunFor(milliseconds(2500), {&b_});
  EXPECT_TRUE(b_.elector.leading());
  EXPECT_EQ(b_.started, std::vector<int64_t>{1});
}

TEST_F(LeaderElectorTest, AStandbyThatStopsWritesNothing) {
  RunFor(seconds(30), {&a_, &b_});
  const int writes = lease_.writes;
  b_.elector.Stop();
  EXPECT_EQ(lease_.writes, writes);
  EXPECT_EQ(lease_.record->holder, "a");
}

TEST_F(LeaderElectorTest, ALeaderCutOffGivesUpBeforeAnotherOneLeads) {
  RunFor(seconds(30), {&a_, &b_});
  a_.connection.down = true;
  RunFor(milliseconds(7000), {&a_, &b_});
  EXPECT_TRUE(a_.elector.leading()) << "a short failure is no reason";
  RunFor(milliseconds(3500), {&a_, &b_});
  EXPECT_FALSE(a_.elector.leading());
  EXPECT_EQ(a_.lost, 1);
  RunFor(seconds(10), {&a_, &b_});
  EXPECT_TRUE(b_.elector.leading());
  a_.connection.down = false;
  RunFor(seconds(60), {&a_, &b_});
  EXPECT_EQ(a_.started.size(), 1U) << "who lost does not lead again";
  EXPECT_EQ(a_.lost, 1);
}

TEST_F(LeaderElectorTest, AShortFailureCostsNothing) {
  RunFor(seconds(30), {&a_, &b_});
  a_.connection.down = true;
  RunFor(seconds(7), {&a_, &b_});
  a_.connection.down = false;
  RunFor(seconds(60), {&a_, &b_});
  EXPECT_TRUE(a_.elector.leading());
  EXPECT_EQ(a_.lost, 0);
}

TEST_F(LeaderElectorTest, ALostAnswerIsFoundAgainOnTheSlowPath) {
  RunFor(seconds(30), {&a_, &b_});
  a_.connection.answers_lost = true;
  RunFor(seconds(3), {&a_, &b_});
  a_.connection.answers_lost = false;
  RunFor(seconds(60), {&a_, &b_});
  EXPECT_TRUE(a_.elector.leading());
  EXPECT_EQ(a_.started, std::vector<int64_t>{0});
  EXPECT_EQ(a_.elector.Stats().slow_paths, 1U);
}

TEST_F(LeaderElectorTest, ALostAnswerToTheFirstWriteBringsANewEpoch) {
  a_.connection.answers_lost = true;
  a_.elector.Step();
  EXPECT_FALSE(a_.elector.leading());
  EXPECT_EQ(lease_.record->holder, "a");
  a_.connection.answers_lost = false;
  a_.elector.Step();
  EXPECT_EQ(a_.started, std::vector<int64_t>{1});
}

TEST_F(LeaderElectorTest, OfTwoThatTakeOverAtOnceOneGetsIt) {
  Candidate c("c", &lease_, &clock_);
  RunFor(seconds(5), {&a_, &b_, &c});
  clock_.Advance(seconds(15));
  // c reads the old record as well, and writes first.
  b_.connection.before = [&, requests = 0]() mutable {
    if (++requests == 2) {
      c.elector.Step();
    }
  };
  b_.elector.Step();
  EXPECT_FALSE(b_.elector.leading());
  EXPECT_TRUE(c.elector.leading());
  EXPECT_EQ(c.started, std::vector<int64_t>{1});
}

TEST_F(LeaderElectorTest, APausedLeaderNoticesAtOnceThatItWasReplaced) {
  RunFor(seconds(30), {&a_, &b_});
  RunFor(seconds(20), {&b_});  // SIGSTOP for a
  ASSERT_EQ(b_.started, std::vector<int64_t>{1});
  EXPECT_FALSE(a_.elector.Healthy()) << "it thinks that it leads, and has not renewed";
  a_.elector.Step();
  EXPECT_FALSE(a_.elector.leading());
  EXPECT_EQ(a_.lost, 1);
  EXPECT_EQ(lease_.record->holder, "b");
}

TEST_F(LeaderElectorTest, ALeaderPausedForALeaseGivesUpEvenIfNobodyTookOver) {
  RunFor(seconds(30), {&a_});
  clock_.Advance(seconds(60));
  a_.elector.Step();
  EXPECT_FALSE(a_.elector.leading()) << "another one may have led and gone meanwhile";
  EXPECT_EQ(a_.lost, 1);
}

TEST_F(LeaderElectorTest, AnAnswerThatTookALeaseDoesNotMakeALeader) {
  a_.connection.before = [this] { clock_.Advance(seconds(8)); };  // a GET and a POST
  a_.elector.Step();
  EXPECT_FALSE(a_.elector.leading());
  a_.connection.before = nullptr;
  a_.elector.Step();
  EXPECT_EQ(a_.started, std::vector<int64_t>{1});
}

TEST_F(LeaderElectorTest, ASlowRenewalCountsFromItsStart) {
  RunFor(seconds(30), {&a_});
  a_.connection.before = [this] { clock_.Advance(seconds(4)); };
  const TimePoint begun = clock_.Now();
  a_.elector.Step();
  a_.connection.before = nullptr;
  a_.connection.down = true;
  clock_.Advance(begun + seconds(10) - clock_.Now());
  a_.elector.Step();
  EXPECT_EQ(a_.lost, 1);
}

TEST_F(LeaderElectorTest, AStolenLeaseEndsTheLeadershipAtOnce) {
  RunFor(seconds(30), {&a_});
  lease_.record->holder = "somebody";
  lease_.record->resource_version = "stolen";
  a_.elector.Step();
  EXPECT_EQ(a_.lost, 1);
  EXPECT_EQ(lease_.record->holder, "somebody");
}

TEST_F(LeaderElectorTest, ADeletedLeaseIsMadeAgainWithTheSameEpoch) {
  RunFor(seconds(30), {&a_, &b_});
  a_.elector.Stop();
  RunFor(seconds(5), {&b_});
  lease_.record.reset();
  RunFor(seconds(30), {&b_});
  EXPECT_TRUE(b_.elector.leading());
  EXPECT_EQ(b_.started, std::vector<int64_t>{1});
  EXPECT_EQ(lease_.record->transitions, 1);
}

TEST_F(LeaderElectorTest, AForeignClockIsNeverBelieved) {
  RunFor(seconds(30), {&a_});
  lease_.record->renew_time = "1999-01-01T00:00:00.000000Z";
  lease_.record->acquire_time = "2099-01-01T00:00:00.000000Z";
  RunFor(seconds(14), {&b_});
  EXPECT_FALSE(b_.elector.leading());
}

// Civil time is set by somebody; the monotonic clock runs on.
class SetClock final : public Clock {
 public:
  explicit SetClock(const Clock* steady) : steady_(steady) {}
  TimePoint Now() const override { return steady_->Now(); }
  WallTime Wall() const override { return steady_->Wall() + offset; }

  Nanos offset{};

 private:
  const Clock* const steady_;
};

TEST_F(LeaderElectorTest, JumpsOfCivilTimeChangeNothing) {
  SetClock clock(&clock_);
  Candidate c("c", &lease_, &clock);
  RunFor(seconds(10), {&c, &b_});
  for (const Nanos jump : {Nanos(std::chrono::hours(-30)), Nanos(std::chrono::hours(30))}) {
    clock.offset = jump;
    RunFor(seconds(40), {&c, &b_});
    EXPECT_TRUE(c.elector.leading());
  }
  EXPECT_EQ(c.started, std::vector<int64_t>{0});
  EXPECT_EQ(c.lost, 0);
  RunFor(seconds(20), {&b_});  // c is dead, with a renewal that claims to be of tomorrow
  EXPECT_TRUE(b_.elector.leading());
}

TEST_F(LeaderElectorTest, AWaitEndsAtTheRenewDeadline) {
  RunFor(seconds(30), {&a_});
  a_.elector.Step();
  a_.connection.down = true;
  Nanos waited{};
  while (a_.lost == 0) {
    const Nanos wait = a_.elector.Step();
    clock_.Advance(wait);
    waited += a_.lost == 0 ? wait : Nanos(0);
  }
  EXPECT_EQ(waited, seconds(10));
}

TEST(LeaderElectorThreadTest, LeadsAndGivesTheLeaseBack) {
  const SystemClock clock;
  FakeLease lease;
  Connection connection(&lease);
  std::atomic<bool> leads = false;
  LeaderElectorOptions options;
  options.self.identity = "a";
  LeaderElector elector(options, &connection, {[&leads](int64_t) { leads = true; }, {}}, &clock);
  elector.Start();
  while (!leads) {
    std::this_thread::yield();
  }
  elector.Stop();
  EXPECT_EQ(lease.record->holder, "");
  EXPECT_FALSE(elector.leading());
}

TEST(LeaderElectorApiServerTest, TwoCandidatesTakeTurnsOnARealLease) {
  const SystemClock system;
  const auto server = *FakeApiServer::Start({}, &system);
  KubeConfig config;
  config.server = server->url();
  const auto client = *KubeClient::Make(config, LeaseClientOptions({}), &system);
  const auto store = MakeKubeLeaseStore(client.get(), {"kube-system", "squall-operator"});
  ManualClock clock;
  LeaderElector a(Candidate::Options("a"), store.get(), {}, &clock);
  LeaderElector b(Candidate::Options("b"), store.get(), {}, &clock);
  for (int i = 0; i < 5; ++i) {
    a.Step();
    b.Step();
    clock.Advance(seconds(2));
  }
  EXPECT_TRUE(a.leading());
  EXPECT_FALSE(b.leading());
  EXPECT_EQ(b.Stats().holder, "a");
  // A renewal whose answer is lost: the next one meets a newer version, and reads again.
  server->faults().Add(
      {.code = 500, .after_commit = true, .path = "leases", .verb = "update", .count = 1});
  for (int i = 0; i < 3; ++i) {
    a.Step();
    clock.Advance(seconds(2));
  }
  EXPECT_TRUE(a.leading());
  EXPECT_EQ(a.Stats().slow_paths, 1U);
  a.Stop();
  b.Step();
  EXPECT_TRUE(b.leading());
  EXPECT_EQ(b.Stats().epoch, 1);
  EXPECT_EQ(store->Get()->holder, "b");
}

TEST(LeaseClientOptionsTest, NothingTakesLongerThanAMissedRenewal) {
  const KubeClientOptions options = LeaseClientOptions({});
  EXPECT_LE(options.connect_timeout + options.request_timeout + options.retry_wait_max,
            seconds(10));
}

}  // namespace
}  // namespace squall
