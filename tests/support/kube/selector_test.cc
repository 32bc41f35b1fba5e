#include "tests/support/kube/selector.h"

#include <string>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace squall {
namespace {

const boost::json::object& Pod() {
  static const boost::json::object kPod = boost::json::parse(R"({
      "metadata": {"name": "p", "namespace": "team", "labels": {"app": "web", "tier": "front"}},
      "status": {"phase": "Running"}})")
                                              .get_object();
  return kPod;
}

TEST(SelectorTest, MatchesLabels) {
  const struct {
    const char* selector;
    bool matches;
  } rows[] = {
      {"", true},
      {"app=web", true},
      {"app==web", true},
      {"app=api", false},
      {"app!=api", true},
      {"other!=api", true},
      {"app", true},
      {"!app", false},
      {"!other", true},
      {"app in (api, web)", true},
      {"app notin (api,web)", false},
      {"other notin (x)", true},
      {"app=web,tier=front", true},
      {"app=web,tier in (back,middle)", false},
  };
  for (const auto& row : rows) {
    ObjectSelector selector;
    ASSERT_FALSE(ParseLabelSelector(row.selector, &selector.labels)) << row.selector;
    EXPECT_EQ(selector.Matches(Pod()), row.matches) << row.selector;
  }
}

TEST(SelectorTest, MatchesFields) {
  const struct {
    const char* selector;
    bool matches;
  } rows[] = {
      {"metadata.name=p", true},
      {"metadata.name=q", false},
      {"metadata.namespace=team,status.phase=Running", true},
      {"status.phase!=Running", false},
  };
  for (const auto& row : rows) {
    ObjectSelector selector;
    ASSERT_FALSE(ParseFieldSelector(row.selector, {"status.phase"}, &selector.fields));
    EXPECT_EQ(selector.Matches(Pod()), row.matches) << row.selector;
  }
}

TEST(SelectorTest, RefusesWhatItCannotRead) {
  std::vector<SelectorTerm> terms;
  EXPECT_EQ(ParseLabelSelector("a b", &terms)->code, 400);
  EXPECT_EQ(ParseLabelSelector("a,,b", &terms)->code, 400);
  EXPECT_EQ(ParseFieldSelector("metadata.name", {}, &terms)->code, 400);
  EXPECT_EQ(ParseFieldSelector("spec.x=1", {}, &terms)->message,
            "field label not supported: spec.x");
}

}  // namespace
}  // namespace squall
