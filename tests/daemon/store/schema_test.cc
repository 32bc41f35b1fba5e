#include "daemon/store/schema.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/daemon/store/store_fixture.h"
#include "tests/support/temp_directory.h"

namespace squall {
namespace {

using absl::StatusCode;

class SchemaTest : public testing::Test {
 protected:
  std::unique_ptr<SqlDatabase> Open() const {
    absl::StatusOr<std::unique_ptr<SqlDatabase>> database =
        SqlDatabase::Open(path_, std::chrono::seconds(0));
    EXPECT_TRUE(database.ok()) << database.status();
    return *std::move(database);
  }

  const TempDirectory directory_;
  const std::string path_ = directory_.path() / "runs.db";
};

TEST_F(SchemaTest, NewFileGetsTheTablesAndTheNewestVersion) {
  const std::unique_ptr<SqlDatabase> database = Open();
  ASSERT_TRUE(PrepareSchema(database.get()).ok());
  EXPECT_EQ(Count(database.get(), "PRAGMA user_version"), 1);
  EXPECT_EQ(Count(database.get(),
                  "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' "
                  "AND name NOT LIKE 'sqlite%'"),
            7);
}

TEST_F(SchemaTest, PreparedFileStaysAsItIs) {
  {
    const std::unique_ptr<SqlDatabase> database = Open();
    ASSERT_TRUE(PrepareSchema(database.get()).ok());
    PutRun(database.get(), MakeRun("r"));
  }
  const std::unique_ptr<SqlDatabase> database = Open();
  ASSERT_TRUE(PrepareSchema(database.get()).ok());
  EXPECT_EQ(Count(database.get(), "SELECT COUNT(*) FROM runs"), 1);
}

TEST_F(SchemaTest, ConnectionIsSetUpForCrashesAndCascades) {
  const std::unique_ptr<SqlDatabase> database = Open();
  ASSERT_TRUE(PrepareSchema(database.get()).ok());
  EXPECT_EQ(Count(database.get(), "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
  EXPECT_EQ(Count(database.get(), "PRAGMA synchronous"), 1);  // NORMAL
  EXPECT_EQ(Count(database.get(), "PRAGMA foreign_keys"), 1);
  EXPECT_EQ(Count(database.get(), "PRAGMA auto_vacuum"), 2);  // INCREMENTAL
}

TEST_F(SchemaTest, FileOfANewerSquallIsRefusedAndNotTouched) {
  {
    const std::unique_ptr<SqlDatabase> database = Open();
    ASSERT_TRUE(PrepareSchema(database.get()).ok());
    ASSERT_TRUE(database->Execute("PRAGMA user_version = 7").ok());
  }
  const std::unique_ptr<SqlDatabase> database = Open();
  const absl::Status status = PrepareSchema(database.get());
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "run store '" + path_ +
                                  "' has format 7, and this squall reads formats up to 1: use "
                                  "the newer squall that wrote it, or name another file");
  EXPECT_EQ(Count(database.get(), "PRAGMA user_version"), 7);
}

TEST_F(SchemaTest, DatabaseOfAnotherProgramIsRefused) {
  const std::unique_ptr<SqlDatabase> database = Open();
  ASSERT_TRUE(database->Execute("CREATE TABLE bookmarks (url TEXT)").ok());
  const absl::Status status = PrepareSchema(database.get());
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            "run store '" + path_ + "' must not be another program's database: name another file");
  EXPECT_EQ(Count(database.get(), "SELECT COUNT(*) FROM sqlite_schema"), 1);
}

TEST_F(SchemaTest, FileThatIsNoDatabaseIsDataLoss) {
  std::ofstream(path_) << std::string(4096, 'n');
  const std::unique_ptr<SqlDatabase> database = Open();
  EXPECT_EQ(PrepareSchema(database.get()).code(), StatusCode::kDataLoss);
}

TEST_F(SchemaTest, DamagedDatabaseIsDataLossWhenItIsRead) {
  {
    const std::unique_ptr<SqlDatabase> database = Open();
    ASSERT_TRUE(PrepareSchema(database.get()).ok());
  }
  // The header stays; the page with the list of tables does not.
  std::fstream(path_, std::ios::in | std::ios::out | std::ios::binary).seekp(100)
      << std::string(3000, '\xEE');
  const std::unique_ptr<SqlDatabase> database = Open();
  const absl::Status status = PrepareSchema(database.get());
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_NE(status.message().find("is damaged; move it away"), std::string::npos) << status;
}

}  // namespace
}  // namespace squall
