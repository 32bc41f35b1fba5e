#include "tests/support/kube/fake_cluster.h"

#include <string>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/kube/json_tools.h"
#include "tests/support/kube/sample_paths.h"

namespace squall {
namespace {

namespace json = boost::json;

constexpr const char* kPods = "/api/v1/namespaces/default/pods";
constexpr const char* kTests = "/apis/squall.dev/v1alpha1/namespaces/default/loadtests";
constexpr const char* kMerge = "application/merge-patch+json";
constexpr const char* kApply = "application/apply-patch+yaml";

class FakeClusterTest : public testing::Test {
 protected:
  ApiAnswer Create(const std::string& collection, const std::string& body) {
    return cluster_.Call("POST", collection, body);
  }
  ApiAnswer Get(const std::string& target) { return cluster_.Call("GET", target); }
  ApiAnswer Merge(const std::string& target, const std::string& body) {
    return cluster_.Call("PATCH", target, body, kMerge);
  }
  static std::string Version(const ApiAnswer& answer) {
    return DigText(answer.body, "metadata.resourceVersion");
  }

  static std::string Map(const char* name) {
    return fmt::format(
        R"({{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{}"}},"data":{{"a":"1"}}}})",
        name);
  }
  static std::string LoadTest(const char* metadata) {
    return fmt::format(R"({{"apiVersion":"squall.dev/v1alpha1","kind":"LoadTest","metadata":{},)"
                       R"("spec":{{"agents":{{"replicas":2}}}}}})",
                       metadata);
  }
  static std::string Pod(const char* name) {
    return fmt::format(R"({{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{}"}},)"
                       R"("spec":{{"containers":[{{"name":"c","image":"i"}}]}}}})",
                       name);
  }

  ManualClock clock_;
  FakeCluster cluster_{{}, &clock_};
};

TEST_F(FakeClusterTest, CreateGivesWhatTheServerOwns) {
  const ApiAnswer made = Create(kTests, LoadTest(R"({"name":"a","uid":"x","generation":9})"));
  ASSERT_EQ(made.code, 201) << json::serialize(made.body);
  EXPECT_EQ(DigInt(made.body, "metadata.generation"), 1);
  EXPECT_EQ(DigText(made.body, "metadata.creationTimestamp"), "2023-11-14T22:13:20Z");
  EXPECT_EQ(DigText(made.body, "metadata.namespace"), "default");
  EXPECT_EQ(DigText(made.body, "metadata.uid").size(), 36U);
  EXPECT_FALSE(Version(made).empty());
}

TEST_F(FakeClusterTest, GeneratesNames) {
  const ApiAnswer a = Create(kTests, LoadTest(R"({"generateName":"run-"})"));
  const ApiAnswer b = Create(kTests, LoadTest(R"({"generateName":"run-"})"));
  EXPECT_EQ(DigText(a.body, "metadata.name").size(), 9U);
  EXPECT_NE(DigText(a.body, "metadata.name"), DigText(b.body, "metadata.name"));
}

TEST_F(FakeClusterTest, RefusesInTheServersWords) {
  Create(kMaps, Map("a"));
  EXPECT_EQ(DigText(Create(kMaps, Map("a")).body, "message"), "configmaps \"a\" already exists");
  EXPECT_EQ(DigText(Get(std::string(kTests) + "/none").body, "message"),
            "loadtests.squall.dev \"none\" not found");
  EXPECT_EQ(DigText(Create("/api/v1/namespaces/none/configmaps", Map("a")).body, "message"),
            "namespaces \"none\" not found");
  EXPECT_EQ(Create(kMaps, "{").code, 400);
  EXPECT_EQ(Create(kMaps, Pod("p")).code, 400);  // the wrong kind
  EXPECT_EQ(Create(kMaps, Map("UPPER")).code, 422);
  EXPECT_EQ(Get("/apis/none.dev/v1/things").code, 404);
  EXPECT_EQ(cluster_.Call("PATCH", std::string(kTests) + "/a", "{}", "text/plain").code, 404);
  Create(kTests, LoadTest(R"({"name":"a"})"));
  EXPECT_EQ(cluster_.Call("PATCH", std::string(kTests) + "/a", "{}", "text/plain").code, 415);
  EXPECT_EQ(
      cluster_
          .Call("PATCH", std::string(kTests) + "/a", "{}", "application/strategic-merge-patch+json")
          .code,
      415);
  EXPECT_EQ(cluster_.Call("PUT", kTests, "{}").code, 405);
}

