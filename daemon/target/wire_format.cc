#include "daemon/target/wire_format.h"

#include <charconv>

#include <boost/beast/http/status.hpp>
#include <fmt/format.h>

namespace squall {
namespace {

constexpr size_t kChunkBytes = 10;  // small, so that even a short body takes several chunks

void AppendNumber(int64_t number, std::string* out) {
  char digits[24];
  const auto [end, problem] = std::to_chars(digits, digits + sizeof digits, number);
  out->append(digits, end);
}

std::string_view Reason(int status) {
  const auto reason =
      boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(status));
  return {reason.data(), reason.size()};
}

int64_t BodyLength(const TargetResponse& response) {
  return response.filler_bytes > 0 ? response.filler_bytes
                                   : static_cast<int64_t>(response.body.size());
}

void AppendChunks(std::string_view body, std::string* out) {
  while (!body.empty()) {
    const std::string_view chunk = body.substr(0, kChunkBytes);
    *out += fmt::format("{:x}\r\n{}\r\n", chunk.size(), chunk);
    body.remove_prefix(chunk.size());
  }
  *out += "0\r\n\r\n";
}

}  // namespace

BodyFraming EffectiveFraming(const TargetResponse& response, const ResponseContext& context) {
  const bool cannot_chunk = context.http_1_0 && response.framing == BodyFraming::kChunked;
  return cannot_chunk ? BodyFraming::kUntilClose : response.framing;
}

bool ClosesConnection(const TargetResponse& response, const ResponseContext& context) {
  const BodyFraming framing = EffectiveFraming(response, context);
  return !context.keep_alive ||
         (framing != BodyFraming::kLength && framing != BodyFraming::kChunked);
}

bool HasBody(const TargetResponse& response, const ResponseContext& context) {
  return !context.head_request && response.status != 204 && response.status != 304;
}

void AppendHead(const TargetResponse& response, const ResponseContext& context, std::string* out) {
  *out += "HTTP/1.1 ";
  AppendNumber(response.status, out);
  *out += ' ';
  *out += Reason(response.status);
  *out += "\r\nServer: squall-target\r\nContent-Type: ";
  *out += response.content_type;
  const BodyFraming framing = EffectiveFraming(response, context);
  if (response.status == 204) {
    // No length: RFC 9110 forbids one here.
  } else if (framing == BodyFraming::kChunked) {
    *out += "\r\nTransfer-Encoding: chunked";
  } else if (framing != BodyFraming::kUntilClose) {
    *out += "\r\nContent-Length: ";
    AppendNumber(BodyLength(response), out);
  }
  if (ClosesConnection(response, context)) {
    *out += "\r\nConnection: close";
  } else if (context.http_1_0) {
    *out += "\r\nConnection: keep-alive";
  }
  for (const auto& [name, value] : response.headers) {
    *out += "\r\n";
    *out += name;
    *out += ": ";
    *out += value;
  }
  *out += "\r\n\r\n";
}

void AppendBody(const TargetResponse& response, const ResponseContext& context, std::string* out) {
  if (!HasBody(response, context) || response.filler_bytes > 0) {
    return;
  }
  const std::string_view body = response.body;
  switch (EffectiveFraming(response, context)) {
    case BodyFraming::kChunked:
      AppendChunks(body, out);
      break;
    case BodyFraming::kTruncated:
      *out += body.substr(0, body.size() / 2);
      break;
    case BodyFraming::kLength:
    case BodyFraming::kUntilClose:
      *out += body;
      break;
    case BodyFraming::kNoAnswer:
      break;
  }
}

}  // namespace squall
