#include "tests/support/kube/schema.h"

#include <algorithm>
#include <optional>
#include <re2/re2.h>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "tests/support/kube/json_tools.h"

namespace squall {
namespace {

namespace json = boost::json;

bool Marked(const json::object& schema, std::string_view mark) {
  const json::value* const found = schema.if_contains(mark);
  return found != nullptr && found->is_bool() && found->get_bool();
}

// The schema of a member; nullptr when it has none.
const json::object* MemberSchema(const json::object& schema, std::string_view name) {
  const json::object* const properties = DigObject(schema, "properties");
  const json::value* const own = properties == nullptr ? nullptr : properties->if_contains(name);
  return own != nullptr ? own->if_object() : DigObject(schema, "additionalProperties");
}

// Objects of a root know these without a schema for what is in them.
bool ServersOwn(const std::string& path, std::string_view name) {
  return path.empty() && (name == "apiVersion" || name == "kind" || name == "metadata");
}

void Prune(const json::object& schema, const std::string& path, json::value* value,
           std::vector<std::string>* pruned) {
  if (json::array* const list = value->if_array()) {
    const json::object* const items = DigObject(schema, "items");
    for (size_t at = 0; items != nullptr && at < list->size(); ++at) {
      Prune(*items, fmt::format("{}[{}]", path, at), &(*list)[at], pruned);
    }
    return;
  }
  json::object* const object = value->if_object();
  if (object == nullptr) {
    return;
  }
  const bool keeps = Marked(schema, "x-kubernetes-preserve-unknown-fields");
  std::vector<std::string> unknown;
  for (auto& member : *object) {
    const std::string_view name = member.key();
    if (ServersOwn(path, name)) {
      continue;
    }
    if (const json::object* const known = MemberSchema(schema, name)) {
      Prune(*known, JoinPath(path, name), &member.value(), pruned);
    } else if (!keeps) {
      unknown.emplace_back(name);
    }
  }
  for (const std::string& name : unknown) {
    object->erase(name);
    pruned->push_back(JoinPath(path, name));
  }
}

class Validator {
 public:
  std::vector<ApiCause> causes;

  void Check(const json::object& schema, const std::string& path, const json::value& value) {
    if (value.is_null() && Marked(schema, "nullable")) {
      return;
    }
    if (!CheckType(schema, path, value)) {
      return;
    }
    CheckEnum(schema, path, value);
    if (value.is_string()) {
      CheckText(schema, path, View(value.get_string()));
    } else if (value.is_number()) {
      CheckNumber(schema, path, value);
    } else if (const json::array* const list = value.if_array()) {
      CheckList(schema, path, *list);
    } else if (const json::object* const object = value.if_object()) {
      CheckObject(schema, path, *object);
    }
  }

 private:
  void Invalid(const std::string& path, const std::string& shown, const std::string& rule) {
    Add(path, "FieldValueInvalid",
        fmt::format("Invalid value: {}: {} in body {}", shown, path, rule));
  }
  void Add(const std::string& path, const char* reason, std::string message) {
    causes.push_back({path, reason, std::move(message)});
  }

  static std::string TypeName(const json::value& value) {
    return value.is_object()                       ? "object"
           : value.is_array()                      ? "array"
           : value.is_string()                     ? "string"
           : value.is_bool()                       ? "boolean"
           : value.is_double()                     ? "number"
           : value.is_int64() || value.is_uint64() ? "integer"
                                                   : "null";
  }

  bool CheckType(const json::object& schema, const std::string& path, const json::value& value) {
    const std::string type = DigText(schema, "type");
    const std::string found = TypeName(value);
    if (Marked(schema, "x-kubernetes-int-or-string")) {
      if (found != "integer" && found != "string") {
        Invalid(path, fmt::format("\"{}\"", found),
                fmt::format("must be of type integer,string: \"{}\"", found));
        return false;
      }
      return true;
    }
    if (type.empty() || type == found || (type == "number" && found == "integer")) {
      return true;
    }
    Add(path, "FieldValueTypeInvalid",
        fmt::format("Invalid value: \"{}\": {} in body must be of type {}: \"{}\"", found, path,
                    type, found));
    return false;
  }

  void CheckEnum(const json::object& schema, const std::string& path, const json::value& value) {
    const json::array* const allowed = DigArray(schema, "enum");
    if (allowed == nullptr || std::any_of(allowed->begin(), allowed->end(),
                                          [&](const auto& one) { return SameJson(one, value); })) {
      return;
    }
    std::string names;
    for (const json::value& one : *allowed) {
      names += fmt::format("{}{}", names.empty() ? "" : ", ", json::serialize(one));
    }
    Add(path, "FieldValueNotSupported",
        fmt::format("Unsupported value: {}: supported values: {}", json::serialize(value), names));
  }

  void CheckText(const json::object& schema, const std::string& path, std::string_view text) {
    const std::string shown = json::serialize(json::value(text));
    const int64_t longest = DigInt(schema, "maxLength", INT64_MAX);
    const int64_t length =
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
    if (length > longest) {
      Add(path, "FieldValueTooLong",
          fmt::format("Too long: may not be more than {} bytes", longest));
    }
    const int64_t shortest = DigInt(schema, "minLength");
    if (length < shortest) {
      Invalid(path, shown, fmt::format("should be at least {} chars long", shortest));
    }
    const std::string pattern = DigText(schema, "pattern");
    if (!pattern.empty() &&
        !RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), pattern)) {
      Invalid(path, shown, fmt::format("should match '{}'", pattern));
    }
    if (DigText(schema, "format") == "date-time" && !IsDateTime(text)) {
      Invalid(path, shown, fmt::format("must be of type date-time: {}", shown));
    }
  }

