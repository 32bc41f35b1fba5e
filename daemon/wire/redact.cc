#include "daemon/wire/redact.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <variant>

namespace squall {
namespace {

constexpr std::array<std::string_view, 12> kSecretWords = {
    "password", "passwd",     "passphrase", "secret",        "token",     "apikey",
    "cookie",   "credential", "privatekey", "authorization", "accesskey", "sessionid"};

// Whether a name, or a text with names in it, mentions a secret: "X-Api-Key" as well as api_key.
bool MentionsSecret(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (const char c : text) {
    if (c != '-' && c != '_' && c != ' ') {
      plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return std::any_of(kSecretWords.begin(), kSecretWords.end(), [&plain](std::string_view word) {
    return plain.find(word) != std::string::npos;
  });
}

void Hide(std::string* secret) {
  if (!secret->empty()) {
    *secret = kRedacted;
  }
}

void HideIfNamed(std::string_view name, std::string* value) {
  if (MentionsSecret(name)) {
    Hide(value);
  }
}

void HideIfNamed(std::string_view name, std::optional<std::string>* value) {
  if (*value) {
    HideIfNamed(name, &**value);
  }
}

void HidePath(std::string* path) {
  *path = RedactUrl(*path);
  const size_t query = path->find('?');
  if (query != std::string::npos && MentionsSecret(std::string_view(*path).substr(query))) {
    path->replace(query + 1, std::string::npos, kRedacted);
  }
}

Value RedactValue(const Value& value) {
  if (const ValueList* list = value.AsList()) {
    ValueList shown;
    shown.reserve(list->size());
    for (const Value& element : *list) {
      shown.push_back(RedactValue(element));
    }
    return shown;
  }
  if (const ValueObject* object = value.AsObject()) {
    ValueObject shown;
    shown.reserve(object->size());
    for (const auto& [key, member] : *object) {
      shown.emplace_back(key, MentionsSecret(key) ? Value(kRedacted) : RedactValue(member));
    }
    return shown;
  }
  return value;
}

void RedactHeaders(HeaderList* headers) {
  for (auto& [name, value] : *headers) {
    HideIfNamed(name, &value);
  }
}

void RedactFields(std::vector<FormField>* fields) {
  for (FormField& field : *fields) {
    HideIfNamed(field.name, &field.value);
  }
}

void RedactCheck(Check* check) {
  if (auto* header = std::get_if<HeaderIs>(&check->test)) {
    HideIfNamed(header->header, &header->equals);
    HideIfNamed(header->header, &header->contains);
  } else if (auto* json = std::get_if<JsonIs>(&check->test)) {
    HideIfNamed(json->path, &json->equals);
    HideIfNamed(json->path, &json->number);
  }
}

void RedactRequest(RequestStep* request) {
  HidePath(&request->path);
  RedactFields(&request->query);
  RedactHeaders(&request->headers);
  HidePath(&request->name);
  HideIfNamed(request->body, &request->body);
  HideIfNamed(request->json, &request->json);
  RedactFields(&request->form);
  for (Check& check : request->checks) {
    RedactCheck(&check);
  }
  for (Extract& extract : request->extract) {
    HideIfNamed(extract.as, &extract.fallback);
  }
}

void RedactSteps(StepList* steps) {
  for (Step& step : *steps) {
    if (auto* request = std::get_if<RequestStep>(&step.what)) {
      RedactRequest(request);
    } else if (auto* set = std::get_if<SetStep>(&step.what)) {
      HideIfNamed(set->variable, &set->value);
    } else if (auto* branch = std::get_if<IfStep>(&step.what)) {
      HideIfNamed(branch->condition.left, &branch->condition.right);
      RedactSteps(&branch->then);
      RedactSteps(&branch->otherwise);
    } else if (auto* loop = std::get_if<LoopStep>(&step.what)) {
      RedactSteps(&loop->steps);
    }
  }
}

// Whatever a header is called: it is there to let us in. A query may hold a user and a password.
void RedactOutput(HeaderList* headers, std::string* url) {
  for (auto& [name, value] : *headers) {
    Hide(&value);
  }
  *url = RedactUrl(*url);
  const size_t query = url->find('?');
  if (query != std::string::npos && query + 1 < url->size()) {
    url->replace(query + 1, std::string::npos, kRedacted);
  }
}

// Both "--api-token=x" and "--api-token x"; and code may hold anything.
void RedactScript(Script* script) {
  for (Script::File& file : script->files) {
    Hide(&file.content);
  }
  bool value_of_secret = false;
  for (std::string& argument : script->arguments) {
    const bool flag = argument.starts_with('-');
    const size_t equals = argument.find('=');
    if (value_of_secret && !flag) {
      Hide(&argument);
    } else if (flag && equals != std::string::npos &&
               MentionsSecret(std::string_view(argument).substr(0, equals))) {
      argument.replace(equals + 1, std::string::npos, kRedacted);
    }
    value_of_secret = flag && equals == std::string::npos && MentionsSecret(argument);
    argument = RedactUrl(argument);
  }
}

}  // namespace

std::string RedactUrl(const std::string& url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string::npos) {
    return url;
  }
  const size_t authority = scheme + 3;
  const size_t end = std::min(url.find_first_of("/?#", authority), url.size());
  const size_t at = url.rfind('@', end);
  if (at == std::string::npos || at < authority || at >= end) {
    return url;
  }
  return url.substr(0, authority) + kRedacted + url.substr(at);
}

Plan RedactPlan(const Plan& plan) {
  Plan shown = plan;
  Service& service = shown.service;
  service.base_url = RedactUrl(service.base_url);
  service.proxy = RedactUrl(service.proxy);
  RedactHeaders(&service.headers);
  if (service.basic_auth) {
    Hide(&service.basic_auth->password);
  }
  Hide(&service.bearer_token);
  Hide(&service.tls.client_key_pem);
  for (UserClass& user_class : shown.users) {
    user_class.host = RedactUrl(user_class.host);
    RedactSteps(&user_class.on_start);
    for (Task& task : user_class.tasks) {
      RedactSteps(&task.steps);
    }
    RedactSteps(&user_class.on_stop);
  }
  if (shown.script.has_value()) {
    RedactScript(&*shown.script);
  }
  if (shown.outputs.traces.has_value()) {
    RedactOutput(&shown.outputs.traces->headers, &shown.outputs.traces->endpoint);
  }
  for (MetricOutput& output : shown.outputs.metrics) {
    RedactOutput(&output.headers, &output.to);
  }
  for (DataSet& data_set : shown.test_data) {
    for (Value& row : data_set.rows) {
      row = MentionsSecret(data_set.name) ? Value(kRedacted) : RedactValue(row);
    }
  }
  return shown;
}

}  // namespace squall
