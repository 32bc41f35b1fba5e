#include "daemon/engine/engine.h"

#include <algorithm>
#include <future>
#include <utility>

#include "daemon/base/check.h"
#include "daemon/base/status_macros.h"

namespace squall {

absl::StatusOr<std::unique_ptr<Engine>> Engine::Make(std::shared_ptr<const Plan> plan,
                                                     const Protocol* protocol, const Clock* clock,
                                                     EngineOptions options) {
  SQUALL_ASSIGN_OR_RETURN(std::shared_ptr<const Program> program,
                          CompileProgram(std::move(plan), *protocol));
  if (program->profile.IsOpen() && !options.assignment.classes.empty()) {
    // A loop without a user would drop its part of the arrivals. Who owns nothing yet is about to
    // join, with what share nobody knows.
    const uint64_t users = options.assignment.Share(program->profile.UsersMax());
    options.shards = static_cast<uint32_t>(
        std::clamp<uint64_t>(users, 1, std::max<uint32_t>(options.shards, 1)));
  }
  std::unique_ptr<Engine> engine(new Engine());
  engine->on_finished_ = std::move(options.on_finished);
  engine->cpu_at_start_ = ReadProcessUsage().cpu_seconds;
  engine->running_ = options.shards;
  engine->spans_ = options.spans;
  engine->closed_ = options.spans == nullptr;
  Engine* raw = engine.get();
  for (uint32_t i = 0; i < options.shards; ++i) {
    ShardOptions shard;
    shard.index = i;
    shard.count = options.shards;
    shard.seed = options.seed;
    shard.assignment = options.assignment;
    shard.recorder = options.recorder;
    shard.trace = options.trace;
    shard.spans = options.spans == nullptr ? nullptr : options.spans->hub()->NewRecorder();
    shard.once = options.once;
    shard.log = options.log;
    shard.on_finished = [raw](std::string reason) { raw->OnShardFinished(std::move(reason)); };
    shard.on_deserted = [raw](bool deserted, bool ended) { raw->OnShardDeserted(deserted, ended); };
    shard.on_shared = [raw, i](std::string_view name, const Value& value) {
      for (uint32_t other = 0; other < raw->shards_.size(); ++other) {
        if (other != i) {
          raw->shards_[other]->SetSharedFromOther(std::string(name), value);
        }
      }
    };
    SQUALL_ASSIGN_OR_RETURN(
        std::unique_ptr<Shard> made,
        Shard::Make(program, protocol, &engine->resolver_, clock, std::move(shard)));
    engine->shards_.push_back(std::move(made));
  }
  return engine;
}

Engine::~Engine() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closing_ = true;
  }
  resolver_.Shutdown();
  // The shards talk to each other: stop all of them before the first one goes.
  Stop("shut down", /*immediate=*/true);
  for (std::unique_ptr<Shard>& shard : shards_) {
    shard->Join();
  }
  if (closer_.joinable()) {
    closer_.join();
  }
}

void Engine::Start(TimePoint at) {
  for (std::unique_ptr<Shard>& shard : shards_) {
    shard->Start(at);
  }
}

void Engine::Reassign(const Handover& handover) {
  Handover part = handover;
  if (part.moving.empty()) {
    part.rate /= static_cast<double>(shards_.size());
  }
  for (std::unique_ptr<Shard>& shard : shards_) {
    shard->Reassign(part);
  }
}

void Engine::Change(const LoadChange& change) {
  for (std::unique_ptr<Shard>& shard : shards_) {
    shard->Change(change);
  }
}

void Engine::Pause() {
  for (std::unique_ptr<Shard>& shard : shards_) {
    shard->Pause();
  }
}

void Engine::Resume() {
  for (std::unique_ptr<Shard>& shard : shards_) {
    shard->Resume();
  }
}

void Engine::Stop(const std::string& reason, bool immediate) {
  for (std::unique_ptr<Shard>& shard : shards_) {
    shard->Stop(reason, immediate);
  }
}

bool Engine::finished() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return running_ == 0 && closed_;
}

void Engine::OnShardFinished(std::string reason) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    SQUALL_CHECK(running_ > 0);
    reason_ = std::move(reason);
    if (--running_ > 0 || closing_) {
      return;
    }
    if (spans_ != nullptr) {
      closer_ = std::thread([this] { CloseSpans(); });  // may take seconds: not on the loop
      return;
    }
  }
  if (on_finished_) {
    on_finished_(reason_);
  }
}

void Engine::CloseSpans() {
  spans_->Close();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
  }
  if (on_finished_) {
    on_finished_(reason_);
  }
}

// The run has ended by itself when nobody is left on any loop; an agent that never had a user, or
// gave all of them away, may get some later.
void Engine::OnShardDeserted(bool deserted, bool ended) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    deserted ? ++deserted_ : --deserted_;
    ended_ = ended_ || ended;
    if (deserted_ == 0 || deserted_ < running_ || !ended_) {
      return;
    }
  }
  Stop("every user has ended", /*immediate=*/false);
}

Snapshot Engine::TakeSnapshot() {
  Snapshot snapshot;
  for (std::unique_ptr<Shard>& shard : shards_) {
    // Shared, since the shard may still be inside set_value when the wait is over.
    const auto done = std::make_shared<std::promise<void>>();
    shard->Fill(&snapshot, [done] { done->set_value(); });
    done->get_future().wait();
  }
  const ProcessUsage usage = ReadProcessUsage();
  snapshot.health.cpu_seconds = usage.cpu_seconds - cpu_at_start_;
  snapshot.health.rss_bytes = usage.rss_bytes;
  snapshot.health.open_fds = usage.open_fds;
  snapshot.health.fd_limit = usage.fd_limit;
  if (spans_ != nullptr) {
    spans_->hub()->Fill(&snapshot);
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  snapshot.stop_reason = running_ == 0 && closed_ ? reason_ : "";
  return snapshot;
}

}  // namespace squall
