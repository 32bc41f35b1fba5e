#include "web/bundle.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(WebBundleTest, ThePageRefersToItsScriptAndStyleSheetByTheirHashes) {
  const WebBundle& bundle = TheWebBundle();
  const std::string page(bundle.index_html);
  EXPECT_NE(page.find(fmt::format("\"/assets/app-{}.js\"", bundle.js_hash)), std::string::npos);
  EXPECT_NE(page.find(fmt::format("\"/assets/app-{}.css\"", bundle.css_hash)), std::string::npos);
  EXPECT_NE(page.find("\"/icon.svg\""), std::string::npos);
}

TEST(WebBundleTest, HasEveryPart) {
  const WebBundle& bundle = TheWebBundle();
  EXPECT_TRUE(bundle.index_html.starts_with("<!doctype html>"));
  EXPECT_FALSE(bundle.app_js.empty());
  EXPECT_FALSE(bundle.app_css.empty());
  EXPECT_TRUE(bundle.icon_svg.starts_with("<svg"));
}

TEST(WebBundleTest, ScriptAndStyleSheetCanBePutIntoAnHtmlFileAsTheyAre) {
  const WebBundle& bundle = TheWebBundle();
  EXPECT_EQ(bundle.app_js.find("</script"), std::string_view::npos);
  EXPECT_EQ(bundle.app_js.find("<!--"), std::string_view::npos);
  EXPECT_EQ(bundle.app_css.find("</style"), std::string_view::npos);
}

}  // namespace
}  // namespace squall
