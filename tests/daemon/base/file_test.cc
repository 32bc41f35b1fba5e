#include "daemon/base/file.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/temp_directory.h"

namespace squall {
namespace {

class FileTest : public testing::Test {
 protected:
  static std::string ReadAll(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  const TempDirectory directory_;
};

TEST_F(FileTest, ReplacesTheTextAndLeavesNothingElseBehind) {
  const std::string path = directory_.path() / "report.json";
  ASSERT_TRUE(WriteFileAtomically(path, "a longer first text").ok());
  ASSERT_TRUE(WriteFileAtomically(path, "second").ok());
  EXPECT_EQ(ReadAll(path), "second");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_.path()), {}), 1);
}

TEST_F(FileTest, FollowsASymbolicLinkInsteadOfReplacingIt) {
  const std::filesystem::path real = directory_.path() / "real.txt";
  const std::filesystem::path link = directory_.path() / "link.txt";
  ASSERT_TRUE(WriteFileAtomically(real, "old").ok());
  std::filesystem::create_symlink(real, link);
  ASSERT_TRUE(WriteFileAtomically(link, "new").ok());
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(ReadAll(real), "new");
}

TEST_F(FileTest, DeviceIsWrittenToAndNotReplaced) {
  ASSERT_TRUE(WriteFileAtomically("/dev/null", "text").ok());
  struct stat facts = {};
  ASSERT_EQ(::stat("/dev/null", &facts), 0);
  EXPECT_TRUE(S_ISCHR(facts.st_mode));
}

TEST_F(FileTest, FullDiskIsAnErrorThatNamesThePath) {
  const absl::Status status = WriteFileAtomically("/dev/full", "text");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "write '/dev/full': No space left on device");
}

TEST_F(FileTest, MissingDirectoryIsAnErrorThatNamesThePath) {
  const absl::Status status = WriteFileAtomically(directory_.path() / "missing" / "a.csv", "text");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("missing/a.csv"), std::string::npos);
}

TEST_F(FileTest, DirectoryIsNotAFile) {
  EXPECT_FALSE(WriteFileAtomically(directory_.path(), "text").ok());
}

TEST_F(FileTest, AppendedTextIsReadableAtOnceAndCreateStartsAnew) {
  const std::string path = directory_.path() / "history.csv";
  {
    auto file = AppendFile::Create(path);
    ASSERT_TRUE(file.ok()) << file.status();
    ASSERT_TRUE(file->Append("one\n").ok());
    EXPECT_EQ(ReadAll(path), "one\n");
    ASSERT_TRUE(file->Append("two\n").ok());
    EXPECT_EQ(ReadAll(path), "one\ntwo\n");
  }
  ASSERT_TRUE(AppendFile::Create(path).ok());
  EXPECT_EQ(ReadAll(path), "");
}

TEST_F(FileTest, AFlagWhoseFileCannotBeWrittenIsNamed) {
  const absl::Status status = WriteFlagFile("--port-file", "/nowhere/at/all", "1\n");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message().find("--port-file must be a writable file: create "), 0U);
}

}  // namespace
}  // namespace squall
