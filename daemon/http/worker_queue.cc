#include "daemon/http/worker_queue.h"

#include <utility>

namespace squall {

WorkerQueue::WorkerQueue(size_t workers, size_t waiting_max) : waiting_max_(waiting_max) {
  for (size_t i = 0; i < workers; ++i) {
    threads_.emplace_back([this] { Work(); });
  }
}

WorkerQueue::~WorkerQueue() { Stop(); }

bool WorkerQueue::Submit(std::function<void()> job) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (stopped_ || waiting_.size() >= waiting_max_) {
      return false;
    }
    waiting_.push_back(std::move(job));
  }
  changed_.notify_one();
  return true;
}

void WorkerQueue::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
    waiting_.clear();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
  threads_.clear();
}

void WorkerQueue::Work() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopped_ || !waiting_.empty(); });
    if (stopped_) {
      return;
    }
    const std::function<void()> job = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    job();
    lock.lock();
  }
}

}  // namespace squall
