#include "daemon/script/script_engine.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"
#include "daemon/plan/output_target.h"
#include "daemon/plan/value.h"
#include "daemon/wire/assignment_proto.h"
#include "daemon/wire/handover_proto.h"
#include "daemon/wire/plan_proto.h"
#include "daemon/wire/settings_proto.h"
#include "protos/squall/v1/lane.pb.h"

namespace squall {
namespace {

constexpr size_t kWarningsMax = 20;
constexpr size_t kNotesBytesMax = size_t{16} << 20;
constexpr Nanos kImmediateGrace = std::chrono::seconds(2);
constexpr Nanos kQuitPatience = std::chrono::seconds(10);  // listeners of `quitting` and `quit`

std::string TextOf(const Value& note, std::string_view member) {
  const Value* found = note.Find(member);
  return found == nullptr ? "" : found->ToText();
}

Value ReadNote(const std::string& json) {
  const absl::StatusOr<Value> value = ParseJson(json);
  return value.ok() ? *value : Value();
}

std::string LoadNote(const ScriptOrder& order, const std::string& directory) {
  ValueList arguments(order.plan.script->arguments.begin(), order.plan.script->arguments.end());
  ValueList files(order.plan.script->locustfiles.begin(), order.plan.script->locustfiles.end());
  int64_t index = 0;
  if (!order.assignment.classes.empty()) {
    index = static_cast<int64_t>(order.assignment.classes.front().residue);
  }
  std::string json;
  Value(ValueObject{{"role", "agent"},
                    {"arguments", std::move(arguments)},
                    {"locustfiles", std::move(files)},
                    {"directory", directory},
                    {"agent_id", order.agent_id},
                    {"worker_index", index}})
      .AppendJson(&json);
  return json;
}

}  // namespace

ScriptEngine::ScriptEngine(ScriptOrder order, ScriptEngineOptions options, const Clock* clock)
    : order_(std::move(order)), options_(std::move(options)), clock_(clock) {}

absl::StatusOr<std::unique_ptr<ScriptEngine>> ScriptEngine::Make(ScriptOrder order,
                                                                 ScriptEngineOptions options,
                                                                 const Clock* clock) {
  std::unique_ptr<ScriptEngine> engine(
      new ScriptEngine(std::move(order), std::move(options), clock));
  engine->owns_process_ = true;
  SQUALL_RETURN_IF_ERROR(engine->StartProcess());
  SQUALL_RETURN_IF_ERROR(engine->Prepare());
  return engine;
}

absl::StatusOr<std::unique_ptr<ScriptEngine>> ScriptEngine::Join(
    ScriptOrder order, ScriptEngineOptions options, std::shared_ptr<LaneProcess> process,
    const Clock* clock) {
  std::unique_ptr<ScriptEngine> engine(
      new ScriptEngine(std::move(order), std::move(options), clock));
  engine->joined_process_ = std::move(process);
  engine->process_ = engine->joined_process_.get();
  engine->process_->Listen(engine.get());
  SQUALL_RETURN_IF_ERROR(engine->Prepare());
  return engine;
}

ScriptEngine::~ScriptEngine() {
  if (process_ != nullptr) {
    process_->Ignore(this);
  }
}

absl::Status ScriptEngine::StartProcess() {
  SQUALL_ASSIGN_OR_RETURN(directory_, ScriptDirectory::Make(*order_.plan.script));
  LaneProcessOptions process;
  process.program = options_.program;
  process.arguments = {"--channel-fd", "3", "--role", "agent"};
  for (const std::string& target : options_.allow_targets) {
    process.arguments.insert(process.arguments.end(), {"--allow-target", target});
  }
  if (const std::optional<TraceOutput>& traces = order_.plan.outputs.traces; traces.has_value()) {
    process.arguments.insert(process.arguments.end(),
                             {"--without-proxy", OutputHostOf(traces->endpoint).host});
  }
  process.arguments.emplace_back("--");
  process.directory = directory_->path();
  process.memory_bytes_max = options_.memory_bytes_max;
  SQUALL_ASSIGN_OR_RETURN(own_process_, LaneProcess::Start(std::move(process), this, clock_));
  process_ = own_process_.get();
  SQUALL_RETURN_IF_ERROR(process_->SendNote("load", LoadNote(order_, directory_->path())));
  return WaitFor("loaded", "loading the locustfile");
}

absl::Status ScriptEngine::Prepare() {
  v1::LaneCommand command;
  v1::PrepareRequest* prepare = command.mutable_prepare()->mutable_order();
  prepare->set_run_id(order_.run_id);
  prepare->set_agent_id(order_.agent_id);
  prepare->set_epoch(order_.epoch);
  Plan plan = order_.plan;
  plan.script->files.clear();  // they lie where the process works
  SQUALL_RETURN_IF_ERROR(PlanToProto(plan, prepare->mutable_plan()));
  AssignmentToProto(order_.assignment, prepare->mutable_assignment());
  SettingsToProto(order_.settings, prepare->mutable_settings());
  SQUALL_RETURN_IF_ERROR(process_->Send(command));
  return WaitFor("prepared", "preparing the users");
}

absl::Status ScriptEngine::WaitFor(std::string_view kind, std::string_view what) {
  std::unique_lock<std::mutex> lock(mutex_);
  const bool heard = heard_.wait_for(lock, options_.load_patience, [&] {
    return answer_ == kind || !refusal_.empty() || !failure_.empty();
  });
  if (!refusal_.empty()) {
    return absl::InvalidArgumentError(refusal_);
  }
  if (!failure_.empty() || process_->ended().has_value()) {
    return absl::UnavailableError(failure_.empty() ? "the process of the locustfile has ended"
                                                   : failure_);
  }
  if (!heard) {
    return absl::DeadlineExceededError(
        fmt::format("{} must take less than {}", what, FormatTimeSpan(options_.load_patience)));
  }
  return absl::OkStatus();
}

void ScriptEngine::Start(TimePoint at) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    started_ = true;
    KillUnlessHeard(clock_->Now() - at);
  }
  v1::LaneCommand command;
  command.mutable_start()->set_steady_nanos(at.time_since_epoch().count());
  process_->Send(command).IgnoreError();  // that it has ended is told by OnEnd
}

