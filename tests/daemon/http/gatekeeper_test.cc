#include "daemon/http/gatekeeper.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "daemon/http/header_text.h"
#include "tests/daemon/http/some_time.h"

namespace squall {
namespace {

constexpr const char* kPage = "text/html,*/*;q=0.8";

std::string HeaderOf(const HttpReply& reply, const std::string& name) {
  for (const auto& [key, value] : reply.headers) {
    if (key == name) {
      return value;
    }
  }
  return "";
}

class GatekeeperTest : public testing::Test {
 protected:
  void Make(bool token, const std::string& user = "", bool tls = false) {
    Credentials credentials;
    credentials.guard = token ? guard_.get() : nullptr;
    credentials.basic_user = user;
    credentials.basic_password = "pass";
    AccessRules rules;
    rules.changing_gets = {"/stop"};
    gatekeeper_ = std::make_unique<Gatekeeper>(rules, credentials, tls, 8089);
  }
  static HttpRequest Get(const std::string& path, const std::string& header = "",
                         const std::string& value = "") {
    HttpRequest request;
    request.method = "GET";
    request.path = path;
    request.peer = "192.0.2.1:4711";
    request.headers = {{"host", "localhost:8089"}};
    if (!header.empty()) {
      request.headers[header] = value;
    }
    return request;
  }
  static HttpRequest LoginWith(const std::string& form) {
    HttpRequest request = Get("/login", "content-type", "application/x-www-form-urlencoded");
    request.method = "POST";
    request.headers["accept"] = kPage;
    request.body = form;
    return request;
  }
  // 0: it may go on.
  int Judge(const HttpRequest& request) {
    const auto reply = gatekeeper_->Judge(request, kNow);
    return reply.has_value() ? reply->status : 0;
  }
  std::string CookieOf(const HttpReply& reply) {
    const std::string cookie = HeaderOf(reply, "Set-Cookie");
    return cookie.substr(0, cookie.find(';'));
  }

  std::unique_ptr<TokenGuard> guard_ = *TokenGuard::FromToken("secret");
  std::unique_ptr<Gatekeeper> gatekeeper_;
};

TEST_F(GatekeeperTest, WithoutCredentialsEverybodyHereMayAsk) {
  Make(/*token=*/false);
  EXPECT_EQ(Judge(Get("/api/v1/runs")), 0);
  EXPECT_EQ(Judge(Get("/stop")), 0);
}

TEST_F(GatekeeperTest, AForeignHostIsRefusedWhateverItAsksFor) {
  Make(/*token=*/false);
  EXPECT_EQ(Judge(Get("/assets/app.js", "host", "evil.test")), 403);
}

TEST_F(GatekeeperTest, AForeignPageMustNotChangeAnything) {
  Make(/*token=*/false);
  HttpRequest post = Get("/api/v1/runs", "origin", "http://evil.test");
  EXPECT_EQ(Judge(post), 0);  // it cannot read the reply: there is no CORS
  post.method = "POST";
  EXPECT_EQ(Judge(post), 403);
  EXPECT_EQ(Judge(Get("/stop", "sec-fetch-site", "cross-site")), 403);
  EXPECT_EQ(Judge(Get("/stop", "sec-fetch-site", "none")), 0);
}

TEST_F(GatekeeperTest, AskForATokenWhereThereIsOne) {
  Make(/*token=*/true);
  const auto reply = gatekeeper_->Judge(Get("/api/v1/runs"), kNow);
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 401);
  EXPECT_EQ(HeaderOf(*reply, "WWW-Authenticate"), R"(Bearer realm="squall")");
  EXPECT_EQ(Judge(Get("/api/v1/runs", "authorization", "Bearer secret")), 0);
  EXPECT_EQ(Judge(Get("/api/v1/runs", "authorization", "Bearer secres")), 401);
  EXPECT_EQ(Judge(Get("/api/v1/runs", "authorization", BasicAuthorization("", ""))), 401);
  EXPECT_EQ(Judge(Get("/login")), 0);
  EXPECT_EQ(Judge(Get("/healthz")), 0);
}

TEST_F(GatekeeperTest, ABrowserIsSentToTheLoginAndBack) {
  Make(/*token=*/true);
  HttpRequest page = Get("/runs/r 1", "accept", kPage);
  page.query = {{"base", "a&b"}};
  const auto reply = gatekeeper_->Judge(page, kNow);
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 303);
  EXPECT_EQ(HeaderOf(*reply, "Location"), "/login?next=/runs/r%25201%3Fbase%3Da%2526b");
  const HttpReply done =
      gatekeeper_->Answer(LoginWith("token=secret&next=%2Fruns%2F1%3Fbase%3D2"), kNow);
  EXPECT_EQ(done.status, 303);
  EXPECT_EQ(HeaderOf(done, "Location"), "/runs/1?base=2");
}

