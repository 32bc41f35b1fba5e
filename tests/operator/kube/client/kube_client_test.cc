#include "operator/kube/client/kube_client.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "daemon/base/clock.h"
#include "operator/kube/api/kube_error.h"
#include "tests/operator/kube/client/scripted_server.h"

namespace squall {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

json::object Parse(const std::string& text) { return json::parse(text).as_object(); }

class KubeClientTest : public testing::Test {
 protected:
  void Start(ScriptedApiServer::Script script) {
    server_ = std::make_unique<ScriptedApiServer>(std::move(script));
    KubeConfig config;
    config.server = server_->Url();
    options_.field_manager = "tester";
    client_ = *KubeClient::Make(config, options_, &clock_);
  }
  void StartEcho() {
    Start(Answering([](const auto& request) {
      return AnswerText(200, request.method == "GET" ? R"({"got":true})" : request.body);
    }));
  }
  ScriptedRequest LastRequest() const { return server_->requests().back(); }

  SystemClock clock_;
  KubeClientOptions options_;
  std::unique_ptr<ScriptedApiServer> server_;
  std::unique_ptr<KubeClient> client_;
};

constexpr char kWriteQuery[] = "fieldManager=tester&fieldValidation=Strict&timeout=30s";

TEST_F(KubeClientTest, Gets) {
  StartEcho();
  EXPECT_EQ(json::serialize(*client_->Get(kLoadTests, {"a", "b"})), R"({"got":true})");
  EXPECT_EQ(LastRequest().method, "GET");
  EXPECT_EQ(LastRequest().target, "/apis/squall.dev/v1alpha1/namespaces/a/loadtests/b?timeout=30s");
  ASSERT_TRUE(client_->Get(kLoadTests, {"a", "b"}, "scale").ok());
  EXPECT_EQ(LastRequest().target,
            "/apis/squall.dev/v1alpha1/namespaces/a/loadtests/b/scale?timeout=30s");
  ASSERT_TRUE(client_->GetRaw("/version").ok());
  EXPECT_EQ(LastRequest().target, "/version");
}

TEST_F(KubeClientTest, CreatesInTheCollection) {
  StartEcho();
  ASSERT_TRUE(client_->Create(kPods, NewObject(kPods, {"a", "b"})).ok());
  EXPECT_EQ(LastRequest().method, "POST");
  EXPECT_EQ(LastRequest().target, std::string("/api/v1/namespaces/a/pods?") + kWriteQuery);
  EXPECT_EQ(LastRequest().Header("content-type"), "application/json");
  EXPECT_EQ(LastRequest().body,
            R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"b","namespace":"a"}})");
  ASSERT_TRUE(client_->Create(kPods, NewObject(kPods, {"a", "b"}), "eviction").ok());
  EXPECT_EQ(LastRequest().target,
            std::string("/api/v1/namespaces/a/pods/b/eviction?") + kWriteQuery);
}

TEST_F(KubeClientTest, Updates) {
  StartEcho();
  ASSERT_TRUE(client_->Update(kLeases, NewObject(kLeases, {"a", "b"})).ok());
  EXPECT_EQ(LastRequest().method, "PUT");
  EXPECT_EQ(LastRequest().target,
            std::string("/apis/coordination.k8s.io/v1/namespaces/a/leases/b?") + kWriteQuery);
}

TEST_F(KubeClientTest, AppliesWithForceAndSaysTheKind) {
  StartEcho();
  ASSERT_TRUE(
      client_->Apply(kPods, Parse(R"({"metadata":{"name":"b","namespace":"a"}})"), "status").ok());
  EXPECT_EQ(LastRequest().method, "PATCH");
  EXPECT_EQ(LastRequest().target,
            "/api/v1/namespaces/a/pods/b/status?fieldManager=tester&force=true&"
            "fieldValidation=Strict&timeout=30s");
  EXPECT_EQ(LastRequest().Header("content-type"), "application/apply-patch+yaml");
  EXPECT_EQ(Parse(LastRequest().body),
            Parse(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"b","namespace":"a"}})"));
}