void ScriptEngine::Reassign(const Handover& handover) {
  v1::LaneCommand command;
  HandoverToProto(handover, command.mutable_reassign());
  process_->Send(command).IgnoreError();
}

void ScriptEngine::Change(const LoadChange& change) {
  v1::LaneCommand command;
  LaneChangeToProto(change, command.mutable_change());
  process_->Send(command).IgnoreError();
}

void ScriptEngine::Pause() {
  v1::LaneCommand command;
  command.mutable_pause();
  process_->Send(command).IgnoreError();
}

void ScriptEngine::Resume() {
  v1::LaneCommand command;
  command.mutable_resume();
  process_->Send(command).IgnoreError();
}

void ScriptEngine::Stop(const std::string& reason, bool immediate) {
  v1::LaneCommand command;
  command.mutable_stop()->set_reason(reason);
  command.mutable_stop()->set_mode(immediate ? v1::STOP_MODE_IMMEDIATE : v1::STOP_MODE_GRACEFUL);
  process_->Send(command).IgnoreError();
  const std::lock_guard<std::mutex> lock(mutex_);
  // Its listeners, and the spans that it still sends, keep the time that they have.
  if (!finished_ && (immediate || !listeners_only_)) {
    stopping_ = true;
    const Nanos grace = immediate ? kImmediateGrace : order_.stop_timeout + options_.stop_grace;
    process_->KillAt(clock_->Now() + grace,
                     WhyKilled(fmt::format("it had not stopped after {}", FormatTimeSpan(grace))));
  }
}

// A loop that user code blocks for good neither stops nor ends by itself. `elapsed`: of the run.
void ScriptEngine::KillUnlessHeard(Nanos elapsed) {
  if (finished_ || stopping_) {
    return;
  }
  Nanos patience = options_.silence_max;
  if (order_.run_time.has_value()) {
    const Nanos left = std::max(Nanos(0), *order_.run_time - elapsed);
    patience = std::min(patience, left + order_.stop_timeout + options_.stop_grace);
  }
  kill_at_ = clock_->Now() + patience;
  process_->KillAt(kill_at_, WhyKilled("nothing was heard of it any more"));
}

// From now on, only listeners are left.
bool ScriptEngine::EndsNow(const Snapshot& snapshot) const {
  const bool ending =
      stopping_ || (order_.run_time.has_value() && snapshot.elapsed >= *order_.run_time);
  return ending && !listeners_only_ && snapshot.UserCount() == 0;
}

std::string ScriptEngine::WhyKilled(std::string_view what) const {
  return last_place_.empty()
             ? std::string(what)
             : fmt::format("{}; its event loop was blocked, in {}", what, last_place_);
}

bool ScriptEngine::finished() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return finished_;
}

std::string ScriptEngine::failure() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return failure_;
}

void ScriptEngine::Tell(const EngineNote& note) {
  process_->SendNote(note.kind, note.json).IgnoreError();
}

std::vector<EngineNote> ScriptEngine::TakeNotes() {
  const std::lock_guard<std::mutex> lock(mutex_);
  notes_bytes_ = 0;
  return std::exchange(notes_, {});
}

