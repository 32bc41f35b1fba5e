#include "daemon/gateway/web_stream.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/gateway/fake_run_host.h"

namespace squall {
namespace {

class WebStreamTest : public testing::Test {
 protected:
  // The names of the events in a piece, in order.
  static std::vector<std::string> NamesIn(const EventFeed::Piece& piece) {
    std::vector<std::string> names;
    const std::string text = piece.text == nullptr ? "" : *piece.text;
    const std::string mark = "event: ";
    for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
      const size_t start = at + mark.size();
      names.push_back(text.substr(start, text.find('\n', start) - start));
    }
    return names;
  }
  static bool Has(const EventFeed::Piece& piece, std::string_view part) {
    return piece.text != nullptr && piece.text->find(part) != std::string::npos;
  }

  using Names = std::vector<std::string>;
  FakeRunHost host_;
  RunPieces pieces_{&host_};
  std::shared_ptr<WebStream> stream_ = std::make_shared<WebStream>(&host_, &pieces_);
};

TEST_F(WebStreamTest, BeginsWithAllAndGoesOnWithWhatIsNew) {
  FakeRunHost::Run& run = host_.Add("a");
  FakeRunHost::Happens(&run, "first users");
  const auto feed = stream_->Open("a", {});
  EventFeed::Piece piece = feed->Next();
  EXPECT_EQ(NamesIn(piece), (Names{"run", "points", "events", "tables"}));
  EXPECT_TRUE(Has(piece, R"("from":0)"));
  EXPECT_TRUE(Has(piece, R"({"version":7})"));
  EXPECT_FALSE(piece.last);

  EXPECT_EQ(feed->Next().text, nullptr);  // nothing new

  FakeRunHost::AddPoint(&run);
  FakeRunHost::Grow(&run);
  piece = feed->Next();
  EXPECT_EQ(NamesIn(piece), (Names{"run", "points", "tables"}));  // no event twice
  EXPECT_TRUE(Has(piece, R"("from":0)"));  // the last known one may have grown
  FakeRunHost::AddPoint(&run);
  FakeRunHost::Happens(&run, "more users");
  FakeRunHost::Grow(&run);
  piece = feed->Next();
  EXPECT_EQ(NamesIn(piece), (Names{"run", "points", "events", "tables"}));
  EXPECT_TRUE(Has(piece, R"("from":1)"));
  EXPECT_TRUE(Has(piece, "more users"));
  EXPECT_FALSE(Has(piece, "first users"));
}

TEST_F(WebStreamTest, WhoComesBackGetsWhatIsMissing) {
  FakeRunHost::Run& run = host_.Add("a");
  FakeRunHost::AddPoint(&run);
  FakeRunHost::AddPoint(&run);
  FakeRunHost::Happens(&run, "zero");
  FakeRunHost::Happens(&run, "one");
  const auto feed = stream_->Open("a", {.points = 2, .step = std::chrono::seconds(1), .events = 1});
  const EventFeed::Piece piece = feed->Next();
  EXPECT_TRUE(Has(piece, R"("from":1)"));
  EXPECT_TRUE(Has(piece, "\"one\""));
  EXPECT_FALSE(Has(piece, "\"zero\""));
}

TEST_F(WebStreamTest, WhoKnowsPointsFromBeforeTheLineWasThinnedGetsAllAnew) {
  FakeRunHost::Run& run = host_.Add("a");
  const auto feed = stream_->Open("a", {});
  feed->Next();
  run.points.clear();
  for (int i = 0; i < 3; ++i) {
    FakeRunHost::AddPoint(&run, std::chrono::seconds(2));
  }
  FakeRunHost::Grow(&run);
  EXPECT_TRUE(Has(feed->Next(), R"("from":0)"));
  FakeRunHost::Grow(&run);
  EXPECT_TRUE(Has(feed->Next(), R"("from":2)"));
}

TEST_F(WebStreamTest, FiftyClientsCostOneRendering) {
  FakeRunHost::Run& run = host_.Add("a");
  std::vector<std::unique_ptr<EventFeed>> feeds;
  for (int i = 0; i < 50; ++i) {
    feeds.push_back(stream_->Open("a", {}));
  }
  for (int round = 0; round < 3; ++round) {
    const int asked = host_.points_asked;
    const std::shared_ptr<const std::string> text = feeds.front()->Next().text;
    for (size_t i = 1; i < feeds.size(); ++i) {
      EXPECT_EQ(feeds[i]->Next().text, text);
    }
    EXPECT_EQ(host_.points_asked, asked + 1);
    FakeRunHost::AddPoint(&run);
    FakeRunHost::Grow(&run);
  }
}

TEST_F(WebStreamTest, ALateClientSkipsWhatIsStale) {
  FakeRunHost::Run& run = host_.Add("a");
  const auto feed = stream_->Open("a", {});
  feed->Next();
  for (int i = 0; i < 5; ++i) {
    FakeRunHost::AddPoint(&run);
    FakeRunHost::Grow(&run);
  }
  const EventFeed::Piece piece = feed->Next();
  EXPECT_EQ(NamesIn(piece), (Names{"run", "points", "tables"}));
  EXPECT_TRUE(Has(piece, R"({"version":12})"));
  EXPECT_EQ(feed->Next().text, nullptr);
}

TEST_F(WebStreamTest, EndsWithTheLastEventsWhenTheRunIsOver) {
  FakeRunHost::Run& run = host_.Add("a");
  const auto feed = stream_->Open("a", {});
  feed->Next();
  FakeRunHost::Happens(&run, "finished");
  FakeRunHost::Store(&run, SmallView());
  const EventFeed::Piece piece = feed->Next();
  EXPECT_EQ(NamesIn(piece), (Names{"events", "end"}));
  EXPECT_TRUE(piece.last);
}

TEST_F(WebStreamTest, ARunThatIsOverInMemoryIsShownOnceMore) {
  FakeRunHost::Run& run = host_.Add("a");
  run.view->summary.state = RunState::kFinished;
  const EventFeed::Piece piece = stream_->Open("a", {})->Next();
  EXPECT_EQ(NamesIn(piece), (Names{"run", "points", "tables", "end"}));
  EXPECT_TRUE(piece.last);
}

TEST_F(WebStreamTest, ARunThatWasDeletedEndsTheStream) {
  host_.Add("a");
  const auto feed = stream_->Open("a", {});
  feed->Next();
  host_.Forget("a");
  const EventFeed::Piece piece = feed->Next();
  EXPECT_EQ(NamesIn(piece), Names{"end"});
  EXPECT_TRUE(piece.last);
}

TEST_F(WebStreamTest, AnErrorClosesTheStreamButEndsNoRun) {
  host_.Add("a");
  const auto feed = stream_->Open("a", {});
  feed->Next();
  host_.broken = absl::UnavailableError("the store is busy");
  const EventFeed::Piece piece = feed->Next();
  EXPECT_EQ(NamesIn(piece), Names{});
  EXPECT_TRUE(piece.last);
}

TEST_F(WebStreamTest, AFeedOutlivesWhoOpenedIt) {
  host_.Add("a");
  const auto feed = stream_->Open("a", {});
  stream_.reset();
  EXPECT_NE(feed->Next().text, nullptr);
}

TEST(SentEventTest, ALineEndInTheDataEndsNoEvent) {
  EXPECT_EQ(SentEvent("run", "{\n}\n"), "event: run\ndata: {\ndata: }\n\n");
  EXPECT_EQ(SentEvent("end", "{}"), "event: end\ndata: {}\n\n");
}

}  // namespace
}  // namespace squall
