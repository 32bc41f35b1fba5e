#include "daemon/python/lane_context.h"

namespace squall {
namespace {

constexpr Nanos kDnsTtl = std::chrono::seconds(60);  // as a plan's default
LaneContext* current = nullptr;

}  // namespace

LaneContext::LaneContext(GeventHub* hub, TargetAllowList allowed)
    : hub_(hub), allowed_(std::move(allowed)), dns_(hub->reactor(), &resolver_, kDnsTtl) {}

LaneContext::~LaneContext() { resolver_.Shutdown(); }

RunPhase LaneContext::PhaseAt(TimePoint when) const {
  if (warming_up_) {
    return RunPhase::kWarmUp;
  }
  return host_ == nullptr ? RunPhase::kMeasured : host_->PhaseAt(when);
}

void LaneContext::CountOpenRequest(int change) {
  if (host_ != nullptr) {
    host_->CountOpenRequest(change);
  }
}

void LaneContext::CountExhaustion(const NetError& error) {
  if (host_ != nullptr) {
    host_->CountExhaustion(error);
  }
}

void LaneContext::SetRun(UserHost* host, Recorder* recorder) {
  host_ = host;
  run_recorder_ = recorder;
}

LaneContext* lane_context() { return current; }
void set_lane_context(LaneContext* context) { current = context; }

}  // namespace squall
