#include "daemon/http/gatekeeper.h"

#include <utility>

#include <fmt/format.h>

#include "daemon/base/ascii.h"
#include "daemon/http/header_text.h"
#include "daemon/http/url_text.h"

namespace squall {
namespace {

constexpr size_t kUnguessableBytes = sizeof("Bearer ") - 1 + 20;
constexpr std::string_view kFormType = "application/x-www-form-urlencoded";

bool WantsPage(const HttpRequest& request) { return AcceptsPage(request.Header("accept")); }

int64_t SecondsUp(Nanos wait) { return std::chrono::ceil<std::chrono::seconds>(wait).count(); }

HttpReply TooManyFailures(Nanos wait) {
  HttpReply reply = ErrorReply(429, "too many wrong credentials, try again later");
  reply.headers.emplace_back("Retry-After", fmt::format("{}", SecondsUp(wait)));
  return reply;
}

std::string Field(const std::vector<std::pair<std::string, std::string>>& form,
                  std::string_view name) {
  for (const auto& [key, value] : form) {
    if (key == name) {
      return value;
    }
  }
  return "";
}

// The Authorization header that the filled in form stands for.
std::string FormAuthorization(const std::vector<std::pair<std::string, std::string>>& form) {
  const std::string token = Field(form, "token");
  return token.empty() ? BasicAuthorization(Field(form, "user"), Field(form, "password"))
                       : fmt::format("Bearer {}", Trim(token));
}

std::string TargetOf(const HttpRequest& request) {
  std::string target = EncodeUrlText(request.path);
  for (const auto& [name, value] : request.query) {
    const char separator = target.find('?') == target.npos ? '?' : '&';
    target += fmt::format("{}{}={}", separator, EncodeUrlText(name), EncodeUrlText(value));
  }
  return target;
}

HttpReply BackToLogin(std::string_view why, std::string_view next) {
  return RedirectReply(fmt::format("/login?{}&next={}", why, EncodeUrlText(next)));
}

}  // namespace

Gatekeeper::Gatekeeper(AccessRules rules, Credentials credentials, bool tls, uint16_t port)
    : rules_(std::move(rules)),
      credentials_(std::move(credentials)),
      tls_(tls),
      cookie_name_(fmt::format("{}squall-{}", tls ? "__Host-" : "", port)) {}

std::optional<HttpReply> Gatekeeper::Judge(const HttpRequest& request, TimePoint now) {
  if (!IsAllowedHost(rules_, request.Header("host"))) {
    return ErrorReply(403,
                      "Host must be this server's own name or one that it was told to allow "
                      "(--web-allowed-host)");
  }
  if (ChangesState(rules_, request) && IsFromForeignPage(request)) {
    return ErrorReply(403, "a page of another site must not change anything here");
  }
  if (ChangesState(rules_, request) && IsUntoldBrowserGet(request)) {
    return ErrorReply(403, fmt::format("{} must be asked by a program or by this server's own "
                                       "page, not by a browser that names no page",
                                       request.path));
  }
  if (!credentials_.asked_for() || HasCredential(request, now)) {
    return std::nullopt;
  }
  if (IsOpen(request)) {
    // Strangers have nothing to send that is worth our memory.
    return HasSmallBody(request) ? std::nullopt
                                 : std::optional(ErrorReply(
                                       413, "a request without a credential must be a small one"));
  }
  const Nanos wait = throttle_.Wait(request.peer, now);
  if (wait > Nanos(0)) {
    return TooManyFailures(wait);
  }
  if (request.headers.count("authorization") > 0) {
    throttle_.CountFailure(request.peer, now);
  }
  return AskForCredential(request);
}

bool Gatekeeper::Admits(const std::string& authorization) const {
  if (credentials_.guard != nullptr && credentials_.guard->Admits(authorization)) {
    return true;
  }
  const auto basic = BasicCredential(authorization);
  return !credentials_.basic_user.empty() && basic.has_value() &&
         EqualInConstantTime(
             *basic, fmt::format("{}:{}", credentials_.basic_user, credentials_.basic_password));
}

bool Gatekeeper::HasCredential(const HttpRequest& request, TimePoint now) const {
  const auto cookie = FindCookie(request.Header("cookie"), cookie_name_);
  if (cookie.has_value() && Admits(sessions_.Find(*cookie, now))) {
    return true;
  }
  const std::string authorization = request.Header("authorization");
  // A long token is not found by guessing; who has it need not wait for others at its address, as
  // behind a proxy.
  if (credentials_.guard != nullptr && authorization.size() >= kUnguessableBytes &&
      credentials_.guard->Admits(authorization)) {
    return true;
  }
  // Who has guessed too often is not even told that the next guess is right.
  return throttle_.Wait(request.peer, now) == Nanos(0) && Admits(authorization);
}

HttpReply Gatekeeper::AskForCredential(const HttpRequest& request) const {
  const bool by_token = credentials_.guard != nullptr;
  if (by_token && request.method == "GET" && WantsPage(request)) {
    return RedirectReply(fmt::format("/login?next={}", EncodeUrlText(TargetOf(request))));
  }
  HttpReply reply = ErrorReply(401, "must carry a credential");
  // Not both: "Basic" makes a browser ask in a window of its own, where there is a page for it.
  reply.headers.emplace_back("WWW-Authenticate", by_token
                                                     ? R"(Bearer realm="squall")"
                                                     : R"(Basic realm="squall", charset="UTF-8")");
  return reply;
}

bool Gatekeeper::IsOurs(const HttpRequest& request) {
  return request.method == "POST" && (request.path == "/login" || request.path == "/logout");
}

HttpReply Gatekeeper::Answer(const HttpRequest& request, TimePoint now) {
  return request.path == "/login" ? Login(request, now) : Logout(request);
}

HttpReply Gatekeeper::Login(const HttpRequest& request, TimePoint now) {
  if (!LowerCase(request.Header("content-type")).starts_with(kFormType)) {
    return ErrorReply(415, "the login must be sent as application/x-www-form-urlencoded");
  }
  const auto form = ParseForm(request.body);
  const std::string next = LocalPath(Field(form, "next"));
  if (!credentials_.asked_for()) {
    return RedirectReply(next);
  }
  const Nanos wait = throttle_.Wait(request.peer, now);
  if (wait > Nanos(0)) {
    return WantsPage(request) ? BackToLogin(fmt::format("wait={}", SecondsUp(wait)), next)
                              : TooManyFailures(wait);
  }
  std::string authorization = FormAuthorization(form);
  if (!Admits(authorization)) {
    throttle_.CountFailure(request.peer, now);
    return WantsPage(request) ? BackToLogin("failed=1", next) : AskForCredential(request);
  }
  auto id = RandomToken();
  if (!id.ok()) {
    return ErrorReply(503, std::string(id.status().message()));
  }
  HttpReply reply = RedirectReply(next);
  reply.headers.emplace_back("Set-Cookie", Cookie(*id, LoginSessions::kLifetime));
  sessions_.Open(*std::move(id), std::move(authorization), now);
  return reply;
}

HttpReply Gatekeeper::Logout(const HttpRequest& request) {
  const auto cookie = FindCookie(request.Header("cookie"), cookie_name_);
  if (cookie.has_value()) {
    sessions_.Close(*cookie);
  }
  HttpReply reply = RedirectReply("/");
  reply.headers.emplace_back("Set-Cookie", Cookie("", Nanos(0)));
  return reply;
}

std::string Gatekeeper::Cookie(std::string_view value, Nanos lifetime) const {
  return fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{}", cookie_name_, value,
                     std::chrono::duration_cast<std::chrono::seconds>(lifetime).count(),
                     tls_ ? "; Secure" : "");
}

}  // namespace squall
