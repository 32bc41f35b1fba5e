#include "daemon/python/lane.h"

#include <Python.h>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/plan/value.h"
#include "daemon/python/forked_child.h"
#include "daemon/python/py_ref.h"
#include "daemon/wire/assignment_proto.h"
#include "daemon/wire/handover_proto.h"
#include "daemon/wire/plan_proto.h"
#include "daemon/wire/settings_proto.h"
#include "daemon/wire/snapshot_proto.h"
#include "protos/squall/v1/lane.pb.h"

namespace squall {
namespace {

// The parent asks its agent's snapshots at least that often of us.
constexpr Nanos kReportInterval = std::chrono::milliseconds(200);
// Code that asks after every request spends at most one part in so many of its time on it.
constexpr int kStatisticsShare = 20;
constexpr int kLookAtSpawned = 4;  // times in a report interval

std::string Json(ValueObject object) {
  std::string json;
  Value(std::move(object)).AppendJson(&json);
  return json;
}

}  // namespace

Lane::Lane(LaneContext* context, const Clock* clock, LaneOptions options)
    : context_(context),
      clock_(clock),
      options_(std::move(options)),
      engine_(context, clock,
              {[this](const std::string& reason) {
                 Push("stopping", Json({{"reason", reason}}));
               },
               [this](const std::string& reason) {
                 Push("finished", Json({{"reason", reason}}));
               }}),
      watchdog_(context->hub(),
                [this](double seconds, const std::string& where) { TellBlocked(seconds, where); }) {
}

Lane::~Lane() {
  if (watch_.fd >= 0) {
    context_->reactor()->Unregister(&watch_);
  }
  context_->reactor()->Abandon(&reader_waiter_);
  context_->reactor()->Abandon(&report_waiter_);
}

absl::Status Lane::Open() {
  report_ = Report();
  report_.Start();
  if (options_.channel_fd < 0) {
    return absl::OkStatus();
  }
  if (fcntl(options_.channel_fd, F_SETFL, O_NONBLOCK) != 0 ||
      fcntl(options_.channel_fd, F_SETFD, FD_CLOEXEC) != 0) {
    return absl::InvalidArgumentError(
        fmt::format("--channel-fd must be an open socket: {}", std::strerror(errno)));
  }
  watch_.fd = options_.channel_fd;
  SQUALL_RETURN_IF_ERROR(context_->reactor()->Register(&watch_));
  listen_ = Listen();
  listen_.Start();
  return absl::OkStatus();
}

Co<void> Lane::Listen() {
  while (true) {
    watch_.readable = false;
    if (!ReadFromParent()) {
      break;
    }
    watch_.reader = &reader_waiter_;
    co_await context_->reactor()->Suspend(&reader_waiter_, Reactor::kNever);
  }
  closed_ = true;
  engine_.Stop("the process that started the run is gone", /*immediate=*/true);
  Push("closed", "{}");
}

// Takes all that has come; false when there will be no more.
bool Lane::ReadFromParent() {
  std::array<char, 65536> bytes;
  while (true) {
    const ssize_t got = recv(watch_.fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got < 0) {
      return errno == EAGAIN || errno == EINTR;
    }
    if (got == 0) {
      return false;
    }
    reader_.Add({bytes.data(), static_cast<size_t>(got)});
    v1::LaneCommand command;
    while (true) {
      const absl::StatusOr<bool> more = reader_.Next(&command);
      if (!more.ok()) {
        return false;
      }
      if (!*more) {
        break;
      }
      OnCommand(command);
    }
  }
}

void Lane::OnCommand(const v1::LaneCommand& command) {
  switch (command.command_case()) {
    case v1::LaneCommand::kNote:
      Push(command.note().kind(), command.note().json());
      break;
    case v1::LaneCommand::kPrepare:
      OnPrepare(command.prepare().order());
      break;
    case v1::LaneCommand::kStart:
      start_at_ = TimePoint(Nanos(command.start().steady_nanos()));
      watchdog_.Watch(true);
      Push("start", "{}");
      break;
    case v1::LaneCommand::kReassign:
      if (const auto handover = HandoverFromProto(command.reassign()); handover.ok()) {
        engine_.Reassign(*handover);
      }
      break;
    case v1::LaneCommand::kChange:
      if (const auto change = LaneChangeFromProto(command.change()); change.ok()) {
        engine_.Change(*change);
      }
      break;
    case v1::LaneCommand::kPause:
      engine_.Pause();
      break;
    case v1::LaneCommand::kResume:
      engine_.Resume();
      break;
    case v1::LaneCommand::kStop:
      engine_.Stop(command.stop().reason(), command.stop().mode() == v1::STOP_MODE_IMMEDIATE);
      break;
    case v1::LaneCommand::kTotals:
      if (auto totals = SnapshotFromProto(command.totals()); totals.ok()) {
        totals_ = *std::move(totals);
      }
      break;
    case v1::LaneCommand::COMMAND_NOT_SET:
      break;
  }
}

void Lane::OnPrepare(const v1::PrepareRequest& request) {
  const absl::Status status = Prepare(request);
  if (status.ok()) {
    Send("prepared", "{}");
    Push("prepared", "{}");
  } else {
    Send("refused", Json({{"message", std::string(status.message())}}));
  }
}

absl::Status Lane::Prepare(const v1::PrepareRequest& request) {
  SQUALL_ASSIGN_OR_RETURN(Plan plan, PlanFromProto(request.plan()));
  SQUALL_ASSIGN_OR_RETURN(const RunSettings settings, SettingsFromProto(request.settings()));
  SQUALL_ASSIGN_OR_RETURN(Assignment assignment, AssignmentFromProto(request.assignment()));
  spawned_told_ = false;
  std::unique_ptr<SpanExport> spans;
  const std::optional<TraceOutput>& traces = plan.outputs.traces;
  if (traces.has_value() && traces->sample > 0 && !settings.once && !options_.coordinator) {
    if (!options_.make_span_export) {
      return absl::FailedPreconditionError(
          "squall-python must be built with OpenTelemetry (SQUALL_WITH_OTEL) for outputs.traces");
    }
    SQUALL_ASSIGN_OR_RETURN(spans, options_.make_span_export(
                                       *traces, {request.run_id(), plan.name, request.agent_id()}));
  }
  return engine_.Prepare(std::move(plan), std::move(assignment), settings, std::move(spans));
}

void Lane::StartUsers() {
  engine_.Start(start_at_.value_or(clock_->Now()));
  start_at_.reset();
}

void Lane::ReportFinished() {
  watchdog_.Watch(false);  // a collector that hangs is not user code that blocks
  SendSnapshot();          // all users are gone, hears the parent, and has patience from here on
  engine_.ReportFinished();
  SendSnapshot();
}

void Lane::ResetAtSpawningComplete() {
  reset_when_spawned_ = true;
  context_->set_warming_up(true);
}

absl::Status Lane::RunLocally(uint64_t users, double spawn_rate) {
  if (engine_.prepared() && !engine_.finished()) {
    LoadChange change;
    change.since = engine_.Elapsed();
    change.users = users;
    change.spawn_rate = spawn_rate;
    engine_.Change(change);
    return absl::OkStatus();
  }
  Plan plan;
  plan.load_profile.load = ConstantLoad{users, spawn_rate, std::nullopt};
  spawned_told_ = false;
  SQUALL_RETURN_IF_ERROR(engine_.Prepare(std::move(plan), MakeAssignment(0, 1, 1), RunSettings()));
  engine_.Start(clock_->Now());
  return absl::OkStatus();
}

void Lane::StopLocally() { engine_.Stop("stopped", /*immediate=*/false); }

std::optional<Lane::Note> Lane::Receive() {
  while (notes_.empty()) {
    auto wait = std::make_unique<GreenletWait>(context_->hub(), GreenletWait::Kind::kPause);
    GreenletWait* const mine = wait.get();
    receiver_ = std::move(wait);
    const bool woken = mine->Wait();
    receiver_.reset();
    if (!woken) {
      return std::nullopt;
    }
  }
  Note note = std::move(notes_.front());
  notes_.pop_front();
  return note;
}

void Lane::Push(std::string kind, std::string json) {
  notes_.push_back({std::move(kind), std::move(json)});
  if (receiver_ != nullptr) {
    receiver_->Wake();
  }
}

void Lane::Send(std::string kind, std::string json) {
  if (options_.channel_fd < 0 || closed_ || InForkedChild()) {
    return;
  }
  v1::LaneEvent event;
  event.mutable_note()->set_kind(std::move(kind));
  event.mutable_note()->set_json(std::move(json));
  WriteLaneEvent(options_.channel_fd, event).IgnoreError();  // it is gone: Listen says so
}

Co<void> Lane::Report() {
  for (int i = 0;; ++i) {
    co_await context_->reactor()->Suspend(
        &report_waiter_, context_->reactor()->now() + kReportInterval / kLookAtSpawned);
    LookForSpawned();
    if (i % kLookAtSpawned == 0 && engine_.prepared() && engine_.state() != RunState::kFinished) {
      SendSnapshot();
    }
  }
}

// Once for each number of users that is wanted, when all of them have been started.
void Lane::LookForSpawned() {
  if (!engine_.Settled()) {
    spawned_told_ = spawned_told_ && engine_.prepared() && TargetUsers() == spawned_target_;
    return;
  }
  const uint64_t target = TargetUsers();
  if (spawned_told_ && target == spawned_target_) {
    return;
  }
  spawned_told_ = true;
  spawned_target_ = target;
  if (reset_when_spawned_) {
    context_->set_warming_up(false);
  }
  Push("spawning_complete", Json({{"user_count", static_cast<int64_t>(target)}}));
}

void Lane::SendSnapshot() {
  if (options_.channel_fd < 0 || closed_) {
    return;
  }
  v1::LaneEvent event;
  SnapshotToProto(engine_.TakeSnapshot(), event.mutable_snapshot());
  WriteLaneEvent(options_.channel_fd, event).IgnoreError();
}

const Snapshot& Lane::Statistics() {
  if (options_.coordinator) {
    return totals_;
  }
  const TimePoint now = clock_->Now();
  if (engine_.state() != RunState::kRunning || !statistics_at_.has_value() ||
      now - *statistics_at_ >= statistics_cost_ * kStatisticsShare) {
    statistics_ = engine_.TakeStatistics();
    statistics_at_ = now;
    statistics_cost_ = clock_->Now() - now;
  }
  return statistics_;
}

uint64_t Lane::TargetUsers() {
  return options_.coordinator ? totals_.target_users : engine_.TakeCounts().target_users;
}

std::string_view Lane::StateWord() const {
  switch (options_.coordinator ? totals_.state : engine_.state()) {
    case RunState::kRunning:
    case RunState::kPaused:
      return spawned_told_ || options_.coordinator ? "running" : "spawning";
    case RunState::kStopping:
      return "stopping";
    case RunState::kFinished:
    case RunState::kFailed:
      return "stopped";
    case RunState::kIdle:
    case RunState::kPrepared:
      break;
  }
  return "ready";
}

void Lane::TellBlocked(double seconds, const std::string& where) {
  Send("blocked", Json({{"seconds", std::round(seconds * 10) / 10}, {"where", where}}));
}

}  // namespace squall
