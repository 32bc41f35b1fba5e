// What is kept of one sampled request until it is sent to a collector. Of fixed size, so that a
// request neither allocates nor frees; longer texts are cut. A value.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "daemon/base/clock.h"
#include "daemon/trace/trace_context.h"

namespace squall {

template <size_t kBytesMax>
class FixedText final {
 public:
  void assign(std::string_view text) {
    size_ = 0;
    append(text);
  }
  void append(std::string_view text) {
    const size_t taken = std::min(text.size(), kBytesMax - size_);
    std::copy_n(text.begin(), taken, bytes_.begin() + size_);
    size_ = static_cast<uint16_t>(size_ + taken);
  }
  std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  static_assert(kBytesMax <= UINT16_MAX);
  uint16_t size_ = 0;
  std::array<char, kBytesMax> bytes_;  // uninitialised beyond size_
};

struct RequestSpan {
  TraceContext context;
  WallTime begin{};
  Nanos duration{0};
  Nanos response{0};    // as in the statistics: from when it was due, so it may be longer
  Nanos first_byte{0};  // since `begin`; 0: no reply came
  uint64_t user = 0;    // its number in the run
  uint64_t bytes_sent = 0;
  uint64_t bytes_received = 0;
  uint16_t status = 0;  // 0: no reply
  uint16_t port = 0;
  uint16_t resend = 0;  // 0 for the first attempt, then counted up
  bool ok = false;
  bool tls = false;
  FixedText<16> method;
  FixedText<128> name;  // request name of the statistics
  FixedText<96> host;
  FixedText<256> target;   // path and query of the last hop (AssignTarget)
  FixedText<128> failure;  // reason as in the statistics; empty when ok
};

// The path and the query, but for the values of parameters whose names look like a secret's: those
// become "REDACTED", as OpenTelemetry's conventions ask for signatures.
void AssignTarget(std::string_view target, FixedText<256>* out);

}  // namespace squall
