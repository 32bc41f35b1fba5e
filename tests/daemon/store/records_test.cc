#include "daemon/store/records.h"

#include <gtest/gtest.h>

#include "tests/daemon/store/store_fixture.h"

namespace squall {
namespace {

using absl::StatusCode;

TEST(StoredRecordsTest, EveryStateReadsBackFromItsName) {
  for (const StoredState state : {StoredState::kPending, StoredState::kRunning,
                                  StoredState::kFinished, StoredState::kFailed}) {
    EXPECT_EQ(ParseStoredState(StoredStateName(state)), state);
  }
  EXPECT_EQ(ParseStoredState("Running"), std::nullopt);
  EXPECT_EQ(ParseStoredState(""), std::nullopt);
}

TEST(StoredRecordsTest, PendingAndRunningRunsAreActive) {
  EXPECT_TRUE(IsActive(StoredState::kPending));
  EXPECT_TRUE(IsActive(StoredState::kRunning));
  EXPECT_FALSE(IsActive(StoredState::kFinished));
  EXPECT_FALSE(IsActive(StoredState::kFailed));
}

struct LimitCase {
  const char* shows;
  RunWrite write;
  const char* message;  // "" = accepted
};

TEST(StoredRecordsTest, EveryFieldHasALimit) {
  const std::string long_name(kStoredNameBytesMax + 1, 'n');
  RunRecord run = MakeRun("r");
  run.name = long_name;
  RunRecord longest_name = MakeRun("r");
  longest_name.name.assign(kStoredNameBytesMax, 'n');
  const LimitCase cases[] = {
      {"an empty id", MakeRun(""), "run_id must not be empty"},
      {"the longest id", MakeRun(std::string(128, 'r')), ""},
      {"an id that is too long", MakeRun(std::string(129, 'r')),
       "run_id must have at most 128 bytes, not 129"},
      {"an id that would break a line of a log", MakeRun("a\nb"),
       "run_id must be visible ASCII characters, without spaces"},
      {"an id with a NUL", MakeRun(std::string("a\0b", 3)),
       "run_id must be visible ASCII characters, without spaces"},
      {"the longest name", longest_name, ""},
      {"a name that is too long", run, "name must have at most 256 bytes, not 257"},
      {"an agent without an id", AgentRecord{.run_id = "r"}, "agent_id must not be empty"},
      {"an agent's long address", AgentRecord{.run_id = "r", .agent_id = "a", .address = long_name},
       "address must have at most 256 bytes, not 257"},
      {"a point before the first", PointRecord{.run_id = "r", .series = "s", .index = -1},
       "index must be between 0 and 999999, not -1"},
      {"the last point", PointRecord{.run_id = "r", .series = "s", .index = 999'999}, ""},
      {"a point after the last", PointRecord{.run_id = "r", .series = "s", .index = 1'000'000},
       "index must be between 0 and 999999, not 1000000"},
      {"a series without a name", PointRecord{.run_id = "r"}, "series must not be empty"},
      {"a cut to nothing", SeriesCut{.run_id = "r", .series = "s", .size = 0}, ""},
      {"a cut to less than nothing", SeriesCut{.run_id = "r", .series = "s", .size = -1},
       "size must be between 0 and 1000000, not -1"},
      {"a report without a format", ReportRecord{.run_id = "r"}, "format must not be empty"},
      {"an event of any length", EventRecord{.run_id = "r", .text = std::string(9000, 'e')}, ""},
  };
  for (const LimitCase& each : cases) {
    const absl::Status status = CheckWrite(each.write);
    EXPECT_EQ(status.message(), each.message) << each.shows;
    EXPECT_EQ(status.code(), *each.message == '\0' ? StatusCode::kOk : StatusCode::kInvalidArgument)
        << each.shows;
  }
}

TEST(StoredRecordsTest, BlobsAreBounded) {
  const DocumentRecord largest{"r", DocumentKind::kPlan, std::string(kBlobBytesMax, 'p')};
  EXPECT_TRUE(CheckWrite(largest).ok());
  const DocumentRecord larger{"r", DocumentKind::kPlan, std::string(kBlobBytesMax + 1, 'p')};
  EXPECT_EQ(CheckWrite(larger).message(), "plan must have at most 67108864 bytes, not 67108865");
}

TEST(StoredRecordsTest, ShortEventTextStaysAsItIs) {
  const std::string text(kEventBytesMax, 'e');
  EXPECT_EQ(CutEventText(text), text);
}

TEST(StoredRecordsTest, LongEventTextEndsInAnEllipsis) {
  const std::string cut = CutEventText(std::string(kEventBytesMax + 1, 'e'));
  EXPECT_EQ(cut, std::string(kEventBytesMax - 3, 'e') + "…");
}

TEST(StoredRecordsTest, CutNeverSplitsACharacter) {
  // "é" has two bytes: from an odd start, the cut would fall into the middle of one.
  std::string text = "a";
  while (text.size() <= kEventBytesMax) {
    text += "é";
  }
  const std::string cut = CutEventText(text);
  EXPECT_LE(cut.size(), kEventBytesMax);
  EXPECT_EQ(cut.substr(cut.size() - 5), "é…");
}

TEST(StoredRecordsTest, BytesThatAreNoTextAreCutToo) {
  EXPECT_LE(CutEventText(std::string(2 * kEventBytesMax, '\x80')).size(), kEventBytesMax);
}

}  // namespace
}  // namespace squall