Snapshot ScriptEngine::TakeSnapshot() {
  const std::lock_guard<std::mutex> lock(mutex_);
  Snapshot snapshot = newest_;
  snapshot.warnings = warnings_;
  for (const auto& [where, seconds] : blocked_) {
    if (!where.empty()) {
      snapshot.warnings.push_back(
          fmt::format("user code blocked the event loop for {:g} s, in {}", seconds, where));
    } else if (blocked_.size() == 1) {  // else the places say it all
      snapshot.warnings.push_back(
          fmt::format("user code blocked the event loop for {:g} s", seconds));
    }
  }
  if (!failure_.empty()) {  // they are gone with it
    snapshot.users.clear();
    snapshot.open_requests = 0;
  }
  return snapshot;
}

void ScriptEngine::Warn(std::string text) {
  if (order_.log) {
    order_.log(text);
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  if (warnings_.size() < kWarningsMax &&
      std::find(warnings_.begin(), warnings_.end(), text) == warnings_.end()) {
    warnings_.push_back(std::move(text));
  }
}

// One line for each place, in the log as in the report: the longest.
void ScriptEngine::Blocked(double seconds, const std::string& where) {
  bool first = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (blocked_.size() >= kWarningsMax && !blocked_.contains(where)) {
      return;
    }
    first = !blocked_.contains(where);
    double* longest = &blocked_[where];
    *longest = std::max(*longest, seconds);
    if (!where.empty()) {
      last_place_ = where;
    }
    if (started_ && !finished_ && !stopping_) {
      process_->KillAt(kill_at_, WhyKilled("nothing was heard of it any more"));
    }
  }
  if (first && order_.log) {
    order_.log(fmt::format("user code has blocked the event loop for {:g} s{}", seconds,
                           where.empty() ? "" : ", in " + where));
  }
}

// ---- the lane's thread -------------------------------------------------------------------------

void ScriptEngine::OnNote(const std::string& kind, const std::string& json) {
  if (kind == "loaded" || kind == "prepared" || kind == "refused") {
    const std::lock_guard<std::mutex> lock(mutex_);
    answer_ = kind;
    if (kind == "refused") {
      refusal_ = TextOf(ReadNote(json), "message");
      refusal_ = refusal_.empty() ? "the locustfile cannot be run" : refusal_;
    }
    heard_.notify_all();
  } else if (kind == "blocked") {
    const Value note = ReadNote(json);
    const Value* seconds = note.Find("seconds");
    double number = 0;
    if (seconds != nullptr && seconds->ToNumber(&number)) {
      Blocked(number, TextOf(note, "where"));
    }
  } else if ((kind == "quit" || kind == "stop") && owns_process_) {
    Stop("the locustfile ended its part of the run", /*immediate=*/false);  // as Locust's worker
  } else if (kind == "message" && owns_process_) {
    const std::lock_guard<std::mutex> lock(mutex_);
    notes_bytes_ += json.size();
    if (notes_bytes_ <= kNotesBytesMax) {  // else nobody reads them
      notes_.push_back({kind, json});
    }
  } else if (kind == "warning") {
    Warn(TextOf(ReadNote(json), "text"));
  } else if (kind == "hint" && order_.log) {
    order_.log(TextOf(ReadNote(json), "text"));
  }
}

void ScriptEngine::OnSnapshot(const Snapshot& snapshot) {
  bool finished_now = false;
  std::string reason;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    newest_ = snapshot;
    finished_now = snapshot.state == RunState::kFinished && !finished_;
    finished_ = finished_ || finished_now;
    if (started_ && !finished_ && EndsNow(snapshot)) {
      stopping_ = listeners_only_ = true;
      process_->KillAt(clock_->Now() + options_.listener_grace,
                       WhyKilled("its listeners took too long when all users had ended"));
    } else if (started_) {
      KillUnlessHeard(snapshot.elapsed);
    }
    reason = snapshot.stop_reason;
  }
  if (!finished_now) {
    return;
  }
  process_->KillAt(std::nullopt, "");
  if (own_process_ != nullptr) {
    own_process_->SendNote("finish", R"({"exit_code":0})").IgnoreError();
    own_process_->KillAt(clock_->Now() + kQuitPatience, "it did not end after the run");
  }
  if (order_.on_finished) {
    order_.on_finished(reason);
  }
}

void ScriptEngine::OnSilence(Nanos silence) {
  bool wanted = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    wanted = started_ && !finished_;
  }
  if (wanted) {
    Blocked(std::floor(ToSeconds(silence)), "");
  }
}

void ScriptEngine::OnEnd(const LaneEnd& end) {
  std::string why;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!finished_) {
      failure_ = fmt::format("the process of the locustfile {}", end.words);
      why = failure_;
      finished_ = true;
    }
    why = started_ ? why : "";  // else whoever waits for the start tells it
    heard_.notify_all();
  }
  if (!why.empty() && order_.on_finished) {
    order_.on_finished(why);
  }
}

}  // namespace squall
