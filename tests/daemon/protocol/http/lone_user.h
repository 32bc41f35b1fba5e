// One user with a session of the real HTTP protocol on a real reactor: runs one request step at a
// time, to its end, and tells what was recorded.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/net/reactor.h"
#include "daemon/net/resolver.h"
#include "daemon/plan/plan.h"
#include "daemon/protocol/http/http_protocol.h"
#include "daemon/stats/recorder.h"
#include "tests/daemon/protocol/http/test_user.h"

namespace squall {

RequestStep GetStep(std::string path);
RequestStep PostStep(std::string path, std::string body);

class LoneUser final {
 public:
  explicit LoneUser(const std::string& base_url,
                    const std::function<void(Service*)>& adjust = nullptr,
                    HttpProtocolOptions options = {});
  ~LoneUser();

  // Runs the step; what its session said of it.
  bool Run(const RequestStep& step);
  bool Get(std::string path) { return Run(GetStep(std::move(path))); }
  // A second user of the same shard, with a session of its own.
  bool RunAsOther(const RequestStep& step);
  // Lets the loop turn, so that it hears what peers have done meanwhile.
  void TurnLoop();

  Snapshot stats() const;
  EntryStats total() const { return stats().Total(); }
  // "2x HTTP 503 Service Unavailable, 1x …", by reason; "" when there were none.
  std::string failures() const;

  const SystemClock clock;
  const std::unique_ptr<Reactor> reactor;
  Resolver resolver;
  Recorder recorder;
  TestUser user;

 private:
  bool RunOn(Session* session, TestUser* as, const RequestStep& step);

  const HttpProtocol protocol_;
  std::shared_ptr<const Plan> plan_;
  std::unique_ptr<ShardClient> shard_;
  std::unique_ptr<Session> session_;
  TestUser other_user_;
  std::unique_ptr<Session> other_session_;
  std::vector<std::unique_ptr<CompiledRequest>> requests_;
};

}  // namespace squall
