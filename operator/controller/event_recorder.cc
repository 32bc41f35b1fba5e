#include "operator/controller/event_recorder.h"

#include <utility>

#include "operator/kube/api/kube_error.h"
#include "operator/kube/api/resource.h"

namespace squall {
namespace {

class KubeEventSink final : public EventSink {
 public:
  explicit KubeEventSink(KubeClient* client) : client_(client) {}

  absl::Status Create(const boost::json::object& event) override {
    return client_->Create(kEvents, event).status();
  }

  absl::Status Patch(const ObjectKey& key, const boost::json::object& merge_patch) override {
    return client_->MergePatch(kEvents, key, merge_patch).status();
  }

 private:
  KubeClient* const client_;
};

bool WorthAnotherTry(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsResourceExhausted(status);
}

}  // namespace

std::unique_ptr<EventSink> MakeKubeEventSink(KubeClient* client) {
  return std::make_unique<KubeEventSink>(client);
}

EventRecorder::EventRecorder(EventRecorderOptions options, EventSink* sink, const Clock* clock)
    : options_(std::move(options)),
      sink_(sink),
      clock_(clock),
      series_(options_.series),
      backoff_(options_.seed, options_.backoff) {}

EventRecorder::~EventRecorder() { Stop(Nanos(0)); }

void EventRecorder::Start() {
  thread_ = std::thread([this] { Run(); });
}

void EventRecorder::Record(KubeEvent event) {
  event.at = clock_->Wall();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (queue_.size() >= options_.queue_max) {
      ++stats_.dropped;
      return;
    }
    queue_.push_back(std::move(event));
  }
  changed_.notify_all();
}

void EventRecorder::Stop(Nanos flush) {
  {
    std::unique_lock<std::mutex> lock(mutex_);
    if (thread_.joinable()) {
      changed_.wait_for(lock, flush, [this] { return queue_.empty() && !writing_; });
    }
    stopping_ = true;
  }
  stop_.Stop();
  changed_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void EventRecorder::WriteAll() {
  std::unique_lock<std::mutex> lock(mutex_);
  WriteQueued(&lock);
}

void EventRecorder::WriteQueued(std::unique_lock<std::mutex>* lock) {
  while (!queue_.empty() && !stopping_) {
    const KubeEvent event = std::move(queue_.front());
    queue_.pop_front();
    writing_ = true;
    lock->unlock();
    Write(event);
    lock->lock();
    writing_ = false;
  }
}

EventRecorderStats EventRecorder::Stats() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return stats_;
}

void EventRecorder::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    WriteQueued(&lock);
    changed_.notify_all();  // Stop may wait for this
    changed_.wait(lock, [this] { return !queue_.empty() || stopping_; });
  }
}

void EventRecorder::Write(const KubeEvent& event) {
  const absl::Status status = Send(event);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (status.ok()) {
    ++stats_.written;
  } else if (absl::IsCancelled(status)) {
    ++stats_.dropped;
  } else {
    ++stats_.failed;
    if (options_.log != nullptr) {
      options_.log->Error("event not written", {{"regarding", event.key.ToString()},
                                                {"reason", event.reason},
                                                {"error", std::string(status.message())}});
    }
  }
}

absl::Status EventRecorder::Send(const KubeEvent& event) {
  EventStep step = series_.Next(event, clock_->Now());
  if (step.kind == EventStep::Kind::kDrop) {
    return absl::CancelledError("too many events about this object");
  }
  absl::Status status = SendOnce(step);
  if (step.kind == EventStep::Kind::kPatch && absl::IsNotFound(status)) {
    // The server forgets Events after an hour, or somebody deleted it.
    series_.Forget(event);
    step = series_.Next(event, clock_->Now());
    if (step.kind == EventStep::Kind::kDrop) {
      return absl::CancelledError("too many events about this object");
    }
    status = SendOnce(step);
  }
  for (int attempt = 1; attempt < options_.attempts && WorthAnotherTry(status); ++attempt) {
    const Nanos wait = backoff_.Next(clock_->Now());
    if (options_.pause ? options_.pause(wait) : stop_.WaitFor(wait)) {
      return status;
    }
    status = SendOnce(step);
  }
  if (!status.ok() && step.kind == EventStep::Kind::kCreate) {
    series_.Forget(event);  // nothing to count on
  }
  return status;
}

absl::Status EventRecorder::SendOnce(const EventStep& step) {
  if (step.kind == EventStep::Kind::kPatch) {
    return sink_->Patch(step.key, step.object);
  }
  const absl::Status status = sink_->Create(step.object);
  // Our own, whose answer was lost.
  return absl::IsAlreadyExists(status) ? absl::OkStatus() : status;
}

}  // namespace squall
