#include "daemon/http/connection.h"

#include <algorithm>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "daemon/base/check.h"
#include "daemon/http/request_reader.h"
#include "daemon/http/wire_reply.h"

namespace squall {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Tcp = asio::ip::tcp;
using TlsStream = asio::ssl::stream<Tcp::socket>;

// g++ 12 makes wrong code of `co_return co_await f()` and of `a && co_await f()` in templates, so
// every co_await below stands in a statement of its own.
constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr size_t kJoinedBytesMax = 16 << 10;      // a body this small leaves with its head
constexpr std::string_view kHeartbeat = ":\n\n";  // a comment
constexpr size_t kLingerBytesMax = 8 << 20;
// What the kernel may hold for a stream: a browser that does not read gets stale events otherwise.
constexpr int kStreamBufferBytes = 128 << 10;

std::string FormatPeer(const Tcp::socket& socket) {
  error_code error;
  const Tcp::endpoint peer = socket.remote_endpoint(error);
  if (error) {
    return "";
  }
  const std::string host = peer.address().to_string();
  return peer.address().is_v6() ? fmt::format("[{}]:{}", host, peer.port())
                                : fmt::format("{}:{}", host, peer.port());
}

template <class Stream>
class StreamConnection final : public HttpConnection,
                               public std::enable_shared_from_this<StreamConnection<Stream>> {
 public:
  StreamConnection(Stream stream, HttpConnectionContext* context)
      : stream_(std::move(stream)),
        context_(context),
        wake_(stream_.get_executor()),
        reader_(context->options->head_bytes_max, context->options->body_bytes_max),
        peer_(FormatPeer(Socket())) {
    AllowUntil(context->options->request_timeout);
  }

  asio::awaitable<void> Run() override;
  void Abort() override;
  void CheckDeadline() override;

 private:
  using State = RequestReader::State;

  Tcp::socket& Socket() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }
  void AllowUntil(Nanos patience) { deadline_ = context_->now + patience; }
  void AllowForever() { deadline_ = TimePoint::max(); }

  asio::awaitable<std::optional<State>> Read();
  asio::awaitable<bool> ServeNext();
  asio::awaitable<bool> ReadBody();
  asio::awaitable<void> Handle();
  ReplyFor Wanted() const;
  void AnswerAlone(HttpReply reply, const ReplyFor& wanted);
  bool KeepsAlive() const { return reader_.keep_alive() && !unread_; }
  asio::awaitable<bool> Send(WireReply reply);
  asio::awaitable<bool> SendStream(WireReply reply);
  asio::awaitable<void> WaitUntil(std::optional<Nanos> pause);
  asio::awaitable<void> WatchForClose();
  asio::awaitable<bool> Write(std::string_view bytes);
  asio::awaitable<void> Close();

  Stream stream_;
  HttpConnectionContext* const context_;
  asio::steady_timer wake_;  // of whoever waits for a handler or for the next look at a feed
  RequestReader reader_;
  const std::string peer_;
  TimePoint deadline_;
  std::optional<WireReply> answer_;  // of the handler
  bool first_ = true;                // no request has come yet
  bool receiving_ = false;           // a part of a request has come
  bool timed_out_ = false;
  bool unread_ = false;  // the peer may still be sending what nobody wants
  bool aborted_ = false;
};

template <class Stream>
asio::awaitable<void> StreamConnection<Stream>::Run() {
  if constexpr (std::is_same_v<Stream, TlsStream>) {
    const auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::server, kToken);
    if (error) {
      co_return;
    }
  }
  bool goes_on = true;
  while (goes_on) {
    goes_on = co_await ServeNext();
  }
  co_await Close();
  // Whoever watches a stream still reads, and holds this object: nobody else would end that, since
  // the server forgets the connection now. What was written is sent all the same.
  Abort();
}

template <class Stream>
void StreamConnection<Stream>::Abort() {
  aborted_ = true;
  wake_.cancel();
  error_code ignored;
  Socket().close(ignored);
}

template <class Stream>
void StreamConnection<Stream>::CheckDeadline() {
  if (aborted_ || context_->now < deadline_) {
    return;
  }
  if (receiving_ && !timed_out_) {
    // The read ends with an error, and who waits for it tells the peer.
    timed_out_ = true;
    AllowUntil(context_->options->request_timeout);
    error_code ignored;
    Socket().cancel(ignored);
  } else {
    Abort();
  }
}

