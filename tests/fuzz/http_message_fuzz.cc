// What a client of the web port sends, as text: the first line is a target, the others are headers
// that the server itself reads, and all of it is a form. Whatever comes, what is made of it is
// bounded, and what must hold for safety holds.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/base/check.h"
#include "daemon/http/access.h"
#include "daemon/http/header_text.h"
#include "daemon/http/http_message.h"
#include "daemon/http/url_text.h"

namespace squall {
namespace {

std::string NextLine(std::string_view* text) {
  const size_t end = text->find('\n');
  const std::string line(text->substr(0, end));
  text->remove_prefix(end == text->npos ? text->size() : end + 1);
  return line;
}

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

void TryTarget(const std::string& target, HttpRequest* request) {
  const auto parsed = ParseUrlTarget(target);
  if (parsed.has_value()) {
    SQUALL_CHECK(parsed->path.starts_with('/') && !HasControl(parsed->path));
    SQUALL_CHECK(parsed->path.find("/../") == std::string::npos);
    request->path = parsed->path;
    request->query = ParseForm(parsed->query);
  }
  const std::string local = LocalPath(target);
  SQUALL_CHECK(local.starts_with('/') && !local.starts_with("//") && !HasControl(local));
  SQUALL_CHECK(DecodeUrlText(EncodeUrlText(target), PlusSign::kIsSpace) == target);
}

void TryHeaders(const std::string& value) {
  NamesEtag(value, "v1");
  AcceptsGzip(value);
  AcceptsPage(value);
  IsText(value);
  const auto cookie = FindCookie(value, "squall-8089");
  SQUALL_CHECK(!cookie.has_value() || cookie->size() < value.size());
  const auto basic = BasicCredential(value);
  SQUALL_CHECK(!basic.has_value() || basic->find(':') != std::string::npos);
  SQUALL_CHECK(BasicCredential(BasicAuthorization("me", value)) == "me:" + value);
}

void Try(std::string_view text) {
  SQUALL_CHECK(ParseForm(text).size() <= 1000);
  HttpRequest request;
  request.method = "POST";
  TryTarget(NextLine(&text), &request);
  const std::string host = NextLine(&text);
  request.headers["host"] = host;
  SQUALL_CHECK(!IsAllowedHost(AccessRules(), host) || host.size() >= sizeof "[::1]" - 1);
  for (const char* name : {"origin", "sec-fetch-site", "referer"}) {
    request.headers = {{"host", host}, {name, NextLine(&text)}};
    IsFromForeignPage(request);
  }
  while (!text.empty()) {
    TryHeaders(NextLine(&text));
  }
}

}  // namespace
}  // namespace squall

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  squall::Try(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
