#include "daemon/programs/join_loop.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include "daemon/base/clock.h"
#include "daemon/base/rng.h"
#include "daemon/wire/summary_proto.h"
#include "protos/squall/v1/run_service.grpc.pb.h"

namespace squall {
namespace {

constexpr int64_t kPauseMinMs = 250;
constexpr int64_t kPauseMaxMs = 5'000;

}  // namespace

JoinLoop::JoinLoop(std::shared_ptr<grpc::Channel> channel, JoinOptions options)
    : channel_(std::move(channel)), options_(std::move(options)), thread_([this] { Work(); }) {}

JoinLoop::~JoinLoop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closing_ = true;
    if (context_ != nullptr) {
      context_->TryCancel();
    }
  }
  wake_.notify_all();
  thread_.join();
}

void JoinLoop::Work() {
  do {
    JoinOnce();
  } while (Pause(failures_++));
}

void JoinLoop::JoinOnce() {
  grpc::ClientContext context;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closing_) {
      return;
    }
    context_ = &context;
  }
  v1::JoinRequest request;
  AgentDescriptionToProto(options_.agent, request.mutable_agent());
  request.set_address(options_.address);
  const auto stub = v1::AgentRegistryService::NewStub(channel_);
  const auto stream = stub->Join(&context, request);
  v1::JoinResponse response;
  bool joined = false;
  while (stream->Read(&response)) {
    if (!joined) {
      joined = true;
      failures_ = 0;
      options_.log(true, fmt::format("joined {} as '{}', called at {}", options_.coordinator,
                                     response.agent_id(), response.address()));
    }
  }
  const grpc::Status status = stream->Finish();
  const std::lock_guard<std::mutex> lock(mutex_);
  context_ = nullptr;
  if (!closing_ && (joined || failures_ == 0)) {
    options_.log(false, fmt::format("{} {}: {}; trying again", joined ? "left" : "cannot join",
                                    options_.coordinator,
                                    status.ok() ? "it ended the call" : status.error_message()));
  }
}

// Growing, and different for each of many agents whose coordinator comes back.
bool JoinLoop::Pause(int failures) {
  Rng rng(MixSeed(static_cast<uint64_t>(SystemClock().Now().time_since_epoch().count())));
  const int64_t pause = std::min(kPauseMaxMs, kPauseMinMs << std::min(failures, 8));
  std::unique_lock<std::mutex> lock(mutex_);
  wake_.wait_for(lock, std::chrono::milliseconds(rng.Between(pause / 2, pause)),
                 [this] { return closing_; });
  return !closing_;
}

}  // namespace squall
