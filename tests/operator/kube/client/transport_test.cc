#include "operator/kube/client/transport.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/base/clock.h"
#include "daemon/net/certificate.h"
#include "operator/kube/api/kube_error.h"
#include "tests/operator/kube/client/scripted_server.h"
#include "tests/support/temp_directory.h"

namespace squall {
namespace {

using std::chrono::seconds;

class CountingMetrics final : public KubeMetrics {
 public:
  void OnCall(const KubeCall& call) override { calls.push_back(call); }
  void OnRetry(const KubeCall& failed) override { retries.push_back(failed); }
  std::vector<KubeCall> calls, retries;
};

class TransportTest : public testing::Test {
 protected:
  void Start(ScriptedApiServer::Script script, const ScriptedTls* tls = nullptr) {
    server_ = std::make_unique<ScriptedApiServer>(std::move(script), tls);
    config_.server = server_->Url();
  }
  // The client is made with the first call.
  Transport* transport() {
    if (transport_ == nullptr) {
      options_.metrics = &metrics_;
      options_.pause = [this](Nanos span) {
        pauses_.push_back(span);
        return false;
      };
      options_.on_warning = [this](const std::string& text) { warnings_.push_back(text); };
      auto made = Transport::Make(config_, options_, &clock_);
      EXPECT_TRUE(made.ok()) << made.status();
      transport_ = *std::move(made);
    }
    return transport_.get();
  }
  // The body, or the error.
  std::string Call(const std::string& method, bool repeatable = false) {
    ApiCall call;
    call.what = "do it";
    call.method = method;
    call.target = "/x?y=z";
    call.content_type = method == "GET" ? "" : "application/json";
    call.body = method == "GET" ? "" : "{}";
    call.repeatable = repeatable;
    const auto body = transport()->Call(call);
    return body.ok() ? *body : body.status().ToString();
  }
  absl::Status Stream(const std::function<absl::Status(std::string_view)>& on_data,
                      StopSignal* stop = nullptr) {
    ApiCall call;
    call.what = "watch it";
    call.method = "GET";
    call.target = "/x";
    return transport()->Stream(call, seconds(60), on_data, stop);
  }

