#include "daemon/http/http_server.h"

#include <atomic>
#include <filesystem>
#include <future>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/daemon/http/raw_client.h"

namespace squall {
namespace {

// Gives the pieces that a test has put in; counts itself.
class TestFeed final : public EventFeed {
 public:
  struct Shared {
    std::atomic<int> alive = 0;
    std::atomic<int> asked = 0;
    std::shared_ptr<const std::string> text;
    int last_at = 0;  // the number of pieces; 0: no end
  };
  explicit TestFeed(Shared* shared) : shared_(shared) { ++shared_->alive; }
  ~TestFeed() override { --shared_->alive; }
  Piece Next() override {
    const int asked = ++shared_->asked;
    return {shared_->text, asked == shared_->last_at};
  }

 private:
  Shared* const shared_;
};

class HttpServerTest : public testing::Test {
 protected:
  void Start(HttpServerOptions options = {}) {
    options.listen = "127.0.0.1:0";
    options.changing_gets = {"/stop"};
    auto server =
        HttpServer::Start(options, [this](const HttpRequest& request) { return Handle(request); });
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  HttpReply Handle(const HttpRequest& request) {
    if (request.path == "/events") {
      HttpReply reply;
      reply.feed = std::make_unique<TestFeed>(&feed_);
      return reply;
    }
    if (request.path == "/large") {
      return TextReply(200, std::string(3 << 20, 'x'), "image/png");
    }
    if (request.path == "/slow") {
      ++slow_;
      released_.wait();
    }
    return TextReply(request.path == "/none" ? 404 : 200,
                     fmt::format("{} {} {} [{}]", request.method, request.path, request.Query("q"),
                                 request.body));
  }

  std::string Ask(const std::string& request) {
    RawClient client(server_->port());
    client.Send(request);
    return client.ReadAll();
  }
  // One request that closes.
  std::string Get(const std::string& path, const std::string& headers = "") {
    return Ask(fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{}\r\n",
                           path, headers));
  }

