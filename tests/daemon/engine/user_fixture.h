// Users on a fake shard, and what they did in words that a test can compare.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/engine/step_user.h"
#include "tests/daemon/engine/fake_host.h"
#include "tests/daemon/engine/fake_protocol.h"
#include "tests/daemon/engine/plan_builder.h"

namespace squall {

using Names = std::vector<std::string>;

class UserTest : public testing::Test {
 public:
  ~UserTest() override {
    for (const auto& user : users) {
      user->Abort();
    }
    if (host != nullptr) {
      host->Settle();
    }
    users.clear();
  }

 protected:
  void Use(Plan plan) { host = std::make_unique<FakeHost>(std::move(plan), &protocol); }
  StepUser* Make(uint64_t number = 0) {
    auto user = std::make_unique<StepUser>(host.get(), number, 0, /*seed=*/7);
    user->set_session(host->client->NewSession(0, user.get()));
    users.push_back(std::move(user));
    return users.back().get();
  }
  StepUser* Begin(uint64_t number = 0) {
    StepUser* user = Make(number);
    user->Start();
    return user;
  }
  // One user that runs `steps` as its only task, until it ends or `span` has passed.
  StepUser* BeginTask(StepList steps) {
    Use(PlanOf(std::move(steps)));
    return Begin();
  }

  Names Requests() const {
    Names names;
    for (const FakeEvent& event : protocol.Events()) {
      names.push_back(event.request);
    }
    return names;
  }
  Names Texts(const std::string& request = "") const {
    Names texts;
    for (const FakeEvent& event : protocol.Events(request)) {
      texts.push_back(event.text);
    }
    return texts;
  }
  std::vector<int64_t> Starts(const std::string& request = "") const {
    std::vector<int64_t> starts;
    for (const FakeEvent& event : protocol.Events(request)) {
      starts.push_back(event.at / std::chrono::milliseconds(1));
    }
    return starts;
  }
  std::vector<int64_t> Intended(const std::string& request = "") const {
    std::vector<int64_t> intended;
    for (const FakeEvent& event : protocol.Events(request)) {
      intended.push_back(event.intended.has_value() ? *event.intended / std::chrono::milliseconds(1)
                                                    : -1);
    }
    return intended;
  }

  FakeProtocol protocol;
  std::unique_ptr<FakeHost> host;
  std::vector<std::unique_ptr<StepUser>> users;
};

}  // namespace squall
