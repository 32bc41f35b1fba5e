#include "operator/controller/informer.h"

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "operator/kube/api/kube_error.h"
#include "tests/operator/controller/fake_list_watcher.h"

namespace squall {
namespace {

using Type = WatchEvent::Type;

boost::json::object Pod(const std::string& ns, const std::string& name,
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
  source_["x"]->ThenList({Pod("x", "a", "1")}, "10");
  source_["y"]->ThenList({Pod("y", "a", "2"), Pod("y", "b", "3")}, "11");
  EXPECT_FALSE(informer_->HasSynced());
  Run();
  EXPECT_TRUE(informer_->HasSynced());
  EXPECT_EQ(informer_->List().size(), 3U);
  EXPECT_EQ(informer_->OwnedBy("owner").size(), 3U);
  EXPECT_EQ(ResourceVersion(*informer_->Get({"y", "a"})), "2");
  EXPECT_EQ(seen_, (std::map<std::string, std::string>{{"x", "+a! "}, {"y", "+a! +b! "}}));
}

TEST_F(InformerTest, TellsWhatWasDeletedWhileNobodyWatched) {
  source_["x"]->ThenList({Pod("x", "a", "1"), Pod("x", "b", "2")}, "10");
  source_["x"]->ThenWatch({{Type::kAdded, Pod("x", "c", "11")}}, Expired());
  source_["x"]->ThenList({Pod("x", "b", "2"), Pod("x", "d", "50")}, "60");
  source_["y"]->ThenList({Pod("y", "a", "1")}, "10");
  Run();
  EXPECT_EQ(seen_["x"], "+a! +b! +c -a -c +d ") << "only the first list is the initial one";
  EXPECT_EQ(seen_["y"], "+a! ") << "another namespace's relist is none of its business";
}

TEST_F(InformerTest, AHandlerFindsTheChangeInTheCache) {
  source_["x"]->ThenList({Pod("x", "a", "1")}, "10");
  source_["x"]->ThenWatch({{Type::kDeleted, Pod("x", "a", "2")}});
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
  source_["x"]->ThenWatch({{Type::kAdded, Pod("x", "a", "11")}});
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
  source_["x"]->ThenWatch({{Type::kAdded, Pod("x", "a", "11")}});
  source_["y"]->ThenList({}, "10");
  source_["y"]->ThenWatch({{Type::kAdded, Pod("y", "a", "12")}});
  Run();
  const ReflectorStats stats = informer_->Stats();
  EXPECT_EQ(stats.lists, (std::map<std::string, uint64_t>{{"start", 2}}));
  EXPECT_EQ(stats.events, (std::map<std::string, uint64_t>{{"ADDED", 2}}));
}

}  // namespace
}  // namespace squall
