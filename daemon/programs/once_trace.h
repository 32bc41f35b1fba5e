// `squall run --once`: prints every request and reply of a single pass, secrets left out. Called on
// the one shard's thread.
#pragma once

#include <string>
#include <string_view>

#include "daemon/engine/protocol.h"

namespace squall {

class OnceTrace final : public RequestTrace {
 public:
  explicit OnceTrace(bool colour) : colour_(colour) {}

  void OnExchange(const Exchange& exchange) override;
  void OnCheck(std::string_view name, std::string_view check, bool passed) override;
  void OnText(std::string_view text) override;

 private:
  std::string checks_;  // of the exchange that is about to be told
  const bool colour_;
};

// A head or a body as it may be shown: values of Authorization, Cookie, Set-Cookie and
// Proxy-Authorization replaced, control characters escaped, at most `bytes_max` bytes.
std::string ShowMessage(std::string_view message, size_t bytes_max);

}  // namespace squall
