#include "tests/support/kube/yaml_json.h"

#include <charconv>
#include <string_view>

#include <absl/status/status.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

namespace squall {
namespace {

namespace json = boost::json;

constexpr int kDepthMax = 128;

template <typename Number>
bool ReadNumber(std::string_view text, Number* number) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *number);
  return error == std::errc() && stop == end;
}

json::value Scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") {  // quoted
    return json::string(text);
  }
  if (text == "true" || text == "false") {
    return text == "true";
  }
  if (text == "null" || text == "~" || text.empty()) {
    return nullptr;
  }
  int64_t integer = 0;
  if (ReadNumber(text, &integer)) {
    return integer;
  }
  double real = 0;
  if (text.find_first_of("0123456789") != std::string::npos && ReadNumber(text, &real)) {
    return real;
  }
  return json::string(text);
}

json::value Convert(const YAML::Node& node, int depth) {
  if (depth > kDepthMax) {
    throw YAML::Exception(node.Mark(), "nested too deep");
  }
  switch (node.Type()) {
    case YAML::NodeType::Map: {
      json::object object;
      for (const auto& member : node) {
        object[member.first.Scalar()] = Convert(member.second, depth + 1);
      }
      return object;
    }
    case YAML::NodeType::Sequence: {
      json::array array;
      for (const YAML::Node& item : node) {
        array.push_back(Convert(item, depth + 1));
      }
      return array;
    }
    case YAML::NodeType::Scalar:
      return Scalar(node);
    default:
      return nullptr;
  }
}

}  // namespace

absl::StatusOr<json::value> YamlToJson(const std::string& text) {
  try {
    return Convert(YAML::Load(text), 0);
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(
        fmt::format("{}:{}: {}", error.mark.line + 1, error.mark.column + 1, error.msg));
  }
}

}  // namespace squall
