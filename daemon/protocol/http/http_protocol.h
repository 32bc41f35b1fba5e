// HTTP/1.1 and HTTPS for the engine. Immutable; made by main(). Outlives every client it makes.
#pragma once

#include <memory>
#include <utility>

#include "daemon/engine/protocol.h"
#include "daemon/net/target_allow_list.h"
#include "daemon/protocol/http/url.h"

namespace squall {

struct HttpProtocolOptions {
  // Set it to keep an agent from being aimed at anything else. A plan that names another address
  // is refused; what a host name or a redirect leads to is judged when a connection is opened.
  TargetAllowList allowed_targets;
};

class HttpProtocol final : public Protocol {
 public:
  explicit HttpProtocol(HttpProtocolOptions options = {}) : options_(std::move(options)) {}

  absl::StatusOr<std::unique_ptr<CompiledRequest>> Compile(const RequestStep& step,
                                                           const Plan& plan,
                                                           const UserClass& user_class,
                                                           size_t number) const override;
  absl::StatusOr<std::unique_ptr<ShardClient>> MakeShardClient(std::shared_ptr<const Plan> plan,
                                                               Reactor* reactor, Resolver* resolver,
                                                               Recorder* recorder) const override;

 private:
  absl::Status CheckTarget(const Origin& origin, bool by_name_only) const;

  const HttpProtocolOptions options_;
};

}  // namespace squall
