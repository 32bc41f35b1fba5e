#include "daemon/trace/request_span.h"

#include <string>

#include <gtest/gtest.h>

namespace squall {
namespace {

std::string Assigned(std::string_view target) {
  FixedText<256> text;
  AssignTarget(target, &text);
  return std::string(text.view());
}

TEST(FixedTextTest, KeepsWhatFits) {
  FixedText<4> text;
  EXPECT_EQ(text.view(), "");
  text.assign("abcdef");
  EXPECT_EQ(text.view(), "abcd");
  text.append("x");
  EXPECT_EQ(text.view(), "abcd");
  text.assign("a");
  text.append("bc");
  EXPECT_EQ(text.view(), "abc");
}

TEST(AssignTargetTest, HidesTheValuesOfSecretParameters) {
  const std::pair<const char*, const char*> rows[] = {
      {"/products", "/products"},
      {"/p?page=2&sort=name", "/p?page=2&sort=name"},
      {"/p?token=abc&page=2", "/p?token=REDACTED&page=2"},
      {"/p?page=2&X-Goog-Signature=abc", "/p?page=2&X-Goog-Signature=REDACTED"},
      {"/p?AWSAccessKeyId=abc&Signature=d", "/p?AWSAccessKeyId=REDACTED&Signature=REDACTED"},
      {"/p?sig=1&signal=2", "/p?sig=REDACTED&signal=2"},
      {"/p?PassWord=", "/p?PassWord=REDACTED"},
      {"/p?flag&key=1", "/p?flag&key=REDACTED"},
      {"/p?subscription-key=1&app_Key=2", "/p?subscription-key=REDACTED&app_Key=REDACTED"},
      {"/p?pwd=1&PASS=2&db_pwd=3", "/p?pwd=REDACTED&PASS=REDACTED&db_pwd=REDACTED"},
      {"/p?monkey=1&compass=2&key-colour=3", "/p?monkey=1&compass=2&key-colour=3"},
      {"/p?", "/p?"},
      {"/p?a=b=c&&d", "/p?a=b=c&&d"},
  };
  for (const auto& [target, shown] : rows) {
    EXPECT_EQ(Assigned(target), shown);
  }
}

TEST(AssignTargetTest, CutsWhatIsTooLong) {
  EXPECT_EQ(Assigned("/" + std::string(1000, 'a') + "?token=x"), "/" + std::string(255, 'a'));
}

}  // namespace
}  // namespace squall