// The next state that is not kNeedMore; nothing when the connection is over.
template <class Stream>
asio::awaitable<std::optional<RequestReader::State>> StreamConnection<Stream>::Read() {
  while (true) {
    const State state = reader_.Parse();
    if (state != State::kNeedMore) {
      co_return state;
    }
    const auto [error, size] = co_await stream_.async_read_some(reader_.Room(), kToken);
    if (error || aborted_) {
      co_return std::nullopt;
    }
    reader_.Commit(size);
    if (!std::exchange(receiving_, true)) {
      AllowUntil(context_->options->request_timeout);
    }
  }
}

// One request and its reply. False when it was the last.
template <class Stream>
asio::awaitable<bool> StreamConnection<Stream>::ServeNext() {
  receiving_ = reader_.HasInput();
  AllowUntil(receiving_ || first_ ? context_->options->request_timeout
                                  : context_->options->idle_timeout);
  first_ = false;
  timed_out_ = false;
  const std::optional<State> state = co_await Read();
  if (state == State::kHead) {
    reader_.request().peer = peer_;
    auto refusal = context_->gatekeeper->Judge(reader_.request(), context_->now);
    if (refusal.has_value()) {
      unread_ = !reader_.body_done();
      AnswerAlone(*std::move(refusal), Wanted());
    } else {
      const bool whole = co_await ReadBody();
      if (whole) {
        co_await Handle();
      }
    }
  } else if (state == State::kBad) {
    unread_ = true;
    AnswerAlone(reader_.Complaint(), Wanted());
  }
  if (!answer_.has_value() && timed_out_) {
    unread_ = true;
    AnswerAlone(ErrorReply(408, "the request must come faster"), Wanted());
  }
  receiving_ = false;
  if (!answer_.has_value() || aborted_) {
    co_return false;
  }
  const bool may_go_on = KeepsAlive() && answer_->feed == nullptr;
  WireReply reply = *std::exchange(answer_, std::nullopt);
  const bool sent = co_await Send(std::move(reply));
  reader_.StartNext();
  const bool another = sent && may_go_on;
  co_return another;
}

// False when it did not come whole; then there may be an answer that says why.
template <class Stream>
asio::awaitable<bool> StreamConnection<Stream>::ReadBody() {
  if (reader_.expects_continue() && !reader_.body_done()) {
    const bool sent = co_await Write("HTTP/1.1 100 Continue\r\n\r\n");
    if (!sent) {
      co_return false;
    }
    AllowUntil(context_->options->request_timeout);
  }
  const std::optional<State> state = co_await Read();
  if (state == State::kBad) {
    unread_ = true;
    AnswerAlone(reader_.Complaint(), Wanted());
  }
  co_return state == State::kComplete;
}

// Fills in answer_, unless the server stops first.
template <class Stream>
asio::awaitable<void> StreamConnection<Stream>::Handle() {
  AllowForever();
  receiving_ = false;
  const ReplyFor wanted = Wanted();
  if (Gatekeeper::IsOurs(reader_.request())) {
    AnswerAlone(context_->gatekeeper->Answer(reader_.request(), context_->now), wanted);
    co_return;
  }
  // The job may use `this`: nothing ends this coroutine before the answer or the end of all jobs.
  const auto request = std::make_shared<const HttpRequest>(std::move(reader_.request()));
  const bool accepted = context_->workers->Submit([this, request, wanted] {
    auto answer =
        std::make_shared<WireReply>(MakeWireReply((*context_->handler)(*request), wanted));
    asio::post(wake_.get_executor(), [this, answer] {
      answer_ = std::move(*answer);
      wake_.cancel();
    });
  });
  if (!accepted) {
    HttpReply busy = ErrorReply(503, "too many requests are waiting, try again");
    busy.headers.emplace_back("Retry-After", "1");
    AnswerAlone(std::move(busy), wanted);
  }
  while (!answer_.has_value() && !aborted_) {
    co_await WaitUntil(std::nullopt);
  }
}

// Without the handler.
template <class Stream>
void StreamConnection<Stream>::AnswerAlone(HttpReply reply, const ReplyFor& wanted) {
  if (context_->options->on_own_reply) {
    context_->options->on_own_reply(reply.status);
  }
  answer_ = MakeWireReply(std::move(reply), wanted);
}

template <class Stream>
ReplyFor StreamConnection<Stream>::Wanted() const {
  ReplyFor wanted;
  const HttpRequest& request = reader_.request();
  wanted.get = request.method == "GET";
  wanted.head_only = reader_.is_head_request();
  wanted.keep_alive = KeepsAlive();
  wanted.if_none_match = request.Header("if-none-match");
  wanted.accept_encoding = request.Header("accept-encoding");
  return wanted;
}

