#include "daemon/programs/plan_files.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_directory.h"

namespace squall {
namespace {

using testing::HasSubstr;

constexpr const char* kPlan = R"(name: files
service: {base_url: "http://${TARGET:-example.org}"}
load_profile: {users: 1}
users:
  - name: User
    tasks:
      - name: task
        steps:
          - get: /
)";

class PlanFilesTest : public testing::Test {
 protected:
  std::string Write(const std::string& name, std::string_view text) {
    const std::string path = directory_.path() / name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  absl::StatusOr<Plan> Load(const PlanArguments& arguments,
                            const std::map<std::string, std::string>& environment = {}) {
    return LoadPlan(arguments, environment, &warnings_);
  }

  const TempDirectory directory_;
  std::vector<std::string> warnings_;
};

TEST_F(PlanFilesTest, LaterFilesAndSetsWinAndTheEnvironmentFillsIn) {
  const std::string base = Write("base.yaml", kPlan);
  const std::string over = Write("over.yaml", "load_profile: {users: 7}\n");
  const auto plan = Load({{base, over}, {"name=overridden"}}, {{"TARGET", "elsewhere.org"}});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->name, "overridden");
  EXPECT_EQ(plan->service.base_url, "http://elsewhere.org");
  EXPECT_EQ(std::get<ConstantLoad>(plan->load_profile.load).users, 7U);
}

TEST_F(PlanFilesTest, EveryMistakeHasALineWithItsPlace) {
  const std::string path = Write("bad.yaml", "nmae: x\nload_profile: {users: ten}\n");
  const absl::Status status = Load({{path}, {}}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const std::string message(status.message());
  EXPECT_THAT(message, HasSubstr(path + ":1:1: "));
  EXPECT_THAT(message, HasSubstr("\n" + path + ":2:"));
}

TEST_F(PlanFilesTest, AMissingFileIsNamed) {
  const std::string path = directory_.path() / "missing.yaml";
  const absl::Status status = Load({{path}, {}}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(std::string(status.message()), path + ": No such file or directory");
}

TEST_F(PlanFilesTest, ReadsAFileToItsLimitAndNotBeyond) {
  const std::string path = Write("text", std::string("a\0\r\nb", 5));
  const auto text = ReadTextFile(path, 5);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, std::string("a\0\r\nb", 5));
  EXPECT_EQ(ReadTextFile(path, 4).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(PlanFilesTest, AnEndlessFileIsCutOff) {
  const absl::Status status = ReadTextFile("/dev/zero", 1 << 20).status();
  EXPECT_EQ(std::string(status.message()), "/dev/zero: must be at most 1 MiB");
}

TEST_F(PlanFilesTest, AFolderIsNoFile) {
  const absl::Status status = ReadTextFile(directory_.path(), 5).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("it is a folder"));
}

}  // namespace
}  // namespace squall
