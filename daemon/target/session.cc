#include "daemon/target/session.h"

#include <algorithm>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "daemon/target/wire_format.h"

namespace squall {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using Tcp = asio::ip::tcp;
using TlsStream = asio::ssl::stream<Tcp::socket>;

// g++ 12 makes wrong code of `co_return co_await f()` and of `a && co_await f()` in these templates
// (a frame that was never filled, a condition that is not looked at), so every co_await below
// stands in a statement of its own.
constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr size_t kHeadReadBytes = 2 << 10;  // small: a hundred thousand idle connections fit
constexpr size_t kBodyReadBytes = 64 << 10;
constexpr size_t kFillerBlockBytes = 64 << 10;
constexpr size_t kPipelinedBytesMax = 256 << 10;  // answers held back to be written together
constexpr size_t kLingerBytesMax = 16 << 20;

std::string_view View(boost::beast::string_view text) { return {text.data(), text.size()}; }

const std::string& FillerBlock() {
  static const std::string block(kFillerBlockBytes, 'x');
  return block;
}

// Can be written at once, together with its neighbours in the pipeline.
bool IsPrompt(const TargetResponse& response) {
  return response.delay == Nanos(0) && response.filler_bytes == 0 &&
         response.framing != BodyFraming::kNoAnswer;
}

template <class Stream>
constexpr bool kIsTls = std::is_same_v<Stream, TlsStream>;

template <class Stream>
class StreamSession final : public TargetSession {
 public:
  StreamSession(Stream stream, bool from_loopback, TargetShardContext* context)
      : stream_(std::move(stream)),
        timer_(stream_.get_executor()),
        context_(context),
        from_loopback_(from_loopback) {
    Touch();
  }

  asio::awaitable<void> Run() override;
  void Drain() override;
  void Abort() override;
  bool Expired() const override { return !answering_ && context_->tick > deadline_tick_; }

 private:
  enum class Input { kNeedMore, kRequest, kBad };

  Tcp::socket& Socket() {
    if constexpr (kIsTls<Stream>) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }
  void Touch() { deadline_tick_ = context_->tick + context_->idle_ticks; }

  asio::awaitable<bool> ReadRequest();
  Input Parse();
  void StartParser();
  bool MustContinue() const;
  void AnswerBadRequest();

  TargetResponse Answer();
  void AppendResponse();
  asio::awaitable<bool> SendSlowly();
  asio::awaitable<bool> SendFiller(int64_t bytes);
  asio::awaitable<void> WaitFor(Nanos delay);
  asio::awaitable<void> WaitOutStall();
  asio::awaitable<bool> Flush();
  asio::awaitable<void> Close();

  Stream stream_;
  asio::steady_timer timer_;
  TargetShardContext* const context_;
  const bool from_loopback_;

  boost::beast::flat_buffer input_;
  std::optional<http::request_parser<http::string_body>> parser_;
  error_code parse_error_;
  std::vector<HeaderView> headers_;
  std::string output_;
  TargetResponse response_;
  ResponseContext reply_;
  bool continued_ = false;  // 100 Continue was sent for this request
  bool answering_ = false;  // waiting for ourselves, so the idle timeout does not count
  bool request_open_ = false;
  bool counted_ = false;  // the request is no control request
  bool closing_ = false;
  bool aborted_ = false;
  bool rejected_ = false;  // the peer may still be sending: let it finish before closing
  uint64_t deadline_tick_ = 0;
};

template <class Stream>
asio::awaitable<void> StreamSession<Stream>::Run() {
  if constexpr (kIsTls<Stream>) {
    co_await WaitOutStall();
    const auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::server, kToken);
    if (error) {
      co_return;
    }
  }
  StartParser();
  while (!closing_) {
    const bool arrived = co_await ReadRequest();
    if (!arrived) {
      break;
    }
    response_ = Answer();
    bool sent = true;
    if (IsPrompt(response_)) {
      AppendResponse();
    } else {
      sent = co_await SendSlowly();
    }
    if (output_.size() > kPipelinedBytesMax) {
      sent = co_await Flush();
    }
    if (!sent) {
      break;
    }
    StartParser();
  }
  const bool flushed = co_await Flush();
  if (flushed) {
    co_await Close();
  }
}

template <class Stream>
void StreamSession<Stream>::Drain() {
  if (!request_open_) {
    Abort();
  }
}

