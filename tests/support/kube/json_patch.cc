#include "tests/support/kube/json_patch.h"

#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "tests/support/kube/json_tools.h"

namespace squall {
namespace {

namespace json = boost::json;

using Pointer = std::vector<std::string>;

// RFC 6901; false when it does not begin with '/'.
bool ReadPointer(std::string_view text, Pointer* pointer) {
  if (text.empty()) {
    return true;
  }
  if (text.front() != '/') {
    return false;
  }
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '/') {
      pointer->emplace_back();
    } else if (text[at] == '~' && at + 1 < text.size() && (text[at + 1] | 1) == '1') {
      pointer->back() += text[++at] == '1' ? '/' : '~';
    } else {
      pointer->back() += text[at];
    }
  }
  return true;
}

// The index that `token` names in an array of `size`; nullopt for a bad or too large one.
std::optional<size_t> Index(std::string_view token, size_t size) {
  size_t index = 0;
  const auto [stop, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  const bool whole = error == std::errc() && stop == token.data() + token.size();
  const bool padded = token.size() > 1 && token.front() == '0';
  return whole && !padded && index < size ? std::optional(index) : std::nullopt;
}

json::value* Child(json::value* parent, std::string_view token) {
  if (json::object* const object = parent->if_object()) {
    return object->if_contains(token);
  }
  if (json::array* const array = parent->if_array()) {
    const auto index = Index(token, array->size());
    return index ? &(*array)[*index] : nullptr;
  }
  return nullptr;
}

json::value* Walk(json::value* document, const Pointer& pointer, size_t steps) {
  for (size_t at = 0; at < steps && document != nullptr; ++at) {
    document = Child(document, pointer[at]);
  }
  return document;
}

bool Add(json::value* document, const Pointer& pointer, json::value value) {
  if (pointer.empty()) {
    *document = std::move(value);
    return true;
  }
  json::value* const parent = Walk(document, pointer, pointer.size() - 1);
  if (parent == nullptr) {
    return false;
  }
  const std::string& last = pointer.back();
  if (json::object* const object = parent->if_object()) {
    (*object)[last] = std::move(value);
    return true;
  }
  if (json::array* const array = parent->if_array()) {
    const auto index = last == "-" ? array->size() : Index(last, array->size() + 1);
    if (index) {
      array->insert(array->begin() + *index, std::move(value));
    }
    return index.has_value();
  }
  return false;
}

bool Remove(json::value* document, const Pointer& pointer) {
  if (pointer.empty() || Walk(document, pointer, pointer.size()) == nullptr) {
    return false;
  }
  json::value* const parent = Walk(document, pointer, pointer.size() - 1);
  if (json::object* const object = parent->if_object()) {
    object->erase(pointer.back());
  } else {
    json::array& array = parent->get_array();
    array.erase(array.begin() + *Index(pointer.back(), array.size()));
  }
  return true;
}

ApiError Missing(std::string_view op, std::string_view path) {
  return JsonPatchError(
      fmt::format("{} operation does not apply: doc is missing path: \"{}\": "
                  "missing value",
                  op, path));
}

ApiRefusal Apply(const json::object& step, json::value* document) {
  const std::string op = DigText(step, "op");
  const std::string path = DigText(step, "path");
  const std::string from = DigText(step, "from");
  const json::value* const value = step.if_contains("value");
  Pointer pointer;
  Pointer source;
  if (!ReadPointer(path, &pointer) || !ReadPointer(from, &source)) {
    return BadRequestError(fmt::format("error decoding patch: bad pointer \"{}\"", path));
  }
  if ((op == "add" || op == "replace" || op == "test") && value == nullptr) {
    return BadRequestError(fmt::format("error decoding patch: {} needs a value", op));
  }
  json::value* const here = Walk(document, pointer, pointer.size());
  if (op == "test") {
    const bool same = here == nullptr ? value->is_null() : SameJson(*here, *value);
    return same ? ApiRefusal()
                : JsonPatchError(fmt::format("testing value {} failed: test failed", path));
  }
  if (op == "replace") {
    if (here == nullptr) {
      return Missing(op, path);
    }
    *here = *value;
    return std::nullopt;
  }
  bool done = false;
  if (op == "add") {
    done = Add(document, pointer, *value);
  } else if (op == "remove") {
    done = Remove(document, pointer);
  } else if (op == "move" || op == "copy") {
    const json::value* const found = Walk(document, source, source.size());
    if (found == nullptr) {
      return Missing(op, from);
    }
    json::value moved = *found;
    done = (op == "copy" || Remove(document, source)) && Add(document, pointer, std::move(moved));
  } else {
    return BadRequestError(fmt::format("error decoding patch: unexpected kind: {}", op));
  }
  return done ? ApiRefusal() : Missing(op, path);
}

}  // namespace

ApiRefusal ApplyJsonPatch(const json::array& patch, json::value* document) {
  for (const json::value& step : patch) {
    if (!step.is_object()) {
      return BadRequestError("error decoding patch: must be a list of objects");
    }
    if (ApiRefusal refusal = Apply(step.get_object(), document)) {
      return refusal;
    }
  }
  return std::nullopt;
}

void ApplyMergePatch(const json::value& patch, json::value* document) {
  if (!patch.is_object()) {
    *document = patch;
    return;
  }
  if (!document->is_object()) {
    document->emplace_object();
  }
  json::object& object = document->get_object();
  for (const auto& member : patch.get_object()) {
    if (member.value().is_null()) {
      object.erase(member.key());
    } else {
      ApplyMergePatch(member.value(), &object[member.key()]);
    }
  }
}

}  // namespace squall
