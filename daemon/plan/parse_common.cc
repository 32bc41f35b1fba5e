// What several sections read alike (sections.h).
#include <algorithm>
#include <re2/re2.h>

#include <fmt/format.h>

#include "daemon/plan/json_path.h"
#include "daemon/plan/sections.h"
#include "daemon/plan/template.h"
#include "daemon/plan/url_fault.h"
#include "daemon/plan/yaml_text.h"

namespace squall {
namespace {

std::string FolderOf(const std::string& file) {
  const size_t slash = file.rfind('/');
  return slash == std::string::npos ? "" : file.substr(0, slash + 1);
}

bool IsTokenChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool IsIdentifier(std::string_view text) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !text.empty() && letter(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

}  // namespace

std::optional<std::string> ReadNamedFile(const Place& place, Reading* reading) {
  const std::optional<std::string> name = ReadFilledText(place, reading->problems);
  if (!name) {
    return std::nullopt;
  }
  if (!reading->inputs->read_file) {
    reading->problems->Add(place,
                           "must not name a file: this plan is read without access to files");
    return std::nullopt;
  }
  const SourceMark mark = reading->problems->ToSource(place.node->mark);
  const std::string folder = name->starts_with('/') ? "" : FolderOf(mark.file);
  absl::StatusOr<std::string> content = reading->inputs->read_file(folder + *name);
  if (!content.ok()) {
    reading->problems->Add(place, fmt::format("must name a file that can be read, got '{}': {}",
                                              Shown(*name), MessageOf(content.status())));
    return std::nullopt;
  }
  return *std::move(content);
}

void ReadPem(Fields* fields, std::string_view key, std::string* out, Reading* reading) {
  const std::optional<Place> place = fields->Find(key);
  if (!place) {
    return;
  }
  if (const auto text = ReadNamedFile(*place, reading)) {
    if (text->find("-----BEGIN ") == std::string::npos) {
      reading->problems->Add(*place, "must name a PEM file (-----BEGIN …), got something else");
    }
    *out = *text;
  }
}

void CheckTemplate(const Place& place, const std::string& text, Reading* reading) {
  const absl::StatusOr<Template> compiled = Template::Compile(text);
  if (!compiled.ok()) {
    reading->problems->Add(place, MessageOf(compiled.status()));
    return;
  }
  // A default makes a missing variable fine; which hole it belongs to does not matter here.
  const bool has_default = text.find("default(") != std::string::npos;
  for (const std::string& name : compiled->Variables()) {
    reading->variables.Read(
        name, place, has_default ? VariableLedger::Use::kMaybe : VariableLedger::Use::kValue);
  }
}

std::optional<std::string> ReadTemplate(const Place& place, Reading* reading) {
  std::optional<std::string> text = ReadText(place, reading->problems);
  if (text) {
    CheckTemplate(place, *text, reading);
  }
  return text;
}

void ReadTemplateField(Fields* fields, std::string_view key, std::string* out, Reading* reading) {
  if (const auto place = fields->Find(key)) {
    *out = ReadTemplate(*place, reading).value_or("");
  }
}

bool IsHeaderName(const KeyedPlace& entry, Reading* reading) {
  const bool fine =
      !entry.key.empty() && std::all_of(entry.key.begin(), entry.key.end(), IsTokenChar);
  if (!fine) {
    reading->problems->Add(entry.key_mark, entry.value.path,
                           "must be a header's name: letters, digits and -");
  }
  return fine;
}

HeaderList ParseHeaders(const Place& place, Reading* reading) {
  HeaderList headers;
  for (const KeyedPlace& entry : ReadMap(place, reading->problems)) {
    if (!IsHeaderName(entry, reading)) {
      continue;
    }
    const std::optional<std::string> value = ReadTemplate(entry.value, reading);
    if (value && value->find_first_of("\r\n") != std::string::npos) {
      reading->problems->Add(entry.value, "must be one line");
    }
    headers.emplace_back(entry.key, value.value_or(""));
  }
  return headers;
}

std::optional<std::string> ReadRegex(const Place& place, int groups, Reading* reading) {
  const std::optional<std::string> text = ReadFilledText(place, reading->problems);
  if (!text) {
    return std::nullopt;
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  const re2::RE2 regex(*text, options);
  if (!regex.ok()) {
    reading->problems->Add(
        place, fmt::format("must be a regular expression in RE2's syntax: {}", regex.error()));
    return std::nullopt;
  }
  if (groups >= 0 && regex.NumberOfCapturingGroups() != groups) {
    reading->problems->Add(
        place,
        fmt::format("must have exactly {} group in (), got {}; (?:…) groups without counting",
                    groups, regex.NumberOfCapturingGroups()));
    return std::nullopt;
  }
  return text;
}

std::optional<std::string> ReadJsonPath(const Place& place, Reading* reading) {
  const std::optional<std::string> text = ReadFilledText(place, reading->problems);
  if (!text) {
    return std::nullopt;
  }
  const absl::StatusOr<JsonPath> compiled = JsonPath::Compile(*text);
  if (!compiled.ok()) {
    reading->problems->Add(place, MessageOf(compiled.status()));
    return std::nullopt;
  }
  return text;
}

std::optional<std::string> ReadVariableName(const Place& place, Reading* reading) {
  const std::optional<std::string> name = ReadText(place, reading->problems);
  if (name && !IsIdentifier(*name)) {
    reading->problems->Add(
        place,
        fmt::format("must be a variable's name: letters, digits and _, got '{}'", Shown(*name)));
    return std::nullopt;
  }
  return name;
}

std::optional<std::string> ReadUrl(const Place& place, Reading* reading) {
  std::optional<std::string> url = ReadFilledText(place, reading->problems);
  if (!url) {
    return std::nullopt;
  }
  if (std::string fault = UrlFault(*url, "service.auth"); !fault.empty()) {
    reading->problems->Add(place, std::move(fault));
    return std::nullopt;
  }
  while (url->ends_with('/')) {
    url->pop_back();  // a path is appended, which starts with one
  }
  return url;
}

}  // namespace squall
