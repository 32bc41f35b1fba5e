#include "operator/controller/controller.h"

#include <exception>
#include <utility>

#include <fmt/format.h>

namespace squall {
namespace {

// How long an idle worker waits before it shows that it lives.
constexpr Nanos kIdleBeat = std::chrono::seconds(10);
// How often it asks whether it may begin.
constexpr Nanos kReadyPause = std::chrono::milliseconds(50);

// controller-runtime's buckets, up to a minute.
std::vector<double> PassTimeBounds() {
  return {0.005, 0.01, 0.025, 0.05, 0.1,  0.15, 0.2,  0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6,
          0.7,   0.8,  0.9,   1,    1.25, 1.5,  1.75, 2,    2.5, 3,    3.5, 4,    4.5, 5,
          6,     7,    8,     9,    10,   15,   20,   25,   30,  40,   50,  60};
}

WorkQueueOptions Named(WorkQueueOptions options, const std::string& name) {
  options.name = name;
  return options;
}

}  // namespace

Controller::Controller(ControllerOptions options, Reconciler* reconciler, const Clock* clock)
    : options_(std::move(options)),
      reconciler_(reconciler),
      clock_(clock),
      queue_(Named(options_.queue, options_.name), clock),
      stats_{.name = options_.name,
             .workers = options_.workers,
             .pass_time = BucketHistogram(PassTimeBounds())} {}

Controller::~Controller() {
  queue_.ShutDown();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void Controller::Start() {
  Beat();
  for (int i = 0; i < options_.workers; ++i) {
    threads_.emplace_back([this] { Work(); });
  }
}

bool Controller::Stop(Nanos patience) {
  queue_.ShutDown();
  if (!queue_.WaitUntilIdle(patience)) {
    return false;
  }
  for (std::thread& thread : threads_) {
    thread.join();
  }
  threads_.clear();
  return true;
}

bool Controller::RunOne() {
  const std::optional<ObjectKey> key = queue_.TryTake();
  if (key.has_value()) {
    Pass(*key);
  }
  return key.has_value();
}

ControllerStats Controller::Stats() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return stats_;
}

bool Controller::Healthy() const {
  const int64_t beat_ns = beat_ns_;
  if (beat_ns < 0 || queue_.shut_down()) {
    return true;
  }
  return clock_->Now().time_since_epoch() - Nanos(beat_ns) < options_.stuck_after;
}

void Controller::Work() {
  WaitUntilReady();
  while (!queue_.shut_down()) {
    Beat();
    if (const std::optional<ObjectKey> key = queue_.Take(kIdleBeat)) {
      Pass(*key);
    }
  }
}

void Controller::WaitUntilReady() {
  while (options_.ready && !options_.ready() && !queue_.WaitForShutDown(kReadyPause)) {
    Beat();
  }
}

void Controller::Pass(const ObjectKey& key) {
  const uint64_t pass = ++passes_;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++stats_.active;
  }
  const TimePoint begun = clock_->Now();
  const absl::StatusOr<ReconcileResult> result = Call(key);
  const Nanos took = clock_->Now() - begun;
  const Outcome outcome = Settle(key, result);
  queue_.Done(key);
  if (outcome == Outcome::kError) {
    LogError(key, pass, result.status());
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  --stats_.active;
  stats_.pass_time.Observe(took);
  stats_.timeouts += took > options_.slow_pass ? 1 : 0;
  stats_.succeeded += outcome == Outcome::kSuccess ? 1 : 0;
  stats_.requeued += outcome == Outcome::kRequeue ? 1 : 0;
  stats_.requeued_after += outcome == Outcome::kRequeueAfter ? 1 : 0;
  stats_.failed += outcome == Outcome::kError ? 1 : 0;
  stats_.terminal += outcome == Outcome::kError && IsTerminal(result.status()) ? 1 : 0;
}

// One object's bug must not take the others down with it.
absl::StatusOr<ReconcileResult> Controller::Call(const ObjectKey& key) {
  try {
    return reconciler_->Reconcile(key);
  } catch (const std::exception& exception) {
    return Panic(exception.what());
  } catch (...) {
    return Panic("of an unknown type");
  }
}

absl::Status Controller::Panic(std::string_view what) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++stats_.panics;
  return absl::InternalError(fmt::format("exception: {}", what));
}

Controller::Outcome Controller::Settle(const ObjectKey& key,
                                       const absl::StatusOr<ReconcileResult>& result) {
  if (result.ok()) {
    queue_.Forget(key);
    if (result->requeue_after <= Nanos(0)) {
      return Outcome::kSuccess;
    }
    queue_.AddAfter(key, result->requeue_after);
    return Outcome::kRequeueAfter;
  }
  if (IsTerminal(result.status())) {
    queue_.Forget(key);
    return Outcome::kError;
  }
  queue_.AddRateLimited(key);
  return absl::IsAborted(result.status()) ? Outcome::kRequeue : Outcome::kError;
}

void Controller::Beat() { beat_ns_ = clock_->Now().time_since_epoch().count(); }

void Controller::LogError(const ObjectKey& key, uint64_t pass, const absl::Status& status) {
  if (options_.log != nullptr) {
    options_.log->Error("reconcile failed", {{"controller", options_.name},
                                             {"object", key.ToString()},
                                             {"reconcileID", std::to_string(pass)},
                                             {"error", std::string(status.message())},
                                             {"terminal", IsTerminal(status) ? "true" : "false"}});
  }
}

}  // namespace squall
