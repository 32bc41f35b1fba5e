// A request as the server has read it, and the reply that a handler makes of it. Values.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace squall {

struct HttpRequest {
  std::string method;  // "GET"; upper case as sent
  std::string path;    // decoded, without the query: "/api/v1/runs/r-1"
  // Decoded, in order; of the target alone, not of a form body (see ParseForm).
  std::vector<std::pair<std::string, std::string>> query;
  // Names in lower case; repeated ones joined by ", " ("; " for cookies).
  std::map<std::string, std::string> headers;
  std::string body;
  std::string peer;  // "127.0.0.1:40212"

  // The first parameter of that name; "" when there is none.
  std::string Query(std::string_view name) const;
  std::optional<std::string> FindQuery(std::string_view name) const;
  std::string Header(std::string_view lower_case_name) const;
  // Whether the client has this version of what it asks for: NotModifiedReply saves rendering it.
  bool ClientHas(std::string_view etag) const;
};

// The fields of an application/x-www-form-urlencoded text, decoded, in order; at most 1000 of them.
std::vector<std::pair<std::string, std::string>> ParseForm(std::string_view text);

// One client's stream of server-sent events. Called on the server's thread, never while what it
// gave before is still being sent: a slow client is asked less often and so skips what is stale.
// Must not block.
class EventFeed {
 public:
  struct Piece {
    // Whole events, "event: run\ndata: {…}\n\n"; nullptr: nothing is new. Shared, so that many
    // clients cost one rendering.
    std::shared_ptr<const std::string> text;
    bool last = false;  // the stream ends after it
  };
  virtual ~EventFeed() = default;
  virtual Piece Next() = 0;
};

struct HttpReply {
  int status = 200;
  std::string content_type = "application/json";
  std::shared_ptr<const std::string> body;                   // nullptr: empty
  std::vector<std::pair<std::string, std::string>> headers;  // besides what the server adds
  std::string etag;  // without quotes; "" = the server makes one of the body of a GET with 200
  // Bytes of `body`, compressed already (gzip), for whoever accepts that; nullptr: the server
  // compresses by itself what is worth it.
  std::shared_ptr<const std::string> gzip_body;
  std::unique_ptr<EventFeed> feed;  // instead of a body: text/event-stream
};

HttpReply TextReply(int status, std::string text, std::string content_type = "text/plain");
HttpReply JsonReply(int status, std::string json);
// {"error":{"code":"NOT_FOUND","message":"…"}}; the code is what gRPC calls the status.
HttpReply ErrorReply(int status, std::string_view message);
HttpReply NotModifiedReply(std::string etag);
// To a path of ours, by 303: a browser asks for it with GET.
HttpReply RedirectReply(std::string location);

}  // namespace squall
