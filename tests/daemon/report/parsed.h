// JSON that the tests of this room read back.
#pragma once

#include <string>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace squall {

// A failed expectation and null when it is no JSON.
inline boost::json::value Parsed(const std::string& text) {
  boost::json::error_code error;
  boost::json::value parsed = boost::json::parse(text, error);
  EXPECT_FALSE(error) << error.message();
  return parsed;
}

}  // namespace squall
