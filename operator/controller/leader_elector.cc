#include "operator/controller/leader_elector.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/check.h"
#include "daemon/base/status_macros.h"
#include "operator/kube/api/resource.h"

namespace squall {
namespace {

class KubeLeaseStore final : public LeaseStore {
 public:
  KubeLeaseStore(KubeClient* client, ObjectKey key) : client_(client), key_(std::move(key)) {}

  absl::StatusOr<LeaseRecord> Get() override { return Read(client_->Get(kLeases, key_)); }

  absl::StatusOr<LeaseRecord> Create(const LeaseRecord& record) override {
    return Read(client_->Create(kLeases, WriteLease(key_, record)));
  }

  absl::StatusOr<LeaseRecord> Update(const LeaseRecord& record) override {
    return Read(client_->Update(kLeases, WriteLease(key_, record)));
  }

 private:
  static absl::StatusOr<LeaseRecord> Read(const absl::StatusOr<boost::json::object>& lease) {
    if (!lease.ok()) {
      return lease.status();
    }
    return ReadLease(*lease);
  }

  KubeClient* const client_;
  const ObjectKey key_;
};

}  // namespace

std::unique_ptr<LeaseStore> MakeKubeLeaseStore(KubeClient* client, ObjectKey key) {
  return std::make_unique<KubeLeaseStore>(client, std::move(key));
}

KubeClientOptions LeaseClientOptions(KubeClientOptions options) {
  options.connect_timeout = std::chrono::seconds(2);
  options.request_timeout = std::chrono::seconds(5);
  options.retry_wait_max = Nanos(0);  // the elector tries again by itself
  return options;
}

LeaderElector::LeaderElector(LeaderElectorOptions options, LeaseStore* store,
                             LeaderCallbacks callbacks, const Clock* clock)
    : options_(std::move(options)),
      store_(store),
      callbacks_(std::move(callbacks)),
      clock_(clock),
      rng_(options_.seed) {
  SQUALL_CHECK(!options_.self.identity.empty());
  SQUALL_CHECK(options_.self.duration > options_.renew_deadline);
  SQUALL_CHECK(options_.renew_deadline > options_.retry);
}

LeaderElector::~LeaderElector() { Stop(); }

void LeaderElector::Start() {
  thread_ = std::thread([this] {
    while (!stop_.WaitFor(Step())) {
    }
  });
}

void LeaderElector::Stop() {
  stop_.Stop();
  if (thread_.joinable()) {
    thread_.join();
  }
  Release();
}

Nanos LeaderElector::Step() {
  const TimePoint begun = clock_->Now();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (state_ == State::kLost || state_ == State::kStopped) {
      return options_.retry;
    }
  }
  const absl::Status status = TryAcquireOrRenew();
  const TimePoint now = clock_->Now();
  bool was_leading = false;
  bool late = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    was_leading = state_ == State::kLeading;
    // Counted from before the request, since others count from when the record changed. An answer
    // that took too long (a paused process) proves nothing: others may have stopped believing in
    // it since.
    late = now - (was_leading ? renewed_at_ : begun) >= options_.self.duration;
    if (status.ok() && !late) {
      renewed_at_ = begun;
    }
    late = late || (was_leading && now - renewed_at_ >= options_.renew_deadline);
  }
  // FAILED_PRECONDITION: somebody else holds it; there is nothing to wait for.
  if (was_leading && (late || absl::IsFailedPrecondition(status))) {
    Lose(status);
  } else if (!was_leading && status.ok() && !late) {
    BecomeLeader();
  }
  return NextWait();
}

