#include "daemon/target/session.h"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/daemon/target/test_client.h"

namespace squall {
namespace {

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

TEST(TargetSessionTest, KeepsAConnectionOpenBetweenRequests) {
  const RunningTarget target;
  TestClient client(target.port());
  for (int id = 1; id <= 3; ++id) {
    const std::string response = client.Ask(Get(fmt::format("/products/{}", id)));
    EXPECT_EQ(StatusOf(response), 200);
    EXPECT_EQ(boost::json::parse(BodyOf(response)).at("productID").as_int64(), id);
  }
  EXPECT_EQ(target.counters.TotalRequests(), 3U);
  EXPECT_EQ(target.counters.OpenConnections(), 1U);
}

TEST(TargetSessionTest, AnswersPipelinedRequestsInTheirOrder) {
  const RunningTarget target;
  TestClient client(target.port());
  // The slow one in the middle must hold up the rest.
  ASSERT_TRUE(client.Send(Get("/products/1") + Get("/delay/20") + Get("/bytes/5") +
                          Post("/products/details", R"({"name":"Phone"})") + Get("/nothing")));
  EXPECT_TRUE(Contains(client.ReadResponse(), "Laptop"));
  EXPECT_TRUE(Contains(client.ReadResponse(), "delay_ms"));
  EXPECT_EQ(BodyOf(client.ReadResponse()), "xxxxx");
  EXPECT_TRUE(Contains(client.ReadResponse(), "Phone"));
  EXPECT_EQ(StatusOf(client.ReadResponse()), 404);
}

TEST(TargetSessionTest, ReadsARequestThatArrivesByteByByte) {
  const RunningTarget target;
  TestClient client(target.port());
  for (const char byte : Post("/products/details", R"({"name":"Laptop"})")) {
    ASSERT_TRUE(client.Send(std::string_view(&byte, 1)));
  }
  EXPECT_EQ(StatusOf(client.ReadResponse()), 200);
}

TEST(TargetSessionTest, ReadsAChunkedBody) {
  const RunningTarget target;
  TestClient client(target.port());
  const std::string response = client.Ask(
      "POST /echo HTTP/1.1\r\nHost: target\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n7;x=y\r\n, world\r\n0\r\n\r\n");
  EXPECT_EQ(boost::json::parse(BodyOf(response)).at("body").as_string(), "hello, world");
}

TEST(TargetSessionTest, ReadsABodyOfSomeMegabytes) {
  const RunningTarget target;
  TestClient client(target.port());
  const std::string response = client.Ask(Post("/echo", std::string(3 << 20, 'y')));
  EXPECT_EQ(boost::json::parse(BodyOf(response)).at("body_bytes").as_int64(), 3 << 20);
}

TEST(TargetSessionTest, StreamsLongAnswersAndGoesOn) {
  const RunningTarget target;
  TestClient client(target.port());
  EXPECT_EQ(BodyOf(client.Ask(Get("/bytes/3000000"))), std::string(3'000'000, 'x'));
  EXPECT_EQ(StatusOf(client.Ask(Get("/bytes/0"))), 200);
}

TEST(TargetSessionTest, HeadHasNoBody) {
  const RunningTarget target;
  TestClient client(target.port());
  ASSERT_TRUE(client.Send("HEAD /bytes/1000 HTTP/1.1\r\nHost: target\r\n\r\n" +
                          Get("/products/1", "Connection: close\r\n")));
  const std::string both = client.ReadUntilClose();
  EXPECT_TRUE(Contains(both, "Content-Length: 1000\r\n"));
  EXPECT_FALSE(Contains(both, "xxx"));
  EXPECT_TRUE(Contains(both, "Laptop"));
}

TEST(TargetSessionTest, ClosesWhenAskedTo) {
  const RunningTarget target;
  TestClient client(target.port());
  ASSERT_TRUE(client.Send(Get("/products/1", "Connection: close\r\n") + Get("/products/2")));
  const std::string all = client.ReadUntilClose();
  EXPECT_TRUE(Contains(all, "Connection: close\r\n"));
  EXPECT_FALSE(Contains(all, "Phone"));
}

TEST(TargetSessionTest, Http10ClosesUnlessAskedToStay) {
  const RunningTarget target;
  TestClient closing(target.port());
  ASSERT_TRUE(closing.Send("GET /chunked HTTP/1.0\r\n\r\n"));
  const std::string all = closing.ReadUntilClose();
  EXPECT_FALSE(Contains(all, "Transfer-Encoding"));
  EXPECT_TRUE(boost::json::parse(BodyOf(all)).at("chunked").as_bool());

  TestClient staying(target.port());
  const std::string ask = "GET /products/1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  EXPECT_TRUE(Contains(staying.Ask(ask), "Connection: keep-alive\r\n"));
  EXPECT_EQ(StatusOf(staying.Ask(ask)), 200);
}

TEST(TargetSessionTest, BrokenEndingsAreWhatTheySay) {
  const RunningTarget target;
  const auto all = [&target](std::string_view path) {
    TestClient client(target.port());
    return client.Send(Get(path)) ? client.ReadUntilClose() : "(not sent)";
  };
  EXPECT_EQ(BodyOf(all("/close")), R"({"framing":"until close"})");
  EXPECT_EQ(BodyOf(all("/truncate")), std::string(500, 'x'));
  EXPECT_EQ(all("/drop"), "");
  EXPECT_EQ(target.counters.TotalRequests(), 3U);
}

TEST(TargetSessionTest, SaysContinueToThoseWhoWaitForIt) {
  const RunningTarget target;
  TestClient client(target.port());
  EXPECT_EQ(client.Ask("POST /echo HTTP/1.1\r\nHost: target\r\nExpect: 100-continue\r\n"
                       "Content-Length: 2\r\n\r\n"),
            "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(StatusOf(client.Ask("hi")), 200);
}

TEST(TargetSessionTest, RefusesAHeaderAboveTheLimit) {
  const RunningTarget target;
  TestClient client(target.port());
  ASSERT_TRUE(client.Send(Get("/products", "X: " + std::string(17 << 10, 'a') + "\r\n")));
  const std::string response = client.ReadUntilClose();
  EXPECT_EQ(StatusOf(response), 431);
  EXPECT_TRUE(Contains(response, "16384 bytes"));
}

TEST(TargetSessionTest, AHeaderThatNeverEndsIsRefusedToo) {
  const RunningTarget target;
  TestClient client(target.port());
  client.Send("GET / HTTP/1.1\r\nX: " + std::string(1 << 20, 'a'));
  EXPECT_EQ(StatusOf(client.ReadUntilClose()), 431);
}

TEST(TargetSessionTest, RefusesABodyAboveTheLimitAndTheAnswerArrives) {
  const RunningTarget target;
  TestClient announced(target.port());
  // All of it is sent before anything is read, as simple clients do.
  announced.Send(Post("/echo", std::string(9 << 20, 'y')));
  announced.ShutdownSend();
  EXPECT_EQ(StatusOf(announced.ReadUntilClose()), 413);

  TestClient chunked(target.port());
  chunked.Send("POST /echo HTTP/1.1\r\nHost: target\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = fmt::format("100000\r\n{}\r\n", std::string(1 << 20, 'y'));
  for (int i = 0; i < 9; ++i) {
    chunked.Send(chunk);
  }
  chunked.ShutdownSend();
  EXPECT_EQ(StatusOf(chunked.ReadUntilClose()), 413);
  EXPECT_EQ(target.counters.TotalRequests(), 0U);
}

TEST(TargetSessionTest, GarbageIsABadRequest) {
  const RunningTarget target;
  for (const char* garbage :
       {"hello\r\n\r\n", "GET / HTTP/3.0\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n"}) {
    TestClient client(target.port());
    client.Send(garbage);
    EXPECT_EQ(StatusOf(client.ReadUntilClose()), 400) << garbage;
  }
  EXPECT_EQ(target.counters.TotalRequests(), 0U);
}

TEST(TargetSessionTest, CountsWhatArrivedComplete) {
  const RunningTarget target;
  TestClient client(target.port());
  client.Ask(Get("/products/1"));
  client.Ask(Get("/products/2"));
  client.Ask(Post("/products/buy", R"({"name":"Phone","quantity":1})"));
  client.Ask(Get("/nothing"));
  client.Ask(Get("/healthz"));
  TestClient half(target.port());
  half.Send("POST /echo HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf");
  const auto stats = boost::json::parse(BodyOf(client.Ask(Get("/stats"))));
  EXPECT_EQ(stats.at("requests"),
            (boost::json::value{
                {"POST /products/buy", 1}, {"GET /products/{id}", 2}, {"GET (unknown)", 1}}));
  EXPECT_EQ(stats.at("responses"), (boost::json::value{{"200", 3}, {"404", 1}}));
  EXPECT_EQ(stats.at("total").as_int64(), 4);
}

TEST(TargetSessionTest, MadeUpErrorsChangeNothingAndSpareTheControlRoutes) {
  TargetServerOptions options;
  options.error_rate = 1;
  const RunningTarget target(options);
  TestClient client(target.port());
  const int64_t before = target.store.Stock(1);
  EXPECT_EQ(StatusOf(client.Ask(Post("/products/buy", R"({"name":"Phone","quantity":1})"))), 500);
  EXPECT_EQ(target.store.Stock(1), before);
  EXPECT_EQ(StatusOf(client.Ask(Get("/healthz"))), 200);
  EXPECT_EQ(target.counters.TotalRequests(), 1U);
}

TEST(TargetSessionTest, LatencyIsAtLeastWhatWasAsked) {
  TargetServerOptions options;
  options.latency = {std::chrono::milliseconds(30), std::chrono::milliseconds(40)};
  const RunningTarget target(options);
  TestClient client(target.port());
  const TimePoint start = target.clock.Now();
  EXPECT_EQ(StatusOf(client.Ask(Get("/products/1"))), 200);
  EXPECT_GE(target.clock.Now() - start, std::chrono::milliseconds(30));
}

TEST(TargetSessionTest, AStallHoldsEveryAnswerUntilItsEnd) {
  const RunningTarget target;
  TestClient control(target.port());
  TestClient client(target.port());
  const TimePoint start = target.clock.Now();
  EXPECT_EQ(StatusOf(control.Ask(Post("/admin/stall?for=150ms", ""))), 200);
  ASSERT_TRUE(client.Send(Get("/products/1")));
  target.AwaitRequests(1);  // it arrives and is counted, only the answer is held
  EXPECT_EQ(StatusOf(client.ReadResponse()), 200);
  EXPECT_GE(target.clock.Now() - start, std::chrono::milliseconds(150));
}

TEST(TargetSessionTest, AStallDoesNotTrapTheControlRoutes) {
  RunningTarget target;
  target.stall.StallUntil(target.clock.Now() + std::chrono::hours(1));
  TestClient client(target.port());
  EXPECT_EQ(StatusOf(client.Ask(Get("/stats"))), 200);
}

}  // namespace
}  // namespace squall
