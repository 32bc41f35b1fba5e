#include "daemon/python/lane_engine.h"

#include <Python.h>
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/check.h"
#include "daemon/base/status_macros.h"
#include "daemon/engine/thread_usage.h"
#include "daemon/plan/profile.h"
#include "daemon/python/py_ref.h"
#include "daemon/python/python_user.h"

namespace squall {
namespace {

// Locust gives none at all; with this, Ctrl-C still ends a run within a second.
constexpr Nanos kRequestGrace = std::chrono::milliseconds(500);

UserClass ClassOf(const UserKind& kind) {
  UserClass user_class;
  user_class.name = kind.name;
  user_class.weight = kind.weight;
  if (kind.fixed_count > 0) {
    user_class.fixed_count = kind.fixed_count;
  }
  return user_class;
}

}  // namespace

// Makes users of greenlets; their requests are Python's business.
class LaneEngine::Client final : public ShardClient {
 public:
  Client(LaneEngine* engine, Recorder* recorder) : engine_(engine), recorder_(recorder) {}

  std::unique_ptr<Session> NewSession(size_t /*class_index*/, UserContext* /*user*/) override {
    SQUALL_CHECK(false && "a greenlet has no session");
    return nullptr;
  }

  std::unique_ptr<User> NewUser(UserHost* host, uint64_t number, size_t class_index,
                                uint64_t /*seed*/) override {
    engine_->lane_->SetRun(host, recorder_);
    const std::vector<size_t>& allowed = engine_->allowed_;
    if (!allowed.empty() &&
        std::find(allowed.begin(), allowed.end(), class_index) == allowed.end()) {
      class_index = allowed[engine_->allowed_mix_->ClassOf(number)];
    }
    return std::make_unique<PythonUser>(host, engine_->lane_->hub(), engine_->spawner_, number,
                                        class_index);
  }

 private:
  LaneEngine* const engine_;
  Recorder* const recorder_;
};

class LaneEngine::GreenletProtocol final : public Protocol {
 public:
  explicit GreenletProtocol(LaneEngine* engine) : engine_(engine) {}

  absl::StatusOr<std::unique_ptr<CompiledRequest>> Compile(const RequestStep& /*step*/,
                                                           const Plan& /*plan*/,
                                                           const UserClass& /*user_class*/,
                                                           size_t /*number*/) const override {
    return absl::InternalError("a locustfile has no request steps");
  }
  absl::StatusOr<std::unique_ptr<ShardClient>> MakeShardClient(std::shared_ptr<const Plan> /*plan*/,
                                                               Reactor* /*reactor*/,
                                                               Resolver* /*resolver*/,
                                                               Recorder* recorder) const override {
    engine_->lane_->SetRun(nullptr, recorder);
    return std::make_unique<Client>(engine_, recorder);
  }

