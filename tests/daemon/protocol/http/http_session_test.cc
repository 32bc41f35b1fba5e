// Servers that misbehave, and what a session makes of them. The well-behaved target is in
// http_protocol_test.cc; what can go wrong before a connection stands, in connection_pool_test.cc.
#include "daemon/protocol/http/http_session.h"

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/daemon/protocol/http/lone_user.h"
#include "tests/daemon/protocol/http/scripted_server.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(HttpSessionTest, ABodyWithoutLengthEndsWithTheConnection) {
  ScriptedServer server({Once("HTTP/1.1 200 OK\r\n\r\nall of it"), Once(Reply("200 OK", "x"))});
  LoneUser user(server.url());
  EXPECT_TRUE(user.Get("/"));
  EXPECT_EQ(user.total().bytes_received, 9U);
  EXPECT_TRUE(user.Get("/"));
  EXPECT_EQ(server.connections(), 2);
}

TEST(HttpSessionTest, CountsEveryByteOfTheRequestAndTheBodysOfTheReply) {
  std::string seen;
  ScriptedServer server({[&](HttpPeer* peer) {
    seen = peer->ReadRequest();
    peer->Send(Reply("201 Created", "12345"));
  }});
  LoneUser user(server.url());
  EXPECT_TRUE(user.Run(PostStep("/things", "hello")));
  server.Join();
  const EntryStats total = user.total();
  EXPECT_EQ(total.requests, 1U);
  EXPECT_EQ(total.failures, 0U);
  EXPECT_EQ(total.bytes_sent, seen.size());
  EXPECT_EQ(total.bytes_received, 5U);
  EXPECT_EQ(total.status_classes[2], 1U);
  EXPECT_EQ(total.times.connect.count(), 1U);
  EXPECT_EQ(total.times.first_byte.count(), 1U);
  EXPECT_EQ(total.times.tls.count(), 0U);
  EXPECT_EQ(total.start_delay.count(), 0U);
}

struct FaultRow {
  const char* name;
  ServerScript script;
  std::string failures;
  uint64_t bytes_received = 0;
};

class HttpSessionFaultTest : public testing::TestWithParam<FaultRow> {};

TEST_P(HttpSessionFaultTest, IsOneFailureWithItsReason) {
  ScriptedServer server({GetParam().script});
  LoneUser user(server.url(), [](Service* service) {
    service->header_bytes_max = 4096;
    service->body_bytes_max = 10'000;
  });
  EXPECT_FALSE(user.Get("/"));
  EXPECT_EQ(user.failures(), "1x " + GetParam().failures);
  EXPECT_EQ(user.total().requests, 1U);
  EXPECT_EQ(user.total().timeouts, 0U);
  EXPECT_EQ(user.total().bytes_received, GetParam().bytes_received);
  EXPECT_EQ(server.connections(), 1) << "a failure on a new connection is not repeated";
}

