#include "daemon/gateway/json_fields.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "daemon/base/suggest.h"
#include "daemon/base/utf8.h"

namespace squall {
namespace {

namespace json = boost::json;

constexpr size_t kDepthMax = 8;  // a start request nests three deep
constexpr size_t kListMax = 1000;
constexpr size_t kItemBytesMax = 4096;
constexpr size_t kShownBytesMax = 80;

std::string Text(json::string_view text) { return {text.data(), text.size()}; }

std::string Shown(const json::value& value) {
  std::string shown;
  AppendPrintable(json::serialize(value), kShownBytesMax, &shown);
  return shown;
}

std::string Quoted(std::string_view text) {
  std::string shown = "'";
  AppendPrintable(text, kShownBytesMax, &shown);
  return shown + "'";
}

}  // namespace

absl::StatusOr<json::value> ParseBodyObject(std::string_view text) {
  json::parse_options options;
  options.max_depth = kDepthMax;
  json::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  if (error) {
    return absl::InvalidArgumentError(
        fmt::format("the body must be a JSON object: {}", error.message()));
  }
  if (!value.is_object()) {
    return absl::InvalidArgumentError(
        fmt::format("the body must be a JSON object, got {}", Shown(value)));
  }
  return value;
}

bool JsonFields::Has(std::string_view name) const {
  const json::value* value = object_->if_contains(json::string_view(name.data(), name.size()));
  return value != nullptr && !value->is_null();
}

bool JsonFields::IsNull(std::string_view name) const {
  const json::value* value = object_->if_contains(json::string_view(name.data(), name.size()));
  return value != nullptr && value->is_null();
}

const json::value* JsonFields::Find(std::string_view name) {
  known_.emplace_back(name);
  return Has(name) ? object_->if_contains(json::string_view(name.data(), name.size())) : nullptr;
}

std::string JsonFields::PathOf(std::string_view name) const {
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

void JsonFields::Refuse(std::string_view name, std::string_view must) {
  if (!status_->ok()) {
    return;
  }
  std::string message = fmt::format("{} must {}", PathOf(name), must);
  if (Has(name)) {
    message += fmt::format(
        ", got {}", Shown(*object_->if_contains(json::string_view(name.data(), name.size()))));
  }
  *status_ = absl::InvalidArgumentError(message);
}

std::optional<std::string> JsonFields::Text(std::string_view name, size_t bytes_max) {
  const json::value* value = Find(name);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_string() || value->as_string().size() > bytes_max) {
    Refuse(name, fmt::format("be a text of at most {} bytes", bytes_max));
    return std::nullopt;
  }
  return squall::Text(value->as_string());
}

std::optional<bool> JsonFields::Flag(std::string_view name) {
  const json::value* value = Find(name);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_bool()) {
    Refuse(name, "be true or false");
    return std::nullopt;
  }
  return value->as_bool();
}

std::optional<uint64_t> JsonFields::Count(std::string_view name, uint64_t min, uint64_t max) {
  const json::value* value = Find(name);
  if (value == nullptr) {
    return std::nullopt;
  }
  json::error_code error;
  const uint64_t count = value->to_number<uint64_t>(error);
  if (error || count < min || count > max) {
    Refuse(name, fmt::format("be a whole number from {} to {}", min, max));
    return std::nullopt;
  }
  return count;
}

std::optional<double> JsonFields::FiniteNumber(std::string_view name, std::string_view must) {
  const json::value* value = Find(name);
  if (value == nullptr) {
    return std::nullopt;
  }
  json::error_code error;
  const double number = value->to_number<double>(error);
  if (error || !std::isfinite(number)) {
    Refuse(name, must);
    return std::nullopt;
  }
  return number;
}

std::optional<double> JsonFields::Number(std::string_view name, double min, double max) {
  const std::string must = fmt::format("be a number from {} to {}", min, max);
  const std::optional<double> number = FiniteNumber(name, must);
  if (number.has_value() && (*number < min || *number > max)) {
    Refuse(name, must);
    return std::nullopt;
  }
  return number;
}

std::optional<double> JsonFields::PositiveNumber(std::string_view name, double max) {
  const std::string must = fmt::format("be a number above 0 and at most {}", max);
  const std::optional<double> number = FiniteNumber(name, must);
  if (number.has_value() && (*number <= 0 || *number > max)) {
    Refuse(name, must);
    return std::nullopt;
  }
  return number;
}

std::vector<std::string> JsonFields::Texts(std::string_view name) {
  const std::string must = fmt::format("be a list of at most {} texts", kListMax);
  const json::value* value = Find(name);
  std::vector<std::string> texts;
  if (value == nullptr) {
    return texts;
  }
  if (!value->is_array() || value->as_array().size() > kListMax) {
    Refuse(name, must);
    return texts;
  }
  for (const json::value& item : value->as_array()) {
    if (!item.is_string() || item.as_string().size() > kItemBytesMax) {
      Refuse(name, must);
      return {};
    }
    texts.push_back(squall::Text(item.as_string()));
  }
  return texts;
}

std::map<std::string, std::string> JsonFields::TextByName(std::string_view name) {
  const std::string must = fmt::format("be an object of at most {} texts", kListMax);
  const json::value* value = Find(name);
  std::map<std::string, std::string> texts;
  if (value == nullptr) {
    return texts;
  }
  if (!value->is_object() || value->as_object().size() > kListMax) {
    Refuse(name, must);
    return texts;
  }
  for (const auto& [key, item] : value->as_object()) {
    if (!item.is_string() || item.as_string().size() > kItemBytesMax) {
      Refuse(name, must);
      return {};
    }
    texts[squall::Text(key)] = squall::Text(item.as_string());
  }
  return texts;
}

std::optional<std::vector<JsonFields>> JsonFields::Objects(std::string_view name, size_t max) {
  const json::value* value = Find(name);
  if (value == nullptr) {
    return std::nullopt;
  }
  const std::string must = fmt::format("be a list of at most {} objects", max);
  std::vector<JsonFields> objects;
  if (!value->is_array() || value->as_array().size() > max) {
    Refuse(name, must);
    return objects;
  }
  for (const json::value& item : value->as_array()) {
    if (!item.is_object()) {
      Refuse(name, must);
      return {};
    }
    objects.emplace_back(&item.as_object(), fmt::format("{}[{}]", PathOf(name), objects.size()),
                         status_);
  }
  return objects;
}

void JsonFields::Finish() {
  if (!status_->ok()) {
    return;
  }
  for (const auto& field : *object_) {
    const std::string name = squall::Text(field.key());
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) {
      continue;
    }
    const std::string nearest = SuggestNearest(name, known_);
    const std::string where = path_.empty() ? "the body" : path_;
    *status_ = absl::InvalidArgumentError(
        nearest.empty() ? fmt::format("{} must have no field {}; it may have {}", where,
                                      Quoted(name), fmt::join(known_, ", "))
                        : fmt::format("{} must have no field {}, did you mean '{}'?", where,
                                      Quoted(name), nearest));
    return;
  }
}

}  // namespace squall
