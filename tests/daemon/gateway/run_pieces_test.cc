#include "daemon/gateway/run_pieces.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/daemon/gateway/fake_run_host.h"

namespace squall {
namespace {

class RunPiecesTest : public testing::Test {
 protected:
  absl::StatusOr<Rendering> Get(const std::string& run_id, std::string_view name) {
    const auto edition = pieces_.Find(run_id);
    return edition.ok() ? pieces_.Get(run_id, *edition, name) : edition.status();
  }

  FakeRunHost host_;
  RunPieces pieces_{&host_};
};

TEST_F(RunPiecesTest, EveryClientGetsTheSameText) {
  host_.Add("a");
  const auto first = Get("a", "stats");
  const auto second = Get("a", "stats");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->text, second->text);
  EXPECT_NE(first->text->find("\"/a\""), std::string::npos);
}

TEST_F(RunPiecesTest, ANewVersionIsRenderedAnew) {
  FakeRunHost::Run& run = host_.Add("a");
  const std::string before = pieces_.Find("a")->version;
  const auto first = Get("a", "stats");
  FakeRunHost::Grow(&run);
  EXPECT_NE(pieces_.Find("a")->version, before);
  EXPECT_NE(Get("a", "stats")->text, first->text);
}

TEST_F(RunPiecesTest, VersionsOfTwoRunsDiffer) {
  host_.Add("a");
  host_.Add("b");
  EXPECT_NE(pieces_.Find("a")->version, pieces_.Find("b")->version);
}

TEST_F(RunPiecesTest, EveryPieceOfALiveRunIsJson) {
  host_.Add("a");
  for (const char* name :
       {"run", "stats", "failures", "exceptions", "agents", "tasks", "heat", "points", "view"}) {
    const auto piece = Get("a", name);
    ASSERT_TRUE(piece.ok()) << name << ": " << piece.status();
    EXPECT_TRUE(piece->text->front() == '{' || piece->text->front() == '[') << name;
  }
}

TEST_F(RunPiecesTest, AStoredRunIsCutOutOfItsView) {
  FakeRunHost::Store(&host_.Add("old"), SmallView());
  EXPECT_EQ(*Get("old", "view")->text, SmallView());
  EXPECT_EQ(*Get("old", "run")->text, R"({"id":"old","state":"finished","users":0})");
  EXPECT_EQ(*Get("old", "heat")->text, R"({"bounds":[]})");
  EXPECT_TRUE(Get("old", "stats").ok());
  EXPECT_EQ(host_.reports_asked, 1);
}

TEST_F(RunPiecesTest, AnotherRunUnderTheIdOfADeletedOneIsAnotherRun) {
  FakeRunHost::Store(&host_.Add("a"), R"({"run":{"n":1}})");
  EXPECT_EQ(*Get("a", "run")->text, R"({"n":1})");
  host_.Forget("a");
  EXPECT_EQ(Get("a", "run").status().code(), absl::StatusCode::kNotFound);
  FakeRunHost::Store(&host_.Add("a"), R"({"run":{"n":2}})");
  host_.Of("a").summary.ended_at = WallTime(std::chrono::seconds(1'800'000'000));
  EXPECT_EQ(*Get("a", "run")->text, R"({"n":2})");
}

TEST_F(RunPiecesTest, PointsComeFromTheLastKnownOneOn) {
  FakeRunHost::Run& run = host_.Add("a");
  FakeRunHost::AddPoint(&run);
  FakeRunHost::AddPoint(&run);
  const Nanos second = std::chrono::seconds(1);
  EXPECT_EQ(pieces_.PointsSince("a", 0, Nanos(0))->points.size(), 3u);
  EXPECT_EQ(pieces_.PointsSince("a", 3, second)->from, 2u);
  EXPECT_EQ(pieces_.PointsSince("a", 3, second)->points.size(), 1u);
  // Longer than the line: it was thinned, or it is another one.
  EXPECT_EQ(pieces_.PointsSince("a", 9, second)->points.size(), 3u);
}

TEST_F(RunPiecesTest, WhoKnowsPointsOfAnotherLengthGetsAllOfThem) {
  FakeRunHost::Run& run = host_.Add("a");
  run.points.clear();
  for (int i = 0; i < 4; ++i) {
    FakeRunHost::AddPoint(&run, std::chrono::seconds(2));
  }
  EXPECT_EQ(pieces_.PointsSince("a", 3, std::chrono::seconds(1))->points.size(), 4u);
  EXPECT_EQ(pieces_.PointsSince("a", 3, Nanos(0))->points.size(), 4u);
  EXPECT_EQ(pieces_.PointsSince("a", 3, std::chrono::seconds(2))->points.size(), 2u);
}

TEST_F(RunPiecesTest, EventsBeginWithTheOneThatIsWanted) {
  FakeRunHost::Run& run = host_.Add("a");
  FakeRunHost::Happens(&run, "one");
  FakeRunHost::Happens(&run, "two");
  EXPECT_EQ(pieces_.EventsFrom("a", 0, 10)->size(), 2u);
  const auto events = pieces_.EventsFrom("a", 1, 10);
  ASSERT_EQ(events->size(), 1u);
  EXPECT_EQ(events->front().text, "two");
  EXPECT_EQ(events->front().number, 1);
}

}  // namespace
}  // namespace squall
