// What the native types of this process work with: the loop, the statistics, the addresses they may
// connect to. One per process, since CPython's types have no other way to reach it than a global;
// main() makes it, and the module's code asks lane_context(). Interpreter's thread.
#pragma once

#include <memory>
#include <utility>

#include "daemon/base/clock.h"
#include "daemon/engine/user.h"
#include "daemon/net/net_error.h"
#include "daemon/net/reactor.h"
#include "daemon/net/resolver.h"
#include "daemon/net/target_allow_list.h"
#include "daemon/python/gevent_hub.h"
#include "daemon/stats/recorder.h"
#include "daemon/trace/span_recorder.h"

namespace squall {

class LaneContext final {
 public:
  LaneContext(GeventHub* hub, TargetAllowList allowed);
  ~LaneContext();
  LaneContext(const LaneContext&) = delete;
  LaneContext& operator=(const LaneContext&) = delete;

  GeventHub* hub() const { return hub_; }
  Reactor* reactor() const { return hub_->reactor(); }
  // Of the run, if one is prepared; ids of one recorder mean nothing to another, so do not keep
  // them.
  Recorder* recorder() { return run_recorder_ != nullptr ? run_recorder_ : &own_recorder_; }
  DnsCache* dns() { return &dns_; }
  const TargetAllowList& allowed() const { return allowed_; }

  RunPhase PhaseAt(TimePoint when) const;
  // --reset-stats: nothing counts until all users are there.
  void set_warming_up(bool warming_up) { warming_up_ = warming_up; }
  void CountOpenRequest(int change);
  void CountExhaustion(const NetError& error);

  // Takes spans of the requests; nullptr: nobody wants them.
  SpanRecorder* spans() const { return spans_; }
  void SetSpans(SpanRecorder* spans) { spans_ = spans; }

  // The shard of the run; nullptr for both: there is none any more.
  void SetRun(UserHost* host, Recorder* recorder);

 private:
  GeventHub* const hub_;
  const TargetAllowList allowed_;
  Recorder own_recorder_;
  Resolver resolver_;
  DnsCache dns_;
  UserHost* host_ = nullptr;
  Recorder* run_recorder_ = nullptr;
  SpanRecorder* spans_ = nullptr;
  bool warming_up_ = false;
};

// The one of this process; set it before any native type is used.
LaneContext* lane_context();
void set_lane_context(LaneContext* context);

}  // namespace squall
