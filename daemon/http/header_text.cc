#include "daemon/http/header_text.h"

#include <cstdint>

namespace squall {
namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

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

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  return lower;
}

std::string_view Trim(std::string_view text) {
  const size_t start = text.find_first_not_of(" \t");
  if (start == text.npos) {
    return {};
  }
  return text.substr(start, text.find_last_not_of(" \t") - start + 1);
}

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
  std::string_view coded = Trim(authorization.substr(6));
  coded = coded.substr(0, coded.find('='));  // what pads it says nothing new
  std::string text;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : coded) {
    const size_t digit = kBase64.find(c);
    if (digit == kBase64.npos) {
      return std::nullopt;
    }
    bits = (bits << 6 | static_cast<uint32_t>(digit)) & 0xffffff;
    count += 6;
    if (count >= 8) {
      count -= 8;
      text += static_cast<char>(bits >> count & 0xff);
    }
  }
  return text.find(':') == text.npos ? std::nullopt : std::optional(text);
}

std::string BasicAuthorization(std::string_view user, std::string_view password) {
  const std::string text = std::string(user) + ':' + std::string(password);
  std::string authorization = "Basic ";
  for (size_t i = 0; i < text.size(); i += 3) {
    uint32_t bits = 0;
    for (size_t j = i; j < i + 3; ++j) {
      bits = bits << 8 | (j < text.size() ? static_cast<unsigned char>(text[j]) : 0);
    }
    for (size_t digit = 0; digit < 4; ++digit) {
      authorization += i + digit > text.size() ? '=' : kBase64[bits >> (18 - 6 * digit) & 0x3f];
    }
  }
  return authorization;
}

bool IsText(std::string_view content_type) {
  const std::string type = LowerCase(Trim(content_type.substr(0, content_type.find(';'))));
  return type.starts_with("text/") || type.ends_with("json") || type.ends_with("xml") ||
         type.ends_with("javascript") || type.ends_with("yaml");
}

}  // namespace squall
