// A protocol without a network. A request sleeps on the reactor for as long as its reply was told
// to take, and leaves a note: who, what, when, and when it was meant to be.
#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <absl/status/status.h>

#include "daemon/engine/protocol.h"

namespace squall {

struct FakeEvent {
  std::string request;
  std::string text;  // the body, rendered
  std::string user_class;
  uint64_t user = 0;
  Nanos at{0};  // since FakeProtocol::origin
  std::optional<Nanos> intended;
  RunPhase phase = RunPhase::kMeasured;
  const void* loop = nullptr;  // tells one shard from another
};

struct FakeReply {
  static constexpr Nanos kNever = Nanos::max();
  Nanos latency{0};  // 0: without waiting at all
  bool ok = true;
  NetError::Kind exhaustion = NetError::Kind::kNone;  // the generator's own limit it runs into
};

class FakeProtocol final : public Protocol {
 public:
  // Before the engine is made; by request name. Without one a request takes 1 ms.
  std::map<std::string, FakeReply> replies;
  // The instant that events are told from. Before the start.
  TimePoint origin{};

  // Any thread.
  std::vector<FakeEvent> Events(const std::string& request = "") const {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<FakeEvent> chosen;
    std::copy_if(
        events_.begin(), events_.end(), std::back_inserter(chosen),
        [&](const FakeEvent& event) { return request.empty() || event.request == request; });
    return chosen;
  }
  size_t Count(const std::string& request = "") const { return Events(request).size(); }
  void Forget() {
    const std::lock_guard<std::mutex> lock(mutex_);
    events_.clear();
  }
  int open_sessions() const { return open_sessions_; }

  absl::StatusOr<std::unique_ptr<CompiledRequest>> Compile(const RequestStep& step, const Plan&,
                                                           const UserClass& user_class,
                                                           size_t number) const override {
    if (step.name == "refused") {
      return absl::InvalidArgumentError("path must be a path, got 'refused'");
    }
    auto request = std::make_unique<FakeRequest>();
    request->name = step.name;
    request->user_class = user_class.name;
    request->number = number;
    const auto found = replies.find(step.name);
    request->reply =
        found == replies.end() ? FakeReply{std::chrono::milliseconds(1)} : found->second;
    absl::StatusOr<Template> body = Template::Compile(step.body);
    if (!body.ok()) {
      return body.status();
    }
    request->body = *std::move(body);
    return request;
  }

  absl::StatusOr<std::unique_ptr<ShardClient>> MakeShardClient(std::shared_ptr<const Plan>,
                                                               Reactor*, Resolver*,
                                                               Recorder*) const override {
    if (client_fails) {
      return absl::ResourceExhaustedError("no client for you");
    }
    return std::make_unique<Client>(this);
  }

  bool client_fails = false;

  struct FakeRequest final : CompiledRequest {
    std::string name;
    std::string user_class;
    size_t number = 0;
    FakeReply reply;
    Template body;
  };

 private:
  class FakeSession final : public Session {
   public:
    explicit FakeSession(const FakeProtocol* protocol) : protocol_(protocol) {
      ++protocol_->open_sessions_;
    }
    ~FakeSession() override { --protocol_->open_sessions_; }

    Co<bool> Execute(const CompiledRequest* compiled, UserContext* user) override {
      const auto* request = static_cast<const FakeRequest*>(compiled);
      const TimePoint begin = user->reactor()->now();
      const std::optional<TimePoint> intended = user->TakeIntendedStart();
      FakeEvent event;
      event.request = request->name;
      if (const absl::Status status = request->body.Render(*user, &event.text); !status.ok()) {
        user->ReportTaskError(std::string(status.message()));
        co_return false;
      }
      event.user_class = std::string(user->class_name());
      event.user = user->user_number();
      event.at = begin - protocol_->origin;
      if (intended.has_value()) {
        event.intended = *intended - protocol_->origin;
      }
      event.phase = user->PhaseAt(intended.value_or(begin));
      event.loop = user->reactor();
      protocol_->Note(event);
      if (request->reply.exhaustion != NetError::Kind::kNone) {
        user->CountExhaustion({request->reply.exhaustion, "exhausted"});
      }
      Wake wake = Wake::kDeadline;
      user->CountOpenRequest(1);
      if (request->reply.latency != Nanos(0)) {
        const TimePoint until = request->reply.latency == FakeReply::kNever
                                    ? Reactor::kNever
                                    : begin + request->reply.latency;
        wake = co_await user->reactor()->Suspend(user->waiter(), until);
      }
      user->CountOpenRequest(-1);
      Sample sample;
      sample.entry = user->recorder()->Intern("FAKE", request->name);
      sample.phase = event.phase;
      sample.service = user->reactor()->now() - begin;
      sample.response = user->reactor()->now() - intended.value_or(begin);
      if (intended.has_value()) {
        sample.start_delay = begin - *intended;
      }
      sample.unfinished = wake == Wake::kCancelled;
      sample.ok = request->reply.ok && !sample.unfinished;
      sample.failure = sample.ok ? "" : sample.unfinished ? "unfinished" : "refused";
      user->recorder()->Record(sample, user->reactor()->wall());
      co_return sample.ok;
    }

   private:
    const FakeProtocol* const protocol_;
  };

  class Client final : public ShardClient {
   public:
    explicit Client(const FakeProtocol* protocol) : protocol_(protocol) {}
    std::unique_ptr<Session> NewSession(size_t, UserContext*) override {
      return std::make_unique<FakeSession>(protocol_);
    }

   private:
    const FakeProtocol* const protocol_;
  };

  void Note(FakeEvent event) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    events_.push_back(std::move(event));
  }

  mutable std::atomic<int> open_sessions_ = 0;
  mutable std::mutex mutex_;
  mutable std::vector<FakeEvent> events_;  // guarded by mutex_
};

}  // namespace squall