template <class Stream>
void StreamSession<Stream>::Abort() {
  aborted_ = true;
  closing_ = true;
  timer_.cancel();
  error_code ignored;
  Socket().close(ignored);
}

template <class Stream>
void StreamSession<Stream>::StartParser() {
  parser_.emplace();
  parser_->header_limit(context_->limits.header_bytes_max);
  parser_->body_limit(context_->limits.body_bytes_max);
  parser_->eager(true);
  continued_ = false;
  request_open_ = input_.size() > 0;
  closing_ = closing_ || (context_->draining && !request_open_);
}

// True when a whole request is in the parser. Answers are written when no further request is
// already here, so that pipelined ones leave in one piece.
template <class Stream>
asio::awaitable<bool> StreamSession<Stream>::ReadRequest() {
  while (true) {
    const Input state = Parse();
    if (state == Input::kRequest) {
      co_return true;
    }
    if (state == Input::kBad) {
      AnswerBadRequest();
      co_return false;
    }
    if (MustContinue()) {
      continued_ = true;
      output_ += "HTTP/1.1 100 Continue\r\n\r\n";
    }
    bool flushed = true;
    if (!output_.empty()) {
      flushed = co_await Flush();
    }
    if (!flushed) {
      co_return false;
    }
    if (!request_open_) {
      Touch();
    }
    const size_t room = parser_->is_header_done() ? kBodyReadBytes : kHeadReadBytes;
    const auto [error, size] = co_await stream_.async_read_some(input_.prepare(room), kToken);
    if (error || aborted_) {
      co_return false;
    }
    input_.commit(size);
    Add(context_->counters->bytes_received, size);
    if (!request_open_) {
      request_open_ = true;
      Touch();
    }
  }
}

template <class Stream>
typename StreamSession<Stream>::Input StreamSession<Stream>::Parse() {
  while (input_.size() > 0 && !parser_->is_done()) {
    error_code error;
    const size_t used = parser_->put(input_.data(), error);
    input_.consume(used);
    if (error == http::error::need_more) {
      return Input::kNeedMore;
    }
    if (error) {
      parse_error_ = error;
      return Input::kBad;
    }
  }
  return parser_->is_done() ? Input::kRequest : Input::kNeedMore;
}

// The peer waits for our word before it sends the body.
template <class Stream>
bool StreamSession<Stream>::MustContinue() const {
  return !continued_ && parser_->is_header_done() &&
         boost::beast::iequals(parser_->get()[http::field::expect], "100-continue");
}

template <class Stream>
void StreamSession<Stream>::AnswerBadRequest() {
  Add(context_->counters->malformed);
  counted_ = true;
  if (parse_error_ == http::error::header_limit) {
    response_ =
        ErrorResponse(431, "the header must be at most " +
                               std::to_string(context_->limits.header_bytes_max) + " bytes");
  } else if (parse_error_ == http::error::body_limit) {
    response_ = ErrorResponse(413, "the body must be at most " +
                                       std::to_string(context_->limits.body_bytes_max) + " bytes");
  } else {
    response_ = ErrorResponse(400, "the request must be HTTP/1.1: " + parse_error_.message());
  }
  reply_ = ResponseContext{.keep_alive = false};
  AppendResponse();
  rejected_ = true;
}

// Counts the request, rolls the dice, asks the router.
template <class Stream>
TargetResponse StreamSession<Stream>::Answer() {
  const auto& message = parser_->get();
  TargetRequest request;
  request.method = View(message.method_string());
  request.target = View(message.target());
  request.body = message.body();
  headers_.clear();
  for (const auto& field : message) {
    headers_.push_back({View(field.name_string()), View(field.value())});
  }
  request.headers = headers_;
  request.from_loopback = from_loopback_;
  request.now = context_->clock->Now();

  const RouteMatch match = context_->router->Match(request.method, request.target);
  FaultDecision fault;
  Nanos stalled{0};
  counted_ = !match.control;
  if (counted_) {
    Add(context_->counters->requests[match.route][static_cast<size_t>(match.method)]);
    fault = context_->dice->Roll();
    stalled = context_->stall->ReleaseTime(request.now) - request.now;
  }
  TargetResponse response = fault.error ? ErrorResponse(500, "a made-up error (--error-rate)")
                                        : context_->router->Handle(request, match);
  // A stall may also begin during the delay: SendSlowly looks again.
  response.delay = std::max(response.delay + fault.latency, stalled);

  reply_.head_request = match.method == TargetMethod::kHead;
  reply_.http_1_0 = message.version() < 11;
  reply_.keep_alive = parser_->keep_alive() && !context_->draining;
  closing_ = ClosesConnection(response, reply_);
  return response;
}

