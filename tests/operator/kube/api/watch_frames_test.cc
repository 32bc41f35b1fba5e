#include "operator/kube/api/watch_frames.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "operator/kube/api/kube_error.h"
#include "operator/kube/api/object.h"

namespace squall {
namespace {

std::vector<std::string> LinesOf(WatchFrames* frames) {
  std::vector<std::string> lines;
  while (const auto line = frames->Next()) {
    lines.emplace_back(*line);
  }
  return lines;
}

TEST(WatchFramesTest, ChunksOfAnySizeGiveTheSameLines) {
  const std::string text = "{\"a\":1}\n{\"b\":2}\r\n\n\r\n{\"c\":3}\n";
  for (size_t size = 1; size <= text.size(); ++size) {
    WatchFrames frames;
    std::vector<std::string> lines;
    for (size_t at = 0; at < text.size(); at += size) {
      ASSERT_TRUE(frames.Add(std::string_view(text).substr(at, size)).ok());
      for (std::string& line : LinesOf(&frames)) {
        lines.push_back(std::move(line));
      }
    }
    EXPECT_EQ(lines, (std::vector<std::string>{"{\"a\":1}", "{\"b\":2}", "{\"c\":3}"})) << size;
    EXPECT_EQ(frames.pending(), 0U);
  }
}

TEST(WatchFramesTest, LinesMayBeFetchedAfterSeveralChunks) {
  WatchFrames frames;
  ASSERT_TRUE(frames.Add("one\ntw").ok());
  ASSERT_TRUE(frames.Add("o\nthr").ok());
  EXPECT_EQ(LinesOf(&frames), (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(frames.pending(), 3U);
}

TEST(WatchFramesTest, ALineIsBoundedHoweverItComes) {
  WatchFrames slow(10);
  ASSERT_TRUE(slow.Add("12345").ok());
  ASSERT_TRUE(slow.Add("67890").ok());
  EXPECT_EQ(slow.Add("1").code(), absl::StatusCode::kUnavailable);
  WatchFrames fine(10);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(fine.Add("1234\n5678").ok());
    ASSERT_TRUE(fine.Add("9\n").ok());
    EXPECT_EQ(LinesOf(&fine).size(), 2U);
  }
}

TEST(WatchFramesTest, ManyLinesDoNotPileUp) {
  WatchFrames frames;
  const std::string chunk = std::string(1000, 'x') + "\n" + std::string(500, 'y');
  for (int i = 0; i < 5000; ++i) {
    ASSERT_TRUE(frames.Add(chunk).ok());
    ASSERT_EQ(LinesOf(&frames).size(), 1U);
    ASSERT_EQ(frames.pending(), 500U);
  }
}

TEST(WatchFramesTest, ReadsEvents) {
  const auto event = ParseWatchEvent(R"({"type":"MODIFIED","object":{"metadata":{"name":"p"}}})");
  ASSERT_TRUE(event.ok() && *event);
  EXPECT_EQ((*event)->type, WatchEvent::Type::kModified);
  EXPECT_EQ(Name((*event)->object), "p");
  const auto bookmark = ParseWatchEvent(
      R"({"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"12"}}})");
  ASSERT_TRUE(bookmark.ok() && *bookmark);
  EXPECT_EQ((*bookmark)->type, WatchEvent::Type::kBookmark);
  EXPECT_EQ(ResourceVersion((*bookmark)->object), "12");
}

TEST(WatchFramesTest, AnErrorEventIsAnError) {
  const auto expired = ParseWatchEvent(
      R"({"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}})");
  EXPECT_EQ(expired.status().code(), absl::StatusCode::kOutOfRange);
  ASSERT_TRUE(KubeErrorOf(expired.status()));
  EXPECT_EQ(KubeErrorOf(expired.status())->reason, "Expired");
}

TEST(WatchFramesTest, SkipsTypesOfTheFutureAndRefusesNonsense) {
  const auto unknown = ParseWatchEvent(R"({"type":"ARCHIVED","object":{}})");
  ASSERT_TRUE(unknown.ok());
  EXPECT_FALSE(*unknown);
  for (const char* line : {"", "{", "[]", "null", R"({"type":"ADDED"})", R"({"object":{}})",
                           R"({"type":"ADDED","object":[]})", R"({"type":7,"object":{}})",
                           R"({"type":"ADDED","object":{}} x)"}) {
    EXPECT_EQ(ParseWatchEvent(line).status().code(), absl::StatusCode::kUnavailable) << line;
  }
}

TEST(WatchFramesTest, ReadsJsonAsDeepAsServersNestItAndNoDeeper) {
  const auto nested = [](int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) {
      text += "{\"a\":";
    }
    return text + "1" + std::string(static_cast<size_t>(depth), '}');
  };
  EXPECT_TRUE(ParseJsonObject(nested(100)).ok());
  EXPECT_FALSE(ParseJsonObject(nested(200)).ok());
}

}  // namespace
}  // namespace squall
