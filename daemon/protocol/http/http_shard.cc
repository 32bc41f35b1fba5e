#include "daemon/protocol/http/http_shard.h"

#include <utility>

#include "daemon/protocol/http/http_session.h"

namespace squall {
namespace {

constexpr size_t kFreeBuffersMax = 1024;
// A buffer that one huge reply has blown up is not kept.
constexpr size_t kKeptBytesMax = size_t{64} << 10;

void GiveBack(std::string* text) {
  if (text->capacity() > kKeptBytesMax) {
    std::string().swap(*text);  // an assignment would keep the memory
  }
}

}  // namespace

HttpShard::HttpShard(std::shared_ptr<const Plan> plan, std::optional<Url> proxy,
                     std::unique_ptr<TlsContext> tls, const TargetAllowList* allowed_targets,
                     Reactor* reactor, Resolver* resolver, Recorder* recorder)
    : plan_(std::move(plan)),
      proxy_(std::move(proxy)),
      tls_(std::move(tls)),
      allowed_targets_(allowed_targets),
      recorder_(recorder),
      dns_(reactor, resolver, plan_->service.dns_ttl),
      scratch_(kReceiveBytes + static_cast<size_t>(plan_->service.header_bytes_max)) {}

std::unique_ptr<Session> HttpShard::NewSession(size_t /*class_index*/, UserContext* user) {
  return std::make_unique<HttpSession>(this, user);
}

std::unique_ptr<ExchangeBuffers> HttpShard::Borrow() {
  if (free_buffers_.empty()) {
    return std::make_unique<ExchangeBuffers>();
  }
  std::unique_ptr<ExchangeBuffers> buffers = std::move(free_buffers_.back());
  free_buffers_.pop_back();
  return buffers;
}

void HttpShard::Return(std::unique_ptr<ExchangeBuffers> buffers) {
  if (free_buffers_.size() < kFreeBuffersMax) {
    GiveBack(&buffers->wire);
    GiveBack(&buffers->partial);
    GiveBack(&buffers->body);
    GiveBack(&buffers->inflated);
    GiveBack(&buffers->rendered.body);
    GiveBack(&buffers->redirected.body);
    free_buffers_.push_back(std::move(buffers));
  }
}

const TlsContext* HttpShard::tls() {
  if (tls_ == nullptr) {
    absl::StatusOr<std::unique_ptr<TlsContext>> made = TlsContext::Make(TlsOptions{});
    tls_ = made.ok() ? *std::move(made) : nullptr;
  }
  return tls_.get();
}

EntryId HttpShard::EntryOf(const CompiledHttpRequest& request) {
  if (entries_.size() <= request.number()) {
    entries_.resize(request.number() + 1, kUnknown);
  }
  EntryId& entry = entries_[request.number()];
  if (entry == kUnknown) {
    entry = recorder_->Intern(request.method(), *request.constant_name());
  }
  return entry;
}

}  // namespace squall