TEST_F(FakeClusterTest, AnOldVersionIsAConflict) {
  const std::string path = std::string(kMaps) + "/a";
  ApiAnswer made = Create(kMaps, Map("a"));
  ASSERT_TRUE(Merge(path, R"({"data":{"b":"2"}})").ok());
  Plant(&made.body, "data.a", "changed");
  const ApiAnswer stale = cluster_.Call("PUT", path, json::serialize(made.body));
  EXPECT_EQ(stale.code, 409);
  EXPECT_EQ(DigText(stale.body, "reason"), "Conflict");
  EXPECT_EQ(Merge(path, R"({"metadata":{"resourceVersion":"1"},"data":{}})").code, 409);
}

TEST_F(FakeClusterTest, OnlyTheSpecCountsGenerations) {
  const std::string path = std::string(kTests) + "/a";
  Create(kTests, LoadTest(R"({"name":"a"})"));
  EXPECT_EQ(DigInt(Merge(path, R"({"metadata":{"labels":{"l":"1"}}})").body, "metadata.generation"),
            1);
  EXPECT_EQ(DigInt(Merge(path + "/status", R"({"status":{"phase":"Running"}})").body,
                   "metadata.generation"),
            1);
  EXPECT_EQ(DigInt(Merge(path, R"({"spec":{"x":1}})").body, "metadata.generation"), 2);
}

TEST_F(FakeClusterTest, SpecAndStatusAreWrittenApart) {
  const std::string path = std::string(kTests) + "/a";
  Create(kTests, LoadTest(R"({"name":"a"})"));
  const char* const both = R"({"metadata":{"labels":{"l":"1"}},"spec":{"x":1},"status":{"y":2}})";
  const ApiAnswer main = Merge(path, both);
  EXPECT_EQ(Dig(main.body, "status"), nullptr);
  EXPECT_EQ(DigInt(main.body, "spec.x"), 1);
  const ApiAnswer status = Merge(path + "/status", R"({"metadata":{"labels":{"l":"2"}},
      "spec":{"x":5},"status":{"y":2}})");
  EXPECT_EQ(DigInt(status.body, "status.y"), 2);
  EXPECT_EQ(DigInt(status.body, "spec.x"), 1);
  EXPECT_EQ(DigText(status.body, "metadata.labels.l"), "1");
}

TEST_F(FakeClusterTest, AWriteThatChangesNothingHasNoVersion) {
  const std::string path = std::string(kTests) + "/a";
  const ApiAnswer made = Create(kTests, LoadTest(R"({"name":"a"})"));
  EXPECT_EQ(Version(Merge(path, R"({"spec":{"agents":{"replicas":2}}})")), Version(made));
  const std::string apply = path + "?fieldManager=m&force=true";
  const std::string intent = LoadTest(R"({"name":"a"})");
  const ApiAnswer first = cluster_.Call("PATCH", apply, intent, kApply);
  EXPECT_NE(Version(first), Version(made));  // a new owner
  clock_.Advance(std::chrono::hours(1));
  EXPECT_EQ(Version(cluster_.Call("PATCH", apply, intent, kApply)), Version(first));
}

TEST_F(FakeClusterTest, ApplyCreates) {
  const std::string path = std::string(kMaps) + "/new?fieldManager=m";
  const ApiAnswer made = cluster_.Call("PATCH", path, Map("new"), kApply);
  EXPECT_EQ(made.code, 201) << json::serialize(made.body);
  EXPECT_EQ(DigText(DigArray(made.body, "metadata.managedFields")->at(0).as_object(), "operation"),
            "Apply");
  EXPECT_EQ(cluster_.Call("PATCH", std::string(kMaps) + "/new", Map("new"), kApply).code, 422);
}

