#include "operator/kube/client/stop_signal.h"

#include <utility>

namespace squall {

void StopSignal::Stop() {
  const std::lock_guard lock(mutex_);
  if (stopped_) {
    return;
  }
  stopped_ = true;
  condition_.notify_all();
  // Under the lock, so that a Watcher that dies meanwhile waits for its call to end.
  for (const auto& [id, on_stop] : on_stop_) {
    on_stop();
  }
}

bool StopSignal::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

bool StopSignal::WaitFor(Nanos span) {
  std::unique_lock lock(mutex_);
  return condition_.wait_for(lock, span, [this] { return stopped_; });
}

StopSignal::Watcher::Watcher(StopSignal* signal, std::function<void()> on_stop) : signal_(signal) {
  if (signal_ == nullptr) {
    return;
  }
  const std::lock_guard lock(signal_->mutex_);
  if (signal_->stopped_) {
    on_stop();
    return;
  }
  id_ = signal_->next_id_++;
  signal_->on_stop_.emplace(id_, std::move(on_stop));
}

StopSignal::Watcher::~Watcher() {
  if (signal_ != nullptr) {
    const std::lock_guard lock(signal_->mutex_);
    signal_->on_stop_.erase(id_);
  }
}

}  // namespace squall
