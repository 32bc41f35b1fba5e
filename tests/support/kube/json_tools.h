// Reading and writing JSON trees by dotted paths, for the fake API server. Kept apart from
// operator/kube/api on purpose: a fake that shares helpers with what it tests shares their bugs.
// Pure; any thread.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

namespace squall {

std::string_view View(const boost::json::string& text);

// The value at "metadata.name"; nullptr when some step is missing or no object.
const boost::json::value* Dig(const boost::json::object& object, std::string_view path);
boost::json::value* Dig(boost::json::object* object, std::string_view path);
// "" or the other value when absent or of another type.
std::string DigText(const boost::json::object& object, std::string_view path);
int64_t DigInt(const boost::json::object& object, std::string_view path, int64_t otherwise = 0);
const boost::json::object* DigObject(const boost::json::object& object, std::string_view path);
const boost::json::array* DigArray(const boost::json::object& object, std::string_view path);

// Sets the value, making the objects on the way (and replacing what is no object).
void Plant(boost::json::object* object, std::string_view path, boost::json::value value);
template <typename Text>
requires std::convertible_to<Text, std::string_view>
void Plant(boost::json::object* object, std::string_view path, const Text& text) {
  Plant(object, path, boost::json::value(boost::json::string(std::string_view(text))));
}
void Uproot(boost::json::object* object, std::string_view path);  // nothing when absent

// "spec" and "users" -> "spec.users"; the name alone below "".
std::string JoinPath(std::string_view path, std::string_view name);

// Numbers are equal when they mean the same: 1, 1u and 1.0.
bool SameJson(const boost::json::value& a, const boost::json::value& b);

// Nests as deep as real objects do. INVALID_ARGUMENT for what is no JSON object.
absl::StatusOr<boost::json::object> ReadJsonObject(std::string_view text);
absl::StatusOr<boost::json::value> ReadJson(std::string_view text);

}  // namespace squall