TEST_F(GatekeeperTest, TheCookieOfALoginLetsThrough) {
  Make(/*token=*/true);
  const HttpReply reply = gatekeeper_->Answer(LoginWith("token=secret"), kNow);
  const std::string cookie = HeaderOf(reply, "Set-Cookie");
  EXPECT_TRUE(cookie.starts_with("squall-8089=")) << cookie;
  EXPECT_TRUE(cookie.ends_with("; Path=/; Max-Age=86400; HttpOnly; SameSite=Strict")) << cookie;
  EXPECT_EQ(cookie.find("secret"), cookie.npos);
  EXPECT_EQ(Judge(Get("/api/v1/runs", "cookie", "x=1; " + CookieOf(reply))), 0);
  EXPECT_EQ(Judge(Get("/api/v1/runs", "cookie", CookieOf(reply) + "0")), 401);
  HttpRequest foreign = Get("/api/v1/runs", "cookie", CookieOf(reply));
  foreign.method = "POST";
  foreign.headers["origin"] = "http://evil.test";
  EXPECT_EQ(Judge(foreign), 403);
}

TEST_F(GatekeeperTest, TheCookieIsBoundToTlsWhereThereIsTls) {
  Make(/*token=*/true, "", /*tls=*/true);
  const std::string cookie =
      HeaderOf(gatekeeper_->Answer(LoginWith("token=secret"), kNow), "Set-Cookie");
  EXPECT_TRUE(cookie.starts_with("__Host-squall-8089=")) << cookie;
  EXPECT_TRUE(cookie.ends_with("; Secure")) << cookie;
}

TEST_F(GatekeeperTest, ALogoutEndsTheSession) {
  Make(/*token=*/true);
  const std::string cookie = CookieOf(gatekeeper_->Answer(LoginWith("token=secret"), kNow));
  HttpRequest logout = Get("/logout", "cookie", cookie);
  logout.method = "POST";
  ASSERT_TRUE(Gatekeeper::IsOurs(logout));
  EXPECT_NE(HeaderOf(gatekeeper_->Answer(logout, kNow), "Set-Cookie").find("Max-Age=0"),
            std::string::npos);
  EXPECT_EQ(Judge(Get("/api/v1/runs", "cookie", cookie)), 401);
}

TEST_F(GatekeeperTest, AnotherTokenEndsTheSessionsOfTheOldOne) {
  const std::string path = testing::TempDir() + "/squall_gatekeeper_token";
  std::ofstream(path) << "secret\n";
  guard_ = *TokenGuard::FromFile(path);
  Make(/*token=*/true);
  const std::string cookie = CookieOf(gatekeeper_->Answer(LoginWith("token=secret"), kNow));
  EXPECT_EQ(Judge(Get("/", "cookie", cookie)), 0);
  std::filesystem::remove(path);  // another file: seen whatever its time
  std::ofstream(path + ".new") << "newer\n";
  std::filesystem::rename(path + ".new", path);
  EXPECT_EQ(Judge(Get("/", "cookie", cookie)), 401);
}

TEST_F(GatekeeperTest, AWrongLoginIsToldSo) {
  Make(/*token=*/true);
  const HttpReply page = gatekeeper_->Answer(LoginWith("token=wrong&next=/runs"), kNow);
  EXPECT_EQ(HeaderOf(page, "Location"), "/login?failed=1&next=/runs");
  EXPECT_EQ(HeaderOf(page, "Set-Cookie"), "");
  HttpRequest program = LoginWith("token=wrong");
  program.headers.erase("accept");
  EXPECT_EQ(gatekeeper_->Answer(program, kNow).status, 401);
  program.headers["content-type"] = "text/plain";
  EXPECT_EQ(gatekeeper_->Answer(program, kNow).status, 415);
}

