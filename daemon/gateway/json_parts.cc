#include "daemon/gateway/json_parts.h"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"

namespace squall {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";

absl::Status Broken(size_t at) {
  return absl::InvalidArgumentError(fmt::format("must be a JSON object, is none at byte {}", at));
}

class Cutter final {
 public:
  explicit Cutter(std::string_view text) : text_(text) {}

  size_t at() const { return at_; }

  // The next character that is no space; 0 at the end.
  char Peek() {
    at_ = std::min(text_.find_first_not_of(kSpaces, at_), text_.size());
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  bool Take(char wanted) {
    if (Peek() != wanted) {
      return false;
    }
    ++at_;
    return true;
  }

  // "…" with its quotes; "" where there is none.
  std::string_view TakeString() {
    if (Peek() != '"') {
      return {};
    }
    const size_t start = at_++;
    while (at_ < text_.size() && text_[at_] != '"') {
      at_ += text_[at_] == '\\' ? 2 : 1;
    }
    if (at_ >= text_.size()) {
      return {};
    }
    ++at_;
    return text_.substr(start, at_ - start);
  }

  // Up to the comma or the bracket that ends it; "" where there is none.
  std::string_view TakeValue() {
    Peek();
    const size_t start = at_;
    size_t depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        if (TakeString().empty()) {
          return {};
        }
        continue;
      }
      if (depth == 0 && (c == ',' || c == '}' || c == ']')) {
        break;
      }
      depth += c == '{' || c == '[' ? 1 : 0;
      depth -= c == '}' || c == ']' ? 1 : 0;
      ++at_;
    }
    const std::string_view value = text_.substr(start, at_ - start);
    return value.substr(0, value.find_last_not_of(kSpaces) + 1);
  }

 private:
  const std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

absl::StatusOr<std::vector<std::pair<std::string_view, std::string_view>>> SplitJsonObject(
    std::string_view text) {
  std::vector<std::pair<std::string_view, std::string_view>> parts;
  Cutter cutter(text);
  if (!cutter.Take('{')) {
    return Broken(cutter.at());
  }
  if (cutter.Take('}')) {
    return parts;
  }
  do {
    const std::string_view quoted = cutter.TakeString();
    if (quoted.empty() || !cutter.Take(':')) {
      return Broken(cutter.at());
    }
    const std::string_view value = cutter.TakeValue();
    if (value.empty()) {
      return Broken(cutter.at());
    }
    parts.emplace_back(quoted.substr(1, quoted.size() - 2), value);
  } while (cutter.Take(','));
  if (!cutter.Take('}') || cutter.Peek() != '\0') {
    return Broken(cutter.at());
  }
  return parts;
}

absl::StatusOr<std::string_view> JsonPart(std::string_view text, std::string_view name) {
  SQUALL_ASSIGN_OR_RETURN(const auto parts, SplitJsonObject(text));
  for (const auto& [field, value] : parts) {
    if (field == name) {
      return value;
    }
  }
  return absl::NotFoundError(fmt::format("no field '{}'", name));
}

}  // namespace squall
