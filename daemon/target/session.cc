#include "daemon/target/session.h"

#include <algorithm>
#include <string>
#include <type_traits>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "daemon/target/request_reader.h"
#include "daemon/target/wire_format.h"

namespace squall {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Tcp = asio::ip::tcp;
using TlsStream = asio::ssl::stream<Tcp::socket>;

// g++ 12 makes wrong code of `co_return co_await f()` and of `a && co_await f()` in these templates
// (a frame that was never filled, a condition that is not looked at), so every co_await below
// stands in a statement of its own.
constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr size_t kFillerBlockBytes = 64 << 10;
constexpr size_t kPipelinedBytesMax = 256 << 10;  // answers held back to be written together
constexpr size_t kLingerBytesMax = 16 << 20;

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
        from_loopback_(from_loopback),
        reader_(context->limits) {
    Touch();
  }

  asio::awaitable<void> Run() override;
  void Drain() override;
  void Abort() override;
  bool Expired() const override { return !answering_ && context_->tick > deadline_tick_; }

 private:
  Tcp::socket& Socket() {
    if constexpr (kIsTls<Stream>) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }
  void Touch() { deadline_tick_ = context_->tick + context_->idle_ticks; }

  asio::awaitable<bool> ReadRequest();
  void StartNext();
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

  TargetRequestReader reader_;
  std::string output_;
  TargetResponse response_;
  ResponseContext reply_;
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
    StartNext();
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
void StreamSession<Stream>::StartNext() {
  reader_.StartNext();
  request_open_ = reader_.HasInput();
  closing_ = closing_ || (context_->draining && !request_open_);
}

// True when a whole request is in the reader. Answers are written when no further request is
// already here, so that pipelined ones leave in one piece.
template <class Stream>
asio::awaitable<bool> StreamSession<Stream>::ReadRequest() {
  while (true) {
    const auto state = reader_.Parse();
    if (state == TargetRequestReader::State::kComplete) {
      co_return true;
    }
    if (state == TargetRequestReader::State::kBad) {
      AnswerBadRequest();
      co_return false;
    }
    if (reader_.TakeContinue()) {
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
    const auto [error, size] = co_await stream_.async_read_some(reader_.Room(), kToken);
    if (error || aborted_) {
      co_return false;
    }
    reader_.Commit(size);
    Add(context_->counters->bytes_received, size);
    if (!request_open_) {
      request_open_ = true;
      Touch();
    }
  }
}

template <class Stream>
void StreamSession<Stream>::AnswerBadRequest() {
  Add(context_->counters->malformed);
  counted_ = true;
  response_ = reader_.Complaint();
  reply_ = ResponseContext{.keep_alive = false};
  AppendResponse();
  rejected_ = true;
}

// Counts the request, rolls the dice, asks the router.
template <class Stream>
TargetResponse StreamSession<Stream>::Answer() {
  TargetRequest request = reader_.Request();
  request.from_loopback = from_loopback_;
  request.now = context_->clock->Now();

  const RouteMatch match = context_->router->Match(request.method, request.target);
  FaultDecision fault;
  Nanos stalled{0};
  counted_ = !match.control;
  if (counted_) {
    Add(context_->counters->requests[match.route][static_cast<size_t>(match.method)]);
    context_->router->Note(request);
    fault = context_->dice->Roll();
    stalled = context_->stall->ReleaseTime(request.now) - request.now;
  }
  TargetResponse response = fault.error ? ErrorResponse(500, "a made-up error (--error-rate)")
                                        : context_->router->Handle(request, match);
  // A stall may also begin during the delay: SendSlowly looks again.
  response.delay = std::max(response.delay + fault.latency, stalled);

  reply_.head_request = match.method == TargetMethod::kHead;
  reply_.http_1_0 = reader_.IsHttp10();
  reply_.keep_alive = reader_.KeepAlive() && !context_->draining;
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
  size_t linger = rejected_ ? kLingerBytesMax : 0;
  while (linger > 0 && !aborted_) {
    reader_.DropInput();
    const auto [error, size] = co_await Socket().async_read_some(reader_.Room(), kToken);
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