void SendsWithoutEnd(HttpPeer* peer, std::string_view head, std::string_view again) {
  peer->ReadRequest();
  peer->Send(head);
  while (peer->Send(again)) {
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, HttpSessionFaultTest,
    testing::Values(
        FaultRow{"NoReply", Once(""), "connection closed by the peer"},
        FaultRow{"CutHead", Once("HTTP/1.1 200 OK\r\nContent-Le"), "reply cut short"},
        FaultRow{"CutBody", Once("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
                 "reply cut short", 4},
        FaultRow{"CutChunks",
                 Once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"),
                 "reply cut short", 4},
        FaultRow{"OnlyAnInterimReply", Once("HTTP/1.1 103 Early Hints\r\n\r\n"), "reply cut short"},
        FaultRow{"Reset",
                 [](HttpPeer* peer) {
                   peer->ReadRequest();
                   peer->Reset();
                 },
                 "connection reset by peer"},
        FaultRow{"Garbage", Once("SSH-2.0-OpenSSH_9.2\r\n\r\n"), "malformed reply (bad version)"},
        FaultRow{"BadChunk", Once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
                 "malformed reply (bad framing)"},
        FaultRow{"LongBody", Once(Reply("200 OK", std::string(10'001, 'x'))),
                 "reply body too long"},
        FaultRow{"HeaderBomb",
                 [](HttpPeer* peer) {
                   SendsWithoutEnd(peer, "HTTP/1.1 200 OK\r\n", "X-Bomb: boom\r\n");
                 },
                 "reply head too long"},
        FaultRow{
            "EndlessInterimReplies",
            [](HttpPeer* peer) { SendsWithoutEnd(peer, "", "HTTP/1.1 102 Processing\r\n\r\n"); },
            "malformed reply (too many interim replies)"}),
    [](const auto& info) { return info.param.name; });

TEST(HttpSessionTest, AnEndlessBodyStopsAtTheLimit) {
  ScriptedServer server({[](HttpPeer* peer) {
    SendsWithoutEnd(peer, "HTTP/1.1 200 OK\r\n\r\n", std::string(5000, 'x'));
  }});
  LoneUser user(server.url(), [](Service* service) { service->body_bytes_max = 100'000; });
  EXPECT_FALSE(user.Get("/"));
  EXPECT_EQ(user.failures(), "1x reply body too long");
  EXPECT_LE(user.total().bytes_received, 100'000U);
}

TEST(HttpSessionTest, AResetInTheMiddleOfAReplyIsAFailure) {
  ScriptedServer server({[](HttpPeer* peer) {
    peer->ReadRequest();
    peer->Send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    peer->Reset();
  }});
  LoneUser user(server.url());
  EXPECT_FALSE(user.Get("/"));
  EXPECT_EQ(user.failures(), "1x connection reset by peer");
}

TEST(HttpSessionTest, AReplyMayComeByteByByte) {
  ScriptedServer server({[](HttpPeer* peer) {
    peer->ReadRequest();
    for (const char c : std::string("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"
                                    "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")) {
      peer->Send(std::string_view(&c, 1));
    }
    peer->ReadRequest();
    peer->Send(Reply("200 OK", "de"));
    peer->ReadUntilClose();
  }});
  LoneUser user(server.url());
  EXPECT_TRUE(user.Get("/"));
  EXPECT_TRUE(user.Get("/"));
  EXPECT_EQ(user.failures(), "");
  EXPECT_EQ(user.total().bytes_received, 5U);
}

TEST(HttpSessionTest, RepliesToHeadKeepTheConnection) {
  std::string second;
  ScriptedServer server({[&](HttpPeer* peer) {
    peer->ReadRequest();
    peer->Send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    second = peer->ReadRequest();
    peer->Send(Reply("200 OK", "x"));
  }});
  LoneUser user(server.url());
  RequestStep head = GetStep("/");
  head.method = "HEAD";
  EXPECT_TRUE(user.Run(head));
  EXPECT_TRUE(user.Get("/second"));
  server.Join();
  EXPECT_TRUE(second.starts_with("GET /second ")) << second;
}

// ---- connections that end between two requests ---------------------------------------------

// Answers one request and closes, without a word, when the second has come.
void ClosesOnTheSecond(HttpPeer* peer) {
  peer->ReadRequest();
  peer->Send(Reply("200 OK", "first"));
  peer->ReadRequest();
}

TEST(HttpSessionTest, AGetThatMeetsAClosingConnectionIsSentOnceMore) {
  ScriptedServer server({ClosesOnTheSecond, Once(Reply("200 OK", "second"))});
  LoneUser user(server.url());
  EXPECT_TRUE(user.Get("/"));
  EXPECT_TRUE(user.Get("/"));
  EXPECT_EQ(user.failures(), "");
  EXPECT_EQ(user.total().requests, 2U);
  EXPECT_EQ(user.total().bytes_received, 11U);
  EXPECT_EQ(server.connections(), 2);
}

TEST(HttpSessionTest, AGetIsNotSentAThirdTime) {
  ScriptedServer server({ClosesOnTheSecond, Once(""), Once(Reply("200 OK", "never"))});
  LoneUser user(server.url());
  EXPECT_TRUE(user.Get("/"));
  EXPECT_FALSE(user.Get("/"));
  EXPECT_EQ(user.failures(), "1x connection closed by the peer");
  EXPECT_EQ(server.connections(), 2);
}

TEST(HttpSessionTest, APostThatMeetsAClosingConnectionFails) {
  ScriptedServer server({ClosesOnTheSecond, Once(Reply("200 OK", "never"))});
  LoneUser user(server.url());
  EXPECT_TRUE(user.Get("/"));
  EXPECT_FALSE(user.Run(PostStep("/buy", "x")));
  EXPECT_EQ(user.failures(), "1x connection closed by the peer");
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpSessionTest, AReplyThatHadBegunIsNotAskedForAgain) {
  ScriptedServer server({[](HttpPeer* peer) {
                           peer->ReadRequest();
                           peer->Send(Reply("200 OK", "first"));
                           peer->ReadRequest();
                           peer->Send("HTTP/1.1 200");
                         },
                         Once(Reply("200 OK", "never"))});
  LoneUser user(server.url());
  EXPECT_TRUE(user.Get("/"));
  EXPECT_FALSE(user.Get("/"));
  EXPECT_EQ(user.failures(), "1x reply cut short");
}

TEST(HttpSessionTest, JunkAfterAReplyClosesTheConnection) {
  ScriptedServer server({[](HttpPeer* peer) {
                           peer->ReadRequest();
                           peer->Send(Reply("200 OK", "x") + "HTTP/1.1 500 Smuggled\r\n\r\n");
                           peer->ReadUntilClose();
                         },
                         Once(Reply("200 OK", "y"))});
  LoneUser user(server.url());
  EXPECT_TRUE(user.Get("/"));
  EXPECT_TRUE(user.Get("/"));
  EXPECT_EQ(user.failures(), "");
  EXPECT_EQ(server.connections(), 2);
}

TEST(HttpSessionTest, WithoutKeepAliveEveryRequestHasItsConnection) {
  ScriptedServer server({Stalls(Reply("200 OK", "x")), Stalls(Reply("200 OK", "x"))});
  LoneUser user(server.url(), [](Service* service) { service->keep_alive = false; });
  EXPECT_TRUE(user.Get("/"));
  EXPECT_TRUE(user.Get("/"));
  EXPECT_EQ(server.connections(), 2);
}

// Larger than what is read at once: what the first piece brought must outlast the next ones.
TEST(HttpSessionTest, AReplyInPiecesKeepsItsBodyItsCookiesAndItsLocation) {
  const std::string body = "first" + std::string(4 << 20, 'x') + "last";
  std::string second;
  ScriptedServer server({[&](HttpPeer* peer) {
    peer->ReadHead();
    peer->Send(Reply("302 Found", body, "Set-Cookie: a=1\r\nLocation: /next\r\n"));
    second = peer->ReadHead();
    peer->Send(Reply("200 OK", body));
    peer->ReadUntilClose();
  }});
  {
    LoneUser user(server.url());
    RequestStep step = GetStep("/");
    step.checks = {{"begins", BodyContains{"firstx"}}, {"ends", BodyContains{"xlast"}}};
    EXPECT_TRUE(user.Run(step));
    EXPECT_EQ(user.failures(), "");
  }
  server.Join();
  EXPECT_TRUE(second.starts_with("GET /next HTTP/1.1\r\n")) << second;
  EXPECT_NE(second.find("Cookie: a=1\r\n"), std::string::npos) << second;
}

TEST(HttpSessionTest, SwitchingProtocolsEndsHttpOnTheConnection) {
  ScriptedServer server({Stalls("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
                         Once(Reply("200 OK", "x"))});
  LoneUser user(server.url());
  EXPECT_TRUE(user.Get("/"));
  EXPECT_TRUE(user.Get("/"));
  EXPECT_EQ(server.connections(), 2);
}

// ---- deadlines -----------------------------------------------------------------------------

TEST(HttpSessionTest, ASlowFirstByteTimesOut) {
  ScriptedServer server({Stalls("")});
  LoneUser user(server.url(),
                [](Service* service) { service->first_byte_timeout = milliseconds(30); });
  EXPECT_FALSE(user.Get("/"));
  EXPECT_EQ(user.failures(), "1x timed out (first byte)");
  EXPECT_EQ(user.total().timeouts, 1U);
  EXPECT_EQ(user.total().status_classes[0], 1U);
}

TEST(HttpSessionTest, TheWholeRequestTimesOut) {
  ScriptedServer server({Stalls("")});
  LoneUser user(server.url());
  RequestStep step = GetStep("/");
  step.timeout = milliseconds(30);
  EXPECT_FALSE(user.Run(step));
  EXPECT_EQ(user.failures(), "1x timed out (first byte)");
}

TEST(HttpSessionTest, AStallInTheBodyTimesOut) {
  ScriptedServer server({Stalls("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")});
  LoneUser user(server.url(), [](Service* service) { service->timeout = seconds(1); });
  EXPECT_FALSE(user.Get("/"));
  EXPECT_EQ(user.failures(), "1x timed out (reading the reply)");
  EXPECT_EQ(user.total().timeouts, 1U);
  EXPECT_EQ(user.total().bytes_received, 4U);
}

TEST(HttpSessionTest, AServerThatDoesNotReadTimesOut) {
  std::mutex gate;
  gate.lock();
  ScriptedServer server({[&](HttpPeer*) { const std::lock_guard<std::mutex> wait(gate); }});
  LoneUser user(server.url());
  RequestStep step = PostStep("/", "{{big}}");
  user.user.variables.Set("big", std::string(64 << 20, 'x'));
  step.timeout = milliseconds(100);
  EXPECT_FALSE(user.Run(step));
  gate.unlock();
  EXPECT_EQ(user.failures(), "1x timed out (sending)");
  EXPECT_LT(user.total().bytes_sent, uint64_t{64 << 20});
}

TEST(HttpSessionTest, ARequestThatIsStillOpenAtTheEndCountsAsUnfinished) {
  LoneUser* running = nullptr;
  ScriptedServer server({[&](HttpPeer* peer) {
    peer->ReadRequest();
    running->reactor->Post([&] { running->reactor->Cancel(running->user.waiter()); });
    peer->ReadUntilClose();
  }});
  LoneUser user(server.url());
  running = &user;
  RequestStep step = GetStep("/");
  step.retry.attempts_max = 5;
  EXPECT_FALSE(user.Run(step));
  EXPECT_EQ(user.failures(), "1x unfinished at the end of the run");
  EXPECT_EQ(user.total().unfinished, 1U);
  EXPECT_EQ(user.total().timeouts, 0U);
}

TEST(HttpSessionTest, ResponseTimeCountsFromTheIntendedStart) {
  ScriptedServer server({Answers({Reply("200 OK", ""), Reply("200 OK", "")})});
  LoneUser user(server.url());
  user.user.intended_start = user.clock.Now() - seconds(100);
  EXPECT_TRUE(user.Get("/"));
  EXPECT_TRUE(user.Get("/"));  // has no schedule any more
  const EntryStats total = user.total();
  EXPECT_EQ(total.start_delay.count(), 1U);
  EXPECT_GE(total.start_delay.max(), seconds(100));
  EXPECT_GE(total.response.max(), seconds(100));
  EXPECT_LT(total.service.max(), seconds(100));
}

// ---- Expect: 100-continue ------------------------------------------------------------------

RequestStep ExpectingStep() {
  RequestStep step = PostStep("/upload", "the body");
  step.expect_continue = true;
  return step;
}

TEST(HttpSessionTest, SendsTheBodyWhenTheServerSaysContinue) {
  std::string request;
  ScriptedServer server({[&](HttpPeer* peer) {
    request = peer->ReadHead();
    peer->Send("HTTP/1.1 100 Continue\r\n\r\n");
    request += peer->ReadUntilClose().substr(0, 8);
  }});
  // The server answers nothing, so that it can tell what came after its "continue".
  LoneUser user(server.url());
  RequestStep step = ExpectingStep();
  step.timeout = milliseconds(900);  // below the wait for a server that ignores the header
  EXPECT_FALSE(user.Run(step));
  server.Join();
  EXPECT_NE(request.find("Expect: 100-continue\r\n"), std::string::npos);
  EXPECT_TRUE(request.ends_with("\r\n\r\nthe body")) << request;
}

TEST(HttpSessionTest, TheReplyMayFollowContinueAtOnce) {
  ScriptedServer server({[](HttpPeer* peer) {
    peer->ReadHead();
    peer->Send("HTTP/1.1 100 Continue\r\n\r\n" + Reply("200 OK", "fine"));
    peer->ReadUntilClose();
  }});
  LoneUser user(server.url());
  EXPECT_TRUE(user.Run(ExpectingStep()));
  EXPECT_EQ(user.failures(), "");
  EXPECT_EQ(user.total().bytes_received, 4U);
}

TEST(HttpSessionTest, ABodyThatTheServerRefusesIsNeverSent) {
  std::string head;
  std::string rest = "not read";
  ScriptedServer server({[&](HttpPeer* peer) {
    head = peer->ReadHead();
    peer->Send(Reply("417 Expectation Failed", ""));
    rest = peer->ReadUntilClose();
  }});
  LoneUser user(server.url());
  EXPECT_FALSE(user.Run(ExpectingStep()));
  server.Join();
  EXPECT_EQ(user.failures(), "1x HTTP 417 Expectation Failed");
  EXPECT_EQ(rest, "");
  EXPECT_EQ(user.total().bytes_sent, head.size());
}

TEST(HttpSessionTest, AServerThatIgnoresTheExpectationGetsTheBody) {
  std::string request;
  ScriptedServer server({[&](HttpPeer* peer) {
    request = peer->ReadRequest();
    peer->Send(Reply("200 OK", ""));
  }});
  LoneUser user(server.url());
  EXPECT_TRUE(user.Run(ExpectingStep()));
  server.Join();
  EXPECT_TRUE(request.ends_with("\r\n\r\nthe body"));
  EXPECT_EQ(user.total().bytes_sent, request.size());
}

// ---- redirects -----------------------------------------------------------------------------

std::string Redirect(const std::string& to) {
  return Reply("302 Found", "moved", "Location: " + to + "\r\n");
}

TEST(HttpSessionTest, ARedirectLoopEnds) {
  ScriptedServer server({Answers(std::vector<std::string>(10, Redirect("/again")))});
  LoneUser user(server.url(), [](Service* service) { service->redirects_max = 3; });
  EXPECT_FALSE(user.Get("/"));
  EXPECT_EQ(user.failures(), "1x too many redirects");
  EXPECT_EQ(user.total().requests, 1U);
  EXPECT_EQ(user.total().bytes_received, 4 * 5U);  // the first reply and three more
}

TEST(HttpSessionTest, RedirectsAreNotFollowedWhenTheStepSaysSo) {
  ScriptedServer server({Answers({Redirect("/next")})});
  LoneUser user(server.url());
  RequestStep step = GetStep("/");
  step.redirects_max = 0;
  EXPECT_TRUE(user.Run(step));
  EXPECT_EQ(user.total().status_classes[3], 1U);
}

TEST(HttpSessionTest, ARedirectToNowhereIsAFailure) {
  ScriptedServer server({Answers({Redirect("javascript:alert(1)")})});
  LoneUser user(server.url());
  EXPECT_FALSE(user.Get("/"));
  EXPECT_EQ(user.failures(), "1x bad redirect location");
}

TEST(HttpSessionTest, AnUnreachableRedirectHasNoStatus) {
  ScriptedServer server({Answers({Redirect(fmt::format("http://127.0.0.1:{}/", ClosedPort()))})});
  LoneUser user(server.url());
  EXPECT_FALSE(user.Get("/"));
  EXPECT_EQ(user.failures(), "1x connection refused");
  EXPECT_EQ(user.total().status_classes[0], 1U);
}

TEST(HttpSessionTest, SecretsAndCookiesStayWithTheirHost) {
  std::string at_home;
  std::string abroad;
  ScriptedServer other({[&](HttpPeer* peer) {
    abroad = peer->ReadRequest();
    peer->Send(Reply("200 OK", "here"));
  }});
  ScriptedServer server({[&](HttpPeer* peer) {
    peer->ReadRequest();
    peer->Send(Reply("302 Found", "", "Set-Cookie: a=1\r\nLocation: /home\r\n"));
    at_home = peer->ReadRequest();
    peer->Send(Redirect(fmt::format("http://localhost:{}/abroad", other.port())));
    peer->ReadUntilClose();
  }});
  LoneUser user(server.url(), [](Service* service) { service->bearer_token = "secret"; });
  EXPECT_TRUE(user.Get("/"));
  other.Join();
  EXPECT_EQ(user.failures(), "");
  EXPECT_NE(at_home.find("Authorization: Bearer secret\r\n"), std::string::npos) << at_home;
  EXPECT_NE(at_home.find("Cookie: a=1\r\n"), std::string::npos) << at_home;
  EXPECT_TRUE(abroad.starts_with("GET /abroad HTTP/1.1\r\nHost: localhost:")) << abroad;
  EXPECT_EQ(abroad.find("Authorization"), std::string::npos) << abroad;
  EXPECT_EQ(abroad.find("Cookie"), std::string::npos) << abroad;
}

// ---- retries -------------------------------------------------------------------------------

RequestStep Retrying(RequestStep step, int attempts) {
  step.retry.attempts_max = attempts;
  step.retry.delay = milliseconds(1);
  return step;
}

TEST(HttpSessionTest, RetriesAServerErrorAndRecordsEachAttempt) {
  const std::string busy = Reply("503 Service Unavailable", "");
  ScriptedServer server({Answers({busy, busy, Reply("200 OK", "")})});
  LoneUser user(server.url());
  EXPECT_TRUE(user.Run(Retrying(PostStep("/", "x"), 3)));
  EXPECT_EQ(user.total().requests, 3U);
  EXPECT_EQ(user.failures(), "2x HTTP 503 Service Unavailable");
  EXPECT_EQ(user.user.pauses, 2);
}

TEST(HttpSessionTest, RetriesEndAndSomeStatusesAreFinal) {
  const std::string busy = Reply("503 Service Unavailable", "");
  ScriptedServer server({Answers({busy, busy, Reply("404 Not Found", "")})});
  LoneUser user(server.url());
  EXPECT_FALSE(user.Run(Retrying(GetStep("/"), 2)));
  EXPECT_FALSE(user.Run(Retrying(GetStep("/"), 5)));
  EXPECT_EQ(user.failures(), "1x HTTP 404 Not Found, 2x HTTP 503 Service Unavailable");
}

TEST(HttpSessionTest, RetriesALostConnection) {
  ScriptedServer server({Once(""), Once(Reply("200 OK", ""))});
  LoneUser user(server.url());
  EXPECT_TRUE(user.Run(Retrying(PostStep("/", "x"), 2)));
  EXPECT_EQ(user.failures(), "1x connection closed by the peer");
}

TEST(HttpSessionTest, AUserThatShallStopDoesNotRetry) {
  ScriptedServer server({Answers({Reply("503 Service Unavailable", "")})});
  LoneUser user(server.url());
  user.user.is_stopping = true;
  EXPECT_FALSE(user.Run(Retrying(GetStep("/"), 5)));
  EXPECT_EQ(user.total().requests, 1U);
}

// ---- replies that are read -----------------------------------------------------------------

TEST(HttpSessionTest, ABodyThatCannotBeDecompressedFailsOnlyWhoReadsIt) {
  const std::string reply = Reply("200 OK", "no gzip", "Content-Encoding: gzip\r\n");
  ScriptedServer server({Answers({reply, reply})});
  LoneUser user(server.url());
  EXPECT_TRUE(user.Get("/"));
  RequestStep step = GetStep("/");
  step.checks = {{"has text", BodyContains{"no gzip"}}};
  EXPECT_FALSE(user.Run(step));
  EXPECT_EQ(user.failures(), "1x body could not be decompressed");
}

TEST(HttpSessionTest, ARequestThatCannotBeMadeIsATaskErrorAndNoSample) {
  LoneUser user("http://127.0.0.1:1");
  EXPECT_FALSE(user.Get("/{{nobody}}"));
  ASSERT_EQ(user.user.task_errors.size(), 1U);
  EXPECT_NE(user.user.task_errors[0].find("nobody"), std::string::npos);
  EXPECT_EQ(user.total().requests, 0U);
}

TEST(HttpSessionTest, ANameThatVariesIsDrawnOncePerAttempt) {
  ScriptedServer server({Answers({Reply("200 OK", "x")})});
  LoneUser user(server.url());
  RequestStep step = GetStep("/");
  step.name = "n-{{random_int(1,1000000)}}";
  step.checks = {{"status", StatusIs{"200"}}};
  EXPECT_TRUE(user.Run(step));
  const Snapshot stats = user.stats();
  ASSERT_EQ(stats.entries.size(), 1U);
  ASSERT_EQ(stats.checks.size(), 1U);
  EXPECT_EQ(stats.entries.begin()->first.name, stats.checks.begin()->first.name);
}

// Keeps the last exchange.
class LastExchange final : public RequestTrace {
 public:
  void OnExchange(const Exchange& exchange) override {
    text = fmt::format("{}|{}|{}|{}", exchange.name, exchange.request, exchange.response,
                       exchange.body);
  }
  void OnCheck(std::string_view, std::string_view check, bool passed) override {
    checks += fmt::format("{}={} ", check, passed);
  }
  void OnText(std::string_view) override {}
  std::string text;
  std::string checks;
};

TEST(HttpSessionTest, ATraceSeesTheExchangeAndItsChecks) {
  ScriptedServer server({Answers({Reply("200 OK", "hello", "X-A: b\r\n")})});
  LoneUser user(server.url());
  LastExchange trace;
  user.user.request_trace = &trace;
  RequestStep step = GetStep("/p");
  step.name = "page";
  step.checks = {{"greets", BodyContains{"hello"}}, {"curses", BodyContains{"damn"}}};
  EXPECT_FALSE(user.Run(step));
  EXPECT_TRUE(trace.text.starts_with("page|GET /p HTTP/1.1\r\n")) << trace.text;
  EXPECT_TRUE(trace.text.ends_with("\r\n\r\n|Content-Length: 5\r\nX-A: b\r\n|hello")) << trace.text;
  EXPECT_EQ(trace.checks, "greets=true curses=false ");
}

}  // namespace
}  // namespace squall
