#include "daemon/trace/request_span.h"

namespace squall {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool Contains(std::string_view text, std::string_view lower_case_word) {
  return std::search(text.begin(), text.end(), lower_case_word.begin(), lower_case_word.end(),
                     [](char c, char wanted) { return Lower(c) == wanted; }) != text.end();
}

bool LooksSecret(std::string_view name) {
  for (const std::string_view whole : {"sig", "code", "jwt", "sid"}) {
    if (name.size() == whole.size() && Contains(name, whole)) {
      return true;
    }
  }
  // The whole name, or its last word: "subscription-key", "user_pass".
  const std::string_view last = name.substr(name.find_last_of("-_") + 1);
  for (const std::string_view word : {"key", "pwd", "pass"}) {
    if (last.size() == word.size() && Contains(last, word)) {
      return true;
    }
  }
  for (const std::string_view part : {"token", "passw", "secret", "apikey", "api_key", "api-key",
                                      "signature", "accesskey", "auth", "session", "credential"}) {
    if (Contains(name, part)) {
      return true;
    }
  }
  return false;
}

}  // namespace

void AssignTarget(std::string_view target, FixedText<256>* out) {
  const size_t query = target.find('?');
  out->assign(target.substr(0, query));
  if (query == std::string_view::npos) {
    return;
  }
  std::string_view rest = target.substr(query);  // each turn begins with '?' or '&'
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&', 1));
    const size_t equals = pair.find('=');
    if (equals != std::string_view::npos && LooksSecret(pair.substr(1, equals - 1))) {
      out->append(pair.substr(0, equals + 1));
      out->append("REDACTED");
    } else {
      out->append(pair);
    }
    rest.remove_prefix(pair.size());
  }
}

}  // namespace squall
