// Bytes in, requests out: HTTP/1.1 as Beast parses it, with limits. Pure; private to this room,
// since it shows Beast. One owner, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "daemon/target/message.h"
#include "daemon/target/options.h"

namespace squall {

class TargetRequestReader final {
 public:
  enum class State { kNeedMore, kComplete, kBad };

  explicit TargetRequestReader(const TargetLimits& limits);
  TargetRequestReader(const TargetRequestReader&) = delete;
  TargetRequestReader& operator=(const TargetRequestReader&) = delete;

  // Where the next bytes go; Commit says how many came.
  boost::asio::mutable_buffer Room();
  void Commit(size_t bytes);
  // Goes as far as the bytes allow.
  State Parse();
  // Drops the request and begins the next one.
  void StartNext();
  // Bytes are here that belong to no finished request.
  bool HasInput() const { return input_.size() > 0; }
  void DropInput() { input_.clear(); }

  // True once per request, when its sender waits for "100 Continue" before it sends the body.
  bool TakeContinue();

  // The complete request: views that are valid until StartNext. `now` and `from_loopback` are left
  // to the caller.
  TargetRequest Request();
  bool KeepAlive() const { return parser_->keep_alive(); }
  bool IsHttp10() const { return parser_->get().version() < 11; }

  // What to answer after kBad: 400, 413 or 431.
  TargetResponse Complaint() const;

 private:
  const uint32_t header_bytes_max_;
  const uint64_t body_bytes_max_;
  boost::beast::flat_buffer input_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;
  boost::beast::error_code error_;
  std::vector<HeaderView> headers_;
  bool continued_ = false;
};

}  // namespace squall
