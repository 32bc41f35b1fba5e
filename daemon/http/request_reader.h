// One connection's input: bytes in, requests out, one after the other. No sockets, no time. Private
// to this room, since it shows Beast.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "daemon/http/http_message.h"

namespace squall {

class RequestReader final {
 public:
  enum class State : uint8_t {
    kNeedMore,
    kHead,      // once for each request: all but its body is known
    kComplete,  // with its body
    kBad,       // Complaint() says why; the connection is of no use any more
  };
  RequestReader(size_t head_bytes_max, size_t body_bytes_max);

  // Where to put what comes next, and how much has come.
  boost::asio::mutable_buffer Room();
  void Commit(size_t size) { input_.commit(size); }
  void DropInput() { input_.clear(); }
  bool HasInput() const { return input_.size() > 0; }

  State Parse();
  void StartNext();

  // From kHead on; has the body from kComplete on.
  HttpRequest& request() { return request_; }
  const HttpRequest& request() const { return request_; }
  bool is_head_request() const { return is_head_; }
  bool keep_alive() const { return keep_alive_; }
  bool is_http_1_0() const { return is_http_1_0_; }
  bool expects_continue() const { return expects_continue_; }
  // Whether all of the body, if there is one, has been read.
  bool body_done() const { return parser_->is_done(); }

  HttpReply Complaint() const;

 private:
  State TakeHead();
  State Bad(int status, std::string_view message);

  const size_t head_bytes_max_;
  const size_t body_bytes_max_;
  boost::beast::flat_buffer input_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;
  HttpRequest request_;
  bool head_taken_ = false;
  bool is_head_ = false;
  bool keep_alive_ = false;
  bool is_http_1_0_ = false;
  bool expects_continue_ = false;
  int bad_status_ = 0;
  std::string_view bad_message_;
};

}  // namespace squall
