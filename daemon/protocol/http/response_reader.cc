#include "daemon/protocol/http/response_reader.h"

#include <boost/beast/http/error.hpp>

namespace squall {
namespace http = boost::beast::http;

namespace {

// Static texts: reasons are grouped by them.
std::string_view ReasonOf(const boost::beast::error_code& error) {
  if (error == http::error::header_limit) {
    return "reply head too long";
  }
  if (error == http::error::body_limit || error == http::error::buffer_overflow) {
    return "reply body too long";
  }
  if (error == http::error::bad_version) {
    return "malformed reply (bad version)";
  }
  if (error == http::error::bad_content_length || error == http::error::multiple_content_length ||
      error == http::error::bad_transfer_encoding || error == http::error::bad_chunk ||
      error == http::error::bad_chunk_extension) {
    return "malformed reply (bad framing)";
  }
  return "malformed reply";
}

}  // namespace

ResponseReader::ResponseReader(ResponseSink sink, bool head_request, uint32_t header_bytes_max,
                               uint64_t body_bytes_max)
    : sink_(sink) {
  eager(true);
  skip(head_request);
  header_limit(header_bytes_max);
  body_limit(body_bytes_max);
}

size_t ResponseReader::Feed(std::string_view data, std::string_view* error) {
  size_t used = 0;
  while (used < data.size() && !is_done()) {
    ErrorCode code;
    const size_t step =
        put(boost::asio::const_buffer(data.data() + used, data.size() - used), code);
    used += step;
    if (code == http::error::need_more || (!code && step == 0)) {
      break;
    }
    if (code) {
      *error = ReasonOf(code);
      break;
    }
  }
  return used;
}

bool ResponseReader::Finish() {
  ErrorCode code;
  put_eof(code);
  return !code && is_done();
}

void ResponseReader::on_request_impl(http::verb, StringView, StringView, int, ErrorCode& error) {
  error = http::error::bad_method;
}

void ResponseReader::on_response_impl(int code, StringView reason, int, ErrorCode&) {
  status_ = code;
  if (sink_.reason != nullptr) {
    sink_.reason->assign(reason.data(), reason.size());
  }
}

void ResponseReader::on_field_impl(http::field field, StringView name, StringView value,
                                   ErrorCode&) {
  if (sink_.headers != nullptr) {
    sink_.headers->append(name.data(), name.size()).append(": ");
    sink_.headers->append(value.data(), value.size()).append("\r\n");
  }
  switch (field) {
    case http::field::location:
      if (sink_.location != nullptr) {
        sink_.location->assign(value.data(), value.size());
      }
      break;
    case http::field::set_cookie:
      if (sink_.set_cookies != nullptr) {
        sink_.set_cookies->append(value.data(), value.size()).push_back('\n');
      }
      break;
    case http::field::content_encoding:
      compressed_ = boost::beast::iequals(value, "gzip") || boost::beast::iequals(value, "deflate");
      break;
    default:
      break;
  }
}

void ResponseReader::on_header_impl(ErrorCode&) {}

void ResponseReader::on_body_init_impl(boost::optional<std::uint64_t> const&, ErrorCode&) {}

std::size_t ResponseReader::on_body_impl(StringView body, ErrorCode&) {
  body_bytes_ += body.size();
  if (sink_.body != nullptr) {
    sink_.body->append(body.data(), body.size());
  }
  return body.size();
}

void ResponseReader::on_chunk_header_impl(std::uint64_t, StringView, ErrorCode&) {}

std::size_t ResponseReader::on_chunk_body_impl(std::uint64_t, StringView body, ErrorCode& error) {
  return on_body_impl(body, error);
}

void ResponseReader::on_finish_impl(ErrorCode&) {}

}  // namespace squall