  std::atomic<int> slow_ = 0;
  std::promise<void> release_;
  std::shared_future<void> released_ = release_.get_future().share();
  TestFeed::Shared feed_;
  std::unique_ptr<HttpServer> server_;
};

bool HasStatus(const std::string& reply, int status) {
  return reply.starts_with(fmt::format("HTTP/1.1 {} ", status));
}

std::string BodyOf(const std::string& reply) {
  const size_t end = reply.find("\r\n\r\n");
  return end == reply.npos ? "" : reply.substr(end + 4);
}

TEST_F(HttpServerTest, AnswersWithWhatTheHandlerSays) {
  Start();
  const std::string reply = Get("/a%20b?q=1+2");
  EXPECT_TRUE(HasStatus(reply, 200)) << reply;
  EXPECT_EQ(BodyOf(reply), "GET /a b 1 2 []");
  EXPECT_NE(reply.find("Content-Security-Policy: default-src 'none'"), reply.npos) << reply;
  EXPECT_TRUE(HasStatus(Get("/none"), 404));
}

TEST_F(HttpServerTest, TakesABodyByLengthAndInChunks) {
  Start();
  EXPECT_EQ(BodyOf(Ask("POST /p HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                       "Content-Length: 5\r\n\r\nhello")),
            "POST /p  [hello]");
  EXPECT_EQ(BodyOf(Ask("POST /p HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n")),
            "POST /p  [hello]");
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInTheirOrder) {
  Start();
  std::string requests;
  for (int i = 0; i < 20; ++i) {
    requests += fmt::format("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", i);
  }
  RawClient client(server_->port());
  client.Send(requests);
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(HasStatus(client.ReadUntil(fmt::format("GET /{}  []", i)), 200)) << i;
  }
}

TEST_F(HttpServerTest, SendsAStreamUntilItsEnd) {
  HttpServerOptions options;
  options.feed_interval = std::chrono::milliseconds(1);
  feed_.text = std::make_shared<const std::string>("data: 1\n\n");
  feed_.last_at = 3;
  Start(options);
  const std::string reply = Get("/events");
  EXPECT_TRUE(HasStatus(reply, 200)) << reply;
  EXPECT_NE(reply.find("Content-Type: text/event-stream\r\n"), reply.npos) << reply;
  EXPECT_EQ(BodyOf(reply), "data: 1\n\ndata: 1\n\ndata: 1\n\n");
  EXPECT_EQ(feed_.alive, 0);
}

// The end of a stream of a run that is over: its client may keep its side open for hours.
TEST_F(HttpServerTest, AStreamThatHasEndedHoldsNothingWhileItsClientStays) {
  const auto open_files = [] {
    const auto begin = std::filesystem::directory_iterator("/proc/self/fd");
    return std::distance(begin, std::filesystem::directory_iterator());
  };
  feed_.text = std::make_shared<const std::string>("data: 1\n\n");
  feed_.last_at = 1;
  Start();
  const auto before = open_files();
  constexpr int kClients = 20;
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < kClients; ++i) {
    feed_.asked = 0;
    clients.push_back(std::make_unique<RawClient>(server_->port()));
    clients.back()->Send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(BodyOf(clients.back()->ReadAll()), "data: 1\n\n");
  }
  while (open_files() > before + kClients) {
    std::this_thread::yield();  // its side of each is closed a moment after the end was sent
  }
  server_.reset();  // does not wait for the clients
}

TEST_F(HttpServerTest, AStreamComesWholeToAClientThatSendsMore) {
  feed_.text = std::make_shared<const std::string>(1 << 20, 'x');
  feed_.last_at = 3;
  HttpServerOptions options;
  options.feed_interval = std::chrono::milliseconds(1);
  Start(options);
  const std::string reply =
      Ask("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n" + std::string(100'000, 'y'));
  EXPECT_EQ(BodyOf(reply).size(), 3U << 20);
}

TEST_F(HttpServerTest, AHeartbeatTellsThatAQuietStreamLives) {
  HttpServerOptions options;
  options.feed_interval = std::chrono::milliseconds(1);
  options.feed_heartbeat = std::chrono::milliseconds(1);
  Start(options);
  RawClient client(server_->port());
  client.Send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(HasStatus(client.ReadUntil("\r\n\r\n:\n\n"), 200));
}

TEST_F(HttpServerTest, AClosedClientFreesItsFeed) {
  HttpServerOptions options;
  options.feed_interval = std::chrono::hours(1);  // so that no write can notice
  Start(options);
  {
    RawClient client(server_->port());
    client.Send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.ReadUntil("\r\n\r\n");
    EXPECT_EQ(feed_.alive, 1);
  }
  while (feed_.alive > 0) {
    std::this_thread::yield();
  }
}

TEST_F(HttpServerTest, ASlowClientIsAskedForNothingNew) {
  HttpServerOptions options;
  options.feed_interval = std::chrono::milliseconds(1);
  feed_.text = std::make_shared<const std::string>(16 << 20, 'x');
  feed_.last_at = 2;
  Start(options);
  RawClient client(server_->port(), /*receive_buffer=*/4096);
  client.Send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client.ReadUntil("\r\n\r\n");
  for (int i = 0; i < 20; ++i) {
    Get("/");  // time passes, and others are served
  }
  EXPECT_EQ(feed_.asked, 1);
  EXPECT_EQ(client.ReadAll().size(), 2U * (16 << 20));
  EXPECT_EQ(feed_.asked, 2);
}

TEST_F(HttpServerTest, AStreamThatNobodyReadsIsClosed) {
  HttpServerOptions options;
  options.stall_timeout = std::chrono::milliseconds(1);
  feed_.text = std::make_shared<const std::string>(16 << 20, 'x');
  Start(options);
  RawClient client(server_->port(), /*receive_buffer=*/4096);
  client.Send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client.ReadUntil("\r\n\r\n");
  while (feed_.alive > 0) {
    std::this_thread::yield();
  }
}

TEST_F(HttpServerTest, MoreStreamsThanAllowedAreToldSo) {
  HttpServerOptions options;
  options.streams_max = 1;
  Start(options);
  RawClient client(server_->port());
  client.Send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client.ReadUntil("\r\n\r\n");
  const std::string reply = Get("/events");
  EXPECT_TRUE(HasStatus(reply, 503)) << reply;
  EXPECT_NE(reply.find("Retry-After: 5\r\n"), reply.npos) << reply;
  EXPECT_EQ(feed_.alive, 1);
}

TEST_F(HttpServerTest, FiftyStreamsShareOneText) {
  HttpServerOptions options;
  options.feed_interval = std::chrono::milliseconds(1);
  feed_.text = std::make_shared<const std::string>("data: 1\n\n");
  Start(options);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(std::make_unique<RawClient>(server_->port()));
    clients.back()->Send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  for (const auto& client : clients) {
    client->ReadUntil("\r\n\r\ndata: 1\n\ndata: 1\n\n");
  }
  EXPECT_EQ(feed_.alive, 50);
}

TEST_F(HttpServerTest, AHandlerDelaysNoOtherClient) {
  Start();
  RawClient slow(server_->port());
  slow.Send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
  while (slow_ == 0) {
    std::this_thread::yield();
  }
  EXPECT_TRUE(HasStatus(Get("/"), 200));
  release_.set_value();
  EXPECT_TRUE(HasStatus(slow.ReadUntil("GET /slow"), 200));
}

TEST_F(HttpServerTest, SaysSoWhenTooManyRequestsWait) {
  HttpServerOptions options;
  options.workers = 1;
  options.waiting_max = 1;
  Start(options);
  RawClient running(server_->port());
  running.Send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
  while (slow_ == 0) {
    std::this_thread::yield();
  }
  RawClient first(server_->port());
  RawClient second(server_->port());
  first.Send("GET /1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  second.Send("GET /2 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  // One of them waits and the other is told; which one, the kernel decides. A third is told, too.
  std::string reply;
  do {
    reply = Get("/3");
  } while (!HasStatus(reply, 503));
  EXPECT_NE(reply.find("Retry-After: 1\r\n"), reply.npos) << reply;
  release_.set_value();
  const int answered = HasStatus(first.ReadAll(), 200) + HasStatus(second.ReadAll(), 200);
  EXPECT_GE(answered, 1);
}

TEST_F(HttpServerTest, StopsWhileClientsWaitInEveryWay) {
  HttpServerOptions options;
  options.workers = 1;
  Start(options);
  RawClient idle(server_->port());
  RawClient half(server_->port());
  half.Send("GET / HT");
  RawClient body(server_->port());
  body.Send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n1");
  RawClient stream(server_->port());
  stream.Send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  stream.ReadUntil("\r\n\r\n");
  RawClient slow(server_->port());
  slow.Send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
  while (slow_ == 0) {
    std::this_thread::yield();
  }
  RawClient waiting(server_->port());
  waiting.Send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  release_.set_value();
  server_.reset();
  EXPECT_EQ(feed_.alive, 0);
  EXPECT_EQ(half.ReadAll(), "");
}

TEST_F(HttpServerTest, SlowSendersAreToldAndClosed) {
  HttpServerOptions options;
  options.request_timeout = std::chrono::milliseconds(1);
  Start(options);
  RawClient head(server_->port());
  head.Send("GET / HTTP/1.1\r\nHost: loc");
  EXPECT_TRUE(HasStatus(head.ReadAll(), 408));
  RawClient body(server_->port());
  body.Send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n1");
  EXPECT_TRUE(HasStatus(body.ReadAll(), 408));
  RawClient silent(server_->port());
  EXPECT_EQ(silent.ReadAll(), "");
}

TEST_F(HttpServerTest, IdleConnectionsAreClosed) {
  HttpServerOptions options;
  options.idle_timeout = std::chrono::milliseconds(1);
  Start(options);
  RawClient client(server_->port());
  client.Send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(HasStatus(client.ReadAll(), 200));
}

TEST_F(HttpServerTest, MoreConnectionsThanAllowedAreClosed) {
  HttpServerOptions options;
  options.connections_max = 1;
  Start(options);
  RawClient client(server_->port());
  client.Send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client.ReadUntil("GET /");
  EXPECT_EQ(Get("/"), "");
}

TEST_F(HttpServerTest, TellsAClientToGoOnWithItsBody) {
  Start();
  RawClient client(server_->port());
  client.Send(
      "POST /p HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("hi");
  EXPECT_TRUE(HasStatus(client.ReadUntil("POST /p  [hi]"), 200));
}

TEST_F(HttpServerTest, WhoMayNotIsToldBeforeTheBodyIsRead) {
  Start();
  RawClient client(server_->port());
  client.Send(
      "POST /p HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.test\r\n"
      "Content-Length: 3000000\r\n\r\n" +
      std::string(3'000'000, 'x'));
  const std::string reply = client.ReadAll();
  EXPECT_TRUE(HasStatus(reply, 403)) << reply;
  EXPECT_NE(reply.find("Connection: close\r\n"), reply.npos) << reply;
}

TEST_F(HttpServerTest, ABodyThatIsTooLargeIsRefused) {
  Start();
  RawClient client(server_->port());
  client.Send("POST /p HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99000000\r\n\r\n" +
              std::string(100'000, 'x'));
  EXPECT_TRUE(HasStatus(client.ReadUntil("}}"), 413));
}

TEST_F(HttpServerTest, ServesLargeBodiesWhole) {
  Start();
  EXPECT_EQ(BodyOf(Get("/large")).size(), 3U << 20);
  const std::string head =
      Ask("HEAD /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_NE(head.find("Content-Length: 3145728\r\n"), head.npos) << head;
  EXPECT_EQ(BodyOf(head), "");
}

TEST_F(HttpServerTest, WhatTheClientHasIsNotSentAgain) {
  Start();
  const std::string first = Get("/");
  const size_t start = first.find("ETag: ") + 6;
  const std::string etag = first.substr(start, first.find("\r\n", start) - start);
  const std::string second = Get("/", fmt::format("If-None-Match: {}\r\n", etag));
  EXPECT_TRUE(HasStatus(second, 304)) << second;
  EXPECT_EQ(BodyOf(second), "");
}

TEST_F(HttpServerTest, ForeignHostsAndPagesAreRefused) {
  Start();
  EXPECT_TRUE(
      HasStatus(Ask("GET / HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n"), 403));
  EXPECT_TRUE(HasStatus(Get("/stop", "Sec-Fetch-Site: cross-site\r\n"), 403));
  EXPECT_TRUE(HasStatus(Get("/stop"), 200));
  EXPECT_TRUE(HasStatus(Get("/stop", "User-Agent: Mozilla/5.0\r\n"), 403));
  EXPECT_TRUE(HasStatus(Get("/", "User-Agent: Mozilla/5.0\r\n"), 200));
}

TEST_F(HttpServerTest, NonsenseAfterAHeadHasItsAnswerWhole) {
  Start();
  const std::string replies = Ask("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\nnonsense\r\n\r\n");
  const size_t second = replies.find("HTTP/1.1 400");
  ASSERT_NE(second, replies.npos) << replies;
  EXPECT_NE(BodyOf(replies.substr(second)), "") << replies;
}

TEST_F(HttpServerTest, WhatTheHandlerNeverSeesIsTold) {
  const auto guard = *TokenGuard::FromToken("secret");
  HttpServerOptions options;
  options.guard = guard.get();
  std::mutex mutex;
  std::vector<int> told;
  options.on_own_reply = [&](int status) {
    const std::lock_guard<std::mutex> lock(mutex);
    told.push_back(status);
  };
  Start(options);
  EXPECT_TRUE(HasStatus(Get("/api"), 401));
  EXPECT_TRUE(HasStatus(Get("/api", "Authorization: Bearer secret\r\n"), 200));
  EXPECT_TRUE(HasStatus(Ask("no HTTP\r\n\r\n"), 400));
  const std::lock_guard<std::mutex> lock(mutex);
  EXPECT_EQ(told, (std::vector<int>{401, 400}));
}

TEST_F(HttpServerTest, ATokenIsAskedForAndALoginGivesACookie) {
  const auto guard = *TokenGuard::FromToken("secret");
  HttpServerOptions options;
  options.guard = guard.get();
  Start(options);
  EXPECT_TRUE(HasStatus(Get("/api"), 401));
  EXPECT_TRUE(HasStatus(Get("/api", "Authorization: Bearer secret\r\n"), 200));
  EXPECT_TRUE(HasStatus(Get("/assets/app.js"), 200));
  EXPECT_NE(Get("/runs", "Accept: text/html\r\n").find("Location: /login?next=/runs\r\n"),
            std::string::npos);
  const std::string login =
      Ask("POST /login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
          "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 12\r\n\r\n"
          "token=secret");
  EXPECT_TRUE(HasStatus(login, 303)) << login;
  const size_t start = login.find("Set-Cookie: ") + 12;
  const std::string cookie = login.substr(start, login.find(';', start) - start);
  EXPECT_TRUE(HasStatus(Get("/api", fmt::format("Cookie: {}\r\n", cookie)), 200));
  server_.reset();  // before the guard
}

TEST_F(HttpServerTest, SurvivesNonsense) {
  Start();
  const std::string head = "POST / HTTP/1.1\r\nHost: localhost\r\n";
  const std::string table[] = {
      std::string(100'000, '\0'),
      std::string(100'000, '\n'),
      std::string("\x16\x03\x01\x02", 4),
      "GET /" + std::string(100'000, 'x') + " HTTP/1.1\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: localhost\r\n" + std::string(50'000, 'x') + "\r\n\r\n",
      head + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
  };
  for (const std::string& text : table) {
    RawClient client(server_->port());
    client.Send(text);
    shutdown(client.fd(), SHUT_WR);
    const std::string reply = client.ReadAll();
    EXPECT_TRUE(reply.empty() || reply.starts_with("HTTP/1.1 4")) << reply;
  }
  EXPECT_TRUE(HasStatus(Get("/"), 200));
}

TEST(HttpServerStartTest, SaysWhatItCannotStartWith) {
  const auto start = [](HttpServerOptions options) {
    options.flag = "--web-listen";
    return HttpServer::Start(options, [](const HttpRequest&) { return HttpReply(); }).status();
  };
  HttpServerOptions name;
  name.listen = "example.com:80";
  EXPECT_EQ(start(name).code(), absl::StatusCode::kInvalidArgument);
  HttpServerOptions open;
  open.listen = "0.0.0.0:0";
  EXPECT_EQ(start(open).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(start(open).message(),
            "--web-listen must be a loopback address, or ask for a token or a password, or be "
            "allowed to do without by --insecure, got '0.0.0.0:0'");
  HttpServerOptions half;
  half.listen = "127.0.0.1:0";
  half.tls_cert_pem = "x";
  EXPECT_EQ(start(half).code(), absl::StatusCode::kInvalidArgument);
  half.tls_key_pem = "y";
  EXPECT_EQ(start(half).code(), absl::StatusCode::kInvalidArgument);
  HttpServerOptions nobody;
  nobody.listen = "192.0.2.1:0";  // not an address of ours
  nobody.insecure = true;
  EXPECT_EQ(start(nobody).code(), absl::StatusCode::kUnavailable);
}

TEST(HttpServerStartTest, SaysWhereABrowserFindsIt) {
  HttpServerOptions options;
  options.listen = "127.0.0.1:0";
  auto server = HttpServer::Start(options, [](const HttpRequest&) { return HttpReply(); });
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ((*server)->Url(), fmt::format("http://127.0.0.1:{}", (*server)->port()));
}

}  // namespace
}  // namespace squall
