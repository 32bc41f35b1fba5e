#include "operator/controller/informer.h"

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "operator/kube/api/kube_error.h"
#include "operator/kube/client/kube_client.h"
#include "tests/operator/controller/fake_list_watcher.h"
#include "tests/support/kube/fake_api_server.h"

namespace squall {
namespace {

using Type = WatchEvent::Type;

boost::json::object PodIn(const std::string& ns, const std::string& name,
                          const std::string& version) {
  return MakeObject({ns, name}, version, "owner");
}

absl::Status Expired() {
  KubeError error;
  error.http_code = 410;
  return ToStatus(error);
}

// Two namespaces, each with its script.
class InformerTest : public testing::Test {
 protected:
  InformerTest() {
    std::vector<std::pair<std::string, std::unique_ptr<ListWatcher>>> sources;
    for (const char* ns : {"x", "y"}) {
      auto source = std::make_unique<FakeListWatcher>();
      source->on_done = [this] { ++ended_; };
      source_[ns] = source.get();
      sources.emplace_back(ns, std::move(source));
    }
    informer_ = std::make_unique<Informer>(ReflectorOptions{}, std::move(sources), &clock_);
    informer_->AddHandler([this](const ObjectChange& change) {
      const std::lock_guard<std::mutex> lock(mutex_);
      seen_[change.key.ns] += (change.before == nullptr  ? "+"
                               : change.after == nullptr ? "-"
                                                         : "~") +
                              change.key.name + (change.initial ? "! " : " ");
    });
  }
  // Until both scripts have come to their end.
  void Run() {
    informer_->Start();
    while (ended_ < 2) {
      std::this_thread::yield();
    }
  }