TEST_F(KubeClientTest, Patches) {
  StartEcho();
  const json::array patch = json::parse(R"([{"op":"test","path":"/a","value":1}])").as_array();
  ASSERT_TRUE(client_->MergePatch(kPods, {"a", "b"}, Parse(R"({"x":1})")).ok());
  EXPECT_EQ(LastRequest().method, "PATCH");
  EXPECT_EQ(LastRequest().target, std::string("/api/v1/namespaces/a/pods/b?") + kWriteQuery);
  EXPECT_EQ(LastRequest().Header("content-type"), "application/merge-patch+json");
  EXPECT_EQ(LastRequest().body, R"({"x":1})");
  // The echo is a list, which no API server would answer.
  EXPECT_EQ(client_->JsonPatch(kPods, {"a", "b"}, patch).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(LastRequest().Header("content-type"), "application/json-patch+json");
  EXPECT_EQ(LastRequest().body, R"([{"op":"test","path":"/a","value":1}])");
}

TEST_F(KubeClientTest, Deletes) {
  StartEcho();
  ASSERT_TRUE(client_->Delete(kPods, {"a", "b"}).ok());
  EXPECT_EQ(LastRequest().method, "DELETE");
  EXPECT_EQ(LastRequest().target, "/api/v1/namespaces/a/pods/b?timeout=30s");
  EXPECT_EQ(LastRequest().body,
            R"({"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Background"})");
  ASSERT_TRUE(client_->Delete(kPods, {"a", "b"}, {"u-1", 0, Propagation::kForeground}).ok());
  EXPECT_EQ(LastRequest().body,
            R"({"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Foreground",)"
            R"("gracePeriodSeconds":0,"preconditions":{"uid":"u-1"}})");
}

TEST_F(KubeClientTest, ListsAllPages) {
  Start(Answering([](const auto& request) {
    const bool second = request.target.find("continue=p%2F2") != std::string::npos;
    return AnswerText(
        200, second ? R"({"kind":"PodList","metadata":{"resourceVersion":"7"},"items":[
                          {"metadata":{"name":"c"}}]})"
                    : R"({"kind":"PodList","metadata":{"resourceVersion":"7","continue":"p/2"},
                          "items":[{"metadata":{"name":"a","managedFields":[{}]}},
                                   {"kind":"Other","metadata":{"name":"b"}}]})");
  }));
  ListOptions options;
  options.label_selector = "app=x";
  options.limit = 2;
  const auto list = client_->List(kPods, "ns", options);
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(list->resource_version, "7");
  ASSERT_EQ(list->items.size(), 3U);
  EXPECT_EQ(list->items[0], Parse(R"({"metadata":{"name":"a"},"apiVersion":"v1","kind":"Pod"})"));
  EXPECT_EQ(StringAt(list->items[1], "kind"), "Other");
  EXPECT_EQ(Name(list->items[2]), "c");
  EXPECT_EQ(server_->requests().at(0).target,
            "/api/v1/namespaces/ns/pods?limit=2&labelSelector=app%3Dx&timeout=30s");
}

TEST_F(KubeClientTest, AnEmptyListMayBeNull) {
  Start(Answering([](const auto&) {
    return AnswerText(200, R"({"metadata":{"resourceVersion":"7"},"items":null})");
  }));
  EXPECT_TRUE(client_->List(kPods, "")->items.empty());
  EXPECT_EQ(LastRequest().target, "/api/v1/pods?limit=500&timeout=30s");
}

TEST_F(KubeClientTest, AListWhosePagesExpireStartsAgainInOnePiece) {
  Start(Answering([](const auto& request) {
    if (request.target.find("continue=") != std::string::npos) {
      return AnswerText(410, R"({"kind":"Status","reason":"Expired","code":410})");
    }
    const bool paged = request.target.find("limit=") != std::string::npos;
    return AnswerText(200, paged ? R"({"metadata":{"resourceVersion":"1","continue":"t"},
                                       "items":[{"metadata":{"name":"old"}}]})"
                                 : R"({"metadata":{"resourceVersion":"2"},
                                       "items":[{"metadata":{"name":"new"}}]})");
  }));
  const auto list = client_->List(kPods, "a");
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_EQ(list->items.size(), 1U);
  EXPECT_EQ(Name(list->items[0]), "new");
  EXPECT_EQ(list->resource_version, "2");
}

