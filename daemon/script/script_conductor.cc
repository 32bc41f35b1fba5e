#include "daemon/script/script_conductor.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/plan/output_target.h"
#include "daemon/wire/snapshot_proto.h"
#include "protos/squall/v1/lane.pb.h"

namespace squall {
namespace {

// `quitting` and `quit` may upload a result somewhere.
constexpr Nanos kLastWordPatience = std::chrono::seconds(60);
constexpr Nanos kConductorEndPatience = std::chrono::seconds(5);
constexpr size_t kConductorWarningsMax = 20;

std::string ToJson(ValueObject object) {
  std::string json;
  Value(std::move(object)).AppendJson(&json);
  return json;
}

std::vector<std::string> ProcessArguments(const ScriptConductorOptions& options) {
  std::vector<std::string> arguments = {
      "--channel-fd", "3", "--role", options.role == ScriptRole::kLocal ? "local" : "coordinator"};
  for (const std::string& target : options.allow_targets) {
    arguments.insert(arguments.end(), {"--allow-target", target});
  }
  if (!options.collector.empty()) {
    arguments.insert(arguments.end(), {"--without-proxy", OutputHostOf(options.collector).host});
  }
  arguments.emplace_back("--");
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
  if (!options.chosen.empty()) {
    arguments.emplace_back("--squall-form");
  }
  return arguments;
}

double NumberOf(const Value& note, std::string_view member, double otherwise) {
  const Value* found = note.Find(member);
  double number = 0;
  return found != nullptr && !found->IsNull() && found->ToNumber(&number) ? number : otherwise;
}

bool TruthOf(const Value& note, std::string_view member) {
  const Value* found = note.Find(member);
  return found != nullptr && found->AsBool() != nullptr && *found->AsBool();
}

}  // namespace

absl::StatusOr<std::unique_ptr<ScriptConductor>> ScriptConductor::Start(
    ScriptConductorOptions options, const Clock* clock) {
  std::unique_ptr<ScriptConductor> conductor(new ScriptConductor(std::move(options)));
  LaneProcessOptions process;
  process.program = conductor->options_.program;
  process.arguments = ProcessArguments(conductor->options_);
  process.memory_bytes_max = conductor->options_.memory_bytes_max;
  SQUALL_ASSIGN_OR_RETURN(conductor->process_,
                          LaneProcess::Start(std::move(process), conductor.get(), clock));
  if (!conductor->options_.chosen.empty()) {
    SQUALL_RETURN_IF_ERROR(conductor->process_->SendNote("chosen", conductor->options_.chosen));
  }
  return conductor;
}

ScriptConductor::ScriptConductor(ScriptConductorOptions options) : options_(std::move(options)) {}

ScriptConductor::~ScriptConductor() {
  if (process_ != nullptr) {
    process_->Ignore(this);
    if (process_->ended() == std::nullopt) {
      process_->KillAt(TimePoint{}, "nobody waits for it any more");
    }
  }
}

absl::StatusOr<std::optional<int>> ScriptConductor::WaitLoaded(ScriptDescription* description) {
  std::unique_lock<std::mutex> lock(mutex_);
  // No limit: it may ask for a debugger, or fetch its locustfile from far away; Ctrl-C ends it.
  heard_.wait(lock, [this] { return loaded_.has_value() || end_.has_value(); });
  if (!loaded_.has_value()) {
    if (!end_->exit_code.has_value()) {
      return absl::UnavailableError(
          fmt::format("the process of the locustfile {} before it was loaded", end_->words));
    }
    return end_->exit_code;
  }
  absl::StatusOr<ScriptDescription> parsed = ParseScriptDescription(*loaded_);
  if (!parsed.ok()) {
    return absl::InternalError(std::string(parsed.status().message()));
  }
  *description = *std::move(parsed);
  return std::nullopt;
}

void ScriptConductor::Abandon() { process_->KillAt(TimePoint{}, "interrupted"); }

void ScriptConductor::Grant(ScriptWishes wishes) {
  std::vector<std::function<void(const ScriptWishes&)>> early;
  const std::lock_guard<std::mutex> lock(mutex_);
  wishes_ = std::move(wishes);
  if (wishes_.stop) {
    early.swap(early_);
  }
  for (const auto& wish : early) {
    wish(wishes_);
  }
}

// With the lock held during the call: once Grant({}) has returned, nobody is asked for anything.
void ScriptConductor::Wish(std::function<void(const ScriptWishes&)> wish) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (wishes_.stop) {
    wish(wishes_);
  } else if (!finishing_) {
    early_.push_back(std::move(wish));
  }
}

void ScriptConductor::TellStarted(uint64_t users) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    wanted_users_ = users;
  }
  if (options_.role == ScriptRole::kCoordinator) {
    process_->SendNote("test_start", "{}").IgnoreError();
  }
}

void ScriptConductor::TellProgress(const Snapshot& merged,
                                   const std::vector<ScriptWorker>& workers) {
  // A process that does not read is not sent more: it would only be older news when it does.
  if (options_.role != ScriptRole::kCoordinator || !process_->idle()) {
    return;
  }
  SendTotals(merged);
  ValueList list;
  for (const ScriptWorker& worker : workers) {
    list.push_back(ValueObject{{"id", worker.id},
                               {"state", std::string(worker.state)},
                               {"users", static_cast<int64_t>(worker.users)}});
  }
  const auto count = static_cast<int64_t>(workers.size());
  process_->SendNote("workers", ToJson({{"count", count}, {"workers", std::move(list)}}))
      .IgnoreError();
  TellSpawned(merged);
  if (merged.state == RunState::kStopping) {
    TellStopping();
  }
}

