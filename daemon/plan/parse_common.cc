// What several sections read alike (sections.h).
#include <algorithm>
#include <re2/re2.h>

#include <fmt/format.h>

#include "daemon/plan/json_path.h"
#include "daemon/plan/sections.h"
#include "daemon/plan/template.h"
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

bool IsPort(std::string_view text) {
  const bool digits = !text.empty() && text.size() <= 5 &&
                      text.find_first_not_of("0123456789") == std::string_view::npos;
  return digits && std::stoi(std::string(text)) >= 1 && std::stoi(std::string(text)) <= 65535;
}

// What is wrong with scheme://host[:port][/prefix]; "" when nothing is.
std::string UrlFault(std::string_view url) {
  std::string_view rest = url;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (url.starts_with(scheme)) {
      rest = url.substr(scheme.size());
    }
  }
  if (rest.size() == url.size()) {
    return fmt::format("must start with http:// or https://, got '{}'",
                       url.find('@') == std::string_view::npos ? Shown(url) : "a URL with '@'");
  }
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return "must not have a query or a fragment";
  }
  const bool spaced = std::any_of(url.begin(), url.end(), [](char c) { return c <= ' '; });
  const std::string_view authority = rest.substr(0, rest.find('/'));
  if (authority.find('@') != std::string_view::npos) {
    return "must not hold a user name or password; use service.auth";
  }
  const size_t bracket = authority.rfind(']');  // an IPv6 address stands in brackets
  const size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  const std::string_view host = authority.substr(0, colon);
  if (host.empty() || spaced || (host.front() == '[') != (host.back() == ']')) {
    return fmt::format("must look like http://host:8082, got '{}'", Shown(url));
  }
  if (colon != std::string_view::npos && !IsPort(authority.substr(colon + 1))) {
    return fmt::format("must have a port from 1 to 65535, got '{}'", Shown(url));
  }
  return "";
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

HeaderList ParseHeaders(const Place& place, Reading* reading) {
  HeaderList headers;
  for (const KeyedPlace& entry : ReadMap(place, reading->problems)) {
    if (entry.key.empty() || !std::all_of(entry.key.begin(), entry.key.end(), IsTokenChar)) {
      reading->problems->Add(entry.key_mark, entry.value.path,
                             "must be a header's name: letters, digits and -");
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
  if (std::string fault = UrlFault(*url); !fault.empty()) {
    reading->problems->Add(place, std::move(fault));
    return std::nullopt;
  }
  while (url->ends_with('/')) {
    url->pop_back();  // a path is appended, which starts with one
  }
  return url;
}

}  // namespace squall
