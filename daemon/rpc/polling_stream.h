// A server stream that looks now and then whether there is something to send. For .cc files of
// services alone: it includes gRPC.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include "daemon/base/clock.h"
#include "daemon/rpc/status.h"

namespace squall {

enum class Look : uint8_t {
  kNothing,  // nothing to send now
  kSend,     // the response is filled
  kLast,     // it is, and the stream ends after it
};

// Frees itself when gRPC is done with it. `poll` is called on gRPC's threads, one call after the
// other: at once, and then `pause` after the last look or write. A status ends the stream.
template <typename Response>
class PollingStream final : public grpc::ServerWriteReactor<Response> {
 public:
  using Poll = std::function<absl::StatusOr<Look>(Response*)>;

  static PollingStream* Begin(Poll poll, Nanos pause, std::function<void()> on_done = nullptr) {
    auto stream = std::make_shared<PollingStream>(std::move(poll), pause, std::move(on_done));
    stream->self_ = stream;
    stream->LookNow();
    return stream.get();
  }
  // A stream that only says why there is none.
  static PollingStream* Refuse(const absl::Status& status) {
    return Begin([status](Response* /*response*/) -> absl::StatusOr<Look> { return status; },
                 Nanos(0));
  }

  PollingStream(Poll poll, Nanos pause, std::function<void()> on_done)
      : poll_(std::move(poll)), pause_(pause), on_done_(std::move(on_done)) {}

  void OnWriteDone(bool ok) override {
    if (!ok || last_) {
      this->Finish(grpc::Status::OK);
    } else {
      Wait();
    }
  }

  void OnCancel() override {
    const std::lock_guard<std::mutex> lock(mutex_);
    cancelled_ = true;
    if (alarm_.has_value()) {
      alarm_->Cancel();
    }
  }

  void OnDone() override {
    if (on_done_) {
      on_done_();
    }
    const std::shared_ptr<PollingStream> last_reference = std::move(self_);
  }

 private:
  void LookNow() {
    response_.Clear();
    const absl::StatusOr<Look> look = poll_(&response_);
    if (!look.ok()) {
      this->Finish(ToGrpc(look.status()));
    } else if (*look == Look::kNothing) {
      Wait();
    } else {
      last_ = *look == Look::kLast;
      this->StartWrite(&response_);
    }
  }

  void Wait() {
    const std::lock_guard<std::mutex> lock(mutex_);
    // A new alarm each time: the old one may still be in its callback, which led here. Not by
    // assignment, which in gRPC 1.51 leaks the old one.
    alarm_.emplace();
    const Nanos pause = cancelled_ ? Nanos(0) : pause_;
    alarm_->Set(std::chrono::system_clock::time_point(
                    std::chrono::duration_cast<std::chrono::system_clock::duration>(
                        SystemClock().Wall().time_since_epoch() + pause)),
                [this](bool /*fired*/) { OnAlarm(); });
  }

  void OnAlarm() {
    bool cancelled = false;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      cancelled = cancelled_;
    }
    if (cancelled) {
      this->Finish(grpc::Status::CANCELLED);
    } else {
      LookNow();
    }
  }

  const Poll poll_;
  const Nanos pause_;
  const std::function<void()> on_done_;
  Response response_;
  bool last_ = false;
  std::mutex mutex_;
  bool cancelled_ = false;  // guarded by mutex_, as the alarm
  std::optional<grpc::Alarm> alarm_;
  std::shared_ptr<PollingStream> self_;  // until OnDone
};

}  // namespace squall
