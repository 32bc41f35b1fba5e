#include "tests/support/kube/store.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/kube/json_tools.h"

namespace squall {
namespace {

boost::json::object Named(const char* name) {
  boost::json::object object;
  Plant(&object, "metadata.name", name);
  return object;
}

TEST(FakeStoreTest, OneCounterForAllTypes) {
  FakeStore store(10);
  const StoredObject pod = store.Put("pods", "a/p", Named("p"));
  const StoredObject lease = store.Put("leases", "a/l", Named("l"));
  EXPECT_EQ(DigText(*pod, "metadata.resourceVersion"), "91");
  EXPECT_EQ(DigText(*lease, "metadata.resourceVersion"), "92");
  EXPECT_EQ(store.version(), 92U);
}

TEST(FakeStoreTest, LogsTheLastStateOfWhatIsRemoved) {
  FakeStore store(10);
  store.Put("pods", "a/p", Named("p"));
  store.Remove("pods", "a/p");
  EXPECT_EQ(store.Find("pods", "a/p"), nullptr);
  const FakeChange& last = store.ChangesOf("pods").back();
  EXPECT_EQ(last.type, FakeChange::Type::kDeleted);
  EXPECT_EQ(DigText(*last.object, "metadata.resourceVersion"), "92");
  EXPECT_EQ(DigText(*last.previous, "metadata.resourceVersion"), "91");
}

TEST(FakeStoreTest, ShowsThePast) {
  FakeStore store(10);
  store.Put("pods", "a/p", Named("p"));
  store.Put("pods", "a/q", Named("q"));
  const uint64_t then = store.version();
  store.Remove("pods", "a/p");
  store.Put("pods", "a/r", Named("r"));
  store.Put("pods", "a/q", Named("q2"));
  const FakeStore::Objects past = store.AsOf("pods", then);
  EXPECT_EQ(past.size(), 2U);
  EXPECT_TRUE(past.contains("a/p"));
  EXPECT_EQ(DigText(*past.at("a/q"), "metadata.name"), "q");
}

TEST(FakeStoreTest, ForgetsWhatIsTooLongAgo) {
  FakeStore store(2);
  for (int i = 0; i < 5; ++i) {
    store.Put("pods", "a/p", Named("p"));
  }
  EXPECT_EQ(store.ChangesOf("pods").size(), 2U);
  EXPECT_EQ(store.oldest("pods"), 93U);  // 94 and 95 are still known
  store.Compact();
  EXPECT_EQ(store.oldest("pods"), 95U);
  EXPECT_EQ(store.All("pods").size(), 1U);
}

}  // namespace
}  // namespace squall
