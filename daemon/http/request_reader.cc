#include "daemon/http/request_reader.h"

#include <string>
#include <utility>

#include <boost/beast/http/error.hpp>

#include "daemon/base/ascii.h"
#include "daemon/http/url_text.h"

namespace squall {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

constexpr size_t kReadBytes = 16 << 10;

std::string_view View(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

RequestReader::RequestReader(size_t head_bytes_max, size_t body_bytes_max)
    : head_bytes_max_(head_bytes_max), body_bytes_max_(body_bytes_max) {
  StartNext();
}

void RequestReader::StartNext() {
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(head_bytes_max_));
  parser_->body_limit(body_bytes_max_);
  request_ = HttpRequest{};
  head_taken_ = false;
  // A request that turns out to be none is not taken for one like its predecessor.
  is_head_ = false;
  keep_alive_ = false;
  is_http_1_0_ = false;
  expects_continue_ = false;
}

boost::asio::mutable_buffer RequestReader::Room() { return input_.prepare(kReadBytes); }

RequestReader::State RequestReader::Parse() {
  error_code error;
  while (!parser_->is_header_done() || (head_taken_ && !parser_->is_done())) {
    if (input_.size() == 0) {
      return State::kNeedMore;
    }
    input_.consume(parser_->put(input_.data(), error));
    if (error == http::error::need_more) {
      return State::kNeedMore;
    }
    if (error == http::error::header_limit) {
      return parser_->get().target().empty() ? Bad(414, "the target must be shorter")
                                             : Bad(431, "the head must be smaller");
    }
    if (error == http::error::body_limit) {
      return Bad(413, "the body must be smaller");
    }
    if (error) {
      return Bad(400, "must be HTTP/1.1");
    }
  }
  if (!std::exchange(head_taken_, true)) {
    return TakeHead();
  }
  request_.body = std::move(parser_->get().body());
  return State::kComplete;
}

RequestReader::State RequestReader::TakeHead() {
  const auto& message = parser_->get();
  is_head_ = message.method() == http::verb::head;
  keep_alive_ = message.keep_alive();
  is_http_1_0_ = message.version() < 11;
  request_.method = is_head_ ? "GET" : std::string(View(message.method_string()));
  const auto target = ParseUrlTarget(View(message.target()));
  if (!target.has_value()) {
    return Bad(400, "the target must be a path such as /api/v1/runs");
  }
  request_.path = target->path;
  request_.query = ParseForm(target->query);
  const size_t hosts = message.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && !is_http_1_0_)) {
    return Bad(400, "must have one Host header");
  }
  for (const auto& field : message) {
    const std::string name = LowerCase(View(field.name_string()));
    const auto [known, first] = request_.headers.try_emplace(name, View(field.value()));
    if (!first) {
      known->second += name == "cookie" ? "; " : ", ";
      known->second += View(field.value());
    }
  }
  expects_continue_ = LowerCase(request_.Header("expect")) == "100-continue";
  return State::kHead;
}

RequestReader::State RequestReader::Bad(int status, std::string_view message) {
  bad_status_ = status;
  bad_message_ = message;
  keep_alive_ = false;
  return State::kBad;
}

HttpReply RequestReader::Complaint() const { return ErrorReply(bad_status_, bad_message_); }

}  // namespace squall