 private:
  LaneEngine* const engine_;
};

LaneEngine::LaneEngine(LaneContext* lane, const Clock* clock, Callbacks callbacks)
    : lane_(lane),
      clock_(clock),
      callbacks_(std::move(callbacks)),
      protocol_(std::make_unique<GreenletProtocol>(this)) {}

LaneEngine::~LaneEngine() {
  resolver_.Shutdown();
  lane_->SetRun(nullptr, nullptr);
  lane_->SetSpans(nullptr);
  Py_XDECREF(spawner_);
}

void LaneEngine::set_spawner(PyObject* spawner) { Py_XDECREF(std::exchange(spawner_, spawner)); }

void LaneEngine::AllowOnly(const std::vector<std::string>& names) {
  allowed_.clear();
  for (size_t i = 0; i < kinds_.size(); ++i) {
    if (std::find(names.begin(), names.end(), kinds_[i].name) != names.end()) {
      allowed_.push_back(i);
    }
  }
  allowed_mix_.reset();
  if (!allowed_.empty()) {
    std::vector<UserClass> classes;
    for (const size_t index : allowed_) {
      classes.push_back(ClassOf(kinds_[index]));
    }
    allowed_mix_.emplace(classes);
  }
}

absl::Status LaneEngine::Prepare(Plan plan, Assignment assignment, const RunSettings& settings,
                                 std::unique_ptr<SpanExport> spans) {
  if (shard_ != nullptr && !finished_) {
    return absl::FailedPreconditionError("a run is going on in this process");
  }
  if (spawner_ == nullptr || kinds_.empty()) {
    return absl::InvalidArgumentError("the locustfile must have a user class");
  }
  SQUALL_RETURN_IF_ERROR(ApplyRunSettings(settings, &plan));
  if (std::holds_alternative<Arrival>(plan.load_profile.load)) {
    return absl::InvalidArgumentError("a locustfile must have a profile of users, not of arrivals");
  }
  plan.users.clear();
  for (const UserKind& kind : kinds_) {
    plan.users.push_back(ClassOf(kind));
  }
  SQUALL_ASSIGN_OR_RETURN(Profile profile, Profile::Make(plan.load_profile));
  auto shared = std::make_shared<const Plan>(std::move(plan));
  ClassMix mix(shared->users);
  std::vector<ProgramClass> classes(shared->users.size());
  for (size_t i = 0; i < classes.size(); ++i) {
    classes[i].source = &shared->users[i];
  }
  ShardOptions options;
  options.seed = shared->seed;
  options.assignment = std::move(assignment);
  options.reactor = lane_->reactor();
  options.request_grace = kRequestGrace;
  options.on_stopping = [this](const std::string& reason) {
    stopping_ = true;
    callbacks_.on_stopping(reason);
  };
  options.on_finished = [this](const std::string& reason) {
    finished_ = true;
    stop_reason_ = reason;
    callbacks_.on_finished(reason);
  };
  options.on_deserted = [this](bool deserted, bool ended) { OnDeserted(deserted, ended); };
  lane_->SetRun(nullptr, nullptr);
  lane_->SetSpans(nullptr);
  shard_.reset();
  spans_ = std::move(spans);
  started_at_.reset();
  paused_ = stopping_ = finished_ = reported_ = false;
  auto program = std::make_shared<const Program>(
      Program{std::move(shared), std::move(profile), std::move(mix), std::move(classes)});
  SQUALL_ASSIGN_OR_RETURN(shard_, Shard::Make(std::move(program), protocol_.get(), &resolver_,
                                              clock_, std::move(options)));
  if (spans_ != nullptr) {
    lane_->SetSpans(spans_->hub()->NewRecorder());
  }
  cpu_at_start_ = ReadProcessUsage().cpu_seconds;
  return absl::OkStatus();
}

// Nobody is left and nobody comes by itself. As in Engine, one that never had a user waits for
// more.
void LaneEngine::OnDeserted(bool deserted, bool ended) {
  if (deserted && ended) {
    shard_->Stop("every user has ended", /*immediate=*/false);
  }
}

void LaneEngine::Start(TimePoint at) {
  if (shard_ != nullptr && !started_at_.has_value()) {
    started_at_ = at;
    shard_->Start(at);
  }
}

void LaneEngine::Reassign(const Handover& handover) {
  if (shard_ != nullptr) {
    shard_->Reassign(handover);
  }
}

void LaneEngine::Change(const LoadChange& change) {
  if (shard_ != nullptr) {
    shard_->Change(change);
  }
}

void LaneEngine::Pause() {
  if (shard_ != nullptr) {
    paused_ = true;
    shard_->Pause();
  }
}

void LaneEngine::Resume() {
  if (shard_ != nullptr) {
    paused_ = false;
    shard_->Resume();
  }
}

void LaneEngine::Stop(const std::string& reason, bool immediate) {
  if (shard_ != nullptr) {
    shard_->Stop(reason, immediate);
  }
}

void LaneEngine::ReportFinished() {
  if (spans_ != nullptr) {
    lane_->SetSpans(nullptr);
    spans_->Close();
  }
  reported_ = true;
}

bool LaneEngine::Settled() const {
  return shard_ != nullptr && started_at_.has_value() && !stopping_ && shard_->Settled();
}

RunState LaneEngine::state() const {
  if (shard_ == nullptr) {
    return RunState::kIdle;
  }
  if (finished_) {
    return reported_ ? RunState::kFinished : RunState::kStopping;
  }
  if (stopping_) {
    return RunState::kStopping;
  }
  if (!started_at_.has_value()) {
    return RunState::kPrepared;
  }
  return paused_ ? RunState::kPaused : RunState::kRunning;
}

Nanos LaneEngine::Elapsed() const {
  return started_at_.has_value() ? std::max(Nanos(0), clock_->Now() - *started_at_) : Nanos(0);
}

Snapshot LaneEngine::TakeSnapshot() {
  Snapshot snapshot;
  if (shard_ != nullptr) {
    shard_->FillNow(&snapshot);
  }
  if (spans_ != nullptr) {
    spans_->hub()->Fill(&snapshot);
  }
  const ProcessUsage usage = ReadProcessUsage();
  snapshot.health.cpu_seconds = usage.cpu_seconds - cpu_at_start_;
  snapshot.health.rss_bytes = usage.rss_bytes;
  snapshot.health.open_fds = usage.open_fds;
  snapshot.health.fd_limit = usage.fd_limit;
  snapshot.state = state();
  snapshot.stop_reason = finished_ ? stop_reason_ : "";
  return snapshot;
}

Snapshot LaneEngine::TakeCounts() const {
  Snapshot snapshot;
  if (shard_ != nullptr) {
    shard_->FillCounts(&snapshot);
  }
  return snapshot;
}

Snapshot LaneEngine::TakeStatistics() {
  Snapshot snapshot;
  lane_->recorder()->Fill(&snapshot);
  return snapshot;
}

}  // namespace squall
