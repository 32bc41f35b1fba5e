#include "daemon/coordinator/agent_pool.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"

namespace squall {

AgentPool::AgentPool(Connect connect, const Clock* clock, size_t agents_max)
    : connect_(std::move(connect)), clock_(clock), agents_max_(agents_max) {}

absl::StatusOr<PoolAgent> AgentPool::Add(AgentDescription agent, const std::string& address) {
  PoolAgent added;
  std::function<void(const PoolAgent&)> listener;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    listener = listener_;
    const auto same = std::find_if(agents_.begin(), agents_.end(), [&](const auto& present) {
      return present->address == address;
    });
    if (same != agents_.end()) {
      PoolAgent* present = same->get();
      present->ticket = next_ticket_++;
      agent.agent_id = present->agent.agent_id;
      present->agent = std::move(agent);
      added = *present;
    } else {
      if (agents_.size() >= agents_max_) {
        return absl::ResourceExhaustedError(
            fmt::format("there are {} agents already, and no room for more", agents_.size()));
      }
      added.ticket = next_ticket_++;
      agent.agent_id = UniqueId(agent.name.empty() ? address : agent.name);
      added.agent = std::move(agent);
      added.address = address;
      added.joined_at = clock_->Wall();
      const auto reserved = reserved_.find(address);
      added.run_id = reserved == reserved_.end() ? "" : reserved->second;
      SQUALL_ASSIGN_OR_RETURN(added.channel, connect_(address));
      agents_.push_back(std::make_unique<PoolAgent>(added));
    }
  }
  changed_.notify_all();
  if (listener) {
    listener(added);
  }
  return added;
}

std::string AgentPool::UniqueId(const std::string& wanted) const {
  std::string unique = wanted;
  const auto taken = [&](const auto& present) { return present->agent.agent_id == unique; };
  for (int copy = 2; std::any_of(agents_.begin(), agents_.end(), taken); ++copy) {
    unique = fmt::format("{}-{}", wanted, copy);
  }
  return unique;
}

void AgentPool::Remove(uint64_t ticket) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::erase_if(agents_, [ticket](const auto& present) { return present->ticket == ticket; });
}

std::vector<PoolAgent> AgentPool::List() const {
  std::vector<PoolAgent> list;
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& agent : agents_) {
    list.push_back(*agent);
  }
  std::sort(list.begin(), list.end(), [](const PoolAgent& a, const PoolAgent& b) {
    return a.agent.agent_id < b.agent.agent_id;
  });
  return list;
}

std::vector<PoolAgent*> AgentPool::Idle(const std::vector<std::string>& names) {
  std::vector<PoolAgent*> idle;
  for (const auto& agent : agents_) {
    const bool wanted = names.empty() ||
                        std::find(names.begin(), names.end(), agent->agent.agent_id) != names.end();
    if (wanted && agent->run_id.empty()) {
      idle.push_back(agent.get());
    }
  }
  return idle;
}

absl::StatusOr<std::vector<PoolAgent>> AgentPool::Claim(
    const std::string& run_id, const std::vector<std::string>& names, size_t count, Nanos patience,
    const std::function<void(size_t)>& on_wait) {
  const TimePoint deadline = clock_->Now() + patience;
  std::unique_lock<std::mutex> lock(mutex_);
  size_t seen = SIZE_MAX;
  while (true) {
    if (std::erase(cancelled_, run_id) > 0) {
      return absl::CancelledError("stopped while it waited for agents");
    }
    const std::vector<PoolAgent*> idle = Idle(names);
    if (idle.size() >= count) {
      std::vector<PoolAgent> claimed;
      for (PoolAgent* agent : idle) {
        agent->run_id = run_id;
        claimed.push_back(*agent);
      }
      return claimed;
    }
    const Nanos left = deadline - clock_->Now();
    if (left <= Nanos(0)) {
      return absl::DeadlineExceededError(
          fmt::format("{} of {} agents came within {}; start more with squalld --join", idle.size(),
                      count, FormatTimeSpan(patience)));
    }
    if (idle.size() != seen && on_wait) {
      seen = idle.size();
      lock.unlock();
      on_wait(seen);
      lock.lock();
      continue;  // somebody may have come meanwhile
    }
    changed_.wait_for(lock, left);
  }
}

void AgentPool::Cancel(const std::string& run_id) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    cancelled_.push_back(run_id);
  }
  changed_.notify_all();
}

bool AgentPool::Take(const std::string& address, const std::string& run_id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& agent : agents_) {
    if (agent->address == address && agent->run_id.empty()) {
      agent->run_id = run_id;
      return true;
    }
  }
  return false;
}

void AgentPool::Reserve(const std::string& address, const std::string& run_id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  reserved_[address] = run_id;
  for (const auto& agent : agents_) {
    if (agent->address == address) {
      agent->run_id = run_id;
    }
  }
}

void AgentPool::Release(const std::string& run_id) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::erase(cancelled_, run_id);
    std::erase_if(reserved_, [&](const auto& item) { return item.second == run_id; });
    for (const auto& agent : agents_) {
      if (agent->run_id == run_id) {
        agent->run_id.clear();
      }
    }
  }
  changed_.notify_all();
}

void AgentPool::OnJoin(std::function<void(const PoolAgent&)> listener) {
  const std::lock_guard<std::mutex> lock(mutex_);
  listener_ = std::move(listener);
}

}  // namespace squall
