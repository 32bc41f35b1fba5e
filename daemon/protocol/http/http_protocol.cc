#include "daemon/protocol/http/http_protocol.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <absl/status/status.h>
#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/protocol/http/compiled_request.h"
#include "daemon/protocol/http/http_shard.h"

namespace squall {
namespace {

// Whether the plan speaks of TLS at all; a redirect may still lead there.
bool UsesTls(const Plan& plan) {
  return !(plan.service.tls == TlsSettings{}) || plan.service.base_url.starts_with("https:") ||
         std::any_of(plan.users.begin(), plan.users.end(),
                     [](const UserClass& item) { return item.host.starts_with("https:"); });
}

}  // namespace

absl::StatusOr<std::unique_ptr<CompiledRequest>> HttpProtocol::Compile(const RequestStep& step,
                                                                       const Plan& plan,
                                                                       const UserClass& user_class,
                                                                       size_t number) const {
  SQUALL_ASSIGN_OR_RETURN(std::unique_ptr<CompiledHttpRequest> request,
                          CompiledHttpRequest::Make(step, plan, user_class, number));
  if (const Origin* origin = request->known_origin(); origin != nullptr) {
    SQUALL_RETURN_IF_ERROR(CheckTarget(*origin, !plan.service.proxy.empty()));
  }
  return request;
}

// What can be said before any name is resolved. A proxy resolves names itself, elsewhere.
absl::Status HttpProtocol::CheckTarget(const Origin& origin, bool by_name_only) const {
  const TargetAllowList& allowed = options_.allowed_targets;
  if (by_name_only ? allowed.AllowsHost(origin.host, origin.port)
                   : allowed.MayAllow(origin.host, origin.port)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(fmt::format("agent refuses target '{}': allowed are {}",
                                                origin.Authority(), allowed.ToString()));
}

absl::StatusOr<std::unique_ptr<ShardClient>> HttpProtocol::MakeShardClient(
    std::shared_ptr<const Plan> plan, Reactor* reactor, Resolver* resolver,
    Recorder* recorder) const {
  const Service& service = plan->service;
  TlsOptions options;
  options.insecure_skip_verify = service.tls.insecure_skip_verify;
  options.ca_pem = service.tls.ca_pem;
  options.client_cert_pem = service.tls.client_cert_pem;
  options.client_key_pem = service.tls.client_key_pem;
  std::unique_ptr<TlsContext> tls;
  if (UsesTls(*plan)) {
    SQUALL_ASSIGN_OR_RETURN(tls, TlsContext::Make(options));
  }
  std::optional<Url> proxy;
  if (!service.proxy.empty()) {
    SQUALL_ASSIGN_OR_RETURN(proxy, ParseUrl(service.proxy));
    if (proxy->origin.tls) {
      return absl::InvalidArgumentError(
          fmt::format("service.proxy must be an http:// URL, got '{}'", proxy->origin.Authority()));
    }
    SQUALL_RETURN_IF_ERROR(CheckTarget(proxy->origin, /*by_name_only=*/false));
  }
  return std::make_unique<HttpShard>(std::move(plan), std::move(proxy), std::move(tls),
                                     &options_.allowed_targets, reactor, resolver, recorder);
}

}  // namespace squall
