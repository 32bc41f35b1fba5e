#include "daemon/python/header_text.h"

#include <algorithm>

#include "daemon/base/ascii.h"
#include "daemon/protocol/http/url.h"

namespace squall {

std::optional<std::string_view> FindField(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    const size_t end = std::min(head.find('\n'), head.size() - 1) + 1;
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        EqualsIgnoringCase(line.substr(0, name.size()), name)) {
      std::string_view value = line.substr(name.size() + 1);
      while (value.ends_with('\n') || value.ends_with('\r')) {
        value.remove_suffix(1);
      }
      return Trim(value);
    }
  }
  return std::nullopt;
}

void DropField(std::string_view name, std::string* lines) {
  size_t at = 0;
  while (at < lines->size()) {
    const size_t end = std::min(lines->find('\n', at), lines->size() - 1) + 1;
    const std::string_view line = std::string_view(*lines).substr(at, end - at);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        EqualsIgnoringCase(line.substr(0, name.size()), name)) {
      lines->erase(at, end - at);
    } else {
      at = end;
    }
  }
}

std::string_view ReasonIn(std::string_view head) {
  constexpr size_t kReasonAt = 13;  // "HTTP/1.1 200 OK"
  const std::string_view line = head.substr(0, head.find('\r'));
  return line.size() > kReasonAt ? line.substr(kReasonAt) : std::string_view();
}

}  // namespace squall
