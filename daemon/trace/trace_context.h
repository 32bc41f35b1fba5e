// The ids of one span, and how W3C Trace Context (https://www.w3.org/TR/trace-context/, version 00)
// writes them into a request. A value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace squall {

struct TraceContext {
  std::array<uint8_t, 16> trace_id{};  // all zero: none
  std::array<uint8_t, 8> span_id{};
  bool operator==(const TraceContext&) const = default;
};

// "00-<32 hex digits>-<16 hex digits>-01": the flag says that the span is sampled.
inline constexpr size_t kTraceparentBytes = 55;

void AppendTraceparent(const TraceContext& context, std::string* out);
// Whether header lines, each with its end, have a traceparent already.
bool HasTraceparent(std::string_view lines);
std::string TraceIdHex(const TraceContext& context);

}  // namespace squall
