#include "daemon/agent/plan_file.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/temp_directory.h"

namespace squall {
namespace {

class PlanFileTest : public testing::Test {
 protected:
  PlanFileTest() {
    std::filesystem::create_directory(root());
    Write(root() / "plan.yaml", "users: []");
    Write(directory_.path() / "secret", "hush");
  }
  std::filesystem::path root() const { return directory_.path() / "plans"; }
  static void Write(const std::filesystem::path& path, const std::string& text) {
    std::ofstream(path) << text;
  }
  absl::StatusOr<std::string> Read(const std::string& path) const {
    return ReadPlanFile(root(), path);
  }

  const TempDirectory directory_;
};

TEST_F(PlanFileTest, GivesOutWhatIsInTheDirectoryAndBelow) {
  std::filesystem::create_directory(root() / "data");
  Write(root() / "data/users.csv", "name\n");
  EXPECT_EQ(*Read("plan.yaml"), "users: []");
  EXPECT_EQ(*Read("data/../data/users.csv"), "name\n");
}

TEST_F(PlanFileTest, FollowsLinksThatStayInside) {
  // As the kubelet lays out volumes.
  std::filesystem::create_directory(root() / "..2026");
  Write(root() / "..2026/linked.yaml", "linked");
  std::filesystem::create_directory_symlink("..2026", root() / "..data");
  std::filesystem::create_symlink("..data/linked.yaml", root() / "linked.yaml");
  EXPECT_EQ(*Read("linked.yaml"), "linked");
}

TEST_F(PlanFileTest, NothingElseLeavesTheMachine) {
  std::filesystem::create_symlink(directory_.path() / "secret", root() / "link");
  for (const std::string& path : {std::string("../secret"), (directory_.path() / "secret").string(),
                                  std::string("link"), std::string("."), std::string("")}) {
    EXPECT_EQ(Read(path).status().code(), absl::StatusCode::kInvalidArgument) << path;
  }
  EXPECT_EQ(Read("missing").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(PlanFileTest, AFileThatIsTooLargeIsRefused) {
  Write(root() / "large", std::string((size_t{4} << 20) + 1, 'x'));
  EXPECT_EQ(Read("large").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(PlanFileTest, WithoutADirectoryThereIsNothing) {
  EXPECT_EQ(ReadPlanFile("", "plan.yaml").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReadPlanFile(directory_.path() / "none", "plan.yaml").status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace squall