  SystemClock clock_;
  KubeConfig config_;
  KubeClientOptions options_;
  CountingMetrics metrics_;
  std::vector<Nanos> pauses_;
  std::vector<std::string> warnings_;
  std::unique_ptr<ScriptedApiServer> server_;
  std::unique_ptr<Transport> transport_;
};

TEST_F(TransportTest, SaysWhoItIsAndWhatItWants) {
  Start(Answering([](const auto&) { return AnswerText(200, "{}"); }));
  config_.server += "/prefix";
  config_.token = "t0ken";
  config_.impersonate = {"boss", "7", {"a", "b"}, {{"scope/s", {"x"}}}};
  options_.user_agent = "squall-test/1";
  EXPECT_EQ(Call("POST"), "{}");
  const ScriptedRequest request = server_->requests().at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/prefix/x?y=z");
  EXPECT_EQ(request.Header("host"), "127.0.0.1:" + std::to_string(server_->port()));
  EXPECT_EQ(request.Header("authorization"), "Bearer t0ken");
  EXPECT_EQ(request.Header("user-agent"), "squall-test/1");
  EXPECT_EQ(request.Header("accept"), "application/json");
  EXPECT_EQ(request.Header("accept-encoding"), "");
  EXPECT_EQ(request.Header("content-type"), "application/json");
  EXPECT_EQ(request.Header("impersonate-user"), "boss");
  EXPECT_EQ(request.Header("impersonate-uid"), "7");
  EXPECT_EQ(request.Header("impersonate-group"), "a,b");
  EXPECT_EQ(request.Header("impersonate-extra-scope%2fs"), "x");
  EXPECT_EQ(request.body, "{}");
}

TEST_F(TransportTest, ReusesItsConnection) {
  Start(Answering([](const auto&) { return AnswerText(200, "{}"); }));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(Call("GET"), "{}");
  }
  EXPECT_EQ(server_->connections(), 1);
}

TEST_F(TransportTest, AnErrorCarriesWhatTheServerSaid) {
  Start(Answering([](const auto&) {
    return AnswerText(403, R"({"kind":"Status","reason":"Forbidden","message":"exceeded quota"})");
  }));
  ApiCall call;
  call.what = "create pods a/b";
  call.method = "GET";
  call.target = "/";
  const absl::Status status = transport()->Call(call).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(std::string(status.message()), "create pods a/b: exceeded quota (403 Forbidden)");
  EXPECT_EQ(KubeErrorOf(status)->reason, "Forbidden");
}

TEST_F(TransportTest, WaitsAsLongAsTheServerAsksEvenForAPost) {
  std::atomic<int> count = 0;
  Start(Answering([&](const auto&) {
    return ++count < 3 ? AnswerText(429, "", "Retry-After: 2\r\n") : AnswerText(201, "{}");
  }));
  EXPECT_EQ(Call("POST"), "{}");
  EXPECT_EQ(pauses_, (std::vector<Nanos>{seconds(2), seconds(2)}));
  EXPECT_EQ(metrics_.retries.size(), 2U);
  EXPECT_EQ(metrics_.retries.at(0).code, "429");
  EXPECT_EQ(metrics_.calls.size(), 3U);
}

TEST_F(TransportTest, GivesBackA429ThatNamesNoTimeOrTooLongATime) {
  Start(Answering([](const auto& request) {
    return AnswerText(429, "", request.method == "GET" ? "" : "Retry-After: 31\r\n");
  }));
  EXPECT_EQ(Call("GET").find("RESOURCE_EXHAUSTED"), 0U);
  EXPECT_EQ(Call("POST").find("RESOURCE_EXHAUSTED"), 0U);
  EXPECT_TRUE(pauses_.empty());
}

TEST_F(TransportTest, AnInterruptedWaitEndsTheCall) {
  Start(Answering([](const auto&) { return AnswerText(503, "", "Retry-After: 1\r\n"); }));
  options_.pause = {};
  transport();
  transport_.reset();
  options_.metrics = nullptr;
  options_.pause = [this](Nanos) {
    transport_->Stop();
    return true;
  };
  transport_ = *Transport::Make(config_, options_, &clock_);
  EXPECT_EQ(Call("GET"), "CANCELLED: do it: stopped");
}

TEST_F(TransportTest, ADeadReusedConnectionIsReplacedAtOnce) {
  Start([](ScriptedPeer* peer) {
    peer->Read();
    peer->Write(AnswerText(200, std::to_string(peer->number())));
    peer->Read();  // the second request dies with the connection
    peer->Reset();
  });
  EXPECT_EQ(Call("GET"), "0");
  EXPECT_EQ(Call("GET"), "1");
  EXPECT_EQ(Call("PATCH", /*repeatable=*/true), "2");
  EXPECT_TRUE(pauses_.empty());
  const std::string error = Call("POST");
  EXPECT_EQ(error.find("UNAVAILABLE: do it: "), 0U) << error;
}

TEST_F(TransportTest, AFreshConnectionThatIsCutIsTriedAgainForAGetOnly) {
  Start([](ScriptedPeer* peer) {
    peer->Read();
    if (peer->number() % 2 == 1) {
      peer->Write(AnswerText(200, "{}", "Connection: close\r\n"));
    }
  });
  EXPECT_EQ(Call("GET"), "{}");
  EXPECT_EQ(pauses_, std::vector<Nanos>{seconds(1)});
  EXPECT_EQ(Call("PATCH", /*repeatable=*/true).find("UNAVAILABLE"), 0U);
}

TEST_F(TransportTest, ARefusedTokenIsReadAgainOnce) {
  const TempDirectory directory;
  config_.token_file = directory.path() / "token";
  std::ofstream(config_.token_file) << "old";
  Start(Answering([](const auto& request) {
    return request.Header("authorization") == "Bearer new" ? AnswerText(200, "{}")
                                                           : AnswerText(401, "");
  }));
  EXPECT_EQ(Call("POST").find("UNAUTHENTICATED"), 0U);
  EXPECT_EQ(server_->requests().size(), 2U);
  std::ofstream(config_.token_file) << "new";
  EXPECT_EQ(Call("POST"), "{}");
  EXPECT_EQ(server_->requests().size(), 4U);
}

TEST_F(TransportTest, AFixedTokenThatIsRefusedIsNotTriedAgain) {
  config_.token = "t";
  Start(Answering([](const auto&) { return AnswerText(401, ""); }));
  EXPECT_EQ(Call("GET").find("UNAUTHENTICATED"), 0U);
  EXPECT_EQ(server_->requests().size(), 1U);
}

TEST_F(TransportTest, WarningsAreToldOnce) {
  Start(Answering([](const auto&) {
    return AnswerText(200, "{}",
                      "Warning: 299 - \"spec.x is \\\"old\\\"\"\r\nWarning: 299 - \"y\"\r\n");
  }));
  EXPECT_EQ(Call("GET"), "{}");
  EXPECT_EQ(Call("GET"), "{}");
  EXPECT_EQ(warnings_, (std::vector<std::string>{"spec.x is \"old\"", "y"}));
}

TEST_F(TransportTest, CountsAttempts) {
  Start(Answering([](const auto&) { return AnswerText(200, "12345"); }));
  EXPECT_EQ(Call("POST"), "12345");
  const KubeCall seen = metrics_.calls.at(0);
  EXPECT_EQ(seen.code, "200");
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.host, "127.0.0.1:" + std::to_string(server_->port()));
  EXPECT_EQ(seen.request_bytes, 2);
  EXPECT_EQ(seen.response_bytes, 5);
  server_.reset();
  EXPECT_EQ(Call("POST").find("UNAVAILABLE"), 0U);
  EXPECT_EQ(metrics_.calls.at(1).code, "<error>");
}

