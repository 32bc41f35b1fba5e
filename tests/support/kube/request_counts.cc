#include "tests/support/kube/request_counts.h"

#include <algorithm>

#include <boost/json/array.hpp>

namespace squall {
namespace {

namespace json = boost::json;

bool IsWrite(std::string_view verb) {
  return verb == "create" || verb == "update" || verb == "patch" || verb == "delete" ||
         verb == "deletecollection";
}

}  // namespace

void RequestCounts::Add(std::string_view verb, std::string_view resource, int code) {
  const std::scoped_lock lock(mutex_);
  ++counts_[{std::string(verb), std::string(resource), code}];
}

uint64_t RequestCounts::Count(std::string_view verb, std::string_view resource) const {
  const std::scoped_lock lock(mutex_);
  uint64_t total = 0;
  for (const auto& [key, count] : counts_) {
    const auto& [its_verb, its_resource, code] = key;
    const bool counts =
        (verb.empty() || verb == its_verb) && (resource.empty() || resource == its_resource);
    total += counts ? count : 0;
  }
  return total;
}

uint64_t RequestCounts::Writes(std::initializer_list<std::string_view> besides) const {
  const std::scoped_lock lock(mutex_);
  uint64_t total = 0;
  for (const auto& [key, count] : counts_) {
    const auto& [verb, resource, code] = key;
    const bool counts =
        IsWrite(verb) && std::find(besides.begin(), besides.end(), resource) == besides.end();
    total += counts ? count : 0;
  }
  return total;
}

void RequestCounts::Reset() {
  const std::scoped_lock lock(mutex_);
  counts_.clear();
}

json::object RequestCounts::ToJson() const {
  const uint64_t writes = Writes();
  const std::scoped_lock lock(mutex_);
  json::array requests;
  for (const auto& [key, count] : counts_) {
    const auto& [verb, resource, code] = key;
    requests.push_back(
        json::object{{"verb", verb}, {"resource", resource}, {"code", code}, {"count", count}});
  }
  return {{"writes", writes}, {"requests", std::move(requests)}};
}

}  // namespace squall
