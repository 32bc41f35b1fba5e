// EXPECT_TRUE(Mentions(text, part)): shows both when it fails.
#pragma once

#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <gtest/gtest.h>

namespace squall {

inline testing::AssertionResult Mentions(std::string_view text, std::string_view part) {
  if (text.find(part) != std::string_view::npos) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << "'" << text << "' does not mention '" << part << "'";
}

inline testing::AssertionResult Mentions(const absl::Status& status, std::string_view part) {
  return Mentions(std::string(status.message()), part);
}

}  // namespace squall
