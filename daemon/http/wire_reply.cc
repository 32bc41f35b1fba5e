#include "daemon/http/wire_reply.h"

#include <algorithm>
#include <functional>
#include <utility>

#include <boost/beast/http/status.hpp>
#include <fmt/format.h>

#include "daemon/base/ascii.h"
#include "daemon/base/gzip.h"
#include "daemon/http/header_text.h"

namespace squall {
namespace {

constexpr size_t kWorthCompressingBytes = 1024;

// The page needs nothing from elsewhere and no inline script. Views set styles through the object
// model, which the policy does not count as inline.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

// What a reply may say otherwise by a header of the same name. With Referrer-Policy no-referrer,
// browsers would send "Origin: null" with the login form, which looks like a foreign page.
constexpr std::pair<std::string_view, std::string_view> kDefaults[] = {
    {"Content-Security-Policy", kContentSecurityPolicy},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "same-origin"},
    {"X-Frame-Options", "DENY"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
};

bool HasHeader(const HttpReply& reply, std::string_view name) {
  return std::any_of(reply.headers.begin(), reply.headers.end(),
                     [&](const auto& header) { return EqualsIgnoringCase(header.first, name); });
}

// Names of runs and of plans get into headers: they must not end one.
std::string OneLine(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    c = static_cast<unsigned char>(c) < ' ' || c == '\x7f' ? ' ' : c;
  }
  return line;
}

void AddHeader(std::string_view name, std::string_view value, std::string* head) {
  *head += fmt::format("{}: {}\r\n", OneLine(name), OneLine(value));
}

std::string ContentType(const std::string& type) {
  return type.starts_with("text/") && type.find(';') == type.npos ? type + "; charset=utf-8" : type;
}

// Replaces the body by its compressed form where that helps and is wanted.
void Compress(const ReplyFor& request, HttpReply* reply) {
  const bool worth = reply->gzip_body != nullptr ||
                     (reply->body != nullptr && reply->body->size() >= kWorthCompressingBytes &&
                      IsText(reply->content_type));
  if (!worth || HasHeader(*reply, "Content-Encoding")) {
    return;
  }
  reply->headers.emplace_back("Vary", "Accept-Encoding");
  if (!AcceptsGzip(request.accept_encoding)) {
    return;
  }
  reply->headers.emplace_back("Content-Encoding", "gzip");
  reply->body = reply->gzip_body != nullptr
                    ? std::move(reply->gzip_body)
                    : std::make_shared<const std::string>(Gzip(*reply->body, GzipEffort::kFast));
}

std::string Head(const HttpReply& reply, bool keep_alive, bool streams, bool has_body) {
  const auto reason =
      boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(reply.status));
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", reply.status,
                                 std::string_view(reason.data(), reason.size()));
  AddHeader("Connection", keep_alive ? "keep-alive" : "close", &head);
  if (streams) {
    AddHeader("Content-Type", "text/event-stream", &head);
    AddHeader("X-Accel-Buffering", "no", &head);
  } else if (has_body) {
    AddHeader("Content-Type", ContentType(reply.content_type), &head);
    AddHeader("Content-Length", fmt::format("{}", reply.body == nullptr ? 0 : reply.body->size()),
              &head);
  }
  if (!reply.etag.empty()) {
    AddHeader("ETag", fmt::format("W/\"{}\"", reply.etag), &head);
  }
  if (!HasHeader(reply, "Cache-Control")) {
    AddHeader("Cache-Control", reply.etag.empty() ? "no-store" : "private, no-cache", &head);
  }
  for (const auto& [name, value] : kDefaults) {
    if (!HasHeader(reply, name)) {
      AddHeader(name, value, &head);
    }
  }
  for (const auto& [name, value] : reply.headers) {
    AddHeader(name, value, &head);
  }
  return head + "\r\n";
}

}  // namespace

WireReply MakeWireReply(HttpReply reply, const ReplyFor& request) {
  WireReply wire;
  if (reply.feed != nullptr) {
    wire.head = Head(reply, /*keep_alive=*/false, /*streams=*/true, /*has_body=*/true);
    wire.feed = request.head_only ? nullptr : std::move(reply.feed);
    return wire;
  }
  if (request.get && reply.status == 200 && reply.etag.empty() && reply.body != nullptr) {
    reply.etag = fmt::format("{:016x}", std::hash<std::string_view>()(*reply.body));
  }
  bool has_body = reply.status >= 200 && reply.status != 204 && reply.status != 304;
  if (request.get && reply.status == 200 && !reply.etag.empty() &&
      NamesEtag(request.if_none_match, reply.etag)) {
    reply.status = 304;
    has_body = false;
  } else if (has_body) {
    Compress(request, &reply);
  }
  wire.head = Head(reply, request.keep_alive, /*streams=*/false, has_body);
  wire.body = has_body && !request.head_only ? std::move(reply.body) : nullptr;
  return wire;
}

}  // namespace squall
