#include "daemon/target/request_reader.h"

#include <string_view>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <fmt/format.h>

namespace squall {
namespace {

namespace http = boost::beast::http;

constexpr size_t kHeadReadBytes = 2 << 10;  // small: a hundred thousand idle connections fit
constexpr size_t kBodyReadBytes = 64 << 10;

std::string_view View(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

TargetRequestReader::TargetRequestReader(const TargetLimits& limits)
    : header_bytes_max_(limits.header_bytes_max), body_bytes_max_(limits.body_bytes_max) {
  StartNext();
}

boost::asio::mutable_buffer TargetRequestReader::Room() {
  return input_.prepare(parser_->is_header_done() ? kBodyReadBytes : kHeadReadBytes);
}

void TargetRequestReader::Commit(size_t bytes) { input_.commit(bytes); }

TargetRequestReader::State TargetRequestReader::Parse() {
  while (input_.size() > 0 && !parser_->is_done()) {
    boost::beast::error_code error;
    input_.consume(parser_->put(input_.data(), error));
    if (error == http::error::need_more) {
      return State::kNeedMore;
    }
    if (error) {
      error_ = error;
      return State::kBad;
    }
  }
  return parser_->is_done() ? State::kComplete : State::kNeedMore;
}

void TargetRequestReader::StartNext() {
  parser_.emplace();
  parser_->header_limit(header_bytes_max_);
  parser_->body_limit(body_bytes_max_);
  parser_->eager(true);
  continued_ = false;
}

bool TargetRequestReader::TakeContinue() {
  if (continued_ || !parser_->is_header_done() ||
      !boost::beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
    return false;
  }
  continued_ = true;
  return true;
}

TargetRequest TargetRequestReader::Request() {
  const auto& message = parser_->get();
  headers_.clear();
  for (const auto& field : message) {
    headers_.push_back({View(field.name_string()), View(field.value())});
  }
  TargetRequest request;
  request.method = View(message.method_string());
  request.target = View(message.target());
  request.body = message.body();
  request.headers = headers_;
  return request;
}

TargetResponse TargetRequestReader::Complaint() const {
  if (error_ == http::error::header_limit) {
    return ErrorResponse(431,
                         fmt::format("the header must be at most {} bytes", header_bytes_max_));
  }
  if (error_ == http::error::body_limit) {
    return ErrorResponse(413, fmt::format("the body must be at most {} bytes", body_bytes_max_));
  }
  return ErrorResponse(400, fmt::format("the request must be HTTP/1.1: {}", error_.message()));
}

}  // namespace squall
