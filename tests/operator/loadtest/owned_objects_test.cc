#include "operator/loadtest/owned_objects.h"

#include <string>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "tests/operator/loadtest/kube_world.h"

namespace squall {
namespace {

class OwnedObjectsTest : public testing::Test {
 protected:
  OwnedObjectsTest() { Read(); }

  void Read() { test_ = ReadLoadTest(world_.GetTest()); }
  boost::json::object Core(const std::string& path) const {
    return world_.Get(kDefaultPath + path);
  }
  void SeedForeignSecret() {
    world_.server->Seed("/api/v1/namespaces/default/secrets",
                        R"({"apiVersion": "v1", "kind": "Secret",
                            "metadata": {"name": "peak-agents"}, "data": {}})");
  }

  KubeWorld world_;
  const boost::json::object made_ = world_.MakeTest("{plan: {inline: x}}");
  LoadTest test_;
};

TEST_F(OwnedObjectsTest, TheFinalizerComesAndGoesBesideOthers) {
  world_.server->cluster().Call(
      "PATCH", "/apis/squall.dev/v1alpha1/namespaces/default/loadtests/peak",
      R"({"metadata": {"finalizers": ["example.com/other"]}})", "application/merge-patch+json");
  Read();
  EXPECT_TRUE(AddDrainFinalizer(world_.client.get(), test_).ok());
  Read();
  EXPECT_TRUE(HasFinalizer(test_.object, "squall.dev/drain"));
  EXPECT_TRUE(HasFinalizer(test_.object, "example.com/other"));
  EXPECT_TRUE(RemoveDrainFinalizer(world_.client.get(), test_).ok());
  EXPECT_TRUE(RemoveDrainFinalizer(world_.client.get(), test_).ok()) << "again";
  Read();
  EXPECT_FALSE(HasFinalizer(test_.object, "squall.dev/drain"));
  EXPECT_TRUE(HasFinalizer(test_.object, "example.com/other"));
}

TEST_F(OwnedObjectsTest, AStaleCacheDoesNotOverwriteFinalizers) {
  world_.server->cluster().Call(
      "PATCH", "/apis/squall.dev/v1alpha1/namespaces/default/loadtests/peak",
      R"({"metadata": {"finalizers": ["example.com/other"]}})", "application/merge-patch+json");
  EXPECT_EQ(AddDrainFinalizer(world_.client.get(), test_).code(), absl::StatusCode::kAborted);
  Read();
  EXPECT_TRUE(HasFinalizer(test_.object, "example.com/other"));
}

TEST_F(OwnedObjectsTest, TheSecretIsMadeOnce) {
  const auto first = EnsureAgentSecret(world_.client.get(), test_, &world_.clock);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = EnsureAgentSecret(world_.client.get(), test_, &world_.clock);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(first->token, second->token);
  EXPECT_EQ(first->certificate_pem, second->certificate_pem);
  EXPECT_EQ(world_.server->requests().Count("create", "secrets"), 1U);
}

TEST_F(OwnedObjectsTest, ASecretOfSomebodyElseIsLeftAlone) {
  SeedForeignSecret();
  const auto secret = EnsureAgentSecret(world_.client.get(), test_, &world_.clock);
  EXPECT_EQ(secret.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(DropChildren(world_.client.get(), test_).ok());
  EXPECT_FALSE(Core("secrets/peak-agents").empty());
}

TEST_F(OwnedObjectsTest, ChildrenComeAndGoAndMayDoSoTwice) {
  for (int i = 0; i < 2; ++i) {
    const absl::Status applied = ApplyChildren(world_.client.get(), test_, &world_.clock);
    EXPECT_TRUE(applied.ok()) << applied;
  }
  const std::string budget = "/apis/policy/v1/namespaces/default/poddisruptionbudgets/peak-agents";
  EXPECT_FALSE(world_.Get(budget).empty());
  EXPECT_FALSE(Core("services/peak-agents").empty());
  EXPECT_FALSE(Core("secrets/peak-agents").empty());
  for (int i = 0; i < 2; ++i) {
    const absl::Status dropped = DropChildren(world_.client.get(), test_);
    EXPECT_TRUE(dropped.ok()) << dropped;
  }
  EXPECT_TRUE(world_.Get(budget).empty());
  EXPECT_TRUE(Core("services/peak-agents").empty());
  EXPECT_TRUE(Core("secrets/peak-agents").empty());
}

}  // namespace
}  // namespace squall
