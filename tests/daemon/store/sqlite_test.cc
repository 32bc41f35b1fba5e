#include "daemon/store/sqlite.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "daemon/base/status_macros.h"
#include "tests/daemon/store/store_fixture.h"
#include "tests/support/temp_directory.h"

namespace squall {
namespace {

using absl::StatusCode;

constexpr Nanos kNoWait{0};

class SqliteTest : public testing::Test {
 protected:
  SqliteTest() : database_(Open("test.db")) {
    EXPECT_TRUE(database_->Execute("CREATE TABLE t (id INTEGER UNIQUE, value BLOB)").ok());
  }

  std::unique_ptr<SqlDatabase> Open(const char* name) const {
    absl::StatusOr<std::unique_ptr<SqlDatabase>> database =
        SqlDatabase::Open(directory_.path() / name, kNoWait);
    EXPECT_TRUE(database.ok()) << database.status();
    return *std::move(database);
  }

  absl::Status Insert(int64_t id, std::string_view value) {
    return SqlStatement(database_.get(), "INSERT INTO t VALUES (?, ?)")
        .BindInteger(id)
        .BindBlob(value)
        .Run();
  }

  const TempDirectory directory_;
  const std::unique_ptr<SqlDatabase> database_;
};

TEST_F(SqliteTest, BytesComeBackAsTheyWere) {
  const std::string bytes("a\0\xFF\"';--", 8);
  ASSERT_TRUE(Insert(1, bytes).ok());
  SqlStatement read(database_.get(), "SELECT value, id FROM t");
  ASSERT_EQ(read.Next().value(), true);
  EXPECT_EQ(read.Bytes(0), bytes);
  EXPECT_EQ(read.Integer(1), 1);
  EXPECT_EQ(read.Next().value(), false);
}

TEST_F(SqliteTest, EmptyBytesAreNotNull) {
  ASSERT_TRUE(Insert(1, std::string_view()).ok());
  EXPECT_EQ(Count(database_.get(), "SELECT COUNT(*) FROM t WHERE value IS NOT NULL"), 1);
}

TEST_F(SqliteTest, StatementIsReadyAgainAfterAnError) {
  ASSERT_TRUE(Insert(1, "first").ok());
  EXPECT_FALSE(Insert(1, "again").ok());
  EXPECT_TRUE(Insert(2, "second").ok());
  EXPECT_EQ(Count(database_.get(), "SELECT COUNT(*) FROM t"), 2);
}

TEST_F(SqliteTest, StatementThatWasNotReadToTheEndHoldsNothing) {
  ASSERT_TRUE(Insert(1, "a").ok());
  ASSERT_TRUE(Insert(2, "b").ok());
  for (int round = 0; round < 2; ++round) {
    SqlStatement read(database_.get(), "SELECT id FROM t ORDER BY id");
    ASSERT_EQ(read.Next().value(), true);
    EXPECT_EQ(read.Integer(0), 1);
  }
  EXPECT_TRUE(database_->Execute("DROP TABLE t").ok());
}

TEST_F(SqliteTest, WrongSqlIsOurBugAndSaysSo) {
  const absl::Status status =
      SqlStatement(database_.get(), "SELECT value FROM nowhere").BindInteger(1).Run();
  EXPECT_EQ(status.code(), StatusCode::kInternal);
  EXPECT_NE(status.message().find("no such table: nowhere"), std::string::npos) << status;
}

TEST_F(SqliteTest, FailedWorkLeavesNothing) {
  const absl::Status status = database_->Transact([&]() -> absl::Status {
    SQUALL_RETURN_IF_ERROR(Insert(1, "half"));
    return absl::NotFoundError("the other half");
  });
  EXPECT_EQ(status, absl::NotFoundError("the other half"));
  EXPECT_EQ(Count(database_.get(), "SELECT COUNT(*) FROM t"), 0);
  EXPECT_TRUE(database_->Transact([&] { return Insert(1, "whole"); }).ok());
  EXPECT_EQ(Count(database_.get(), "SELECT COUNT(*) FROM t"), 1);
}

TEST_F(SqliteTest, FullDiskIsUnavailableWithPathAndRemedy) {
  ASSERT_TRUE(database_->Execute("PRAGMA max_page_count = 4").ok());
  const absl::Status status =
      database_->Transact([&] { return Insert(1, std::string(100'000, 'x')); });
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "run store '" + database_->path() +
                                  "': database or disk is full: free space on its disk, or "
                                  "delete runs");
  EXPECT_TRUE(database_->Transact([&] { return Insert(1, "small"); }).ok());
}

TEST_F(SqliteTest, LockedFileIsUnavailableWithPathAndRemedy) {
  const std::unique_ptr<SqlDatabase> other = Open("test.db");
  const absl::Status status = other->Transact([&] { return Insert(1, "blocked"); });
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "run store '" + database_->path() +
                                  "': database is locked: close the other program that has it "
                                  "open");
}

TEST_F(SqliteTest, FileOfAnotherKindIsDataLoss) {
  const std::string path = directory_.path() / "notes.txt";
  std::ofstream(path) << std::string(4096, 'n');
  const std::unique_ptr<SqlDatabase> notes = Open("notes.txt");
  const absl::Status status = ReadNumber(notes.get(), "PRAGMA user_version").status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_EQ(status.message(), "run store '" + path +
                                  "': file is not a database: must be a run store; name another "
                                  "file");
}

TEST_F(SqliteTest, DirectoryIsUnavailable) {
  const absl::Status status = SqlDatabase::Open(directory_.path(), kNoWait).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find(directory_.path().string()), std::string::npos) << status;
}

TEST_F(SqliteTest, NumberOfNoRowIsZero) {
  EXPECT_EQ(Count(database_.get(), "SELECT id FROM t"), 0);
}

}  // namespace
}  // namespace squall
