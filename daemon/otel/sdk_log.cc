#include "daemon/otel/sdk_log.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <opentelemetry/sdk/common/global_log_handler.h>
#include <string_view>

#include "daemon/base/utf8.h"

namespace squall {
namespace {

namespace internal_log = opentelemetry::sdk::common::internal_log;

constexpr size_t kReasonBytesMax = 160;

// What was said on threads of the library's own, which carry the connections of all exports. Its
// handler is one for the process, and so is this.
struct LastFailure {
  std::mutex mutex;
  std::string text;
  uint64_t number = 0;  // counts them
};
LastFailure& last_failure() {
  static LastFailure last;
  return last;
}

// Of a thread that exports.
struct OwnFailures {
  bool exports = false;
  uint64_t errors = 0;
  std::string text;
  uint64_t seen = 0;  // number of the last failure that it knows of
};
thread_local OwnFailures own;

// "… Exporter] ERROR: Export 512 trace span(s) error: 1" says less than anything else.
bool SaysLittle(std::string_view text) {
  return text.empty() || text.find("Exporter] ERROR") != std::string_view::npos;
}

// " after 3 ms" and the like: with it, each agent would have a warning of its own.
std::string WithoutTimes(std::string_view text) {
  constexpr std::string_view kAfter = " after ";
  std::string out;
  while (!text.empty()) {
    const size_t at = text.find(kAfter);
    out += text.substr(0, at);
    if (at == std::string_view::npos) {
      break;
    }
    const std::string_view rest = text.substr(at + kAfter.size());
    const size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    size_t length = 0;
    for (const std::string_view unit : {" milliseconds", " ms"}) {
      length = digits > 0 && rest.substr(digits).starts_with(unit) ? unit.size() : length;
    }
    if (length == 0) {
      out += kAfter;
    }
    text = rest.substr(length == 0 ? 0 : digits + length);
  }
  return out;
}

class KeepLast final : public internal_log::LogHandler {
 public:
  void Handle(internal_log::LogLevel level, const char* /*file*/, int /*line*/, const char* message,
              const opentelemetry::sdk::common::AttributeMap& /*attributes*/) noexcept override {
    if (level != internal_log::LogLevel::Error || message == nullptr) {
      return;
    }
    ++own.errors;
    if (own.exports) {
      own.text = own.text.empty() || !SaysLittle(message) ? message : own.text;
      return;
    }
    LastFailure& last = last_failure();
    const std::lock_guard<std::mutex> lock(last.mutex);
    last.text = message;
    ++last.number;
  }
};

}  // namespace

void QuietOtelSdk() {
  static const bool done = [] {
    last_failure();  // before the library's handler, and so destroyed after it
    internal_log::GlobalLogHandler::SetLogHandler(
        opentelemetry::nostd::shared_ptr<internal_log::LogHandler>(std::make_shared<KeepLast>()));
    return true;
  }();
  static_cast<void>(done);
}

uint64_t OtelErrorsOnThisThread() { return own.errors; }

std::string TakeOtelFailure() {
  own.exports = true;
  std::string text;
  std::swap(text, own.text);
  LastFailure& last = last_failure();
  const std::lock_guard<std::mutex> lock(last.mutex);
  // The connection's words, unless this thread has something to say.
  if (SaysLittle(text) && last.number != own.seen) {
    text = last.text;
  }
  own.seen = last.number;
  return OtelFailureIn(text);
}

std::string OtelFailureIn(const std::string& message) {
  // "[OTLP … Exporter] …": who says it is known.
  std::string_view rest = message;
  if (const size_t end = rest.find("] "); rest.starts_with("[") && end != std::string_view::npos) {
    rest.remove_prefix(end + 2);
  }
  // A reply's headers and body, which are the collector's own words, stay out.
  for (const std::string_view after : {", Header", ", header", "Body", "\n"}) {
    rest = rest.substr(0, rest.find(after));
  }
  std::string reason;
  AppendPrintable(WithoutTimes(rest), kReasonBytesMax, &reason);
  return reason;
}

}  // namespace squall
