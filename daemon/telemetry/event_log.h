// The log of a daemon: one line an event, for people or as one JSON object for machines. Texts and
// fields are cleaned, so that neither a target's words nor a plan's names can forge a line. Whoever
// logs sees to it that no secret is among the fields.
//
// Owned by main(). Any thread.
#pragma once

#include <initializer_list>
#include <iosfwd>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace spdlog {
class logger;
}  // namespace spdlog

namespace squall {

enum class LogFormat { kText, kJson };
enum class LogLevel { kDebug, kInfo, kWarning, kError };

// By the words of --log-format and --log-level.
std::map<std::string, LogFormat> LogFormatNames();
std::map<std::string, LogLevel> LogLevelNames();

// What every daemon has flags for.
struct LogFlags {
  LogFormat format = LogFormat::kText;
  LogLevel level = LogLevel::kInfo;
};

struct LogField {
  std::string_view name;  // a word of ours: not escaped
  std::string value;
};

class EventLog final {
 public:
  // Lines below `level` are dropped. `out` outlives the log and is flushed after each line.
  EventLog(LogFormat format, LogLevel level, std::ostream* out);
  ~EventLog();
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  void Log(LogLevel level, std::string_view text, std::initializer_list<LogField> fields = {});
  void Info(std::string_view text, std::initializer_list<LogField> fields = {}) {
    Log(LogLevel::kInfo, text, fields);
  }
  void Error(std::string_view text, std::initializer_list<LogField> fields = {}) {
    Log(LogLevel::kError, text, fields);
  }

 private:
  const LogFormat format_;
  std::unique_ptr<spdlog::logger> logger_;
};

}  // namespace squall