TEST_F(KubeClientTest, AnAnswerThatIsNoJsonIsNotTrusted) {
  Start(Answering([](const auto&) { return AnswerText(200, "<html>"); }));
  const absl::Status status = client_->Get(kPods, {"a", "b"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(std::string(status.message()).find("get pods a/b: the answer must be JSON"), 0U);
}

TEST_F(KubeClientTest, ABrokenConfigurationIsRefused) {
  EXPECT_EQ(KubeClient::Make({}, {}, &clock_).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(KubeClientTest, KnowsItself) {
  StartEcho();
  EXPECT_EQ(client_->field_manager(), "tester");
  EXPECT_EQ(client_->config().server, server_->Url());
  client_->Stop();
  EXPECT_EQ(client_->Get(kPods, {"a", "b"}).status().code(), absl::StatusCode::kCancelled);
}

class KubeClientWatchTest : public KubeClientTest {
 protected:
  // What a watch sends, with how it goes on behind it.
  void StartWatch(std::function<void(ScriptedPeer*)> send) {
    Start([send = std::move(send)](ScriptedPeer* peer) {
      peer->Read();
      send(peer);
    });
  }
  static std::string Event(const std::string& type, const std::string& name) {
    return R"({"type":")" + type + R"(","object":{"metadata":{"name":")" + name +
           R"(","managedFields":[{}]}}})" + "\n";
  }
  absl::Status Watch(const KubeWatchOptions& options = {}, StopSignal* stop = nullptr) {
    return client_->Watch(
        kPods, "a", options,
        [this](const WatchEvent& event) {
          events_.push_back(std::string(WatchTypeName(event.type)) + " " + Name(event.object));
          EXPECT_EQ(Find(event.object, "metadata.managedFields"), nullptr);
        },
        stop);
  }
  std::vector<std::string> events_;
};

TEST_F(KubeClientWatchTest, AsksForBookmarksAndATimeout) {
  StartWatch([](ScriptedPeer* peer) { peer->Write(StreamHead() + std::string(kLastChunk)); });
  KubeWatchOptions options;
  options.resource_version = "77";
  options.label_selector = "app=x";
  options.timeout = seconds(300);
  EXPECT_TRUE(Watch(options).ok());
  EXPECT_EQ(LastRequest().target,
            "/api/v1/namespaces/a/pods?watch=true&allowWatchBookmarks=true&timeoutSeconds=300&"
            "resourceVersion=77&labelSelector=app%3Dx");
}

TEST_F(KubeClientWatchTest, EventsMayComeInAnyChunks) {
  StartWatch([](ScriptedPeer* peer) {
    const std::string third = Event("DELETED", "c");
    peer->Write(StreamHead() +
                ChunkText(Event("ADDED", "a") + Event("MODIFIED", "b") + third.substr(0, 10)));
    peer->WriteOneByOne(ChunkText(third.substr(10)));
    for (const char byte : Event("BOOKMARK", "d")) {
      peer->Write(ChunkText(std::string(1, byte)));
    }
    peer->Write(kLastChunk);
    peer->Linger();
  });
  const absl::Status status = Watch();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(events_,
            (std::vector<std::string>{"ADDED a", "MODIFIED b", "DELETED c", "BOOKMARK d"}));
}

TEST_F(KubeClientWatchTest, ALargeObjectIsRead) {
  StartWatch([](ScriptedPeer* peer) {
    const std::string event = R"({"type":"ADDED","object":{"metadata":{"name":"big"},"d":")" +
                              std::string(5 << 20, 'x') + "\"}}\n";
    peer->Write(StreamHead() + ChunkText(event) + ChunkText(event) + std::string(kLastChunk));
    peer->Linger();
  });
  EXPECT_TRUE(Watch().ok());
  EXPECT_EQ(events_, (std::vector<std::string>{"ADDED big", "ADDED big"}));
}

