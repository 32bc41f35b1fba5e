#include "daemon/store/run_reader.h"

#include <gtest/gtest.h>

#include "tests/daemon/store/store_fixture.h"

namespace squall {
namespace {

using absl::StatusCode;

class RunReaderTest : public testing::Test {
 protected:
  SqlDatabase* database() const { return database_.get(); }

  std::vector<std::string> Ids(const RunFilter& filter) const {
    const absl::StatusOr<RunPage> page = ReadRunPage(database(), filter);
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() ? FieldsOf(page->runs, &RunRecord::run_id) : std::vector<std::string>();
  }

  const std::unique_ptr<SqlDatabase> database_ = OpenMemory();
};

using Strings = std::vector<std::string>;

TEST_F(RunReaderTest, UnknownRunIsNotFoundEverywhereWithItsId) {
  const absl::Status expected = absl::NotFoundError("run 'x' is not in the store");
  EXPECT_EQ(ReadRun(database(), "x").status(), expected);
  EXPECT_EQ(ReadDocument(database(), "x", DocumentKind::kPlan).status(), expected);
  EXPECT_EQ(ReadAgents(database(), "x").status(), expected);
  EXPECT_EQ(ReadEvents(database(), "x", 1).status(), expected);
  EXPECT_EQ(ReadSeries(database(), "x", "all").status(), expected);
  EXPECT_EQ(ReadSeriesNames(database(), "x").status(), expected);
  EXPECT_EQ(ReadReport(database(), "x", "json").status(), expected);
  EXPECT_EQ(ReadReportFormats(database(), "x").status(), expected);
}

TEST_F(RunReaderTest, ImpossibleIdIsRefusedBeforeItIsLookedFor) {
  EXPECT_EQ(ReadRun(database(), "").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadReport(database(), std::string(1000, 'r'), "json").status().code(),
            StatusCode::kInvalidArgument);
}

TEST_F(RunReaderTest, WhatARunDoesNotHaveYetIsNotFound) {
  PutRun(database(), MakeRun("r"));
  EXPECT_EQ(ReadDocument(database(), "r", DocumentKind::kSummary).status(),
            absl::NotFoundError("run 'r' has no summary"));
  EXPECT_EQ(ReadReport(database(), "r", "html").status(),
            absl::NotFoundError("run 'r' has no report 'html'"));
}

TEST_F(RunReaderTest, NewRunHasEmptyLists) {
  PutRun(database(), MakeRun("r"));
  EXPECT_EQ(ReadAgents(database(), "r")->size(), 0U);
  EXPECT_EQ(ReadEvents(database(), "r", 100)->size(), 0U);
  EXPECT_EQ(ReadSeries(database(), "r", "all")->size(), 0U);
  EXPECT_EQ(ReadSeriesNames(database(), "r").value(), Strings());
  EXPECT_EQ(ReadReportFormats(database(), "r").value(), Strings());
  EXPECT_EQ(ReadRunPage(OpenMemory().get(), {})->runs.size(), 0U);
}

TEST_F(RunReaderTest, ListShowsTheNewestRunFirst) {
  PutRun(database(), MakeRun("b", StoredState::kFinished, 20));
  PutRun(database(), MakeRun("c", StoredState::kFinished, 10));
  PutRun(database(), MakeRun("a", StoredState::kFinished, 30));
  EXPECT_EQ(Ids({}), (Strings{"a", "b", "c"}));
}

struct FilterCase {
  const char* shows;
  RunFilter filter;
  Strings ids;
};

TEST_F(RunReaderTest, EveryConditionOfAFilterMustHold) {
  RunRecord blog = MakeRun("blog", StoredState::kFinished, 10);
  blog.name = "blog's \"plan\"";
  PutRun(database(), blog);
  PutRun(database(), MakeRun("shop-1", StoredState::kFinished, 20));
  PutRun(database(), MakeRun("shop-2", StoredState::kRunning, 30));
  const FilterCase cases[] = {
      {"no condition", {}, {"shop-2", "shop-1", "blog"}},
      {"by name", {.name = "shop"}, {"shop-2", "shop-1"}},
      {"a name is no pattern", {.name = "%"}, {}},
      {"quotes are just characters", {.name = "blog's \"plan\""}, {"blog"}},
      {"by state", {.state = StoredState::kRunning}, {"shop-2"}},
      {"since includes its own moment", {.since = At(20)}, {"shop-2", "shop-1"}},
      {"and a nanosecond later does not", {.since = At(20) + Nanos(1)}, {"shop-2"}},
      {"all together",
       {.name = "shop", .state = StoredState::kFinished, .since = At(15)},
       {"shop-1"}},
      {"nothing fits", {.name = "blog's \"plan\"", .state = StoredState::kFailed}, {}},
  };
  for (const FilterCase& each : cases) {
    EXPECT_EQ(Ids(each.filter), each.ids) << each.shows;
  }
}

TEST_F(RunReaderTest, PagesCoverEveryRunOnceEvenAtTheSameMoment) {
  Strings expected;
  for (int i = 0; i < 7; ++i) {
    PutRun(database(), MakeRun("r" + std::to_string(i), StoredState::kFinished, i / 3));
    expected.insert(expected.begin(), "r" + std::to_string(i));
  }
  Strings seen;
  RunFilter filter{.limit = 2};
  int pages = 0;
  do {
    const RunPage page = ReadRunPage(database(), filter).value();
    const Strings ids = FieldsOf(page.runs, &RunRecord::run_id);
    seen.insert(seen.end(), ids.begin(), ids.end());
    filter.page_token = page.next_page_token;
    ++pages;
  } while (!filter.page_token.empty() && pages < 10);
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(pages, 4);
}

TEST_F(RunReaderTest, LastFullPageHasNoNext) {
  PutRun(database(), MakeRun("a"));
  PutRun(database(), MakeRun("b"));
  EXPECT_EQ(ReadRunPage(database(), {.limit = 2})->next_page_token, "");
  EXPECT_NE(ReadRunPage(database(), {.limit = 1})->next_page_token, "");
}

TEST_F(RunReaderTest, RunsThatComeAndGoDoNotShiftThePages) {
  for (int i = 0; i < 4; ++i) {
    PutRun(database(), MakeRun("r" + std::to_string(i), StoredState::kFinished, i));
  }
  const RunPage first = ReadRunPage(database(), {.limit = 2}).value();
  ASSERT_EQ(FieldsOf(first.runs, &RunRecord::run_id), (Strings{"r3", "r2"}));
  ASSERT_TRUE(DeleteRun(database(), "r2").ok());  // the very run that the token is made of
  PutRun(database(), MakeRun("r4", StoredState::kFinished, 4));
  EXPECT_EQ(Ids({.limit = 2, .page_token = first.next_page_token}), (Strings{"r1", "r0"}));
}

TEST_F(RunReaderTest, ForeignPageTokenIsRefused) {
  for (const char* token : {"x", "1", "1.", ".1", "1.2.3", "1.2 ", "99999999999999999999.1"}) {
    EXPECT_EQ(ReadRunPage(database(), {.page_token = token}).status(),
              absl::InvalidArgumentError("page_token must come from the page before"))
        << token;
  }
}

TEST_F(RunReaderTest, PageSizeIsBounded) {
  EXPECT_EQ(ReadRunPage(database(), {.limit = 1001}).status(),
            absl::InvalidArgumentError("limit must be between 1 and 1000, not 1001"));
  EXPECT_FALSE(ReadRunPage(database(), {.limit = 0}).ok());
  EXPECT_TRUE(ReadRunPage(database(), {.limit = 1000}).ok());
}

TEST_F(RunReaderTest, EventsAreTheLastOnesInOrder) {
  PutRun(database(), MakeRun("r"));
  for (const char* text : {"one", "two", "three"}) {
    Put(database(), EventRecord{.run_id = "r", .at = At(3), .text = text});
  }
  const std::vector<EventRecord> events = ReadEvents(database(), "r", 2).value();
  ASSERT_EQ(FieldsOf(events, &EventRecord::text), (Strings{"two", "three"}));
  EXPECT_EQ(events.back(), (EventRecord{"r", At(3), "three", 2}));
  EXPECT_EQ(ReadEvents(database(), "r", -1)->size(), 0U);
}

TEST_F(RunReaderTest, AgentsAreInOrderOfTheirIds) {
  PutRun(database(), MakeRun("r"));
  Put(database(), AgentRecord{.run_id = "r", .agent_id = "b"});
  Put(database(), AgentRecord{.run_id = "r", .agent_id = "a"});
  EXPECT_EQ(FieldsOf(ReadAgents(database(), "r").value(), &AgentRecord::agent_id),
            (Strings{"a", "b"}));
}

TEST_F(RunReaderTest, SeriesNamesAreEachNamedOnce) {
  PutRun(database(), MakeRun("r"));
  PutRun(database(), MakeRun("other"));
  for (const char* series : {"users", "GET /", "rps"}) {
    for (int64_t index = 0; index < 3; ++index) {
      Put(database(), PointRecord{"r", series, index, "x"});
    }
  }
  Put(database(), PointRecord{"other", "not ours", 0, "x"});
  EXPECT_EQ(ReadSeriesNames(database(), "r").value(), (Strings{"GET /", "rps", "users"}));
}

TEST_F(RunReaderTest, SeriesIsInOrderOfItsIndexes) {
  PutRun(database(), MakeRun("r"));
  for (const int64_t index : {10, 2, 0}) {
    Put(database(), PointRecord{"r", "s", index, std::to_string(index)});
  }
  EXPECT_EQ(FieldsOf(ReadSeries(database(), "r", "s").value(), &PointRecord::index),
            (std::vector<int64_t>{0, 2, 10}));
}

TEST_F(RunReaderTest, ReportFormatsAreListed) {
  PutRun(database(), MakeRun("r"));
  Put(database(), ReportRecord{"r", "junit", "<xml/>"});
  Put(database(), ReportRecord{"r", "json", "{}"});
  EXPECT_EQ(ReadReportFormats(database(), "r").value(), (Strings{"json", "junit"}));
  EXPECT_EQ(ReadReport(database(), "r", "junit").value(), "<xml/>");
}

TEST_F(RunReaderTest, StateFromAnotherVersionIsAnErrorAndNotAGuess) {
  PutRun(database(), MakeRun("r"));
  ASSERT_TRUE(database()->Execute("UPDATE runs SET state = 'paused'").ok());
  EXPECT_EQ(ReadRun(database(), "r").status(),
            absl::DataLossError("run 'r' has no known state: 'paused'"));
}

}  // namespace
}  // namespace squall
