#include "tests/support/kube/metadata_rules.h"

#include <algorithm>
#include <re2/re2.h>
#include <string>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "tests/support/kube/json_tools.h"

namespace squall {
namespace {

namespace json = boost::json;

constexpr size_t kNameBytesMax = 253;
constexpr size_t kLabelBytesMax = 63;
constexpr size_t kAnnotationBytesMax = size_t{256} << 10;

bool FullMatch(std::string_view text, const RE2& form) {
  return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), form);
}

bool IsSubdomain(std::string_view text) {
  static const RE2 kForm(R"([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)");
  return text.size() <= kNameBytesMax && FullMatch(text, kForm);
}

// "app", "app.kubernetes.io/name".
bool IsQualifiedName(std::string_view text) {
  static const RE2 kForm("([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]");
  const size_t slash = text.find('/');
  if (slash != std::string_view::npos && !IsSubdomain(text.substr(0, slash))) {
    return false;
  }
  const std::string_view name = slash == std::string_view::npos ? text : text.substr(slash + 1);
  return name.size() <= kLabelBytesMax && FullMatch(name, kForm);
}

ApiCause Invalid(std::string field, std::string_view value, std::string_view rule) {
  return {std::move(field), "FieldValueInvalid",
          fmt::format("Invalid value: \"{}\": {}", value, rule)};
}

void CheckName(const json::object& object, std::vector<ApiCause>* causes) {
  const std::string name = DigText(object, "metadata.name");
  if (!IsSubdomain(name)) {
    causes->push_back(Invalid(
        "metadata.name", name,
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
        "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex "
        "used "
        "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"));
  }
}

void CheckLabels(const json::object& object, std::vector<ApiCause>* causes) {
  static const RE2 kValue("(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?");
  const json::object* const labels = DigObject(object, "metadata.labels");
  for (size_t at = 0; labels != nullptr && at < labels->size(); ++at) {
    const auto& [key, value] = *(labels->begin() + at);
    const std::string_view text = value.is_string() ? View(value.get_string()) : "";
    if (!IsQualifiedName(key)) {
      causes->push_back(Invalid("metadata.labels", key,
                                "name part must consist of alphanumeric "
                                "characters, '-', '_' or '.'"));
    }
    if (text.size() > kLabelBytesMax) {
      causes->push_back(Invalid("metadata.labels", text, "must be no more than 63 bytes"));
    } else if (!FullMatch(text, kValue)) {
      causes->push_back(Invalid("metadata.labels", text,
                                "a valid label must be an empty string or consist of alphanumeric "
                                "characters, '-', '_' or '.'"));
    }
  }
}

void CheckAnnotations(const json::object& object, std::vector<ApiCause>* causes) {
  const json::object* const annotations = DigObject(object, "metadata.annotations");
  size_t bytes = 0;
  for (size_t at = 0; annotations != nullptr && at < annotations->size(); ++at) {
    const auto& [key, value] = *(annotations->begin() + at);
    bytes += key.size() + (value.is_string() ? value.get_string().size() : 0);
    if (!IsQualifiedName(key)) {
      causes->push_back(Invalid("metadata.annotations", key,
                                "name part must consist of "
                                "alphanumeric characters"));
    }
  }
  if (bytes > kAnnotationBytesMax) {
    causes->push_back({"metadata.annotations", "FieldValueTooLong",
                       "Too long: may not be more than 262144 bytes"});
  }
}

void CheckOwners(const json::object& object, std::vector<ApiCause>* causes) {
  const json::array* const owners = DigArray(object, "metadata.ownerReferences");
  int controllers = 0;
  for (size_t at = 0; owners != nullptr && at < owners->size(); ++at) {
    const json::object* const owner = (*owners)[at].if_object();
    if (owner == nullptr) {
      continue;
    }
    for (const char* const field : {"apiVersion", "kind", "name", "uid"}) {
      if (DigText(*owner, field).empty()) {
        causes->push_back(Invalid(fmt::format("metadata.ownerReferences[{}].{}", at, field), "",
                                  fmt::format("{} must not be empty", field)));
      }
    }
    const json::value* const controller = owner->if_contains("controller");
    controllers += controller != nullptr && controller->is_bool() && controller->get_bool() ? 1 : 0;
  }
  if (controllers > 1) {
    causes->push_back(Invalid("metadata.ownerReferences", "",
                              "Only one reference can have Controller set to true"));
  }
}

}  // namespace

std::vector<ApiCause> CheckMetadata(const json::object& object) {
  std::vector<ApiCause> causes;
  CheckName(object, &causes);
  CheckLabels(object, &causes);
  CheckAnnotations(object, &causes);
  CheckOwners(object, &causes);
  const json::array* const finalizers = DigArray(object, "metadata.finalizers");
  for (size_t at = 0; finalizers != nullptr && at < finalizers->size(); ++at) {
    const json::value& finalizer = (*finalizers)[at];
    if (!finalizer.is_string() || !IsQualifiedName(View(finalizer.get_string()))) {
      causes.push_back(Invalid("metadata.finalizers", "", "name part must not be empty"));
    }
  }
  return causes;
}

std::vector<ApiCause> CheckMetadataChange(const json::object& live, const json::object& next) {
  std::vector<ApiCause> causes;
  const json::array* const before = DigArray(live, "metadata.finalizers");
  const json::array* const after = DigArray(next, "metadata.finalizers");
  if (DigText(live, "metadata.deletionTimestamp").empty() || after == nullptr) {
    return causes;
  }
  for (const json::value& finalizer : *after) {
    const bool known = before != nullptr && std::any_of(before->begin(), before->end(),
                                                        [&finalizer](const json::value& old) {
                                                          return SameJson(old, finalizer);
                                                        });
    if (!known && finalizer.is_string()) {
      causes.push_back({"metadata.finalizers", "FieldValueForbidden",
                        fmt::format("Forbidden: no new finalizers can be added if the object is "
                                    "being deleted, found new finalizers []string{{\"{}\"}}",
                                    View(finalizer.get_string()))});
    }
  }
  return causes;
}

}  // namespace squall