  static bool IsDateTime(std::string_view text) {
    static const RE2 kForm(
        R"(\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2}))");
    return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), kForm);
  }

  void CheckNumber(const json::object& schema, const std::string& path, const json::value& value) {
    const double number = value.to_number<double>();
    const auto limit = [&schema](const char* name) -> std::optional<double> {
      const json::value* const found = schema.if_contains(name);
      return found != nullptr && found->is_number() ? std::optional(found->to_number<double>())
                                                    : std::nullopt;
    };
    const auto low = limit("minimum");
    const auto high = limit("maximum");
    if (low && number < *low) {
      Invalid(path, json::serialize(value),
              fmt::format("should be greater than or equal to {}", *low));
    }
    if (high && number > *high) {
      Invalid(path, json::serialize(value),
              fmt::format("should be less than or equal to {}", *high));
    }
    if (DigText(schema, "format") == "int32" && (number > INT32_MAX || number < INT32_MIN)) {
      Invalid(path, json::serialize(value), "must be of type int32");
    }
  }

  void CheckList(const json::object& schema, const std::string& path, const json::array& list) {
    const int64_t size = static_cast<int64_t>(list.size());
    const int64_t most = DigInt(schema, "maxItems", INT64_MAX);
    if (size > most) {
      Add(path, "FieldValueTooMany",
          fmt::format("Too many: {}: must have at most {} items", size, most));
    }
    const int64_t fewest = DigInt(schema, "minItems");
    if (size < fewest) {
      Invalid(path, std::to_string(size), fmt::format("should have at least {} items", fewest));
    }
    if (const json::object* const items = DigObject(schema, "items")) {
      for (size_t at = 0; at < list.size(); ++at) {
        Check(*items, fmt::format("{}[{}]", path, at), list[at]);
      }
    }
    CheckDuplicates(schema, path, list);
  }

  void CheckDuplicates(const json::object& schema, const std::string& path,
                       const json::array& list) {
    const std::string type = DigText(schema, "x-kubernetes-list-type");
    const json::array* const keys = DigArray(schema, "x-kubernetes-list-map-keys");
    if (type != "set" && (type != "map" || keys == nullptr)) {
      return;
    }
    std::vector<json::value> seen;
    for (size_t at = 0; at < list.size(); ++at) {
      json::value key = list[at];
      if (type == "map") {
        key.emplace_object();
        for (const json::value& name : *keys) {
          const json::object* const item = list[at].if_object();
          const json::value* const part =
              item == nullptr ? nullptr : item->if_contains(name.get_string());
          key.get_object()[name.get_string()] = part == nullptr ? json::value() : *part;
        }
      }
      if (std::any_of(seen.begin(), seen.end(),
                      [&](const auto& one) { return SameJson(one, key); })) {
        Add(fmt::format("{}[{}]", path, at), "FieldValueDuplicate",
            fmt::format("Duplicate value: {}", json::serialize(key)));
      }
      seen.push_back(std::move(key));
    }
  }

  void CheckObject(const json::object& schema, const std::string& path,
                   const json::object& object) {
    if (const json::array* const required = DigArray(schema, "required")) {
      for (const json::value& name : *required) {
        if (!object.contains(name.get_string())) {
          Add(JoinPath(path, View(name.get_string())), "FieldValueRequired", "Required value");
        }
      }
    }
    for (const auto& member : object) {
      const std::string_view name = member.key();
      const json::object* const known =
          ServersOwn(path, name) ? nullptr : MemberSchema(schema, name);
      if (known != nullptr) {
        Check(*known, JoinPath(path, name), member.value());
      }
    }
  }
};

}  // namespace

void ApplyDefaults(const json::object& schema, json::value* value) {
  if (json::array* const list = value->if_array()) {
    const json::object* const items = DigObject(schema, "items");
    for (size_t at = 0; items != nullptr && at < list->size(); ++at) {
      ApplyDefaults(*items, &(*list)[at]);
    }
    return;
  }
  json::object* const object = value->if_object();
  if (object == nullptr) {
    return;
  }
  if (const json::object* const properties = DigObject(schema, "properties")) {
    for (const auto& property : *properties) {
      const json::object* const known = property.value().if_object();
      const json::value* const otherwise =
          known == nullptr ? nullptr : known->if_contains("default");
      const json::value* const own = object->if_contains(property.key());
      const bool empty = own == nullptr || (own->is_null() && !Marked(*known, "nullable"));
      if (otherwise != nullptr && empty) {
        (*object)[property.key()] = *otherwise;
      }
    }
  }
  for (auto& member : *object) {
    if (const json::object* const known = MemberSchema(schema, member.key())) {
      ApplyDefaults(*known, &member.value());
    }
  }
}

std::vector<std::string> PruneUnknown(const json::object& schema, json::value* value) {
  std::vector<std::string> pruned;
  Prune(schema, "", value, &pruned);
  return pruned;
}

std::vector<ApiCause> Validate(const json::object& schema, const json::value& value) {
  Validator validator;
  validator.Check(schema, "", value);
  return std::move(validator.causes);
}

}  // namespace squall
