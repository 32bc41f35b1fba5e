#include "daemon/store/store_file.h"

#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/temp_directory.h"

namespace squall {
namespace {

using absl::StatusCode;

class StoreFileTest : public testing::Test {
 protected:
  static mode_t ModeOf(const std::filesystem::path& path) {
    struct stat facts = {};
    EXPECT_EQ(::stat(path.c_str(), &facts), 0) << path;
    return facts.st_mode & 0777;
  }

  // The temporary directory itself may be behind a symbolic link.
  const TempDirectory directory_;
  const std::filesystem::path root_ = std::filesystem::canonical(directory_.path());
};

TEST_F(StoreFileTest, NewFileAndItsDirectoriesBelongToTheirOwnerOnly) {
  const absl::StatusOr<std::unique_ptr<StoreFile>> file =
      StoreFile::Claim(root_ / "var" / "squall" / "runs.db");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ((*file)->path(), root_ / "var" / "squall" / "runs.db");
  EXPECT_EQ(ModeOf(root_ / "var"), 0700U);
  EXPECT_EQ(ModeOf(root_ / "var" / "squall"), 0700U);
  EXPECT_EQ(ModeOf((*file)->path()), 0600U);
  EXPECT_EQ(ModeOf((*file)->path() + ".lock"), 0600U);
}

TEST_F(StoreFileTest, FileThatIsThereKeepsItsBytesAndItsMode) {
  const std::filesystem::path path = root_ / "runs.db";
  std::ofstream(path) << "bytes";
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  ASSERT_TRUE(StoreFile::Claim(path).ok());
  EXPECT_EQ(std::filesystem::file_size(path), 5U);
  EXPECT_EQ(ModeOf(path), 0640U);
}

TEST_F(StoreFileTest, SecondClaimIsRefusedAndNamesTheHolder) {
  const std::string path = root_ / "runs.db";
  absl::StatusOr<std::unique_ptr<StoreFile>> first = StoreFile::Claim(path);
  ASSERT_TRUE(first.ok()) << first.status();
  const absl::Status second = StoreFile::Claim(path).status();
  EXPECT_EQ(second.code(), StatusCode::kUnavailable);
  EXPECT_EQ(second.message(),
            fmt::format("run store '{}' must have one coordinator, and process {} has it open: "
                        "stop that one, or name another file",
                        path, ::getpid()));
  first->reset();
  EXPECT_TRUE(StoreFile::Claim(path).ok());
}

TEST_F(StoreFileTest, AnotherNameOfTheFileIsNoWayAroundTheLock) {
  const std::filesystem::path path = root_ / "runs.db";
  const absl::StatusOr<std::unique_ptr<StoreFile>> first = StoreFile::Claim(path);
  ASSERT_TRUE(first.ok()) << first.status();
  std::filesystem::create_symlink(path, root_ / "link.db");
  EXPECT_EQ(StoreFile::Claim(root_ / "link.db").status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(StoreFile::Claim(root_ / "." / "runs.db").status().code(), StatusCode::kUnavailable);
}

struct BadPathCase {
  const char* shows;
  std::filesystem::path path;
  const char* reason;
};

TEST_F(StoreFileTest, PathThatCannotBeAFileIsUnavailableAndNamesIt) {
  std::ofstream(root_ / "file") << "x";
  std::filesystem::create_directory(root_ / "directory");
  ASSERT_EQ(::mkfifo((root_ / "pipe").c_str(), 0600), 0);
  const BadPathCase cases[] = {
      {"a directory", root_ / "directory", "Is a directory"},
      {"a file as the directory", root_ / "file" / "runs.db", "Not a directory"},
      {"a file further up", root_ / "file" / "squall" / "runs.db", "Not a directory"},
      {"a pipe", root_ / "pipe", "Not a regular file"},
      {"a name that is too long", root_ / std::string(300, 'n'), "File name too long"},
  };
  for (const BadPathCase& each : cases) {
    const absl::Status status = StoreFile::Claim(each.path).status();
    EXPECT_EQ(status.code(), StatusCode::kUnavailable) << each.shows;
    const std::string message(status.message());
    EXPECT_NE(message.find("must be a writable file: " + std::string(each.reason)),
              std::string::npos)
        << each.shows << ": " << message;
    EXPECT_NE(message.find(root_.string()), std::string::npos) << each.shows << ": " << message;
  }
}

}  // namespace
}  // namespace squall
