// A few threads and what waits for them. Any thread may submit.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace squall {

class WorkerQueue final {
 public:
  WorkerQueue(size_t workers, size_t waiting_max);
  ~WorkerQueue();  // Stop
  WorkerQueue(const WorkerQueue&) = delete;
  WorkerQueue& operator=(const WorkerQueue&) = delete;

  // False when too much waits already, or after Stop.
  bool Submit(std::function<void()> job);
  // Lets what runs end, drops what waits and joins. Not from a job.
  void Stop();

 private:
  void Work();

  const size_t waiting_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;  // guarded by mutex_
  bool stopped_ = false;                       // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace squall
