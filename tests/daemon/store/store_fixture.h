// What the tests of the run store share: runs to put in, and a look at an open database.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/base/clock.h"
#include "daemon/store/records.h"
#include "daemon/store/run_writer.h"
#include "daemon/store/schema.h"
#include "daemon/store/sqlite.h"

namespace squall {

// A time of the test's own day, so that no test depends on the real one.
inline WallTime At(int64_t seconds) {
  return WallTime(std::chrono::seconds(1'700'000'000 + seconds));
}

inline RunRecord MakeRun(std::string run_id, StoredState state = StoredState::kFinished,
                         int64_t created_seconds = 0) {
  RunRecord run;
  run.run_id = std::move(run_id);
  run.name = "shop";
  run.state = state;
  run.created_at = At(created_seconds);
  return run;
}

// A database in memory with the tables in it, for tests of the readers and writers.
inline std::unique_ptr<SqlDatabase> OpenMemory() {
  absl::StatusOr<std::unique_ptr<SqlDatabase>> database =
      SqlDatabase::Open(":memory:", std::chrono::seconds(0));
  EXPECT_TRUE(database.ok()) << database.status();
  const absl::Status prepared = PrepareSchema(database->get());
  EXPECT_TRUE(prepared.ok()) << prepared;
  return *std::move(database);
}

inline void Put(SqlDatabase* database, const RunWrite& write) {
  const absl::Status status = ApplyWrite(database, write);
  ASSERT_TRUE(status.ok()) << status;
}

inline void PutRun(SqlDatabase* database, const RunRecord& run) {
  const absl::Status status = InsertRun(database, run);
  ASSERT_TRUE(status.ok()) << status;
}

inline int64_t Count(SqlDatabase* database, Sql sql) {
  const absl::StatusOr<int64_t> count = ReadNumber(database, sql);
  EXPECT_TRUE(count.ok()) << count.status();
  return count.value_or(-1);
}

// The texts, indexes and so on of records, in order.
template <typename Record, typename Field>
auto FieldsOf(const std::vector<Record>& records, Field Record::*field) {
  std::vector<Field> fields;
  for (const Record& record : records) {
    fields.push_back(record.*field);
  }
  return fields;
}

}  // namespace squall
