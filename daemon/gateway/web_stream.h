// Server-sent events of a run (web/src/api.ts): what a page lacks, at every new version. Clients
// that have the same get the same text, made once.
//
// The feeds run on the server's thread and share ownership of the stream, since a server may close
// its connections after its handler is gone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "daemon/base/clock.h"
#include "daemon/gateway/run_host.h"
#include "daemon/gateway/run_pieces.h"
#include "daemon/http/http_message.h"

namespace squall {

// What one page has.
struct StreamPlace {
  size_t points = 0;
  Nanos step{0};       // length of the first point
  int64_t events = 0;  // the number of the next one
  bool operator==(const StreamPlace&) const = default;
};

class WebStream final : public std::enable_shared_from_this<WebStream> {
 public:
  // Both outlive the stream.
  WebStream(RunHost* host, RunPieces* pieces) : host_(host), pieces_(pieces) {}
  WebStream(const WebStream&) = delete;
  WebStream& operator=(const WebStream&) = delete;

  std::unique_ptr<EventFeed> Open(std::string run_id, StreamPlace place);

 private:
  class Feed;
  struct Step {
    std::string run_id;
    std::string version;
    uint64_t number = 0;  // of that version
    StreamPlace before;
    StreamPlace after;
    EventFeed::Piece piece;
  };

  Step Make(const std::string& run_id, const StreamPlace& place);
  bool AppendLive(const Step& step, const RunPieces::Edition& edition, StreamPlace* after,
                  std::string* text);
  void AppendEvents(const std::string& run_id, StreamPlace* after, std::string* text);

  RunHost* const host_;
  RunPieces* const pieces_;
  std::mutex mutex_;
  std::deque<Step> steps_;  // guarded by mutex_; the newest last
};

// "event: run\ndata: {…}\n\n"
std::string SentEvent(std::string_view name, std::string_view json);

}  // namespace squall
