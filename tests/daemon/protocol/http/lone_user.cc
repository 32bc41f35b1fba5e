#include "tests/daemon/protocol/http/lone_user.h"

#include <map>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "daemon/base/check.h"

namespace squall {
namespace {

std::unique_ptr<Reactor> MakeReactor(const Clock* clock) {
  absl::StatusOr<std::unique_ptr<Reactor>> reactor = Reactor::Make(clock);
  SQUALL_CHECK(reactor.ok());
  return *std::move(reactor);
}

std::shared_ptr<const Plan> MakePlan(const std::string& base_url,
                                     const std::function<void(Service*)>& adjust) {
  auto plan = std::make_shared<Plan>();
  plan->service.base_url = base_url;
  if (adjust) {
    adjust(&plan->service);
  }
  return plan;
}

Co<void> Drive(Session* session, const CompiledRequest* request, TestUser* user, bool* passed) {
  *passed = co_await session->Execute(request, user);
  user->reactor()->Stop();
}

Co<void> PauseOnce(TestUser* user) {
  co_await user->Pause(std::chrono::milliseconds(1));
  user->reactor()->Stop();
}

}  // namespace

RequestStep GetStep(std::string path) {
  RequestStep step;
  step.path = std::move(path);
  return step;
}

RequestStep PostStep(std::string path, std::string body) {
  RequestStep step;
  step.method = "POST";
  step.path = std::move(path);
  step.body = std::move(body);
  return step;
}

LoneUser::LoneUser(const std::string& base_url, const std::function<void(Service*)>& adjust,
                   HttpProtocolOptions options)
    : reactor(MakeReactor(&clock)),
      user(reactor.get(), &recorder),
      protocol_(std::move(options)),
      plan_(MakePlan(base_url, adjust)),
      other_user_(reactor.get(), &recorder) {
  auto shard = protocol_.MakeShardClient(plan_, reactor.get(), &resolver, &recorder);
  EXPECT_TRUE(shard.ok()) << shard.status();
  shard_ = *std::move(shard);
  session_ = shard_->NewSession(0, &user);
}

LoneUser::~LoneUser() { resolver.Shutdown(); }

bool LoneUser::Run(const RequestStep& step) { return RunOn(session_.get(), &user, step); }

bool LoneUser::RunAsOther(const RequestStep& step) {
  if (other_session_ == nullptr) {
    other_session_ = shard_->NewSession(0, &other_user_);
  }
  return RunOn(other_session_.get(), &other_user_, step);
}

bool LoneUser::RunOn(Session* session, TestUser* as, const RequestStep& step) {
  auto request = protocol_.Compile(step, *plan_, UserClass{}, requests_.size());
  EXPECT_TRUE(request.ok()) << request.status();
  requests_.push_back(*std::move(request));
  bool passed = false;
  Co<void> root = Drive(session, requests_.back().get(), as, &passed);
  root.Start();
  reactor->Run();
  EXPECT_TRUE(root.Done());
  EXPECT_EQ(as->open_requests, 0);
  return passed;
}

void LoneUser::TurnLoop() {
  Co<void> root = PauseOnce(&user);
  root.Start();
  reactor->Run();
}

Snapshot LoneUser::stats() const {
  Snapshot snapshot;
  recorder.Fill(&snapshot);
  return snapshot;
}

std::string LoneUser::failures() const {
  std::map<std::string, uint64_t> counts;
  for (const auto& [key, stats] : stats().failures) {
    counts[key.reason] += stats.count;
  }
  std::string text;
  for (const auto& [reason, count] : counts) {
    text += fmt::format("{}{}x {}", text.empty() ? "" : ", ", count, reason);
  }
  return text;
}

}  // namespace squall
