#include "daemon/gateway/web_site.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/daemon/gateway/fake_run_host.h"
#include "web/bundle.h"

namespace squall {
namespace {

HttpRequest Login(std::vector<std::pair<std::string, std::string>> query) {
  HttpRequest request = WebRequest("GET", "/login");
  request.query = std::move(query);
  return request;
}

TEST(WebSiteTest, ServesThePageAndWhatItNeeds) {
  const WebSite site(false, false);
  const auto index = site.Find(WebRequest("GET", "/"));
  ASSERT_TRUE(index.has_value());
  EXPECT_EQ(BodyOf(*index), TheWebBundle().index_html);
  EXPECT_EQ(index->content_type, "text/html");
  const auto script =
      site.Find(WebRequest("GET", fmt::format("/assets/app-{}.js", TheWebBundle().js_hash)));
  ASSERT_TRUE(script.has_value());
  EXPECT_EQ(BodyOf(*script), TheWebBundle().app_js);
  EXPECT_EQ(HeaderOf(*script, "Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_TRUE(site.Find(WebRequest("GET", "/icon.svg")).has_value());
  EXPECT_FALSE(site.Find(WebRequest("GET", "/assets/app-old.js")).has_value());
  EXPECT_FALSE(site.Find(WebRequest("GET", "/other")).has_value());
}

TEST(WebSiteTest, TheLoginAsksForWhatThereIs) {
  const std::string token = BodyOf(*WebSite(true, false).Find(Login({})));
  EXPECT_NE(token.find("name=\"token\""), std::string::npos);
  EXPECT_EQ(token.find("name=\"password\""), std::string::npos);
  const std::string password = BodyOf(*WebSite(false, true).Find(Login({})));
  EXPECT_EQ(password.find("name=\"token\""), std::string::npos);
  EXPECT_NE(password.find("name=\"user\""), std::string::npos);
  EXPECT_EQ(WebSite(false, false).Find(Login({}))->status, 303);
}

TEST(WebSiteTest, TheLoginHasNoScriptAndNoStyleInside) {
  const std::string page = BodyOf(*WebSite(true, true).Find(Login({{"failed", "1"}})));
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("<style"), std::string::npos);
  EXPECT_EQ(page.find("style="), std::string::npos);
  EXPECT_NE(page.find("try again"), std::string::npos);
}

TEST(WebSiteTest, WhereToGoNextCannotForgeThePage) {
  const WebSite site(true, false);
  const std::string good = BodyOf(*site.Find(Login({{"next", "/runs/a?b=\"c\"&d"}})));
  EXPECT_EQ(good.find("\"c\""), std::string::npos);
  const std::string bad = BodyOf(*site.Find(Login({{"next", "https://evil.test/"}})));
  EXPECT_EQ(bad.find("evil"), std::string::npos);
  EXPECT_NE(bad.find("name=\"next\" value=\"/\""), std::string::npos);
}

TEST(WebSiteTest, SaysHowLongToWait) {
  const WebSite site(true, false);
  EXPECT_NE(BodyOf(*site.Find(Login({{"wait", "30"}}))).find("in 30 seconds"), std::string::npos);
  EXPECT_EQ(BodyOf(*site.Find(Login({{"wait", "<b>"}}))).find("<b>"), std::string::npos);
}

}  // namespace
}  // namespace squall