TEST_F(FakeClusterTest, ApplyOnStatusOwnsOnlyTheStatus) {
  const std::string path = std::string(kTests) + "/a";
  Create(kTests, LoadTest(R"({"name":"a"})"));
  const char* const intent = R"({"apiVersion":"squall.dev/v1alpha1","kind":"LoadTest",
      "metadata":{"name":"a"},"spec":{"x":1},"status":{"phase":"Running"}})";
  const ApiAnswer done =
      cluster_.Call("PATCH", path + "/status?fieldManager=m&force=true", intent, kApply);
  ASSERT_EQ(done.code, 200) << json::serialize(done.body);
  EXPECT_EQ(DigText(done.body, "status.phase"), "Running");
  EXPECT_EQ(Dig(done.body, "spec.x"), nullptr);
  const json::array& managers = *DigArray(done.body, "metadata.managedFields");
  EXPECT_EQ(managers.at(0).at("fieldsV1"), json::parse(R"({"f:status":{"f:phase":{}}})"));
  EXPECT_EQ(managers.at(0).at("subresource"), "status");
}

TEST_F(FakeClusterTest, ScaleWritesTheReplicas) {
  const std::string path = std::string(kTests) + "/a";
  Create(kTests, LoadTest(R"({"name":"a"})"));
  const ApiAnswer scale = Get(path + "/scale");
  EXPECT_EQ(DigText(scale.body, "kind"), "Scale");
  EXPECT_EQ(DigInt(scale.body, "spec.replicas"), 2);
  EXPECT_EQ(DigInt(Merge(path + "/scale", R"({"spec":{"replicas":5}})").body, "spec.replicas"), 5);
  const ApiAnswer after = Get(path);
  EXPECT_EQ(DigInt(after.body, "spec.agents.replicas"), 5);
  EXPECT_EQ(DigInt(after.body, "metadata.generation"), 2);
}

TEST_F(FakeClusterTest, FinalizersHoldWhatIsDeleted) {
  const std::string path = std::string(kTests) + "/a";
  Create(kTests, LoadTest(R"({"name":"a","finalizers":["squall.dev/drain"]})"));
  const ApiAnswer marked = cluster_.Call("DELETE", path);
  EXPECT_EQ(marked.code, 200);
  EXPECT_FALSE(DigText(marked.body, "metadata.deletionTimestamp").empty());
  const ApiAnswer another =
      Merge(path, R"({"metadata":{"finalizers":["squall.dev/drain","squall.dev/more"]}})");
  EXPECT_EQ(another.code, 422);
  const ApiAnswer released = cluster_.Call(
      "PATCH", path, R"([{"op":"test","path":"/metadata/finalizers/0","value":"squall.dev/drain"},
      {"op":"remove","path":"/metadata/finalizers/0"}])",
      "application/json-patch+json");
  EXPECT_EQ(released.code, 200) << json::serialize(released.body);
  EXPECT_EQ(Get(path).code, 404);
}

TEST_F(FakeClusterTest, DeleteHeedsPreconditions) {
  const std::string path = std::string(kMaps) + "/a";
  const ApiAnswer made = Create(kMaps, Map("a"));
  EXPECT_EQ(cluster_.Call("DELETE", path, R"({"preconditions":{"uid":"other"}})").code, 409);
  const std::string options =
      fmt::format(R"({{"preconditions":{{"uid":"{}"}}}})", DigText(made.body, "metadata.uid"));
  const ApiAnswer done = cluster_.Call("DELETE", path, options);
  EXPECT_EQ(DigText(done.body, "status"), "Success");
  EXPECT_EQ(cluster_.Call("DELETE", path, options).code, 404);
}

TEST_F(FakeClusterTest, ABoundPodHasItsGrace) {
  const std::string path = std::string(kPods) + "/p";
  Create(kPods, Pod("p"));
  ASSERT_TRUE(Merge(path, R"({"spec":{"nodeName":"n"}})").ok());
  EXPECT_EQ(DigInt(cluster_.Call("DELETE", path).body, "metadata.deletionGracePeriodSeconds"), 30);
  EXPECT_EQ(Get(path).code, 200);
  cluster_.Call("DELETE", path, R"({"gracePeriodSeconds":0})");
  EXPECT_EQ(Get(path).code, 404);
  Create(kPods, Pod("unbound"));
  cluster_.Call("DELETE", std::string(kPods) + "/unbound");
  EXPECT_EQ(Get(std::string(kPods) + "/unbound").code, 404);
}

