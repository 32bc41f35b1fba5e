#include "daemon/store/run_writer.h"

#include <gtest/gtest.h>

#include "daemon/store/run_reader.h"
#include "tests/daemon/store/store_fixture.h"

namespace squall {
namespace {

using absl::StatusCode;

class RunWriterTest : public testing::Test {
 protected:
  RunWriterTest() { PutRun(database(), MakeRun("r", StoredState::kRunning)); }

  SqlDatabase* database() const { return database_.get(); }
  int64_t StoredBytes() const { return ReadRun(database(), "r").value().stored_bytes; }

  const std::unique_ptr<SqlDatabase> database_ = OpenMemory();
};

TEST_F(RunWriterTest, SecondRunWithTheSameIdIsRefused) {
  const absl::Status status = InsertRun(database(), MakeRun("r"));
  EXPECT_EQ(status.code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(status.message(), "run_id must be new, and run 'r' is in the store");
  EXPECT_EQ(ReadRun(database(), "r")->state, StoredState::kRunning);
}

TEST_F(RunWriterTest, UpdateChangesEverythingButTheBirth) {
  RunRecord run = MakeRun("r", StoredState::kFailed, 1000);
  run.name = "another name";
  run.started_at = At(1);
  run.ended_at = At(2);
  run.verdict = "INVALID";
  run.exit_code = 6;
  run.owner = "host-1";
  run.epoch = ~uint64_t{0};
  run.stored_bytes = 12345;
  Put(database(), run);
  run.created_at = At(0);
  run.stored_bytes = 0;
  EXPECT_EQ(ReadRun(database(), "r").value(), run);
}

TEST_F(RunWriterTest, EveryWriteToAnUnknownRunIsRefusedWithItsId) {
  const RunWrite writes[] = {
      MakeRun("gone"),
      DocumentRecord{.run_id = "gone"},
      AgentRecord{.run_id = "gone", .agent_id = "a"},
      EventRecord{.run_id = "gone"},
      PointRecord{.run_id = "gone", .series = "s"},
      SeriesCut{.run_id = "gone", .series = "s"},
      ReportRecord{.run_id = "gone", .format = "json"},
  };
  for (const RunWrite& write : writes) {
    EXPECT_EQ(ApplyWrite(database(), write), absl::NotFoundError("run 'gone' is not in the store"));
  }
  EXPECT_EQ(DeleteRun(database(), "gone"), absl::NotFoundError("run 'gone' is not in the store"));
}

TEST_F(RunWriterTest, EveryKindOfDocumentHasAPlaceOfItsOwn) {
  const DocumentKind kinds[] = {DocumentKind::kPlan, DocumentKind::kSettings,
                                DocumentKind::kSummary, DocumentKind::kControl};
  for (const DocumentKind kind : kinds) {
    Put(database(), DocumentRecord{"r", kind, "old"});
    Put(database(), DocumentRecord{"r", kind, std::string(DocumentKindName(kind))});
  }
  for (const DocumentKind kind : kinds) {
    EXPECT_EQ(ReadDocument(database(), "r", kind).value(), DocumentKindName(kind));
  }
}

TEST_F(RunWriterTest, AgentIsReplacedByItsNextReport) {
  AgentRecord agent{.run_id = "r",
                    .agent_id = "a-1",
                    .address = "127.0.0.1:7071",
                    .epoch = 1,
                    .reported_at = At(1),
                    .assignment = "0 of 2",
                    .snapshot = "first"};
  Put(database(), agent);
  agent.epoch = 2;
  agent.lost = true;
  agent.snapshot = "second";
  agent.assignment = "0 of 1";
  agent.reported_at = At(2);
  Put(database(), agent);
  EXPECT_EQ(ReadAgents(database(), "r").value(), std::vector{agent});
}

TEST_F(RunWriterTest, LastPointGrowsInPlace) {
  Put(database(), PointRecord{"r", "all", 0, "one"});
  Put(database(), PointRecord{"r", "all", 1, "growing"});
  Put(database(), PointRecord{"r", "all", 1, "grown"});
  EXPECT_EQ(FieldsOf(ReadSeries(database(), "r", "all").value(), &PointRecord::bytes),
            (std::vector<std::string>{"one", "grown"}));
}

TEST_F(RunWriterTest, ThinnedSeriesLosesItsTailAndNoOther) {
  for (int64_t index = 0; index < 4; ++index) {
    Put(database(), PointRecord{"r", "all", index, "x"});
    Put(database(), PointRecord{"r", "other", index, "x"});
  }
  Put(database(), SeriesCut{"r", "all", 2});
  EXPECT_EQ(FieldsOf(ReadSeries(database(), "r", "all").value(), &PointRecord::index),
            (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(ReadSeries(database(), "r", "other").value().size(), 4U);
}

TEST_F(RunWriterTest, OfTooManyEventsTheFirstAndTheLastStay) {
  ASSERT_TRUE(database()->Execute("BEGIN").ok());
  for (int64_t number = 0; number < kEventsMax + 5; ++number) {
    Put(database(), EventRecord{.run_id = "r", .at = At(number), .text = "event"});
  }
  ASSERT_TRUE(database()->Execute("COMMIT").ok());
  const std::vector<int64_t> numbers =
      FieldsOf(ReadEvents(database(), "r", kEventsMax).value(), &EventRecord::number);
  ASSERT_EQ(numbers.size(), static_cast<size_t>(kEventsMax));
  EXPECT_EQ(numbers.front(), 0);
  EXPECT_EQ(numbers[kFirstEventsKept - 1], kFirstEventsKept - 1);
  EXPECT_EQ(numbers[kFirstEventsKept], kFirstEventsKept + 5);
  EXPECT_EQ(numbers.back(), kEventsMax + 4);
}

TEST_F(RunWriterTest, LongEventTextIsStoredCut) {
  Put(database(), EventRecord{.run_id = "r", .text = std::string(5000, 'e')});
  EXPECT_EQ(ReadEvents(database(), "r", 1)->front().text, std::string(4093, 'e') + "…");
}

TEST_F(RunWriterTest, EventsOfEachRunAreNumberedFromZero) {
  PutRun(database(), MakeRun("other"));
  Put(database(), EventRecord{.run_id = "r", .text = "a"});
  Put(database(), EventRecord{.run_id = "other", .text = "b"});
  EXPECT_EQ(ReadEvents(database(), "other", 1)->front().number, 0);
}

TEST_F(RunWriterTest, StoredBytesFollowEveryWrite) {
  EXPECT_EQ(StoredBytes(), 0);
  Put(database(), DocumentRecord{"r", DocumentKind::kPlan, std::string(100, 'p')});
  EXPECT_EQ(StoredBytes(), 100);
  Put(database(), DocumentRecord{"r", DocumentKind::kPlan, std::string(40, 'p')});
  EXPECT_EQ(StoredBytes(), 40);
  Put(database(), ReportRecord{"r", "json", std::string(60, 'j')});
  EXPECT_EQ(StoredBytes(), 100);
  Put(database(), ReportRecord{"r", "json", ""});
  EXPECT_EQ(StoredBytes(), 40);
  Put(database(), AgentRecord{.run_id = "r", .agent_id = "a", .snapshot = "12345"});
  Put(database(), AgentRecord{.run_id = "r", .agent_id = "a", .assignment = "1"});
  EXPECT_EQ(StoredBytes(), 40 + 128 + 1);
  Put(database(), PointRecord{"r", "all", 0, "1234"});
  Put(database(), PointRecord{"r", "all", 0, "12345"});
  EXPECT_EQ(StoredBytes(), 169 + 16 + 3 + 5);
  Put(database(), SeriesCut{"r", "all", 0});
  EXPECT_EQ(StoredBytes(), 169);
  Put(database(), EventRecord{.run_id = "r", .text = "é"});
  EXPECT_EQ(StoredBytes(), 169 + 16 + 2);
}

TEST_F(RunWriterTest, ActiveRunIsNotDeleted) {
  EXPECT_EQ(DeleteRun(database(), "r"),
            absl::FailedPreconditionError(
                "run 'r' must have ended before it is deleted, and it is running: stop it first"));
  Put(database(), MakeRun("r", StoredState::kPending));
  EXPECT_EQ(DeleteRun(database(), "r").code(), StatusCode::kFailedPrecondition);
  Put(database(), MakeRun("r", StoredState::kFinished));
  EXPECT_TRUE(DeleteRun(database(), "r").ok());
  EXPECT_EQ(ReadRun(database(), "r").status().code(), StatusCode::kNotFound);
}

TEST_F(RunWriterTest, DeletedRunTakesAllItsRowsAndNoOthers) {
  PutRun(database(), MakeRun("other"));
  for (const char* run_id : {"r", "other"}) {
    Put(database(), DocumentRecord{run_id, DocumentKind::kPlan, "plan"});
    Put(database(), AgentRecord{.run_id = run_id, .agent_id = "a"});
    Put(database(), EventRecord{.run_id = run_id, .text = "event"});
    Put(database(), PointRecord{run_id, "all", 0, "point"});
    Put(database(), ReportRecord{run_id, "json", "{}"});
  }
  Put(database(), MakeRun("r", StoredState::kFinished));
  ASSERT_TRUE(DeleteRun(database(), "r").ok());
  while (SweepPortion(database()).value()) {
  }
  for (const Sql count :
       {Sql("SELECT COUNT(*) FROM runs"), Sql("SELECT COUNT(*) FROM documents"),
        Sql("SELECT COUNT(*) FROM agents"), Sql("SELECT COUNT(*) FROM events"),
        Sql("SELECT COUNT(*) FROM points"), Sql("SELECT COUNT(*) FROM reports")}) {
    EXPECT_EQ(Count(database(), count), 1) << count.text();
  }
  EXPECT_EQ(ReadReport(database(), "other", "json").value(), "{}");
}

TEST_F(RunWriterTest, ManyPointsAreSweptInPortions) {
  ASSERT_TRUE(database()->Execute("BEGIN").ok());
  for (int64_t index = 0; index < 9000; ++index) {
    Put(database(), PointRecord{"r", "all", index, "x"});
  }
  ASSERT_TRUE(database()->Execute("COMMIT").ok());
  Put(database(), MakeRun("r", StoredState::kFinished));
  ASSERT_TRUE(DeleteRun(database(), "r").ok());
  EXPECT_EQ(Count(database(), "SELECT COUNT(*) FROM points"), 9000);
  EXPECT_EQ(SweepPortion(database()).value(), true);
  EXPECT_EQ(Count(database(), "SELECT COUNT(*) FROM points"), 5000);
  while (SweepPortion(database()).value()) {
  }
  EXPECT_EQ(Count(database(), "SELECT COUNT(*) FROM points"), 0);
}

TEST_F(RunWriterTest, NewRunOfTheSameIdDoesNotInheritWhatWasNotSwept) {
  Put(database(), PointRecord{"r", "all", 0, "old"});
  Put(database(), MakeRun("r", StoredState::kFinished));
  ASSERT_TRUE(DeleteRun(database(), "r").ok());
  PutRun(database(), MakeRun("r"));
  EXPECT_EQ(ReadSeries(database(), "r", "all")->size(), 0U);
}

}  // namespace
}  // namespace squall
