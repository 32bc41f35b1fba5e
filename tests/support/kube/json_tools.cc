#include "tests/support/kube/json_tools.h"

#include <algorithm>

#include <absl/status/status.h>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

namespace squall {
namespace {

namespace json = boost::json;

// Cuts the first step off `path`.
std::string_view Step(std::string_view* path) {
  const size_t dot = path->find('.');
  const std::string_view step = path->substr(0, dot);
  path->remove_prefix(dot == std::string_view::npos ? path->size() : dot + 1);
  return step;
}

bool SameObjects(const json::object& a, const json::object& b) {
  return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&b](const auto& member) {
           const json::value* const other = b.if_contains(member.key());
           return other != nullptr && SameJson(member.value(), *other);
         });
}

}  // namespace

std::string_view View(const json::string& text) { return {text.data(), text.size()}; }

const json::value* Dig(const json::object& object, std::string_view path) {
  const json::object* here = &object;
  while (true) {
    const json::value* const found = here->if_contains(Step(&path));
    if (found == nullptr || path.empty()) {
      return found;
    }
    here = found->if_object();
    if (here == nullptr) {
      return nullptr;
    }
  }
}

json::value* Dig(json::object* object, std::string_view path) {
  return const_cast<json::value*>(Dig(static_cast<const json::object&>(*object), path));
}

std::string DigText(const json::object& object, std::string_view path) {
  const json::value* const found = Dig(object, path);
  return found != nullptr && found->is_string() ? std::string(View(found->get_string())) : "";
}

int64_t DigInt(const json::object& object, std::string_view path, int64_t otherwise) {
  const json::value* const found = Dig(object, path);
  if (found != nullptr && found->is_int64()) {
    return found->get_int64();
  }
  return found != nullptr && found->is_uint64() ? static_cast<int64_t>(found->get_uint64())
                                                : otherwise;
}

const json::object* DigObject(const json::object& object, std::string_view path) {
  const json::value* const found = Dig(object, path);
  return found == nullptr ? nullptr : found->if_object();
}

const json::array* DigArray(const json::object& object, std::string_view path) {
  const json::value* const found = Dig(object, path);
  return found == nullptr ? nullptr : found->if_array();
}

void Plant(json::object* object, std::string_view path, json::value value) {
  while (true) {
    json::value& here = (*object)[Step(&path)];
    if (path.empty()) {
      here = std::move(value);
      return;
    }
    object = here.is_object() ? &here.get_object() : &here.emplace_object();
  }
}

void Uproot(json::object* object, std::string_view path) {
  const size_t dot = path.rfind('.');
  if (dot != std::string_view::npos) {
    json::value* const parent = Dig(object, path.substr(0, dot));
    object = parent == nullptr ? nullptr : parent->if_object();
    path.remove_prefix(dot + 1);
  }
  if (object != nullptr) {
    object->erase(path);
  }
}

std::string JoinPath(std::string_view path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

bool SameJson(const json::value& a, const json::value& b) {
  if (a.is_object() && b.is_object()) {
    return SameObjects(a.get_object(), b.get_object());
  }
  if (a.is_array() && b.is_array()) {
    return std::equal(a.get_array().begin(), a.get_array().end(), b.get_array().begin(),
                      b.get_array().end(), SameJson);
  }
  if (a.is_number() && b.is_number() && (a.is_double() || b.is_double())) {
    return a.to_number<double>() == b.to_number<double>();
  }
  return a == b;
}

absl::StatusOr<json::value> ReadJson(std::string_view text) {
  json::parse_options options;
  options.max_depth = 128;
  json::error_code error;
  json::value parsed = json::parse(text, error, {}, options);
  if (error) {
    return absl::InvalidArgumentError(fmt::format("must be JSON: {}", error.message()));
  }
  return parsed;
}

absl::StatusOr<json::object> ReadJsonObject(std::string_view text) {
  absl::StatusOr<json::value> parsed = ReadJson(text);
  if (!parsed.ok()) {
    return parsed.status();
  }
  if (!parsed->is_object()) {
    return absl::InvalidArgumentError("must be a JSON object");
  }
  return std::move(parsed->get_object());
}

}  // namespace squall