absl::Status LeaderElector::TryAcquireOrRenew() {
  const bool leads = leading();
  if (leads && seen_.record().has_value()) {  // the quick way: nobody else should have written
    const LeaseStep step =
        DecideLease(options_.self, leads, seen_.record(), seen_, clock_->Now(), clock_->Wall());
    const absl::Status status = Write(step);
    if (!absl::IsAborted(status) && !absl::IsNotFound(status)) {
      return status;
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    ++stats_.slow_paths;
  }
  const absl::StatusOr<LeaseRecord> got = store_->Get();
  if (!got.ok() && !absl::IsNotFound(got.status())) {
    return got.status();
  }
  const TimePoint now = clock_->Now();
  std::optional<LeaseRecord> found;
  if (got.ok()) {
    found = *got;
    seen_.See(*got, now);
    const std::lock_guard<std::mutex> lock(mutex_);
    stats_.holder = got->holder;
    stats_.epoch = leads ? stats_.epoch : got->transitions;
  }
  const LeaseStep step = DecideLease(options_.self, leads, found, seen_, now, clock_->Wall());
  if (leads && found.has_value() && found->holder != options_.self.identity) {
    return absl::FailedPreconditionError(
        fmt::format("lease {}: is held by '{}'", options_.name, found->holder));
  }
  if (step.kind == LeaseStep::Kind::kWait) {
    return absl::UnavailableError(
        fmt::format("lease {}: is held by '{}'", options_.name, found->holder));
  }
  return Write(step);
}

absl::Status LeaderElector::Write(const LeaseStep& step) {
  SQUALL_ASSIGN_OR_RETURN(const LeaseRecord stored, step.kind == LeaseStep::Kind::kCreate
                                                        ? store_->Create(step.record)
                                                        : store_->Update(step.record));
  seen_.See(stored, clock_->Now());
  const std::lock_guard<std::mutex> lock(mutex_);
  stats_.holder = stored.holder;
  stats_.epoch = stored.transitions;
  return absl::OkStatus();
}

void LeaderElector::BecomeLeader() {
  int64_t epoch = 0;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    state_ = State::kLeading;
    stats_.leading = true;
    epoch = stats_.epoch;
  }
  if (options_.log != nullptr) {
    options_.log->Info("leads", {{"lease", options_.name}, {"epoch", std::to_string(epoch)}});
  }
  if (callbacks_.on_started) {
    callbacks_.on_started(epoch);
  }
}

void LeaderElector::Lose(const absl::Status& why) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    state_ = State::kLost;
    stats_.leading = false;
  }
  if (options_.log != nullptr) {
    options_.log->Error("leads no longer",
                        {{"lease", options_.name}, {"error", std::string(why.message())}});
  }
  if (callbacks_.on_lost) {
    callbacks_.on_lost();
  }
}

void LeaderElector::Release() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const bool led = state_ == State::kLeading;
    state_ = State::kStopped;
    stats_.leading = false;
    if (!led) {
      return;
    }
  }
  const absl::Status status =
      store_->Update(ReleasedLease(*seen_.record(), clock_->Wall())).status();
  if (!status.ok() && options_.log != nullptr) {
    options_.log->Error("did not give the lease back; the next leader waits until it runs out",
                        {{"lease", options_.name}, {"error", std::string(status.message())}});
  }
}

Nanos LeaderElector::NextWait() {
  const double stretch = 1 + options_.retry_jitter * rng_.Unit();
  const Nanos wait(static_cast<int64_t>(static_cast<double>(options_.retry.count()) * stretch));
  const TimePoint now = clock_->Now();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (state_ != State::kLeading) {
    return wait;
  }
  // Not a moment later than the deadline: it is then that the leader must know.
  return std::clamp<Nanos>(renewed_at_ + options_.renew_deadline - now, Nanos(0), wait);
}

bool LeaderElector::leading() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return state_ == State::kLeading;
}

bool LeaderElector::Healthy() const {
  const TimePoint now = clock_->Now();
  const std::lock_guard<std::mutex> lock(mutex_);
  return state_ != State::kLeading || now - renewed_at_ < options_.self.duration;
}

LeaderStats LeaderElector::Stats() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return stats_;
}

std::vector<MetricGroup> MetricsOf(const std::string& lease, const LeaderStats& stats) {
  const MetricLabels labels = {{"name", lease}};
  return {{MetricGroup::Type::kGauge,
           "leader_election_master_status",
           "1 if this process leads",
           {{labels, stats.leading ? 1.0 : 0.0, {}}}},
          {MetricGroup::Type::kCounter,
           "leader_election_slowpath_total",
           "Renewals that had to read the lease again",
           {{labels, static_cast<double>(stats.slow_paths), {}}}}};
}

}  // namespace squall
