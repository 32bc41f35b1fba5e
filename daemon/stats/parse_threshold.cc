#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "daemon/base/ascii.h"
#include "daemon/base/status_macros.h"
#include "daemon/base/suggest.h"
#include "daemon/base/units.h"
#include "daemon/stats/threshold.h"

namespace squall {
namespace {

template <typename Value>
struct Word {
  std::string_view text;
  Value value;
};

constexpr std::array<Word<ThresholdMetric>, 9> kMetrics = {{
    {"response_time", ThresholdMetric::kResponseTime},
    {"service_time", ThresholdMetric::kServiceTime},
    {"start_delay", ThresholdMetric::kStartDelay},
    {"connect_time", ThresholdMetric::kConnectTime},
    {"first_byte_time", ThresholdMetric::kFirstByteTime},
    {"failures", ThresholdMetric::kFailures},
    {"requests", ThresholdMetric::kRequests},
    {"checks", ThresholdMetric::kChecks},
    {"dropped_iterations", ThresholdMetric::kDroppedIterations},
}};

constexpr std::array<Word<ThresholdAggregate>, 6> kAggregates = {{
    {"avg", ThresholdAggregate::kAverage},
    {"min", ThresholdAggregate::kMin},
    {"med", ThresholdAggregate::kPercentile},
    {"max", ThresholdAggregate::kMax},
    {"count", ThresholdAggregate::kCount},
    {"rate", ThresholdAggregate::kRate},
}};

// Longer operators first: "<=" must not be read as "<".
constexpr std::array<Word<ThresholdOperator>, 6> kOperators = {{
    {"<=", ThresholdOperator::kLessEqual},
    {">=", ThresholdOperator::kGreaterEqual},
    {"==", ThresholdOperator::kEqual},
    {"!=", ThresholdOperator::kNotEqual},
    {"<", ThresholdOperator::kLess},
    {">", ThresholdOperator::kGreater},
}};

constexpr size_t kShownMax = 60;  // characters of the user's text in a message

absl::Status Invalid(std::string_view message) {
  return absl::InvalidArgumentError({message.data(), message.size()});
}

std::string_view Shown(std::string_view text) { return text.substr(0, kShownMax); }

template <typename Value, size_t kSize>
const Word<Value>* FindWord(const std::array<Word<Value>, kSize>& words, std::string_view text) {
  const auto found = std::find_if(words.begin(), words.end(),
                                  [text](const Word<Value>& word) { return word.text == text; });
  return found == words.end() ? nullptr : &*found;
}

template <typename Value, size_t kSize>
std::string Suggestion(const std::array<Word<Value>, kSize>& words, std::string_view wrong) {
  std::vector<std::string> candidates;
  candidates.reserve(words.size());
  for (const Word<Value>& word : words) {
    candidates.emplace_back(word.text);
  }
  const std::string nearest = SuggestNearest(wrong, candidates);
  return nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest);
}

// A plain decimal number: no sign, no exponent, no "inf" or "nan".
std::optional<double> ParseNumber(std::string_view text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || c == '.';
  });
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (!plain || error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

bool IsDuration(ThresholdMetric metric) {
  return UnitOf(metric, ThresholdAggregate::kPercentile) == ThresholdUnit::kSeconds;
}

// "name:Buy, method:GET, tag:shop" of a selector. A value may be quoted; it must be to hold a
// comma.
class SelectorReader {
 public:
  explicit SelectorReader(std::string_view text) : rest_(text) {}

  absl::Status ReadInto(Threshold* threshold) {
    do {
      SQUALL_RETURN_IF_ERROR(ReadPair(threshold));
    } while (TakeComma());
    if (!rest_.empty()) {
      return Invalid(fmt::format("must have a comma before '{}' in the selector", Shown(rest_)));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status ReadPair(Threshold* threshold) {
    const size_t colon = std::min(rest_.find(':'), rest_.size());
    const std::string_view key = Trim(rest_.substr(0, colon));
    if (key != "name" && key != "method" && key != "tag") {
      const std::string nearest = SuggestNearest(key, {"name", "method", "tag"});
      return Invalid(fmt::format("must select by name, method or tag, got '{}'{}", Shown(key),
                                 nearest.empty() ? "" : "; did you mean '" + nearest + "'?"));
    }
    if (colon == rest_.size()) {
      return Invalid(fmt::format("must have a value: {}:VALUE", key));
    }
    rest_ = Trim(rest_.substr(colon + 1));
    std::string* target = key == "name"     ? &threshold->name
                          : key == "method" ? &threshold->method
                                            : &threshold->tag;
    if (!target->empty()) {
      return Invalid(fmt::format("must select by {} only once", key));
    }
    const std::optional<std::string_view> value = TakeValue();
    if (!value.has_value() || value->empty()) {
      return Invalid(value.has_value() ? fmt::format("must have a value: {}:VALUE", key)
                                       : "must close the quotes in the selector");
    }
    *target = *value;
    return absl::OkStatus();
  }

  std::optional<std::string_view> TakeValue() {
    if (!rest_.empty() && rest_.front() == '"') {
      const size_t end = rest_.find('"', 1);
      if (end == std::string_view::npos) {
        return std::nullopt;
      }
      const std::string_view value = rest_.substr(1, end - 1);
      rest_ = Trim(rest_.substr(end + 1));
      return value;
    }
    const size_t end = std::min(rest_.find(','), rest_.size());
    const std::string_view value = Trim(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return value;
  }

  bool TakeComma() {
    if (rest_.empty() || rest_.front() != ',') {
      return false;
    }
    rest_ = Trim(rest_.substr(1));
    return true;
  }

  std::string_view rest_;
};

absl::Status ParseSelector(std::string_view text, Threshold* threshold) {
  const size_t brace = std::min(text.find('{'), text.size());
  const std::string_view metric = Trim(text.substr(0, brace));
  const Word<ThresholdMetric>* found = FindWord(kMetrics, metric);
  if (found == nullptr) {
    return Invalid(
        fmt::format("must be a metric: response_time, service_time, start_delay, connect_time, "
                    "first_byte_time, failures, requests, checks or dropped_iterations, got '{}'{}",
                    Shown(metric), Suggestion(kMetrics, metric)));
  }
  threshold->metric = found->value;
  if (brace == text.size()) {
    return absl::OkStatus();
  }
  // The last brace closes: names such as /products/{id} have braces of their own.
  if (text.back() != '}') {
    return Invalid(fmt::format("must end with '}}', got '{}'", Shown(text)));
  }
  if (threshold->metric == ThresholdMetric::kDroppedIterations) {
    return Invalid("must have no selector: dropped iterations belong to no request");
  }
  const std::string_view body = Trim(text.substr(brace + 1, text.size() - brace - 2));
  SQUALL_RETURN_IF_ERROR(SelectorReader(body).ReadInto(threshold));
  if (threshold->metric == ThresholdMetric::kChecks && !threshold->method.empty()) {
    return Invalid("must select checks by name or tag: they are counted over all methods");
  }
  return absl::OkStatus();
}

// "p(99.9)"; nothing when it is no percentile at all.
std::optional<double> ParsePercentile(std::string_view text) {
  if (text.size() < 4 || text.substr(0, 2) != "p(" || text.back() != ')') {
    return std::nullopt;
  }
  const std::optional<double> value = ParseNumber(Trim(text.substr(2, text.size() - 3)));
  return value.has_value() && *value <= 100 ? value : std::nullopt;
}

absl::Status ParseAggregate(std::string_view text, Threshold* threshold) {
  const bool duration = IsDuration(threshold->metric);
  const Word<ThresholdAggregate>* word = FindWord(kAggregates, text);
  if (word != nullptr) {
    threshold->aggregate = word->value;
    threshold->percentile = word->text == "med" ? 50 : 0;
  } else if (const std::optional<double> percentile = ParsePercentile(text)) {
    threshold->aggregate = ThresholdAggregate::kPercentile;
    threshold->percentile = *percentile;
  } else if (!text.empty() && text.front() == 'p') {
    return Invalid(fmt::format("must be a percentile from p(0) to p(100), such as p(95), got '{}'",
                               Shown(text)));
  } else {
    return Invalid(fmt::format("must begin with {}, got '{}'{}",
                               duration ? "p(95), avg, min, med or max" : "count or rate",
                               Shown(text), Suggestion(kAggregates, text)));
  }
  const bool counter = threshold->aggregate == ThresholdAggregate::kCount ||
                       threshold->aggregate == ThresholdAggregate::kRate;
  if (duration == counter) {
    return Invalid(fmt::format("must use {}, since the metric is a {}, got '{}'",
                               duration ? "p(95), avg, min, med or max" : "count or rate",
                               duration ? "duration" : "counter", Shown(text)));
  }
  if (threshold->metric == ThresholdMetric::kChecks &&
      threshold->aggregate == ThresholdAggregate::kCount) {
    return Invalid("must use rate for checks, such as rate > 99%");
  }
  return absl::OkStatus();
}

absl::Status ParseDurationLimit(std::string_view text, Threshold* threshold) {
  if (const std::optional<double> millis = ParseNumber(text)) {
    threshold->limit = *millis / 1000;
    return absl::OkStatus();
  }
  const absl::StatusOr<Nanos> span = ParseTimeSpan(text);
  if (!span.ok()) {
    return Invalid(fmt::format(
        "must compare with a duration such as 300ms, 1.5s or 300 (milliseconds), got '{}'",
        Shown(text)));
  }
  threshold->limit = ToSeconds(*span);
  return absl::OkStatus();
}

absl::Status ParseLimit(std::string_view text, Threshold* threshold) {
  if (text.empty()) {
    return Invalid("must have a value after the operator, such as < 300ms");
  }
  const ThresholdUnit unit = UnitOf(threshold->metric, threshold->aggregate);
  if (unit == ThresholdUnit::kSeconds) {
    return ParseDurationLimit(text, threshold);
  }
  std::string_view digits = text;
  const bool percent = text.back() == '%';
  const bool per_second = text.size() > 2 && text.substr(text.size() - 2) == "/s";
  if ((percent && unit == ThresholdUnit::kShare) ||
      (per_second && unit == ThresholdUnit::kPerSecond)) {
    digits.remove_suffix(percent ? 1 : 2);
  }
  const std::optional<double> number = ParseNumber(Trim(digits));
  threshold->limit = number.value_or(-1) / (percent ? 100 : 1);
  switch (unit) {
    case ThresholdUnit::kShare:
      if (!number.has_value() || threshold->limit > 1) {
        return Invalid(
            fmt::format("must compare with a share such as 1% or 0.01, got '{}'", Shown(text)));
      }
      break;
    case ThresholdUnit::kPerSecond:
      if (!number.has_value()) {
        return Invalid(fmt::format("must compare with a number per second such as 100, got '{}'",
                                   Shown(text)));
      }
      break;
    case ThresholdUnit::kCount:
      if (!number.has_value() || std::floor(*number) != *number) {
        return Invalid(
            fmt::format("must compare with a whole number such as 10, got '{}'", Shown(text)));
      }
      break;
    case ThresholdUnit::kSeconds:
      break;
  }
  return absl::OkStatus();
}

// Cuts " over 30s" off the end of `text`.
absl::Status TakeWindow(std::string_view* text, Threshold* threshold) {
  constexpr std::string_view kOver = " over ";
  const size_t over = text->find(kOver);
  if (over == std::string_view::npos) {
    return absl::OkStatus();
  }
  const std::string_view span_text = Trim(text->substr(over + kOver.size()));
  const absl::StatusOr<Nanos> span = ParseTimeSpan(span_text);
  if (!span.ok() || *span < std::chrono::seconds(1)) {
    return Invalid(fmt::format(
        "must be over a time span of at least 1s, such as over 30s, got '{}'", Shown(span_text)));
  }
  threshold->over = *span;
  *text = text->substr(0, over);
  return absl::OkStatus();
}

absl::Status ParseExpression(std::string_view text, Threshold* threshold) {
  const size_t at = text.find_first_of("<>=!");
  if (at == std::string_view::npos) {
    return Invalid(fmt::format("must compare with <, <=, >, >=, == or !=, such as {}, got '{}'",
                               IsDuration(threshold->metric) ? "p(95) < 300ms" : "rate < 1%",
                               Shown(text)));
  }
  SQUALL_RETURN_IF_ERROR(ParseAggregate(Trim(text.substr(0, at)), threshold));
  std::string_view rest = text.substr(at);
  const auto op = std::find_if(kOperators.begin(), kOperators.end(),
                               [rest](const Word<ThresholdOperator>& word) {
                                 return rest.substr(0, word.text.size()) == word.text;
                               });
  if (op == kOperators.end()) {
    return Invalid(fmt::format("must compare with <, <=, >, >=, == or !=, got '{}'", rest.front()));
  }
  threshold->op = op->value;
  rest.remove_prefix(op->text.size());
  SQUALL_RETURN_IF_ERROR(TakeWindow(&rest, threshold));
  return ParseLimit(Trim(rest), threshold);
}

}  // namespace

absl::StatusOr<Threshold> ParseThreshold(std::string_view metric_selector,
                                         std::string_view expression) {
  Threshold threshold;
  const std::string_view selector = Trim(metric_selector);
  const std::string_view rule = Trim(expression);
  threshold.text = fmt::format("{}: {}", selector, rule);
  SQUALL_RETURN_IF_ERROR(ParseSelector(selector, &threshold));
  SQUALL_RETURN_IF_ERROR(ParseExpression(rule, &threshold));
  return threshold;
}

}  // namespace squall
