#include "daemon/script/script_description.h"

#include <cmath>
#include <limits>

#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"
#include "daemon/plan/value.h"

namespace squall {
namespace {

// The members of a JSON object, read leniently: the other end is Python's argparse.
class Members final {
 public:
  explicit Members(const Value& object) : object_(object) {}

  void Read(std::string_view name, bool* to) const {
    const Value* found = object_.Find(name);
    if (const bool* truth = found == nullptr ? nullptr : found->AsBool()) {
      *to = *truth;
    }
  }
  void Read(std::string_view name, std::string* to) const {
    const Value* found = object_.Find(name);
    if (const std::string* text = found == nullptr ? nullptr : found->AsString()) {
      *to = *text;
    }
  }
  void Read(std::string_view name, std::optional<double>* to) const {
    const Value* found = object_.Find(name);
    double number = 0;
    if (found != nullptr && !found->IsNull() && found->ToNumber(&number) && std::isfinite(number)) {
      *to = number;
    }
  }
  template <typename Whole>
  void ReadWhole(std::string_view name, Whole* to) const {
    std::optional<double> number;
    Read(name, &number);
    if (number.has_value() && *number >= static_cast<double>(std::numeric_limits<Whole>::min()) &&
        *number <= static_cast<double>(std::numeric_limits<Whole>::max())) {
      *to = static_cast<Whole>(*number);
    }
  }
  void ReadWhole(std::string_view name, std::optional<uint64_t>* to) const {
    std::optional<double> number;
    Read(name, &number);
    if (number.has_value() && *number >= 0 && *number < 1e15) {
      *to = static_cast<uint64_t>(*number);
    }
  }
  void ReadSeconds(std::string_view name, std::optional<Nanos>* to) const {
    std::optional<double> seconds;
    Read(name, &seconds);
    if (seconds.has_value() && *seconds >= 0 && *seconds < 1e9) {
      *to = FromSeconds(*seconds);
    }
  }
  void Read(std::string_view name, std::vector<std::string>* to) const {
    const Value* found = object_.Find(name);
    if (const ValueList* list = found == nullptr ? nullptr : found->AsList()) {
      for (const Value& item : *list) {
        to->push_back(item.ToText());
      }
    }
  }
  // The objects in a list, each by `read`.
  template <typename Item, typename Read>
  void ReadList(std::string_view name, std::vector<Item>* to, const Read& read) const {
    const Value* found = object_.Find(name);
    if (const ValueList* list = found == nullptr ? nullptr : found->AsList()) {
      for (const Value& item : *list) {
        read(Members(item), &to->emplace_back());
      }
    }
  }

 private:
  const Value& object_;
};

void ReadClass(const Members& from, ScriptClass* to) {
  from.Read("name", &to->name);
  std::optional<double> weight;
  from.Read("weight", &weight);
  to->weight = weight.value_or(1);
  from.ReadWhole("fixed_count", &to->fixed_count);
  from.Read("tasks", &to->tasks);
}

void ReadOption(const Members& from, ScriptOption* to) {
  from.Read("name", &to->name);
  from.Read("help", &to->help);
  from.Read("value", &to->value);
  from.Read("choices", &to->choices);
  from.Read("flag", &to->flag);
  from.Read("many", &to->many);
  from.Read("secret", &to->secret);
  from.Read("required", &to->required);
}

}  // namespace

absl::StatusOr<ScriptDescription> ParseScriptDescription(std::string_view json) {
  SQUALL_ASSIGN_OR_RETURN(const Value object, ParseJson(json));
  if (object.AsObject() == nullptr) {
    return absl::InvalidArgumentError("the description of a locustfile must be an object");
  }
  const Members members(object);
  ScriptDescription to;
  members.ReadWhole("users", &to.users);
  members.Read("spawn_rate", &to.spawn_rate);
  members.ReadSeconds("run_time_seconds", &to.run_time);
  members.ReadWhole("iterations", &to.iterations);
  members.ReadSeconds("stop_timeout_seconds", &to.stop_timeout);
  members.Read("host", &to.host);
  members.Read("headless", &to.headless);
  members.Read("autostart", &to.autostart);
  members.ReadSeconds("autoquit", &to.autoquit);
  members.Read("web_host", &to.web_host);
  members.ReadWhole("web_port", &to.web_port);
  members.Read("tls_cert", &to.web_tls_cert);
  members.Read("tls_key", &to.web_tls_key);
  members.Read("otel", &to.otel);
  members.Read("has_shape", &to.has_shape);
  members.Read("shape_uses_common_options", &to.shape_uses_common_options);
  members.Read("tags", &to.tags);
  members.Read("exclude_tags", &to.exclude_tags);
  members.Read("all_tags", &to.all_tags);
  members.Read("locustfiles", &to.locustfiles);
  members.ReadList("classes", &to.classes, ReadClass);
  members.ReadList("options", &to.options, ReadOption);
  members.Read("agent_arguments", &to.agent_arguments);
  members.Read("csv", &to.csv);
  members.Read("csv_full_history", &to.csv_full_history);
  members.Read("html", &to.html);
  members.Read("json", &to.json);
  members.Read("json_file", &to.json_file);
  members.Read("only_summary", &to.only_summary);
  members.Read("print_stats", &to.print_stats);
  members.ReadWhole("exit_code_on_error", &to.exit_code_on_error);
  members.Read("skip_log", &to.skip_log);
  members.Read("loglevel", &to.log_level);
  members.Read("logfile", &to.log_file);
  members.Read("worker", &to.worker);
  members.Read("master", &to.master);
  members.Read("master_bind_host", &to.master_bind_host);
  members.ReadWhole("master_bind_port", &to.master_bind_port);
  members.ReadWhole("expect_workers", &to.expect_workers);
  members.ReadSeconds("expect_workers_max_wait", &to.expect_workers_max_wait);
  members.ReadWhole("processes", &to.processes);
  return to;
}

}  // namespace squall
