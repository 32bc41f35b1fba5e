#include "daemon/http/header_text.h"

#include <utility>

#include "daemon/base/ascii.h"
#include "daemon/base/base64.h"

namespace squall {
namespace {

// Cuts the first item off a list; a comma inside quotes is part of its item.
std::string_view NextItem(std::string_view* list, char separator) {
  bool quoted = false;
  size_t end = 0;
  while (end < list->size() && (quoted || (*list)[end] != separator)) {
    quoted ^= (*list)[end] == '"';
    ++end;
  }
  const std::string_view item = list->substr(0, end);
  list->remove_prefix(end < list->size() ? end + 1 : end);
  return Trim(item);
}

// "q=0", "q=0.000": the client says that it does not want it.
bool IsRefused(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string parameter = LowerCase(NextItem(&parameters, ';'));
    if (parameter.starts_with("q=")) {
      return parameter.find_first_not_of("0.", 2) == parameter.npos;
    }
  }
  return false;
}

}  // namespace

bool NamesEtag(std::string_view if_none_match, std::string_view etag) {
  if (Trim(if_none_match) == "*") {
    return true;
  }
  while (!if_none_match.empty()) {
    std::string_view item = NextItem(&if_none_match, ',');
    if (item.starts_with("W/")) {
      item.remove_prefix(2);
    }
    if (item.size() >= 2 && item.front() == '"' && item.back() == '"' &&
        item.substr(1, item.size() - 2) == etag) {
      return true;
    }
  }
  return false;
}

bool AcceptsGzip(std::string_view accept_encoding) {
  bool any = false;
  while (!accept_encoding.empty()) {
    std::string_view parameters = NextItem(&accept_encoding, ',');
    const std::string coding = LowerCase(NextItem(&parameters, ';'));
    if (coding == "gzip" || coding == "x-gzip") {
      return !IsRefused(parameters);
    }
    any = any || (coding == "*" && !IsRefused(parameters));
  }
  return any;
}

bool AcceptsPage(std::string_view accept) {
  while (!accept.empty()) {
    std::string_view parameters = NextItem(&accept, ',');
    const std::string type = LowerCase(NextItem(&parameters, ';'));
    if ((type == "text/html" || type == "application/xhtml+xml") && !IsRefused(parameters)) {
      return true;
    }
  }
  return false;
}

std::optional<std::string> FindCookie(std::string_view cookies, std::string_view name) {
  while (!cookies.empty()) {
    const size_t end = cookies.find(';');
    const std::string_view cookie = Trim(cookies.substr(0, end));
    cookies.remove_prefix(end == cookies.npos ? cookies.size() : end + 1);
    const size_t equals = cookie.find('=');
    if (equals != cookie.npos && Trim(cookie.substr(0, equals)) == name) {
      return std::string(Trim(cookie.substr(equals + 1)));
    }
  }
  return std::nullopt;
}

std::optional<std::string> BasicCredential(std::string_view authorization) {
  if (LowerCase(authorization.substr(0, 6)) != "basic ") {
    return std::nullopt;
  }
  std::optional<std::string> text = DecodeBase64(authorization.substr(6));
  return text.has_value() && text->find(':') != text->npos ? std::move(text) : std::nullopt;
}

std::string BasicAuthorization(std::string_view user, std::string_view password) {
  return "Basic " + EncodeBase64(std::string(user) + ':' + std::string(password));
}

bool IsText(std::string_view content_type) {
  const std::string type = LowerCase(Trim(content_type.substr(0, content_type.find(';'))));
  return type.starts_with("text/") || type.ends_with("json") || type.ends_with("xml") ||
         type.ends_with("javascript") || type.ends_with("yaml");
}

}  // namespace squall
