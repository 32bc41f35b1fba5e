#include "daemon/target/traceparent_log.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace squall {
namespace {

constexpr std::string_view kForm = "00-________________________________-________________-__";

bool IsTraceparent(std::string_view text) {
  return std::equal(text.begin(), text.end(), kForm.begin(), kForm.end(), [](char c, char form) {
    return form == '_' ? (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') : c == form;
  });
}

}  // namespace

void TraceparentLog::Add(std::string_view header) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++received_;
  if (!IsTraceparent(header)) {
    ++malformed_;
  } else if (kept_.size() < capacity_) {
    kept_.emplace_back(header);
  }
}

std::string TraceparentLog::Json() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::string list;
  for (const std::string& each : kept_) {  // hex digits and dashes: nothing to escape
    fmt::format_to(std::back_inserter(list), "{}\"{}\"", list.empty() ? "" : ",", each);
  }
  return fmt::format(R"({{"received":{},"malformed":{},"traceparents":[{}]}})", received_,
                     malformed_, list);
}

void TraceparentLog::Reset() {
  const std::lock_guard<std::mutex> lock(mutex_);
  received_ = 0;
  malformed_ = 0;
  kept_.clear();
}

}  // namespace squall