template <class Stream>
void StreamSession<Stream>::AppendResponse() {
  AppendHead(response_, reply_, &output_);
  AppendBody(response_, reply_, &output_);
  if (counted_) {
    Add(context_->counters->responses[response_.status]);
  }
}

// Answers that take time: the earlier ones of the pipeline go first.
template <class Stream>
asio::awaitable<bool> StreamSession<Stream>::SendSlowly() {
  const bool flushed = co_await Flush();
  if (!flushed) {
    co_return false;
  }
  if (response_.delay > Nanos(0)) {
    co_await WaitFor(response_.delay);
    co_await WaitOutStall();
  }
  if (aborted_) {
    co_return false;
  }
  if (response_.framing == BodyFraming::kNoAnswer) {
    co_return true;
  }
  AppendResponse();
  // Not `co_return co_await …`: g++ 12 makes a coroutine of that which reads a frame it never
  // filled.
  bool sent = true;
  if (response_.filler_bytes > 0 && HasBody(response_, reply_)) {
    sent = co_await SendFiller(response_.filler_bytes);
  }
  co_return sent;
}

template <class Stream>
asio::awaitable<bool> StreamSession<Stream>::SendFiller(int64_t bytes) {
  const bool flushed = co_await Flush();
  if (!flushed) {
    co_return false;
  }
  while (bytes > 0) {
    co_await WaitOutStall();
    const size_t block = std::min<size_t>(kFillerBlockBytes, static_cast<size_t>(bytes));
    Touch();
    const auto [error, size] =
        co_await asio::async_write(stream_, asio::buffer(FillerBlock(), block), kToken);
    Add(context_->counters->bytes_sent, size);
    if (error || aborted_) {
      co_return false;
    }
    bytes -= static_cast<int64_t>(block);
  }
  co_return true;
}

template <class Stream>
asio::awaitable<void> StreamSession<Stream>::WaitFor(Nanos delay) {
  answering_ = true;
  timer_.expires_after(delay);
  co_await timer_.async_wait(kToken);
  answering_ = false;
  Touch();
}

template <class Stream>
asio::awaitable<void> StreamSession<Stream>::WaitOutStall() {
  while (!aborted_) {
    const TimePoint now = context_->clock->Now();
    const TimePoint release = context_->stall->ReleaseTime(now);
    if (release <= now) {
      co_return;
    }
    co_await WaitFor(release - now);
  }
}

template <class Stream>
asio::awaitable<bool> StreamSession<Stream>::Flush() {
  if (output_.empty()) {
    co_return !aborted_;
  }
  Touch();
  const auto [error, size] = co_await asio::async_write(stream_, asio::buffer(output_), kToken);
  Add(context_->counters->bytes_sent, size);
  output_.clear();
  co_return !error && !aborted_;
}

// Closing while the peer still sends would make the kernel reset the connection and throw away the
// answer, so a rejected peer is read out first, within bounds.
template <class Stream>
asio::awaitable<void> StreamSession<Stream>::Close() {
  Touch();
  if constexpr (kIsTls<Stream>) {
    co_await stream_.async_shutdown(kToken);
  }
  error_code ignored;
  Socket().shutdown(Tcp::socket::shutdown_send, ignored);
  input_.clear();
  size_t linger = rejected_ ? kLingerBytesMax : 0;
  while (linger > 0 && !aborted_) {
    const auto [error, size] =
        co_await Socket().async_read_some(input_.prepare(kBodyReadBytes), kToken);
    if (error) {
      break;
    }
    linger -= std::min(linger, size);
  }
}

}  // namespace

std::unique_ptr<TargetSession> MakeTargetSession(Tcp::socket socket, bool from_loopback,
                                                 asio::ssl::context* tls,
                                                 TargetShardContext* context) {
  if (tls == nullptr) {
    return std::make_unique<StreamSession<Tcp::socket>>(std::move(socket), from_loopback, context);
  }
  return std::make_unique<StreamSession<TlsStream>>(TlsStream(std::move(socket), *tls),
                                                    from_loopback, context);
}

}  // namespace squall
