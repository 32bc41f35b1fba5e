#include "daemon/protocol/http/simple_reply.h"

#include <charconv>
#include <cstring>

#include "daemon/base/ascii.h"
#include "daemon/protocol/http/url.h"

namespace squall {
namespace {

constexpr std::string_view kVersion = "HTTP/1.1 ";
constexpr size_t kStatusLineMin = 12;  // "HTTP/1.1 200"

enum class Meaning : uint8_t { kNone, kLength, kUnusual };

// Whether a byte is below `Limit`, eight at a time (Hacker's Delight, 6-1: exact up to 128).
template <unsigned char Limit>
bool HasByteBelow(std::string_view text) {
  constexpr uint64_t kOnes = ~uint64_t{0} / 255;
  const char* at = text.data();
  size_t left = text.size();
  for (; left >= sizeof(uint64_t); at += sizeof(uint64_t), left -= sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, at, sizeof(word));
    if (((word - kOnes * Limit) & ~word & (kOnes << 7)) != 0) {
      return true;
    }
  }
  for (; left > 0; ++at, --left) {
    if (static_cast<unsigned char>(*at) < Limit) {
      return true;
    }
  }
  return false;
}

std::string_view TrimSpaces(std::string_view text) {
  while (text.starts_with(' ')) {
    text.remove_prefix(1);
  }
  while (text.ends_with(' ')) {
    text.remove_suffix(1);
  }
  return text;
}

Meaning UnusualIf(bool condition) { return condition ? Meaning::kUnusual : Meaning::kNone; }

// What a field says about how to read the reply. The length of the name rules most of them out.
Meaning MeaningOf(std::string_view name, std::string_view value) {
  switch (name.size()) {
    case 7:
      return UnusualIf(EqualsIgnoringCase(name, "upgrade"));
    case 8:
      return UnusualIf(EqualsIgnoringCase(name, "location"));
    case 10:
      if (EqualsIgnoringCase(name, "connection")) {
        return UnusualIf(!EqualsIgnoringCase(TrimSpaces(value), "keep-alive"));
      }
      return UnusualIf(EqualsIgnoringCase(name, "set-cookie"));
    case 14:
      return EqualsIgnoringCase(name, "content-length") ? Meaning::kLength : Meaning::kNone;
    case 16:
      return UnusualIf(EqualsIgnoringCase(name, "content-encoding") ||
                       EqualsIgnoringCase(name, "proxy-connection"));
    case 17:
      return UnusualIf(EqualsIgnoringCase(name, "transfer-encoding"));
    default:
      return Meaning::kNone;
  }
}

// Reads "name: value" without its line end. Anything odd is unusual; a name is checked for blanks
// and controls only, since no other byte can change the framing.
Meaning ReadField(std::string_view line, std::string_view* value) {
  const size_t colon = line.find(':');
  if (colon == 0 || colon == std::string_view::npos || HasByteBelow<' '>(line) ||
      HasByteBelow<'!'>(line.substr(0, colon))) {
    return Meaning::kUnusual;
  }
  *value = line.substr(colon + 1);
  return MeaningOf(line.substr(0, colon), *value);
}

// 0 for a status line that is not simple.
int ReadStatus(std::string_view line) {
  if (line.size() < kStatusLineMin || !line.starts_with(kVersion) || HasByteBelow<' '>(line) ||
      (line.size() > kStatusLineMin && line[kStatusLineMin] != ' ')) {
    return 0;
  }
  int status = 0;
  const char* digits = line.data() + kVersion.size();
  const auto [end, error] = std::from_chars(digits, digits + 3, status);
  const bool whole = error == std::errc() && end == digits + 3;
  return whole && status >= 200 && status <= 599 && status != 204 && status != 304 ? status : 0;
}

}  // namespace

std::optional<SimpleReply> ReadSimpleReply(std::string_view data, size_t header_bytes_max,
                                           uint64_t body_bytes_max) {
  std::optional<uint64_t> length;
  SimpleReply reply;
  size_t at = 0;
  while (true) {
    const size_t end = data.find('\n', at);
    if (end == std::string_view::npos || end == at || data[end - 1] != '\r' ||
        end >= header_bytes_max) {
      return std::nullopt;
    }
    const std::string_view line = data.substr(at, end - 1 - at);
    const bool first = at == 0;
    at = end + 1;
    if (first) {
      reply.status = ReadStatus(line);
      if (reply.status == 0) {
        return std::nullopt;
      }
      continue;
    }
    if (line.empty()) {
      break;
    }
    std::string_view value;
    const Meaning meaning = ReadField(line, &value);
    if (meaning == Meaning::kUnusual || (meaning == Meaning::kLength && length.has_value())) {
      return std::nullopt;
    }
    if (meaning == Meaning::kLength) {
      value = TrimSpaces(value);
      uint64_t number = 0;
      const auto [stop, error] = std::from_chars(value.begin(), value.end(), number);
      if (error != std::errc() || stop != value.end()) {
        return std::nullopt;
      }
      length = number;
    }
  }
  if (!length.has_value() || *length != data.size() - at || *length > body_bytes_max) {
    return std::nullopt;
  }
  reply.head = data.substr(0, at);
  reply.body = data.substr(at);
  return reply;
}

}  // namespace squall
