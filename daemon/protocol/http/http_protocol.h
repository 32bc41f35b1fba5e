// HTTP/1.1 and HTTPS for the engine. Immutable; made by main().
#pragma once

#include <memory>

#include "daemon/engine/protocol.h"

namespace squall {

class HttpProtocol final : public Protocol {
 public:
  absl::StatusOr<std::unique_ptr<CompiledRequest>> Compile(const RequestStep& step,
                                                           const Plan& plan,
                                                           const UserClass& user_class,
                                                           size_t number) const override;
  absl::StatusOr<std::unique_ptr<ShardClient>> MakeShardClient(std::shared_ptr<const Plan> plan,
                                                               Reactor* reactor, Resolver* resolver,
                                                               Recorder* recorder) const override;
};

}  // namespace squall
