#include "daemon/telemetry/event_log.h"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include "daemon/base/utf8.h"

namespace squall {
namespace {

constexpr size_t kTextBytesMax = 4096;

// The fields go between time and level, which spdlog writes, and the closing brace.
constexpr const char* kJsonPattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";
constexpr const char* kTextPattern = "%Y-%m-%d %H:%M:%S.%e %l %v";

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      break;
  }
  return spdlog::level::err;
}

// In quotes, as JSON wants it; control characters are gone already.
std::string Quoted(std::string_view text) {
  std::string clean;
  AppendPrintable(text, kTextBytesMax, &clean);
  std::string quoted = "\"";
  for (const char c : clean) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
    }
    quoted += c;
  }
  return quoted + '"';
}

std::string Clean(std::string_view text) {
  std::string clean;
  AppendPrintable(text, kTextBytesMax, &clean);
  return clean;
}

bool IsWord(std::string_view text) {
  return !text.empty() && text.find_first_of(" \"=\\\t\r\n") == std::string_view::npos;
}

}  // namespace

std::map<std::string, LogFormat> LogFormatNames() {
  return {{"text", LogFormat::kText}, {"json", LogFormat::kJson}};
}

std::map<std::string, LogLevel> LogLevelNames() {
  return {{"debug", LogLevel::kDebug},
          {"info", LogLevel::kInfo},
          {"warning", LogLevel::kWarning},
          {"error", LogLevel::kError}};
}

EventLog::EventLog(LogFormat format, LogLevel level, std::ostream* out) : format_(format) {
  auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(*out, /*force_flush=*/true);
  logger_ = std::make_unique<spdlog::logger>("", std::move(sink));
  logger_->set_level(ToSpdlog(level));
  logger_->set_pattern(format == LogFormat::kJson ? kJsonPattern : kTextPattern,
                       format == LogFormat::kJson ? spdlog::pattern_time_type::utc
                                                  : spdlog::pattern_time_type::local);
}

EventLog::~EventLog() = default;

void EventLog::Log(LogLevel level, std::string_view text, std::initializer_list<LogField> fields) {
  if (!logger_->should_log(ToSpdlog(level))) {
    return;
  }
  std::string line;
  if (format_ == LogFormat::kJson) {
    line = fmt::format("\"msg\":{}", Quoted(text));
    for (const LogField& field : fields) {
      line += fmt::format(",\"{}\":{}", field.name, Quoted(field.value));
    }
  } else {
    line = Clean(text);
    for (const LogField& field : fields) {
      line += fmt::format(" {}={}", field.name,
                          IsWord(field.value) ? Clean(field.value) : Quoted(field.value));
    }
  }
  logger_->log(ToSpdlog(level), spdlog::string_view_t(line));
}

}  // namespace squall
