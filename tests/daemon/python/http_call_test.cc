#include "daemon/python/http_call.h"

#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "daemon/python/header_text.h"
#include "tests/daemon/net/await.h"
#include "tests/daemon/protocol/http/scripted_server.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class HttpCallTest : public testing::Test {
 public:
  ~HttpCallTest() override { resolver_.Shutdown(); }

 protected:
  // A GET of `target` from a server, which tests may change before Run.
  void Prepare(const ScriptedServer& server, const std::string& target = "/") {
    call.Reset(state);
    call.request.method = "GET";
    call.request.origin = ParseUrl(server.url())->origin;
    call.request.host = call.request.origin.HostHeader();
    call.request.target = target;
    call.request.redirects_max = 30;
    call.request.read_timeout = seconds(20);
  }
  void Run() { AwaitOn(reactor.get(), RunIt(this)); }
  void Get(const ScriptedServer& server, const std::string& target = "/") {
    Prepare(server, target);
    Run();
  }

  SystemClock clock;
  const std::unique_ptr<Reactor> reactor = *Reactor::Make(&clock);

 private:
  static Co<bool> RunIt(HttpCallTest* test) {
    co_await test->call.Run(&test->context_);
    co_return true;
  }
  Resolver resolver_;
  DnsCache dns_{reactor.get(), &resolver_, seconds(60)};
  const TargetAllowList allowed_;
  CallContext context_{reactor.get(), &dns_, &allowed_};

 protected:
  const std::shared_ptr<ClientState> state = std::make_shared<ClientState>(reactor.get());
  HttpCall call;
};

// Answers with `texts` and notes each request in `heads`.
ServerScript Notes(std::vector<std::string> texts, std::vector<std::string>* heads) {
  return [texts = std::move(texts), heads](HttpPeer* peer) {
    for (const std::string& text : texts) {
      heads->push_back(peer->ReadRequest());
      peer->Send(text);
    }
    peer->ReadUntilClose();
  };
}