TEST_F(GatekeeperTest, NobodyIsLoggedInByAnEmptyForm) {
  Make(/*token=*/true, "user");
  for (const char* form : {"", "token=", "user=user", "user=user&password=", "token=%20"}) {
    EXPECT_EQ(HeaderOf(gatekeeper_->Answer(LoginWith(form), kNow), "Set-Cookie"), "") << form;
  }
  EXPECT_NE(HeaderOf(gatekeeper_->Answer(LoginWith("user=user&password=pass"), kNow), "Set-Cookie"),
            "");
}

TEST_F(GatekeeperTest, ALoginNeverLeadsElsewhere) {
  Make(/*token=*/true);
  const HttpReply reply = gatekeeper_->Answer(LoginWith("token=secret&next=//evil.test/x"), kNow);
  EXPECT_EQ(HeaderOf(reply, "Location"), "/");
}

TEST_F(GatekeeperTest, BasicAuthAloneIsAskedForByTheBrowserItself) {
  Make(/*token=*/false, "user");
  const auto reply = gatekeeper_->Judge(Get("/", "accept", kPage), kNow);
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 401);
  EXPECT_EQ(HeaderOf(*reply, "WWW-Authenticate"), R"(Basic realm="squall", charset="UTF-8")");
  EXPECT_EQ(Judge(Get("/", "authorization", BasicAuthorization("user", "pass"))), 0);
  EXPECT_EQ(Judge(Get("/", "authorization", BasicAuthorization("user", "pas"))), 401);
  EXPECT_EQ(Judge(Get("/", "authorization", "Bearer secret")), 401);
}

TEST_F(GatekeeperTest, WhoGuessesTooOftenMustWait) {
  Make(/*token=*/true);
  const std::string cookie = CookieOf(gatekeeper_->Answer(LoginWith("token=secret"), kNow));
  for (int i = 0; i < LoginThrottle::kFreeFailures; ++i) {
    EXPECT_EQ(Judge(Get("/", "authorization", fmt::format("Bearer {}", i))), 401);
  }
  const auto reply = gatekeeper_->Judge(Get("/", "authorization", "Bearer secret"), kNow);
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 429);
  EXPECT_EQ(HeaderOf(*reply, "Retry-After"), "3");
  EXPECT_EQ(HeaderOf(gatekeeper_->Answer(LoginWith("token=secret"), kNow), "Location"),
            "/login?wait=3&next=/");
  EXPECT_EQ(Judge(Get("/", "cookie", cookie)), 0);  // who is logged in is not shut out
  EXPECT_EQ(
      gatekeeper_->Judge(Get("/", "authorization", "Bearer secret"), kNow + LoginThrottle::kRefill)
          .has_value(),
      false);
}

TEST_F(GatekeeperTest, ALongTokenIsNoGuess) {
  const std::string token = "0123456789abcdef0123";
  guard_ = *TokenGuard::FromToken(token);
  Make(/*token=*/true);
  for (int i = 0; i < LoginThrottle::kFreeFailures; ++i) {
    EXPECT_EQ(Judge(Get("/", "authorization", fmt::format("Bearer {}", i))), 401);
  }
  EXPECT_EQ(Judge(Get("/", "authorization", "Bearer wrong")), 429);
  EXPECT_EQ(Judge(Get("/", "authorization", "Bearer " + token)), 0);
}

TEST_F(GatekeeperTest, StrangersSendLittle) {
  Make(/*token=*/true);
  HttpRequest login = LoginWith("token=secret");
  login.headers["content-length"] = "12";
  EXPECT_EQ(Judge(login), 0);
  login.headers["content-length"] = "4000000";
  EXPECT_EQ(Judge(login), 413);
  login.headers["content-length"] = "99999999999999999999";
  EXPECT_EQ(Judge(login), 413);
  login.headers.erase("content-length");
  login.headers["transfer-encoding"] = "chunked";
  EXPECT_EQ(Judge(login), 413);
  login.headers["authorization"] = "Bearer secret";
  EXPECT_EQ(Judge(login), 0);
  HttpRequest icon = Get("/icon.svg");
  EXPECT_EQ(Judge(icon), 0);
  icon.method = "POST";
  EXPECT_EQ(Judge(icon), 401);
}

TEST_F(GatekeeperTest, WhoShowsNoCredentialDoesNotGuess) {
  Make(/*token=*/true);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(Judge(Get("/")), 401);
  }
}

}  // namespace
}  // namespace squall
