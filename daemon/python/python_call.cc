#include "daemon/python/python_call.h"

#include <fstream>
#include <sstream>
#include <utility>

#include <absl/status/status.h>
#include <fmt/format.h>

#include "daemon/base/status_macros.h"

namespace squall {
namespace {

constexpr size_t kFreeMax = 1024;
constexpr size_t kBasesMax = 1000;

absl::StatusOr<std::string> ReadPem(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) {
    return absl::NotFoundError(fmt::format("must be a file in PEM format, got '{}'", path));
  }
  return text.str();
}

}  // namespace

bool PythonCall::Perform(CallContext* context, GeventHub* hub) {
  wait_.emplace(hub);
  task_ = Run(this, context);
  task_.Start();
  const bool woken = wait_->Wait();
  wait_.reset();
  if (!woken) {
    http.Cancel();
  }
  return woken;
}

Co<void> PythonCall::Run(PythonCall* call, CallContext* context) {
  co_await call->http.Run(context);
  if (call->wait_.has_value()) {
    call->wait_->Wake();
  }
}

HttpShop::HttpShop(LaneContext* lane)
    : lane_(lane), context_(lane->reactor(), lane->dns(), &lane->allowed()) {}

std::unique_ptr<PythonCall> HttpShop::Borrow(std::shared_ptr<ClientState> state) {
  std::unique_ptr<PythonCall> call;
  if (free_.empty()) {
    call = std::make_unique<PythonCall>();
  } else {
    call = std::move(free_.back());
    free_.pop_back();
  }
  call->http.Reset(std::move(state));
  return call;
}

void HttpShop::Return(std::unique_ptr<PythonCall> call) {
  if (!call->Done()) {
    ending_.push_back(std::move(call));
    return;
  }
  if (free_.size() < kFreeMax) {
    free_.push_back(std::move(call));
  }
  std::erase_if(ending_, [](const auto& item) { return item->Done(); });
}

std::shared_ptr<const BaseUrl> HttpShop::FindBase(std::string_view text) {
  std::string key(text);
  const auto found = bases_.find(key);
  if (found != bases_.end()) {
    return found->second;
  }
  if (bases_.size() >= kBasesMax) {
    bases_.clear();
  }
  auto base = std::make_shared<BaseUrl>();
  if (absl::StatusOr<Url> url = ParseUrl(text); url.ok()) {
    // What is appended must become a path, and nothing else.
    base->valid = url->target.find('?') == std::string::npos && text.find('#') == text.npos;
    base->origin = std::move(url->origin);
    base->host_header = base->origin.HostHeader();
    base->prefix = std::move(url->target);
    base->userinfo = std::move(url->userinfo);
  }
  return bases_.emplace(std::move(key), std::move(base)).first->second;
}

absl::StatusOr<const TlsContext*> HttpShop::FindTls(const TlsChoice& choice) {
  const std::string key = fmt::format("{}\n{}\n{}\n{}", choice.verify, choice.ca_file,
                                      choice.cert_file, choice.key_file);
  const auto found = tls_.find(key);
  if (found != tls_.end()) {
    return found->second.get();
  }
  TlsOptions options;
  options.insecure_skip_verify = !choice.verify;
  if (!choice.ca_file.empty()) {
    SQUALL_ASSIGN_OR_RETURN(options.ca_pem, ReadPem(choice.ca_file));
  }
  if (!choice.cert_file.empty()) {
    SQUALL_ASSIGN_OR_RETURN(options.client_cert_pem, ReadPem(choice.cert_file));
    SQUALL_ASSIGN_OR_RETURN(options.client_key_pem,
                            ReadPem(choice.key_file.empty() ? choice.cert_file : choice.key_file));
  }
  SQUALL_ASSIGN_OR_RETURN(std::unique_ptr<TlsContext> made, TlsContext::Make(options));
  return tls_.emplace(key, std::move(made)).first->second.get();
}

}  // namespace squall
