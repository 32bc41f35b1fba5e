// Golden files: outputs that people or programs read are compared with files below tests/golden/.
// SQUALL_UPDATE_GOLDEN=1 rewrites the files instead; the diff is then reviewed like code.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace squall {

// `name` is relative to tests/golden/, for example "report/final.txt".
inline void ExpectGolden(const std::string& name, std::string_view actual) {
  const std::filesystem::path path =
      std::filesystem::path(SQUALL_SOURCE_DIR) / "tests" / "golden" / name;
  // tidy-allow(getenv): a test has no main() of its own to hand the wish down
  const char* update = std::getenv("SQUALL_UPDATE_GOLDEN");
  if (update != nullptr && std::string_view(update) == "1") {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary | std::ios::trunc) << actual;
    return;
  }
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file) << path << " must exist; run the test with SQUALL_UPDATE_GOLDEN=1 to make it";
  std::ostringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(expected.str(), actual) << path << " differs; SQUALL_UPDATE_GOLDEN=1 rewrites it";
}

}  // namespace squall
