#include "daemon/trace/trace_context.h"

#include <algorithm>
#include <span>

namespace squall {
namespace {

// Two digits for each byte; the end of what was written.
char* PutHex(std::span<const uint8_t> bytes, char* to) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const uint8_t byte : bytes) {
    *to++ = kDigits[byte >> 4];
    *to++ = kDigits[byte & 15];
  }
  return to;
}

}  // namespace

// Composed apart and appended in one piece: to grow a string by the character took three times as
// many instructions.
void AppendTraceparent(const TraceContext& context, std::string* out) {
  std::array<char, kTraceparentBytes> text;
  char* to = text.data();
  *to++ = '0';
  *to++ = '0';
  *to++ = '-';
  to = PutHex(context.trace_id, to);
  *to++ = '-';
  to = PutHex(context.span_id, to);
  *to++ = '-';
  *to++ = '0';
  *to++ = '1';
  out->append(text.data(), text.size());
}

bool HasTraceparent(std::string_view lines) {
  constexpr std::string_view kName = "traceparent:";
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    if (line.size() >= kName.size() &&
        std::equal(kName.begin(), kName.end(), line.begin(), [](char wanted, char c) {
          return c == wanted || (c >= 'A' && c <= 'Z' && c - 'A' + 'a' == wanted);
        })) {
      return true;
    }
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
  }
  return false;
}

std::string TraceIdHex(const TraceContext& context) {
  std::string text(2 * context.trace_id.size(), '0');
  PutHex(context.trace_id, text.data());
  return text;
}

}  // namespace squall