  const SystemClock clock_;
  std::atomic<int> ended_ = 0;
  std::mutex mutex_;
  std::map<std::string, std::string> seen_;  // by namespace; guarded by mutex_
  std::map<std::string, FakeListWatcher*> source_;
  std::unique_ptr<Informer> informer_;
};

TEST_F(InformerTest, CollectsAllNamespacesInOneCache) {
  source_["x"]->ThenList({PodIn("x", "a", "1")}, "10");
  source_["y"]->ThenList({PodIn("y", "a", "2"), PodIn("y", "b", "3")}, "11");
  EXPECT_FALSE(informer_->HasSynced());
  Run();
  EXPECT_TRUE(informer_->HasSynced());
  EXPECT_EQ(informer_->List().size(), 3U);
  EXPECT_EQ(informer_->OwnedBy("owner").size(), 3U);
  EXPECT_EQ(ResourceVersion(*informer_->Get({"y", "a"})), "2");
  EXPECT_EQ(seen_, (std::map<std::string, std::string>{{"x", "+a! "}, {"y", "+a! +b! "}}));
}

TEST_F(InformerTest, TellsWhatWasDeletedWhileNobodyWatched) {
  source_["x"]->ThenList({PodIn("x", "a", "1"), PodIn("x", "b", "2")}, "10");
  source_["x"]->ThenWatch({{Type::kAdded, PodIn("x", "c", "11")}}, Expired());
  source_["x"]->ThenList({PodIn("x", "b", "2"), PodIn("x", "d", "50")}, "60");
  source_["y"]->ThenList({PodIn("y", "a", "1")}, "10");
  Run();
  EXPECT_EQ(seen_["x"], "+a! +b! +c -a -c +d ") << "only the first list is the initial one";
  EXPECT_EQ(seen_["y"], "+a! ") << "another namespace's relist is none of its business";
}

TEST_F(InformerTest, AHandlerFindsTheChangeInTheCache) {
  source_["x"]->ThenList({PodIn("x", "a", "1")}, "10");
  source_["x"]->ThenWatch({{Type::kDeleted, PodIn("x", "a", "2")}});
  source_["y"]->ThenList({}, "10");
  std::atomic<int> agreed = 0;
  informer_->AddHandler([&](const ObjectChange& change) {
    agreed += informer_->Get(change.key) == change.after ? 1 : 0;
  });
  Run();
  EXPECT_EQ(agreed, 2);
}

TEST_F(InformerTest, IsNotSyncedUntilTheLastNamespaceIs) {
  source_["x"]->ThenList({}, "10");
  source_["x"]->ThenWatch({{Type::kAdded, PodIn("x", "a", "11")}});
  source_["y"]->ThenListFails(absl::UnavailableError("refused"));
  informer_->Start();
  while (informer_->Get({"x", "a"}) == nullptr || informer_->Stats().last_error.empty()) {
    std::this_thread::yield();
  }
  EXPECT_FALSE(informer_->HasSynced());
  EXPECT_FALSE(informer_->Stats().synced);
  informer_->Stop();
}

TEST_F(InformerTest, StatsAreTheSumOverItsNamespaces) {
  source_["x"]->ThenList({}, "10");
  source_["x"]->ThenWatch({{Type::kAdded, PodIn("x", "a", "11")}});
  source_["y"]->ThenList({}, "10");
  source_["y"]->ThenWatch({{Type::kAdded, PodIn("y", "a", "12")}});
  Run();
  const ReflectorStats stats = informer_->Stats();
  EXPECT_EQ(stats.lists, (std::map<std::string, uint64_t>{{"start", 2}}));
  EXPECT_EQ(stats.events, (std::map<std::string, uint64_t>{{"ADDED", 2}}));
}

// The same over HTTP, with an API server that fails.
class InformerApiServerTest : public testing::Test {
 protected:
  InformerApiServerTest() {
    for (const char* name : {"a", "b"}) {
      Make(name);
    }
    KubeConfig config;
    config.server = server_->url();
    client_ = *KubeClient::Make(config, {}, &clock_);
    ReflectorOptions options;
    options.backoff.first = std::chrono::milliseconds(1);
    options.backoff.max = std::chrono::milliseconds(20);
    informer_ =
        Informer::Make(client_.get(), kConfigMaps, {"default"}, "of=test", options, &clock_);
  }
  void Make(const std::string& name) {
    server_->Seed("/api/v1/namespaces/default/configmaps",
                  R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": ")" + name +
                      R"(", "labels": {"of": "test"}}})");
  }
  void Delete(const std::string& name) {
    server_->cluster().Call("DELETE", "/api/v1/namespaces/default/configmaps/" + name);
  }
  // The names in the cache, once they are these.
  void WaitFor(const std::string& names) {
    std::string seen;
    while (seen != names) {
      seen.clear();
      for (const ObjectPtr& object : informer_->List()) {
        seen += Name(*object);
      }
      std::this_thread::yield();
    }
  }

  const SystemClock clock_;
  std::unique_ptr<FakeApiServer> server_ = *FakeApiServer::Start({}, &clock_);
  std::unique_ptr<KubeClient> client_;
  std::unique_ptr<Informer> informer_;
};

TEST_F(InformerApiServerTest, SeesWhatHappensBetweenFailures) {
  server_->Seed("/api/v1/namespaces/default/configmaps",
                R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other"}})");
  informer_->Start();
  WaitFor("ab");
  Make("c");
  WaitFor("abc");
  server_->CutConnections();
  Delete("a");
  WaitFor("bc");
  EXPECT_EQ(informer_->Stats().lists.size(), 1U) << "a broken connection is no reason to list";
}

TEST_F(InformerApiServerTest, ListsAgainWhenItsVersionHasExpired) {
  informer_->Start();
  WaitFor("ab");
  // Nothing gets through while the deletion falls out of the server's history.
  server_->faults().Add({.code = 503, .path = "configmaps"});
  server_->CutConnections();
  Delete("a");
  server_->cluster().Compact();
  server_->faults().Clear();
  WaitFor("b");
  while (informer_->Stats().lists["expired"] == 0) {
    std::this_thread::yield();
  }
  Make("c");
  WaitFor("bc");
}

}  // namespace
}  // namespace squall
