#include "tests/support/kube/watch_stream.h"

#include <algorithm>
#include <utility>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "tests/support/kube/api_error.h"

namespace squall {
namespace {

namespace json = boost::json;
using Kind = ApiFault::Kind;
using Point = ApiFault::Point;

constexpr Nanos kWaitMax = std::chrono::milliseconds(50);  // until the next look at the client
constexpr Nanos kMergeWait = std::chrono::milliseconds(50);
constexpr Nanos kForEver = std::chrono::hours(24);

constexpr const char* kHead =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-cache, private\r\n"
    "Transfer-Encoding: chunked\r\n\r\n";

}  // namespace

bool WatchStream::Run(WatchCursor cursor, std::vector<json::object> events, Nanos timeout) {
  if (!link_->Write(kHead)) {
    return false;
  }
  if (HitsAt(Kind::kReset, Point::kHeaders)) {
    link_->Reset();
    return false;
  }
  if (HitsAt(Kind::kStall, Point::kHeaders)) {
    link_->Idle(kForEver);
    return false;
  }
  bool ended = false;
  if (Hits(Kind::kWatchError)) {
    events = {WatchEventOf("ERROR", ErrorOfCode(fault_->code).ToStatus())};
    ended = true;
  }
  const Clock& clock = *backend_->clock;
  const TimePoint deadline = clock.Now() + timeout;
  TimePoint bookmark = clock.Now() + backend_->bookmark_period;
  const bool bookmarks = cursor.bookmarks && !Hits(Kind::kNoBookmarks);
  while (true) {
    if (!events.empty() && Hits(Kind::kMergedEvents)) {
      link_->Idle(std::max(kMergeWait, fault_->delay));
      const std::vector<json::object> more =
          backend_->cluster->ReadWatch(&cursor, Nanos(0), &ended);
      events.insert(events.end(), more.begin(), more.end());
    }
    if (!SendEvents(events) || !link_->Idle(Nanos(0))) {
      return false;
    }
    const TimePoint now = clock.Now();
    const bool over = ended || now >= deadline;
    if (bookmarks && !ended && (over || now >= bookmark)) {
      bookmark = now + backend_->bookmark_period;
      if (!SendEvents({BookmarkOf(cursor)})) {
        return false;
      }
    }
    if (over) {
      return link_->Write("0\r\n\r\n");
    }
    const Nanos wait = std::min({kWaitMax, deadline - now, bookmark - now});
    events = backend_->cluster->ReadWatch(&cursor, wait, &ended);
  }
}

bool WatchStream::SendEvents(const std::vector<json::object>& events) {
  std::string together;
  for (const json::object& event : events) {
    const std::string line = json::serialize(event) + "\n";
    const bool breaks = Hits(Kind::kHalfLine) || HitsAt(Kind::kReset, Point::kBody) ||
                        HitsAt(Kind::kStall, Point::kBody);
    if (breaks) {
      return SendBroken(line);
    }
    if (Hits(Kind::kMergedEvents)) {
      together += line;
      continue;
    }
    if (!SendChunk(line) || (Hits(Kind::kDuplicateEvent) && !SendChunk(line))) {
      return false;
    }
  }
  return together.empty() || SendChunk(together);
}

bool WatchStream::SendBroken(const std::string& line) {
  SendChunk(std::string_view(line).substr(0, line.size() / 2));
  if (Hits(Kind::kHalfLine)) {
    link_->Write("0\r\n\r\n");
  } else if (Hits(Kind::kStall)) {
    link_->Idle(kForEver);
  } else {
    link_->Reset();
  }
  return false;
}

bool WatchStream::SendChunk(std::string_view text) {
  if (!Hits(Kind::kByteChunks)) {
    return link_->Write(fmt::format("{:x}\r\n{}\r\n", text.size(), text));
  }
  std::string chunks;
  for (const char byte : text) {
    chunks += fmt::format("1\r\n{}\r\n", byte);
  }
  return link_->Write(chunks);
}

}  // namespace squall
