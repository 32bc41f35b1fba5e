// Reads one HTTP/1.1 reply, piece by piece. Framing, limits and chunked coding are Beast's
// (basic_parser); this class keeps only what somebody asked for. Loop thread only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/beast/http/basic_parser.hpp>

#include "daemon/protocol/http/response_sink.h"

namespace squall {

class ResponseReader final : public boost::beast::http::basic_parser<false> {
 public:
  ResponseReader(ResponseSink sink, bool head_request, uint32_t header_bytes_max,
                 uint64_t body_bytes_max);

  // Consumes from `data` and returns how much; the rest must be given again with more behind it.
  // `error` is set, as a reason for reports, when the reply is not HTTP or too long.
  size_t Feed(std::string_view data, std::string_view* error);
  // The peer has closed. True when that is how this reply ends.
  bool Finish();

  int status() const { return status_; }
  uint64_t body_bytes() const { return body_bytes_; }
  bool compressed() const { return compressed_; }

 private:
  using ErrorCode = boost::beast::error_code;
  using StringView = boost::beast::string_view;
  void on_request_impl(boost::beast::http::verb, StringView, StringView, int,
                       ErrorCode& error) override;
  void on_response_impl(int code, StringView reason, int version, ErrorCode& error) override;
  void on_field_impl(boost::beast::http::field field, StringView name, StringView value,
                     ErrorCode& error) override;
  void on_header_impl(ErrorCode& error) override;
  void on_body_init_impl(boost::optional<std::uint64_t> const& length, ErrorCode& error) override;
  std::size_t on_body_impl(StringView body, ErrorCode& error) override;
  void on_chunk_header_impl(std::uint64_t size, StringView extensions, ErrorCode& error) override;
  std::size_t on_chunk_body_impl(std::uint64_t remain, StringView body, ErrorCode& error) override;
  void on_finish_impl(ErrorCode& error) override;

  const ResponseSink sink_;
  int status_ = 0;
  uint64_t body_bytes_ = 0;
  bool compressed_ = false;
};

}  // namespace squall
