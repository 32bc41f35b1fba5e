// What the HTTP sessions of one shard share. Loop thread only.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/engine/protocol.h"
#include "daemon/net/resolver.h"
#include "daemon/net/target_allow_list.h"
#include "daemon/net/tls_context.h"
#include "daemon/plan/plan.h"
#include "daemon/protocol/http/compiled_request.h"

namespace squall {

// The memory of one request in flight; lent for its duration, so that idle users hold none.
struct ExchangeBuffers {
  RenderedRequest rendered;
  RenderedRequest redirected;
  std::string wire;
  std::string partial;  // received but not yet parsed
  std::string body;
  std::string inflated;
  std::string headers;
  std::string location;
  std::string set_cookies;
  std::string text;  // names and failure reasons
};

class HttpShard final : public ShardClient {
 public:
  HttpShard(std::shared_ptr<const Plan> plan, std::optional<Url> proxy,
            std::unique_ptr<TlsContext> tls, const TargetAllowList* allowed_targets,
            Reactor* reactor, Resolver* resolver, Recorder* recorder);

  std::unique_ptr<Session> NewSession(size_t class_index, UserContext* user) override;

  static constexpr size_t kReceiveBytes = size_t{64} * 1024;
  // For one recv and its parsing: holds a partial head and what came after it.
  char* scratch() { return scratch_.data(); }
  size_t scratch_size() const { return scratch_.size(); }

  std::unique_ptr<ExchangeBuffers> Borrow();
  void Return(std::unique_ptr<ExchangeBuffers> buffers);

  // The statistics entry of a request whose name never varies.
  EntryId EntryOf(const CompiledHttpRequest& request);

  const Service& service() const { return plan_->service; }
  const std::optional<Url>& proxy() const { return proxy_; }
  // Made at the first need when the plan has nothing to say about TLS: reading the system's trust
  // store costs more than a hundred thousand plain requests do. nullptr when OpenSSL has no memory.
  const TlsContext* tls();
  const TargetAllowList& allowed_targets() const { return *allowed_targets_; }
  DnsCache* dns() { return &dns_; }

 private:
  static constexpr EntryId kUnknown = UINT32_MAX;

  const std::shared_ptr<const Plan> plan_;
  const std::optional<Url> proxy_;
  std::unique_ptr<TlsContext> tls_;
  const TargetAllowList* const allowed_targets_;
  Recorder* const recorder_;
  DnsCache dns_;
  std::vector<char> scratch_;
  std::vector<std::unique_ptr<ExchangeBuffers>> free_buffers_;
  std::vector<EntryId> entries_;  // by request number
};

}  // namespace squall