void ScriptConductor::SendTotals(const Snapshot& merged) {
  v1::LaneCommand command;
  SnapshotToProto(merged, command.mutable_totals());
  process_->Send(command).IgnoreError();
}

// Once for every ramp.
void ScriptConductor::TellSpawned(const Snapshot& merged) {
  const uint64_t users = merged.UserCount();
  bool all = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    all = users == wanted_users_ && !stopping_told_;
  }
  if (all && users != spawned_) {
    spawned_ = users;
    process_->SendNote("spawning_complete", ToJson({{"user_count", static_cast<int64_t>(users)}}))
        .IgnoreError();
  }
}

void ScriptConductor::TellStopping() {
  const std::lock_guard<std::mutex> lock(mutex_);
  TellStoppingLocked();
}

void ScriptConductor::TellStoppingLocked() {
  if (options_.role == ScriptRole::kCoordinator && !std::exchange(stopping_told_, true)) {
    process_->SendNote("test_stopping", "{}").IgnoreError();
  }
}

void ScriptConductor::TellEnded(const Snapshot& total) {
  if (options_.role == ScriptRole::kCoordinator) {
    TellStopping();
    SendTotals(total);
    process_->SendNote("test_stop", "{}").IgnoreError();
  }
}

void ScriptConductor::HearAgent(const std::string& agent, const std::string& kind,
                                const std::string& json) {
  const absl::StatusOr<Value> note = ParseJson(json);
  if (options_.role != ScriptRole::kCoordinator || !note.ok() || note->AsObject() == nullptr) {
    return;
  }
  ValueObject named = *note->AsObject();
  named.emplace_back("node_id", agent);
  process_->SendNote(kind, ToJson(std::move(named))).IgnoreError();
}

int ScriptConductor::Finish(int proposed) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    finishing_ = true;
    exit_code_.reset();
  }
  process_->SendNote("finish", ToJson({{"exit_code", proposed}})).IgnoreError();
  std::optional<int> code;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    heard_.wait_for(lock, kLastWordPatience,
                    [this] { return exit_code_.has_value() || end_.has_value(); });
    code = exit_code_;
  }
  if (!process_->WaitForEnd(kConductorEndPatience)) {
    process_->KillAt(TimePoint{}, "it did not end after the run");
    process_->WaitForEnd(kConductorEndPatience);
  }
  return code.value_or(proposed);
}

std::vector<std::string> ScriptConductor::warnings() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return warnings_;
}

// ---- the lane's thread -------------------------------------------------------------------------

void ScriptConductor::OnNote(const std::string& kind, const std::string& json) {
  if (kind == "loaded") {
    const std::lock_guard<std::mutex> lock(mutex_);
    loaded_ = json;
    heard_.notify_all();
    return;
  }
  const absl::StatusOr<Value> parsed = ParseJson(json);
  const Value note = parsed.ok() ? *parsed : Value();
  if (kind == "shape") {
    OnShape(note);
  } else if (kind == "quit" || kind == "stop") {
    Wish([this](const ScriptWishes& wishes) {
      TellStoppingLocked();
      wishes.stop("the locustfile ended the run");
    });
  } else if (options_.role == ScriptRole::kCoordinator && kind == "message") {
    const Value* agent = note.Find("client_id");
    Wish([to = agent == nullptr ? "" : agent->ToText(), json](const ScriptWishes& wishes) {
      wishes.tell_agents(to, "message", json);
    });
  } else if (kind == "exit_code") {
    const std::lock_guard<std::mutex> lock(mutex_);
    exit_code_ = static_cast<int>(NumberOf(note, "code", 0));
    heard_.notify_all();
  } else if (options_.role == ScriptRole::kCoordinator && kind == "warning") {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (const Value* text = note.Find("text");
        text != nullptr && warnings_.size() < kConductorWarningsMax) {
      warnings_.push_back(text->ToText());
    }
  }
}

void ScriptConductor::OnShape(const Value& shape) {
  if (TruthOf(shape, "stop")) {
    Wish([this](const ScriptWishes& wishes) {
      TellStoppingLocked();
      wishes.stop("the load shape has ended");
    });
    return;
  }
  const auto users = static_cast<uint64_t>(std::clamp(NumberOf(shape, "users", 0), 0.0, 1e9));
  const double rate = std::clamp(NumberOf(shape, "spawn_rate", 1), 1e-3, 1e6);
  std::string classes;
  if (const Value* names = shape.Find("user_classes"); names != nullptr && !names->IsNull()) {
    names->AppendJson(&classes);
  }
  Wish([this, users, rate, classes](const ScriptWishes& wishes) {
    // Before the load: it is for the users that the load brings.
    if (options_.role == ScriptRole::kCoordinator && classes != allowed_classes_) {
      allowed_classes_ = classes;
      wishes.tell_agents(
          "", "classes",
          fmt::format(R"({{"user_classes":{}}})", classes.empty() ? "null" : classes));
    }
    wanted_users_ = users;
    wishes.set_load(users, rate);
  });
}

void ScriptConductor::OnEnd(const LaneEnd& end) {
  const std::lock_guard<std::mutex> lock(mutex_);
  end_ = end;
  if (!finishing_ && options_.role == ScriptRole::kCoordinator) {
    warnings_.push_back(fmt::format("the coordinator's process of the locustfile {}", end.words));
    if (wishes_.stop) {
      wishes_.stop(warnings_.back());
    }
  }
  heard_.notify_all();
}

}  // namespace squall
