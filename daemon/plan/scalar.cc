#include "daemon/plan/scalar.h"

#include <charconv>
#include <cmath>
#include <string>

namespace squall {
namespace {

// Consumes digits at the front; how many.
size_t SkipDigits(std::string_view* text) {
  size_t count = 0;
  while (count < text->size() && (*text)[count] >= '0' && (*text)[count] <= '9') {
    ++count;
  }
  text->remove_prefix(count);
  return count;
}

bool SkipOne(std::string_view* text, std::string_view any_of) {
  if (text->empty() || any_of.find(text->front()) == std::string_view::npos) {
    return false;
  }
  text->remove_prefix(1);
  return true;
}

// Sign and digits of a whole number without leading zeros.
bool SkipWhole(std::string_view* text) {
  SkipOne(text, "-");
  const bool zero = !text->empty() && text->front() == '0';
  const size_t digits = SkipDigits(text);
  return digits == 1 || (digits > 1 && !zero);
}

}  // namespace

std::optional<int64_t> ScalarToWhole(std::string_view text) {
  std::string_view rest = text;
  int64_t value = 0;
  if (!SkipWhole(&rest) || !rest.empty() ||
      std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc()) {
    return std::nullopt;
  }
  return value;
}

bool LooksLikeNumber(std::string_view text) {
  if (!SkipWhole(&text)) {
    return false;
  }
  if (SkipOne(&text, ".") && SkipDigits(&text) == 0) {
    return false;
  }
  if (SkipOne(&text, "eE")) {
    SkipOne(&text, "+-");
    if (SkipDigits(&text) == 0) {
      return false;
    }
  }
  return text.empty();
}

std::optional<double> ScalarToNumber(std::string_view text) {
  double value = 0;
  if (!LooksLikeNumber(text) ||
      std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc() ||
      !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

std::optional<bool> ScalarToTruth(std::string_view text) {
  if (text == "true") {
    return true;
  }
  if (text == "false") {
    return false;
  }
  return std::nullopt;
}

std::optional<Value> ScalarToValue(std::string_view text) {
  if (const auto whole = ScalarToWhole(text)) {
    return Value(*whole);
  }
  if (LooksLikeNumber(text)) {
    const auto number = ScalarToNumber(text);
    const bool is_whole = text.find_first_of(".eE") == std::string_view::npos;
    return number && !is_whole ? std::optional<Value>(*number) : std::nullopt;
  }
  if (const auto truth = ScalarToTruth(text)) {
    return Value(*truth);
  }
  return Value(std::string(text));
}

}  // namespace squall
