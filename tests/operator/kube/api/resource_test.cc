#include "operator/kube/api/resource.h"

#include <string>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(ResourceTest, PutsTheCoreGroupUnderApiAndTheOthersUnderApis) {
  EXPECT_EQ(ResourcePath(kPods, "a", "p"), "/api/v1/namespaces/a/pods/p");
  EXPECT_EQ(ResourcePath(kLoadTests, "a", "p", "status"),
            "/apis/squall.dev/v1alpha1/namespaces/a/loadtests/p/status");
  EXPECT_EQ(ResourcePath(kLeases, "a"), "/apis/coordination.k8s.io/v1/namespaces/a/leases");
}

TEST(ResourceTest, LeavesTheNamespaceOutForAllNamespacesAndClusterWideKinds) {
  EXPECT_EQ(ResourcePath(kPods, ""), "/api/v1/pods");
  EXPECT_EQ(ResourcePath(kNamespaces, "ignored", "a"), "/api/v1/namespaces/a");
  EXPECT_EQ(ResourcePath(kCustomResourceDefinitions, "", "loadtests.squall.dev"),
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/loadtests.squall.dev");
}

TEST(ResourceTest, ANameCannotLeaveItsPlaceInThePath) {
  EXPECT_EQ(ResourcePath(kPods, "a/b", "../x?y#z"), "/api/v1/namespaces/a%2Fb/pods/..%2Fx%3Fy%23z");
}

TEST(ResourceTest, QueriesAreEncodedAndEmptyValuesLeftOut) {
  std::string query;
  AddQuery(&query, "labelSelector", "a.b/c=d,e!=f");
  AddQuery(&query, "continue", "");
  AddQuery(&query, "limit", "500");
  EXPECT_EQ(query, "labelSelector=a.b%2Fc%3Dd%2Ce%21%3Df&limit=500");
}

TEST(ResourceTest, SaysTheApiVersionAsObjectsDo) {
  EXPECT_EQ(kPods.ApiVersion(), "v1");
  EXPECT_EQ(kPodDisruptionBudgets.ApiVersion(), "policy/v1");
}

TEST(ResourceTest, EncodesBytesBeyondAscii) { EXPECT_EQ(PercentEncode("ü-._~"), "%C3%BC-._~"); }

}  // namespace
}  // namespace squall
