#include "daemon/script/script_files.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace squall {
namespace {

namespace fs = std::filesystem;

void Write(const fs::path& path, const std::string& content) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << content;
}

// A directory that goes with the test.
class ScriptFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "squall-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { fs::remove_all(root_); }

  std::vector<std::string> Gather(const std::vector<std::string>& mains,
                                  const ScriptFileLimits& limits = {}) {
    const absl::StatusOr<Script> script = GatherScript(mains, limits, &left_out_);
    EXPECT_TRUE(script.ok()) << script.status();
    std::vector<std::string> paths;
    for (const Script::File& file : script->files) {
      paths.push_back(file.path);
    }
    return paths;
  }

  fs::path root_;
  std::vector<std::string> left_out_;
};

TEST_F(ScriptFilesTest, WhatLiesBesideALocustfileGoesWithItButForWhatIsHiddenOrGenerated) {
  for (const char* path : {"locustfile.py", "lib/shop.py", "data/users.csv", ".git/config",
                           "__pycache__/x.pyc", "venv/lib/big.py", "node_modules/a.js"}) {
    Write(root_ / path, "x");
  }
  fs::create_symlink("/etc/passwd", root_ / "passwd.txt");
  EXPECT_EQ(Gather({(root_ / "locustfile.py").string()}),
            (std::vector<std::string>{"lib/shop.py", "locustfile.py", "data/users.csv"}));
  EXPECT_TRUE(left_out_.empty());
}

TEST_F(ScriptFilesTest, TwoLocustfilesShareTheDirectoryThatHoldsBoth) {
  Write(root_ / "a/one.py", "1");
  Write(root_ / "b/two.py", "2");
  const auto script =
      GatherScript({(root_ / "a/one.py").string(), (root_ / "b/two.py").string()}, {}, &left_out_);
  ASSERT_TRUE(script.ok()) << script.status();
  EXPECT_EQ(script->locustfiles, (std::vector<std::string>{"a/one.py", "b/two.py"}));
}

TEST_F(ScriptFilesTest, DataThatIsTooLargeIsLeftOutByNameAndCodeIsRefused) {
  Write(root_ / "locustfile.py", "12345");
  Write(root_ / "large.bin", std::string(20, 'x'));
  Write(root_ / "small.bin", "123");
  Write(root_ / "tail.bin", "12345");
  EXPECT_EQ(
      Gather({(root_ / "locustfile.py").string()}, {.data_file_bytes_max = 10, .bytes_max = 10}),
      (std::vector<std::string>{"locustfile.py", "small.bin"}));
  EXPECT_EQ(left_out_, (std::vector<std::string>{"tail.bin", "large.bin"}));
  EXPECT_FALSE(
      GatherScript({(root_ / "locustfile.py").string()}, {.bytes_max = 4}, &left_out_).ok());
}

TEST_F(ScriptFilesTest, AMissingLocustfileIsNamed) {
  const auto script = GatherScript({(root_ / "none.py").string()}, {}, &left_out_);
  EXPECT_EQ(script.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ScriptFilesTest, TheDirectoryHasTheFilesAndGoesWithTheObject) {
  const Script script{.files = {{.path = "lib/a.py", .content = std::string("x\0y", 3)}}};
  fs::path path;
  {
    const auto directory = ScriptDirectory::Make(script);
    ASSERT_TRUE(directory.ok()) << directory.status();
    path = (*directory)->path();
    EXPECT_EQ(fs::file_size(path / "lib/a.py"), 3u);
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(ScriptFilesTest, AFileThatLeadsOutOfTheDirectoryIsRefused) {
  for (const std::string path : {"../x.py", "/tmp/x.py", "a/../../x.py", ""}) {
    EXPECT_EQ(ScriptDirectory::Make({.files = {{.path = path}}}).status().code(),
              absl::StatusCode::kInvalidArgument)
        << path;
  }
}

}  // namespace
}  // namespace squall
