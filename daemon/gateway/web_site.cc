#include "daemon/gateway/web_site.h"

#include <memory>
#include <string>

#include <fmt/format.h>

#include "daemon/base/gzip.h"
#include "daemon/http/url_text.h"
#include "web/bundle.h"

namespace squall {
namespace {

constexpr std::string_view kLoginPage = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Log in - Squall</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/app-{style}.css">
</head>
<body class="login">
<main>
<h1>Squall</h1>
{message}<form method="post" action="/login">
<input type="hidden" name="next" value="{next}">
{fields}<button type="submit">Log in</button>
</form>
</main>
</body>
</html>
)";

constexpr std::string_view kTokenField =
    R"(<p><label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password"></p>
)";

constexpr std::string_view kPasswordFields =
    R"(<p><label for="user">User</label>
<input id="user" name="user" autocomplete="username"></p>
<p><label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password"></p>
)";

Rendering Rendered(std::string_view text) {
  return {std::make_shared<const std::string>(text),
          std::make_shared<const std::string>(Gzip(text, GzipEffort::kFast))};
}

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string LoginMessage(const HttpRequest& request) {
  const std::string wait = request.Query("wait");
  const bool is_number = !wait.empty() && wait.size() < 10 &&
                         wait.find_first_not_of("0123456789") == std::string::npos;
  if (is_number) {
    return fmt::format("<p role=\"alert\">Too many attempts: try again in {} seconds.</p>\n", wait);
  }
  return request.Query("failed").empty() ? ""
                                         : "<p role=\"alert\">That was not right: try again.</p>\n";
}

HttpReply FileReply(const Rendering& content, std::string_view media_type) {
  HttpReply reply;
  reply.content_type = std::string(media_type);
  reply.body = content.text;
  reply.gzip_body = content.gzip;
  return reply;
}

}  // namespace

WebSite::WebSite(bool token_login, bool password_login)
    : token_login_(token_login),
      password_login_(password_login),
      script_{Rendered(TheWebBundle().app_js), "text/javascript"},
      style_{Rendered(TheWebBundle().app_css), "text/css"},
      icon_{Rendered(TheWebBundle().icon_svg), "image/svg+xml"},
      index_{Rendered(TheWebBundle().index_html), "text/html"} {}

std::optional<HttpReply> WebSite::Find(const HttpRequest& request) const {
  const std::string& path = request.path;
  if (path == "/") {
    return Index();
  }
  if (path == fmt::format("/assets/app-{}.js", TheWebBundle().js_hash)) {
    return Forever(script_);
  }
  if (path == fmt::format("/assets/app-{}.css", TheWebBundle().css_hash)) {
    return Forever(style_);
  }
  if (path == "/icon.svg" || path == "/favicon.ico") {
    return FileReply(icon_.content, icon_.media_type);
  }
  if (path == "/login") {
    return Login(request);
  }
  return std::nullopt;
}

HttpReply WebSite::Index() const { return FileReply(index_.content, index_.media_type); }

// Their names change with their content.
HttpReply WebSite::Forever(const File& file) const {
  HttpReply reply = FileReply(file.content, file.media_type);
  reply.headers.emplace_back("Cache-Control", "public, max-age=31536000, immutable");
  return reply;
}

HttpReply WebSite::Login(const HttpRequest& request) const {
  if (!token_login_ && !password_login_) {
    return RedirectReply("/");
  }
  std::string fields;
  fields += token_login_ ? kTokenField : "";
  fields += token_login_ && password_login_ ? "<p>or</p>\n" : "";
  fields += password_login_ ? kPasswordFields : "";
  const std::string next = LocalPath(request.Query("next"));
  return TextReply(200,
                   fmt::format(kLoginPage, fmt::arg("style", TheWebBundle().css_hash),
                               fmt::arg("message", LoginMessage(request)),
                               fmt::arg("next", Escaped(next)), fmt::arg("fields", fields)),
                   "text/html");
}

}  // namespace squall
