#include "daemon/engine/population.h"

#include <algorithm>
#include <utility>

#include "daemon/base/check.h"

namespace squall {

Population::Population(UserHost* host, ShardClient* client, uint64_t seed)
    : host_(host),
      client_(client),
      seed_(seed),
      idle_(host->program().classes.size()),
      by_class_(host->program().classes.size()) {}

Population::~Population() { SQUALL_CHECK(empty()); }

User* Population::Spawn(uint64_t number, size_t class_index) {
  std::unique_ptr<User> made = client_->NewUser(host_, number, class_index, seed_);
  User* user = made.get();
  const bool is_new = running_.emplace(number, std::move(made)).second;
  SQUALL_CHECK(is_new);
  ++started_;
  ++by_class_[user->class_index()];  // the client may have its reasons for another one
  user->Start();
  return user;
}

void Population::Leave(User* user, bool finish_task) {
  const auto found = running_.find(user->number());
  SQUALL_CHECK(found != running_.end() && found->second.get() == user);
  --by_class_[user->class_index()];
  leaving_[user] = std::move(found->second);
  running_.erase(found);
  idle_count_ -= std::erase(idle_[user->class_index()], user);
  user->RequestStop(finish_task);
}

void Population::LeaveAll(bool finish_task) {
  // First, or each of them would be looked for in a long list.
  for (std::vector<User*>& idle : idle_) {
    idle.clear();
  }
  idle_count_ = 0;
  LeaveFrom(0, finish_task);
}

void Population::LeaveFrom(uint64_t number, bool finish_task) {
  while (!running_.empty() && running_.rbegin()->first >= number) {
    Leave(running_.rbegin()->second.get(), finish_task);
  }
}

void Population::LeaveNumber(uint64_t number, bool finish_task) {
  if (const auto found = running_.find(number); found != running_.end()) {
    Leave(found->second.get(), finish_task);
  }
}

void Population::HurryLeaving() {
  for (const auto& [user, owner] : leaving_) {
    user->RequestStop(/*finish_task=*/false);
  }
}

void Population::AbortLeaving() {
  for (const auto& [user, owner] : leaving_) {
    user->Abort();
  }
}

void Population::Nudge() {
  for (const auto& [number, user] : running_) {
    user->Nudge();
  }
}

void Population::AddIdle(User* user) {
  idle_[user->class_index()].push_back(user);
  ++idle_count_;
}

User* Population::TakeIdle(size_t class_index) {
  std::vector<User*>& idle = idle_[class_index];
  if (idle.empty()) {
    return nullptr;
  }
  User* user = idle.back();
  idle.pop_back();
  --idle_count_;
  return user;
}

bool Population::EvictIdle() {
  const auto most = std::max_element(
      idle_.begin(), idle_.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
  if (most == idle_.end() || most->empty()) {
    return false;
  }
  Leave(most->front(), /*finish_task=*/true);
  return true;
}

void Population::Reap() {
  for (User* user : std::exchange(ended_, {})) {
    const auto found = running_.find(user->number());
    if (found != running_.end() && found->second.get() == user) {
      --by_class_[user->class_index()];
      running_.erase(found);
      ++ended_unasked_;
    } else {
      leaving_.erase(user);
    }
    ++stopped_;
  }
}

}  // namespace squall
