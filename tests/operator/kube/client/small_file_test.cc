#include "operator/kube/client/small_file.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/temp_directory.h"

namespace squall {
namespace {

TEST(SmallFileTest, ReadsTheWholeText) {
  const TempDirectory directory;
  const std::string path = directory.path() / "f";
  const std::string text(10'000, 'x');
  std::ofstream(path) << text;
  EXPECT_EQ(*ReadSmallFile(path), text);
}

TEST(SmallFileTest, SaysWhatIsWrong) {
  const TempDirectory directory;
  const std::string path = directory.path() / "f";
  EXPECT_EQ(std::string(ReadSmallFile(path).status().message()),
            "file '" + path + "' must be readable: No such file or directory");
  EXPECT_EQ(ReadSmallFile(path).status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(ReadSmallFile(directory.path()).ok());
  std::ofstream(path) << "";
  std::filesystem::resize_file(path, (size_t{1} << 20) + 1);
  EXPECT_EQ(ReadSmallFile(path).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace squall
