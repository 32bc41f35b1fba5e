// A JSON body that is written as YAML (sections.h).
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/plan/scalar.h"
#include "daemon/plan/sections.h"
#include "daemon/plan/template_hole.h"
#include "daemon/plan/value.h"

namespace squall {
namespace {

// The length of the hole at the start of `text`, braces included; 0 when there is none. "{{{{" is a
// literal and no hole.
size_t HoleLength(std::string_view text) {
  if (!text.starts_with("{{") || text.starts_with("{{{{")) {
    return 0;
  }
  size_t end = 2;
  // A malformed hole is reported by CheckTemplate; the rest of the text is no concern then.
  return ParseTemplateHole(text, &end).ok() ? end : text.size();
}

// A JSON string whose holes stay as they are: the template escapes what it puts there.
void AppendQuoted(std::string_view text, std::string* json) {
  *json += '"';
  while (!text.empty()) {
    if (text.starts_with("{{{{")) {
      *json += "{{{{";
      text.remove_prefix(4);
      continue;
    }
    if (const size_t hole = HoleLength(text)) {
      *json += text.substr(0, hole);
      text.remove_prefix(hole);
      continue;
    }
    const size_t plain = std::max<size_t>(1, std::min(text.find("{{"), text.size()));
    std::string quoted;
    Value(std::string(text.substr(0, plain))).AppendJson(&quoted);
    *json += std::string_view(quoted).substr(1, quoted.size() - 2);
    text.remove_prefix(plain);
  }
  *json += '"';
}

void AppendScalar(const YamlNode& node, std::string* json) {
  const size_t hole = HoleLength(node.text);
  const bool one_hole = hole > 0 && hole == node.text.size();  // a number stays a number
  const bool plain_json = !node.quoted && (ScalarToTruth(node.text) || LooksLikeNumber(node.text));
  if (one_hole || plain_json) {
    *json += node.text;
  } else {
    AppendQuoted(node.text, json);
  }
}

// Recursion is bounded by kYamlDepthMax.
void AppendNode(const YamlNode& node, std::string* json) {
  const char* separator = "";
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      *json += "null";
      return;
    case YamlNode::Kind::kScalar:
      AppendScalar(node, json);
      return;
    case YamlNode::Kind::kList:
      *json += '[';
      for (const YamlNode& item : node.items) {
        *json += std::exchange(separator, ",");
        AppendNode(item, json);
      }
      *json += ']';
      return;
    case YamlNode::Kind::kMap:
      *json += '{';
      for (const YamlEntry& entry : node.entries) {
        *json += std::exchange(separator, ",");
        AppendQuoted(entry.key, json);
        *json += ':';
        AppendNode(entry.value, json);
      }
      *json += '}';
      return;
  }
}

// The text with a number in the place of every hole, which is valid wherever a hole may stand.
std::string FillHoles(std::string_view text) {
  std::string filled;
  while (!text.empty()) {
    const bool literal = text.starts_with("{{{{");
    const size_t hole = HoleLength(text);
    const size_t plain = std::max<size_t>(1, std::min(text.find("{{"), text.size()));
    const size_t used = literal ? 4 : hole > 0 ? hole : plain;
    filled += literal ? "{{" : hole > 0 ? "0" : text.substr(0, used);
    text.remove_prefix(used);
  }
  return filled;
}

void CheckJson(const Place& place, const std::string& json, Reading* reading) {
  const std::string filled = FillHoles(json);
  const absl::Status status = ParseJson(filled).status();
  if (status.ok()) {
    return;
  }
  if (json.find("{{") == std::string::npos) {
    reading->problems->Add(place, MessageOf(status));
  } else {
    reading->problems->Warn(place, MessageOf(status));  // its variables may still make it right
  }
}

}  // namespace

std::optional<std::string> ReadJsonBody(const Place& place, Reading* reading) {
  std::string json;
  if (place.node->IsScalar()) {
    json = place.node->text;
  } else if (place.node->IsNull()) {
    reading->problems->Add(place, "must be a map, a list or JSON text, got nothing");
    return std::nullopt;
  } else {
    AppendNode(*place.node, &json);
  }
  CheckTemplate(place, json, reading);
  CheckJson(place, json, reading);
  return json;
}

}  // namespace squall