TEST_F(KubeClientWatchTest, AnExpiredVersionIsKnownInBothForms) {
  const std::string status = R"({"kind":"Status","code":410,"reason":"Expired","message":"old"})";
  StartWatch([&](ScriptedPeer* peer) {
    if (peer->number() == 0) {
      peer->Write(StreamHead() +
                  ChunkText(Event("ADDED", "a") + R"({"type":"ERROR","object":)" + status + "}\n"));
      peer->Linger();
    } else {
      peer->Write(AnswerText(410, status));
    }
  });
  EXPECT_EQ(Watch().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(events_, std::vector<std::string>{"ADDED a"});
  EXPECT_EQ(Watch().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(KubeClientWatchTest, ABusyServerIsLeftToTheCaller) {
  StartWatch([](ScriptedPeer* peer) { peer->Write(AnswerText(429, "", "Retry-After: 7\r\n")); });
  const absl::Status status = Watch();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(KubeErrorOf(status)->retry_after, seconds(7));
}

TEST_F(KubeClientWatchTest, ACutIsAnErrorAfterTheEventsBeforeIt) {
  StartWatch([](ScriptedPeer* peer) {
    peer->Write(StreamHead() + ChunkText(Event("ADDED", "a") + R"({"type":"MOD)"));
    if (peer->number() == 0) {
      peer->Write(kLastChunk);  // an orderly end, but inside an event
    }
  });
  for (int i = 0; i < 2; ++i) {
    events_.clear();
    EXPECT_EQ(Watch().code(), absl::StatusCode::kUnavailable) << i;
    EXPECT_EQ(events_, std::vector<std::string>{"ADDED a"}) << i;
  }
}

TEST_F(KubeClientWatchTest, AResetIsAnError) {
  StartWatch([](ScriptedPeer* peer) {
    peer->Write(StreamHead());
    peer->Reset();
  });
  EXPECT_EQ(Watch().code(), absl::StatusCode::kUnavailable);
}

TEST_F(KubeClientWatchTest, AStallIsAnError) {
  options_.watch_stall_margin = milliseconds(20) - seconds(1);
  StartWatch([](ScriptedPeer* peer) {
    peer->Write(StreamHead());
    peer->Linger();
  });
  KubeWatchOptions options;
  options.timeout = seconds(1);
  const absl::Status status = Watch(options);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(std::string(status.message()), "watch pods in a: read: timed out");
}

TEST_F(KubeClientWatchTest, AnotherThreadCanStopIt) {
  std::atomic<bool> watching = false;
  StartWatch([&](ScriptedPeer* peer) {
    peer->Write(StreamHead());
    watching = true;
    peer->Linger();
  });
  StopSignal stop;
  std::thread other([&] {
    while (!watching) {
      std::this_thread::yield();
    }
    stop.Stop();
  });
  EXPECT_EQ(Watch({}, &stop).code(), absl::StatusCode::kCancelled);
  other.join();
  EXPECT_EQ(Watch({}, &stop).code(), absl::StatusCode::kCancelled);
  server_.reset();  // its scripts use `watching`
}

TEST_F(KubeClientWatchTest, HasAConnectionOfItsOwn) {
  Start([](ScriptedPeer* peer) {
    while (const auto request = peer->Read()) {
      peer->Write(request->target.find("watch=") == std::string::npos
                      ? AnswerText(200, "{}")
                      : StreamHead() + std::string(kLastChunk));
    }
  });
  ASSERT_TRUE(client_->Get(kPods, {"a", "b"}).ok());
  ASSERT_TRUE(Watch().ok());
  ASSERT_TRUE(client_->Get(kPods, {"a", "b"}).ok());
  EXPECT_EQ(server_->connections(), 2);
}

}  // namespace
}  // namespace squall