TEST_F(HttpCallTest, GivesStatusHeadBodyAndTimes) {
  ScriptedServer server({Answers({Reply("200 OK", "hello", "X-A: b\r\n")})});
  Get(server);
  EXPECT_TRUE(call.error.ok());
  EXPECT_EQ(call.reply.status, 200);
  EXPECT_EQ(call.reply.body, "hello");
  EXPECT_EQ(FindField(call.reply.head, "x-a"), "b");
  EXPECT_TRUE(call.reply.head.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_GE(call.times.connect.count(), 0);
  EXPECT_LE(call.begin, call.sent_at);
  EXPECT_LE(call.sent_at, call.first_byte_at);
  EXPECT_LE(call.first_byte_at, call.end);
  EXPECT_EQ(call.bytes_received, 5U);
}

TEST_F(HttpCallTest, SendsWhatItWasGiven) {
  std::vector<std::string> heads;
  ScriptedServer server({Notes({Reply("200 OK", "")}, &heads)});
  Prepare(server, "/a?b=c");
  call.request.method = "POST";
  call.request.fields = "X-A: b\r\n";
  call.request.cookies = "k=v";
  call.request.body = "body";
  Run();
  state->pool->CloseAll();
  server.Join();
  EXPECT_EQ(heads.at(0), fmt::format("POST /a?b=c HTTP/1.1\r\nHost: {}\r\nX-A: b\r\nCookie: k=v\r\n"
                                     "Content-Length: 4\r\n\r\nbody",
                                     call.request.host));
}

TEST_F(HttpCallTest, ARedirectOfATracedRequestBelongsToTheSameSpan) {
  std::vector<std::string> heads;
  ScriptedServer server(
      {Notes({Reply("302 Found", "", "Location: /next\r\n"), Reply("200 OK", "")}, &heads)});
  Prepare(server);
  call.request.traced = true;
  call.request.trace.trace_id.fill(0xab);
  call.request.trace.span_id.fill(0x01);
  Run();
  state->pool->CloseAll();
  server.Join();
  ASSERT_EQ(heads.size(), 2U);
  for (const std::string& head : heads) {
    EXPECT_NE(head.find("\r\ntraceparent: 00-abababababababababababababababab-0101010101010101-01"
                        "\r\n"),
              std::string::npos)
        << head;
  }
}

TEST_F(HttpCallTest, KeepsTheConnection) {
  ScriptedServer server({Answers({Reply("200 OK", "1"), Reply("200 OK", "2")})});
  Get(server);
  Get(server);
  EXPECT_EQ(call.reply.body, "2");
  EXPECT_EQ(call.times.connect.count(), -1);
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(state->pool->size(), 1U);
}

TEST_F(HttpCallTest, AConnectionThatTheServerWantsClosedIsClosed) {
  ScriptedServer server({Once(Reply("200 OK", "1", "Connection: close\r\n"))});
  Get(server);
  EXPECT_EQ(call.reply.body, "1");
  EXPECT_EQ(state->pool->size(), 0U);
}

TEST_F(HttpCallTest, ARequestThatMetAClosedConnectionIsSentAgain) {
  const ServerScript closes = [](HttpPeer* peer) {
    peer->ReadRequest();
    peer->Send(Reply("200 OK", "1"));
    peer->ReadRequest();  // and closes without a word
  };
  ScriptedServer server({closes, Answers({Reply("200 OK", "2")})});
  Get(server);
  Get(server);
  EXPECT_TRUE(call.error.ok()) << call.error.text;
  EXPECT_EQ(call.reply.body, "2");
}

TEST_F(HttpCallTest, APostIsNeverSentTwice) {
  const ServerScript closes = [](HttpPeer* peer) {
    peer->ReadRequest();
    peer->Send(Reply("200 OK", "1"));
    peer->ReadRequest();
  };
  ScriptedServer server({closes, Answers({Reply("200 OK", "2")})});
  Get(server);
  Prepare(server);
  call.request.method = "POST";
  Run();
  EXPECT_EQ(call.error.kind, NetError::Kind::kClosed);
}

TEST_F(HttpCallTest, ReadsChunksCompressionAndCookies) {
  ScriptedServer server(
      {Answers({"HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n"
                "Content-Encoding: gzip\r\nSet-Cookie: a=1; Path=/\r\n\r\n"
                "3\r\nabc\r\n0\r\n\r\n"})});
  Get(server);
  EXPECT_EQ(call.reply.body, "abc");
  EXPECT_TRUE(call.reply.compressed);
  EXPECT_TRUE(call.reply.head.starts_with("HTTP/1.1 200 Fine\r\n"));
  ASSERT_EQ(state->cookies.cookies().size(), 1U);
  EXPECT_EQ(state->cookies.cookies()[0].name, "a");
}

TEST_F(HttpCallTest, FollowsARedirectAndForgetsTheBody) {
  std::vector<std::string> heads;
  ScriptedServer server({Notes(
      {Reply("302 Found", "", "Location: /b\r\nSet-Cookie: s=1\r\n"), Reply("200 OK", "there")},
      &heads)});
  Prepare(server, "/a");
  call.request.method = "POST";
  call.request.fields = "Authorization: x\r\nContent-Type: t\r\n";
  call.request.body = "body";
  Run();
  state->pool->CloseAll();
  server.Join();
  EXPECT_EQ(call.reply.body, "there");
  ASSERT_EQ(call.history.size(), 1U);
  EXPECT_EQ(call.history[0].status, 302);
  EXPECT_EQ(call.history[0].method, "POST");
  EXPECT_EQ(call.history[0].url, server.url() + "/a");
  EXPECT_EQ(heads.at(1), fmt::format("GET /b HTTP/1.1\r\nHost: {}\r\nAuthorization: x\r\n"
                                     "Cookie: s=1\r\n\r\n",
                                     call.request.host));
}

TEST_F(HttpCallTest, CredentialsDoNotFollowToAnotherHost) {
  std::vector<std::string> heads;
  ScriptedServer other({Notes({Reply("200 OK", "there")}, &heads)}, "127.0.0.2");
  ScriptedServer server(
      {Answers({Reply("307 Temporary", "", fmt::format("Location: {}/x\r\n", other.url()))})});
  Prepare(server);
  call.request.method = "PUT";
  call.request.fields = "Authorization: x\r\n";
  call.request.body = "body";
  Run();
  state->pool->CloseAll();
  other.Join();
  EXPECT_EQ(heads.at(0), fmt::format("PUT /x HTTP/1.1\r\nHost: 127.0.0.2:{}\r\n"
                                     "Content-Length: 4\r\n\r\nbody",
                                     other.port()));
}

TEST_F(HttpCallTest, ARingOfRedirectsEnds) {
  ScriptedServer server(
      {Answers(std::vector<std::string>(4, Reply("301 M", "", "Location: /\r\n")))});
  Prepare(server);
  call.request.redirects_max = 3;
  Run();
  EXPECT_TRUE(call.too_many_redirects);
  EXPECT_EQ(call.history.size(), 3U);
}

TEST_F(HttpCallTest, ASilentServerTimesOutAndTheConnectionIsClosed) {
  ScriptedServer server({Stalls("HTTP/1.1 200 OK\r\n")});
  Prepare(server);
  call.request.read_timeout = milliseconds(20);
  Run();
  EXPECT_EQ(call.error.kind, NetError::Kind::kTimedOut);
  EXPECT_EQ(call.phase, HttpCall::Phase::kReading);
  EXPECT_EQ(state->pool->size(), 0U);
  EXPECT_GE(call.end - call.sent_at, milliseconds(20));
}

TEST_F(HttpCallTest, WhereNobodyListensItIsRefused) {
  ScriptedServer server({});
  Prepare(server);
  call.request.origin.port = ClosedPort();
  Run();
  EXPECT_EQ(call.error.kind, NetError::Kind::kRefused);
  EXPECT_EQ(call.phase, HttpCall::Phase::kConnecting);
  EXPECT_FALSE(call.sent);
}

TEST_F(HttpCallTest, CancelEndsIt) {
  ScriptedServer server({Stalls("")});
  Prepare(server);
  reactor->Post([this] { reactor->Post([this] { call.Cancel(); }); });
  Run();
  EXPECT_EQ(call.error.kind, NetError::Kind::kCancelled);
  EXPECT_EQ(state->pool->size(), 0U);
}

}  // namespace
}  // namespace squall