template <class Stream>
asio::awaitable<bool> StreamConnection<Stream>::Send(WireReply reply) {
  if (reply.feed != nullptr) {
    const bool sent = co_await SendStream(std::move(reply));
    co_return sent;
  }
  const size_t body_bytes = reply.body == nullptr ? 0 : reply.body->size();
  const bool joined = body_bytes > 0 && body_bytes <= kJoinedBytesMax;
  if (joined) {
    reply.head += *reply.body;
  }
  bool sent = co_await Write(reply.head);
  if (sent && body_bytes > 0 && !joined) {
    sent = co_await Write(*reply.body);
  }
  co_return sent;
}

template <class Stream>
asio::awaitable<bool> StreamConnection<Stream>::SendStream(WireReply reply) {
  const HttpServerOptions& options = *context_->options;
  if (context_->streams >= options.streams_max) {
    HttpReply full = ErrorReply(503, "too many streams are open, close a page or try again");
    full.headers.emplace_back("Retry-After", "5");
    WireReply refusal = MakeWireReply(std::move(full), ReplyFor{.keep_alive = false});
    const bool sent = co_await Send(std::move(refusal));
    co_return sent;
  }
  ++context_->streams;
  error_code ignored;
  Socket().set_option(asio::socket_base::send_buffer_size(kStreamBufferBytes), ignored);
  asio::co_spawn(stream_.get_executor(), WatchForClose(),
                 [self = this->shared_from_this()](const std::exception_ptr& bug) {
                   SQUALL_CHECK(bug == nullptr);
                 });
  bool goes_on = co_await Write(reply.head);
  TimePoint last_sent = context_->now;
  while (goes_on && !aborted_) {
    const EventFeed::Piece piece = reply.feed->Next();
    const bool quiet = piece.text == nullptr || piece.text->empty();
    if (!quiet || context_->now - last_sent >= options.feed_heartbeat) {
      const std::string_view text = quiet ? kHeartbeat : std::string_view(*piece.text);
      goes_on = co_await Write(text);
      last_sent = context_->now;
    }
    if (piece.last) {
      break;
    }
    if (goes_on) {
      co_await WaitUntil(options.feed_interval);
    }
  }
  --context_->streams;
  co_return false;
}

template <class Stream>
asio::awaitable<void> StreamConnection<Stream>::WaitUntil(std::optional<Nanos> pause) {
  if (pause.has_value()) {
    wake_.expires_after(*pause);
  } else {
    wake_.expires_at(TimePoint::max());
  }
  co_await wake_.async_wait(kToken);
}

// Whoever reads a stream has nothing more to say; its end is what matters.
template <class Stream>
asio::awaitable<void> StreamConnection<Stream>::WatchForClose() {
  while (!aborted_) {
    reader_.DropInput();
    const auto [error, size] = co_await stream_.async_read_some(reader_.Room(), kToken);
    if (error) {
      Abort();
    }
  }
}

// The deadline moves on whenever the peer has taken something.
template <class Stream>
asio::awaitable<bool> StreamConnection<Stream>::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    AllowUntil(context_->options->stall_timeout);
    const auto [error, size] =
        co_await stream_.async_write_some(asio::buffer(bytes.data(), bytes.size()), kToken);
    if (error || aborted_) {
      co_return false;
    }
    bytes.remove_prefix(size);
  }
  AllowForever();
  co_return true;
}

// Closing while the peer still sends would make the kernel reset the connection and throw away the
// reply, so such a peer is read out first, within bounds.
template <class Stream>
asio::awaitable<void> StreamConnection<Stream>::Close() {
  if (aborted_) {
    co_return;
  }
  AllowUntil(context_->options->request_timeout);
  receiving_ = false;
  if constexpr (std::is_same_v<Stream, TlsStream>) {
    if (!unread_) {
      co_await stream_.async_shutdown(kToken);
    }
  }
  error_code ignored;
  Socket().shutdown(Tcp::socket::shutdown_send, ignored);
  size_t linger = unread_ ? kLingerBytesMax : 0;
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

std::shared_ptr<HttpConnection> MakeHttpConnection(Tcp::socket socket, asio::ssl::context* tls,
                                                   HttpConnectionContext* context) {
  if (tls == nullptr) {
    return std::make_shared<StreamConnection<Tcp::socket>>(std::move(socket), context);
  }
  return std::make_shared<StreamConnection<TlsStream>>(TlsStream(std::move(socket), *tls), context);
}

}  // namespace squall