TEST_F(TransportTest, FollowsACaThatTheClusterHasReplaced) {
  const TempDirectory directory;
  const CertificatePair pair = *MakeSelfSigned({}, clock_.Wall());
  const CertificatePair old = *MakeSelfSigned({}, clock_.Wall());
  const ScriptedTls tls{pair.certificate_pem, pair.key_pem, ""};
  config_.ca.file = directory.path() / "ca.crt";
  std::ofstream(config_.ca.file) << old.certificate_pem;
  Start(Answering([](const auto&) { return AnswerText(200, "{}"); }), &tls);
  EXPECT_NE(Call("GET").find("cannot be trusted"), std::string::npos);
  std::ofstream(config_.ca.file) << pair.certificate_pem;
  EXPECT_EQ(Call("GET"), "{}");
}

TEST_F(TransportTest, APluginsTokenIsUsed) {
  const TempDirectory directory;
  const std::string path = directory.path() / "plugin";
  std::ofstream(path) << "#!/bin/sh\nprintf '{\"kind\":\"ExecCredential\",\"apiVersion\":\"v\","
                         "\"status\":{\"token\":\"from-plugin\"}}'\n";
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  config_.exec.emplace();
  config_.exec->api_version = "v";
  config_.exec->command = path;
  Start(Answering(
      [](const auto& request) { return AnswerText(200, request.Header("authorization")); }));
  EXPECT_EQ(Call("GET"), "Bearer from-plugin");
}

TEST_F(TransportTest, ManyThreadsMayCall) {
  Start(Answering([](const auto&) { return AnswerText(200, "{}"); }));
  options_.metrics = nullptr;
  transport_ = *Transport::Make(config_, options_, &clock_);
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 25; ++k) {
        good += Call("GET") == "{}" ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(good, 100);
  EXPECT_LE(server_->connections(), 4 * 25);
}

TEST_F(TransportTest, AStopEndsACallUnderWayAndAllLaterOnes) {
  std::atomic<bool> asked = false;
  Start([&](ScriptedPeer* peer) {
    peer->Read();
    asked = true;
    peer->Linger();
  });
  transport();
  std::thread other([&] {
    while (!asked) {
      std::this_thread::yield();
    }
    transport_->Stop();
  });
  EXPECT_EQ(Call("GET"), "CANCELLED: do it: stopped");
  other.join();
  EXPECT_EQ(Call("GET"), "CANCELLED: do it: stopped");
  server_.reset();  // its scripts use `asked`
}

TEST_F(TransportTest, AStreamHandsOverWhatComes) {
  Start([](ScriptedPeer* peer) {
    peer->Read();
    peer->Write(StreamHead() + ChunkText("a") + ChunkText("b") + std::string(kLastChunk));
    peer->Linger();
  });
  std::string all;
  EXPECT_TRUE(Stream([&](std::string_view data) {
                all += data;
                return absl::OkStatus();
              }).ok());
  EXPECT_EQ(all, "ab");
  EXPECT_EQ(metrics_.calls.size(), 1U);
  EXPECT_EQ(metrics_.calls.at(0).code, "200");
}

TEST_F(TransportTest, AStreamEndsWithTheErrorOfItsReader) {
  Start([](ScriptedPeer* peer) {
    peer->Read();
    peer->Write(StreamHead() + ChunkText("a"));
    peer->Linger();
  });
  EXPECT_EQ(Stream([](std::string_view) { return absl::DataLossError("no"); }),
            absl::DataLossError("no"));
}

TEST_F(TransportTest, AStreamIsStoppedByItsOwnSignal) {
  Start([](ScriptedPeer* peer) {
    peer->Read();
    peer->Write(StreamHead() + ChunkText("a"));
    peer->Linger();
  });
  StopSignal stop;
  const absl::Status status = Stream(
      [&](std::string_view) {
        stop.Stop();
        return absl::OkStatus();
      },
      &stop);
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
}

TEST_F(TransportTest, AStreamIsNotTriedAgainButFor401) {
  const TempDirectory directory;
  config_.token_file = directory.path() / "token";
  std::ofstream(config_.token_file) << "t";
  std::atomic<int> code = 401;
  Start(Answering([&](const auto&) { return AnswerText(code, "", "Retry-After: 1\r\n"); }));
  const auto ignore = [](std::string_view) { return absl::OkStatus(); };
  EXPECT_EQ(Stream(ignore).code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(server_->requests().size(), 2U);
  code = 429;
  EXPECT_EQ(Stream(ignore).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(server_->requests().size(), 3U);
}

TEST(TransportMakeTest, SaysAtTheStartWhatIsWrong) {
  const SystemClock clock;
  const auto error = [&](const KubeConfig& config) {
    return std::string(Transport::Make(config, {}, &clock).status().message());
  };
  KubeConfig config;
  config.server = "nonsense";
  EXPECT_EQ(error(config).find("server must be a URL"), 0U);
  config.server = "https://h";
  config.proxy_url = "https://p";
  EXPECT_EQ(error(config), "proxy-url must begin with http://, got https");
  config.proxy_url = "";
  config.ca.file = "/nowhere";
  EXPECT_EQ(error(config), "file '/nowhere' must be readable: No such file or directory");
  config.ca = {"nonsense", ""};
  EXPECT_EQ(error(config).find("the certificate authority must be PEM"), 0U);
}

}  // namespace
}  // namespace squall