TEST_F(FakeClusterTest, APodsSpecIsFixed) {
  Create(kPods, Pod("p"));
  const ApiAnswer changed = Merge(std::string(kPods) + "/p", R"({"spec":{"hostNetwork":true}})");
  EXPECT_EQ(changed.code, 422);
  EXPECT_TRUE(Merge(std::string(kPods) + "/p", R"({"metadata":{"labels":{"a":"b"}}})").ok());
}

TEST_F(FakeClusterTest, PagesShowOneVersion) {
  for (const char* const name : {"a", "b", "c", "d", "e"}) {
    Create(kMaps, Map(name));
  }
  const ApiAnswer first = Get(std::string(kMaps) + "?limit=2");
  const std::string token = DigText(first.body, "metadata.continue");
  EXPECT_EQ(DigInt(first.body, "metadata.remainingItemCount"), 3);
  cluster_.Call("DELETE", std::string(kMaps) + "/c");
  Create(kMaps, Map("z"));
  std::string encoded;  // as a client must
  for (const char c : token) {
    encoded += c == '+' ? "%2B" : c == '=' ? "%3D" : std::string(1, c);
  }
  const std::string next_page = std::string(kMaps) + "?limit=9&continue=" + encoded;
  const ApiAnswer rest = Get(next_page);
  ASSERT_EQ(rest.code, 200) << json::serialize(rest.body);
  EXPECT_EQ(DigArray(rest.body, "items")->size(), 3U);  // c, d, e
  EXPECT_EQ(Version(rest), Version(first));
  cluster_.Compact();
  Create(kMaps, Map("zz"));
  EXPECT_EQ(Get(next_page).code, 410);
  EXPECT_EQ(Get(std::string(kMaps) + "?limit=9&continue=junk").code, 400);
}

TEST_F(FakeClusterTest, AVersionFromTheFutureIs504) {
  const ApiAnswer answer = Get(std::string(kMaps) + "?resourceVersion=99999");
  EXPECT_EQ(answer.code, 504);
  EXPECT_EQ(DigText(DigArray(answer.body, "details.causes")->at(0).as_object(), "reason"),
            "ResourceVersionTooLarge");
  EXPECT_EQ(Get(std::string(kMaps) + "?resourceVersion=x").code, 400);
}

TEST_F(FakeClusterTest, EventsHaveTwoFaces) {
  const ApiAnswer made = Create("/apis/events.k8s.io/v1/namespaces/default/events",
                                R"({"apiVersion":"events.k8s.io/v1","kind":"Event",
      "metadata":{"name":"a.1"},"eventTime":"2026-11-25T02:00:00.000000Z","type":"Normal",
      "reason":"Completed","action":"Stop","note":"done","reportingInstance":"op-1",
      "reportingController":"squall.dev/operator",
      "regarding":{"kind":"LoadTest","name":"a","namespace":"default"}})");
  ASSERT_EQ(made.code, 201) << json::serialize(made.body);
  const ApiAnswer core =
      Get("/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3Da");
  ASSERT_EQ(DigArray(core.body, "items")->size(), 1U);
  const json::object& event = DigArray(core.body, "items")->at(0).as_object();
  EXPECT_EQ(DigText(event, "message"), "done");
  EXPECT_EQ(DigText(event, "reportingComponent"), "squall.dev/operator");
  EXPECT_EQ(Create("/apis/events.k8s.io/v1/namespaces/default/events",
                   R"({"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"name":"b"},
      "eventTime":"2026-11-25T02:00:00Z"})")
                .code,
            422);
}

TEST_F(FakeClusterTest, ADryRunLeavesNoTrace) {
  const uint64_t before = cluster_.version();
  EXPECT_EQ(Create(std::string(kMaps) + "?dryRun=All", Map("a")).code, 201);
  EXPECT_EQ(Get(std::string(kMaps) + "/a").code, 404);
  EXPECT_EQ(cluster_.version(), before);
}

TEST_F(FakeClusterTest, DiscoveryNamesTheTypes) {
  EXPECT_EQ(DigText(Get("/apis/squall.dev/v1alpha1").body, "kind"), "APIResourceList");
  EXPECT_EQ(DigText(Get("/version").body, "major"), "1");
  EXPECT_NE(json::serialize(Get("/apis").body).find("coordination.k8s.io"), std::string::npos);
  EXPECT_NE(json::serialize(Get("/api/v1").body).find("\"pods/status\""), std::string::npos);
}

}  // namespace
}  // namespace squall
