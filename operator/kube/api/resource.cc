#include "operator/kube/api/resource.h"

#include <fmt/format.h>

namespace squall {
namespace {

bool IsUnreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

}  // namespace

std::string ResourceType::ApiVersion() const {
  return group.empty() ? std::string(version) : fmt::format("{}/{}", group, version);
}

std::string ResourcePath(const ResourceType& type, std::string_view ns, std::string_view name,
                         std::string_view subresource) {
  std::string path = fmt::format("{}/{}", type.group.empty() ? "/api" : "/apis", type.ApiVersion());
  if (type.namespaced && !ns.empty()) {
    path += fmt::format("/namespaces/{}", PercentEncode(ns));
  }
  path += fmt::format("/{}", type.plural);
  if (!name.empty()) {
    path += fmt::format("/{}", PercentEncode(name));
  }
  if (!subresource.empty()) {
    path += fmt::format("/{}", PercentEncode(subresource));
  }
  return path;
}

void AddQuery(std::string* query, std::string_view key, std::string_view value) {
  if (value.empty()) {
    return;
  }
  *query +=
      fmt::format("{}{}={}", query->empty() ? "" : "&", PercentEncode(key), PercentEncode(value));
}

std::string PercentEncode(std::string_view text) {
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (IsUnreserved(c)) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace squall
