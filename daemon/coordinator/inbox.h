// Where everything that happens to a run arrives: snapshots, ended streams, commands. Filled from
// gRPC's threads, signals' threads and the UI; emptied by the coordinator's own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

namespace squall {

class Inbox final {
 public:
  // Runs on the coordinator's thread, in order of arrival.
  using Work = std::function<void()>;

  void Post(Work work) {
    bool first = false;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      first = work_.empty();
      work_.push_back(std::move(work));
    }
    if (first) {  // else it has been woken, and will find this, too
      wake_.notify_one();
    }
  }

  // Runs what has come; waits for at most `patience` when nothing has.
  void RunSome(std::chrono::nanoseconds patience) {
    std::vector<Work> work;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait_for(lock, patience, [this] { return !work_.empty(); });
      work.swap(work_);
    }
    for (const Work& item : work) {
      item();
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Work> work_;
};

}  // namespace squall
