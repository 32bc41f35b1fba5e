#include "operator/controller/object_cache.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/operator/controller/fake_list_watcher.h"

namespace squall {
namespace {

using Type = WatchEvent::Type;

boost::json::object Pod(const std::string& name, const std::string& version,
                        const std::string& owner = "", const std::string& ns = "team") {
  return MakeObject({ns, name}, version, owner);
}

// "a: - > 1" for a new one, "a: 1 > 2" for a change, "a: 2 > -" for one that is gone.
std::string Words(const std::vector<ObjectChange>& changes) {
  const auto version = [](const ObjectPtr& object) {
    return object == nullptr ? "-" : ResourceVersion(*object);
  };
  std::string words;
  for (const ObjectChange& change : changes) {
    words += (words.empty() ? "" : ", ") + change.key.name + ": " + version(change.before) + " > " +
             version(change.after);
  }
  return words;
}

std::string Names(const std::vector<ObjectPtr>& objects) {
  std::string names;
  for (const ObjectPtr& object : objects) {
    names += Name(*object);
  }
  return names;
}

class ObjectCacheTest : public testing::Test {
 protected:
  ObjectCache cache_;
};

TEST_F(ObjectCacheTest, AListSaysWhatIsNewChangedAndGone) {
  EXPECT_EQ(Words(cache_.Replace("", {Pod("b", "2"), Pod("a", "1"), Pod("c", "3")})),
            "a: - > 1, b: - > 2, c: - > 3");
  EXPECT_EQ(Words(cache_.Replace("", {Pod("a", "1"), Pod("b", "7"), Pod("d", "8")})),
            "c: 3 > -, b: 2 > 7, d: - > 8")
      << "what was deleted unseen is told; what is the same is not";
  EXPECT_EQ(Names(cache_.List()), "abd");
  EXPECT_EQ(cache_.size(), 3U);
}

TEST_F(ObjectCacheTest, AListOfOneNamespaceLeavesTheOthers) {
  cache_.Replace("x", {Pod("a", "1", "", "x")});
  cache_.Replace("y", {Pod("b", "1", "", "y")});
  EXPECT_EQ(Words(cache_.Replace("x", {})), "a: 1 > -");
  EXPECT_EQ(Names(cache_.List()), "b");
}

TEST_F(ObjectCacheTest, EventsAddChangeAndDelete) {
  EXPECT_EQ(Words(cache_.Apply({Type::kAdded, Pod("a", "1")})), "a: - > 1");
  EXPECT_EQ(Words(cache_.Apply({Type::kModified, Pod("a", "2")})), "a: 1 > 2");
  EXPECT_EQ(ResourceVersion(*cache_.Get({"team", "a"})), "2");
  EXPECT_EQ(Words(cache_.Apply({Type::kDeleted, Pod("a", "3")})), "a: 3 > -")
      << "a deletion shows the last state";
  EXPECT_EQ(cache_.Get({"team", "a"}), nullptr);
}

TEST_F(ObjectCacheTest, ARepeatedEventChangesNothing) {
  cache_.Apply({Type::kAdded, Pod("a", "1")});
  EXPECT_EQ(Words(cache_.Apply({Type::kAdded, Pod("a", "1")})), "");
  cache_.Apply({Type::kDeleted, Pod("a", "2")});
  EXPECT_EQ(Words(cache_.Apply({Type::kDeleted, Pod("a", "2")})), "");
}

TEST_F(ObjectCacheTest, AnEventMayBeTheFirstThatIsSeenOfAnObject) {
  EXPECT_EQ(Words(cache_.Apply({Type::kModified, Pod("a", "1")})), "a: - > 1");
}

TEST_F(ObjectCacheTest, AnotherUidIsAnotherObject) {
  cache_.Replace("", {MakeObject({"team", "a"}, "1", "", "old")});
  EXPECT_EQ(Words(cache_.Replace("", {MakeObject({"team", "a"}, "9", "", "new")})),
            "a: 1 > -, a: - > 9")
      << "deleted and made again between two lists";
}

TEST_F(ObjectCacheTest, FindsByControllersUid) {
  cache_.Replace("",
                 {Pod("a", "1", "u1"), Pod("b", "1", "u2"), Pod("c", "1", "u1"), Pod("d", "1")});
  EXPECT_EQ(Names(cache_.OwnedBy("u1")), "ac");
  EXPECT_EQ(Names(cache_.OwnedBy("u2")), "b");
  EXPECT_EQ(Names(cache_.OwnedBy("")), "");
  cache_.Apply({Type::kModified, Pod("a", "2", "u2")});  // adopted
  EXPECT_EQ(Names(cache_.OwnedBy("u1")), "c");
  EXPECT_EQ(Names(cache_.OwnedBy("u2")), "ab");
  cache_.Apply({Type::kModified, Pod("b", "2")});  // orphaned
  cache_.Apply({Type::kDeleted, Pod("c", "2", "u1")});
  EXPECT_EQ(Names(cache_.OwnedBy("u1")), "");
  EXPECT_EQ(Names(cache_.OwnedBy("u2")), "a");
}

TEST_F(ObjectCacheTest, ManagedFieldsAreNotKept) {
  boost::json::object pod = Pod("a", "1");
  pod["metadata"].as_object()["managedFields"] = {{{"manager", "kubectl"}}};
  cache_.Replace("", {pod});
  EXPECT_EQ(Find(*cache_.Get({"team", "a"}), "metadata.managedFields"), nullptr);
  pod["metadata"].as_object()["resourceVersion"] = "2";
  cache_.Apply({Type::kModified, pod});
  EXPECT_EQ(Find(*cache_.Get({"team", "a"}), "metadata.managedFields"), nullptr);
}

TEST_F(ObjectCacheTest, WhatAReaderHoldsDoesNotChange) {
  cache_.Apply({Type::kAdded, Pod("a", "1")});
  const ObjectPtr held = cache_.Get({"team", "a"});
  cache_.Apply({Type::kModified, Pod("a", "2")});
  cache_.Apply({Type::kDeleted, Pod("a", "3")});
  EXPECT_EQ(ResourceVersion(*held), "1");
}

TEST_F(ObjectCacheTest, ReadersAndAWriterMeet) {
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([this] {
      for (int k = 0; k < 500; ++k) {
        for (const ObjectPtr& object : cache_.OwnedBy("u")) {
          EXPECT_EQ(Namespace(*object), "team");
        }
        cache_.List();
      }
    });
  }
  for (int k = 0; k < 200; ++k) {
    cache_.Apply({Type::kModified, Pod(std::to_string(k % 7), std::to_string(k), "u")});
    if (k % 20 == 0) {
      cache_.Replace("", {});
    }
  }
  for (std::thread& reader : readers) {
    reader.join();
  }
}

}  // namespace
}  // namespace squall
