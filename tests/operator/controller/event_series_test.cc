#include "operator/controller/event_series.h"

#include <set>
#include <string>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "operator/kube/api/resource.h"

namespace squall {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class EventSeriesTest : public testing::Test {
 protected:
  static boost::json::object Regarding(const std::string& name) {
    boost::json::object object = NewObject(kLoadTests, {"team", name});
    object["metadata"].as_object()["uid"] = "uid-" + name;
    object["metadata"].as_object()["resourceVersion"] = "42";
    return object;
  }
  KubeEvent Event(const std::string& reason = "AgentLost", const std::string& name = "peak") const {
    KubeEvent event = KubeEvent::About(Regarding(name));
    event.type = EventType::kWarning;
    event.reason = reason;
    event.action = "ReplaceAgent";
    event.note = "agent 2: OOMKilled";
    event.at = clock_.Wall();
    return event;
  }
  EventStep Next(const KubeEvent& event) { return series_.Next(event, clock_.Now()); }

  ManualClock clock_;
  EventSeries series_{{}};
};

TEST_F(EventSeriesTest, TheFirstOneIsANewObject) {
  const EventStep step = Next(Event());
  EXPECT_EQ(step.kind, EventStep::Kind::kCreate);
  EXPECT_EQ(step.key.ToString(), "team/peak.17979cfe362a0000") << "the time in nanoseconds";
  EXPECT_EQ(boost::json::serialize(step.object),
            R"({"apiVersion":"events.k8s.io/v1","kind":"Event",)"
            R"("metadata":{"name":"peak.17979cfe362a0000","namespace":"team"},)"
            R"("eventTime":"2023-11-14T22:13:20.000000Z","type":"Warning","reason":"AgentLost",)"
            R"("action":"ReplaceAgent","note":"agent 2: OOMKilled",)"
            R"("reportingController":"squall.dev/operator",)"
            R"("reportingInstance":"squall-operator-0",)"
            R"("regarding":{"apiVersion":"squall.dev/v1alpha1","kind":"LoadTest",)"
            R"("namespace":"team","name":"peak","uid":"uid-peak","resourceVersion":"42"}})");
}

TEST_F(EventSeriesTest, ARepeatIsCountedOnTheFirst) {
  const ObjectKey key = Next(Event()).key;
  for (const char* count : {"2", "3"}) {
    clock_.Advance(seconds(1));
    const EventStep step = Next(Event());
    EXPECT_EQ(step.kind, EventStep::Kind::kPatch);
    EXPECT_EQ(step.key, key);
    EXPECT_EQ(boost::json::serialize(step.object),
              std::string(R"({"series":{"count":)") + count +
                  R"(,"lastObservedTime":"2023-11-14T22:13:2)" + (count[0] == '2' ? "1" : "2") +
                  R"(.000000Z"}})");
  }
}

TEST_F(EventSeriesTest, WhatDiffersIsNoRepeat) {
  Next(Event());
  KubeEvent other = Event();
  other.reason = "AgentReady";
  EXPECT_EQ(Next(other).kind, EventStep::Kind::kCreate);
  other = Event();
  other.action = "Wait";
  EXPECT_EQ(Next(other).kind, EventStep::Kind::kCreate);
  other = Event();
  other.type = EventType::kNormal;
  EXPECT_EQ(Next(other).kind, EventStep::Kind::kCreate);
  other = Event();
  other.uid = "made again";
  EXPECT_EQ(Next(other).kind, EventStep::Kind::kCreate);
  other = Event();
  other.note = "agent 3: OOMKilled";
  EXPECT_EQ(Next(other).kind, EventStep::Kind::kPatch) << "the note does not count";
}

TEST_F(EventSeriesTest, ASeriesEndsAfterSixQuietMinutes) {
  Next(Event());
  clock_.Advance(minutes(6) - Nanos(1));
  EXPECT_EQ(Next(Event()).kind, EventStep::Kind::kPatch);
  clock_.Advance(minutes(6));
  EXPECT_EQ(Next(Event()).kind, EventStep::Kind::kCreate);
}

TEST_F(EventSeriesTest, AForgottenSeriesStartsAgain) {
  Next(Event());
  series_.Forget(Event());
  series_.Forget(Event("NeverSeen", "nobody"));
  EXPECT_EQ(Next(Event()).kind, EventStep::Kind::kCreate);
}

TEST_F(EventSeriesTest, ANoisyObjectMayHaveTwentyFiveThenOneEachFiveMinutes) {
  int written = 0;
  for (int i = 0; i < 100; ++i) {
    written += Next(Event("Reason" + std::to_string(i))).kind == EventStep::Kind::kDrop ? 0 : 1;
  }
  EXPECT_EQ(written, 25);
  EXPECT_EQ(Next(Event("Other", "another object")).kind, EventStep::Kind::kCreate);
  clock_.Advance(minutes(5));
  EXPECT_EQ(Next(Event("Later")).kind, EventStep::Kind::kCreate);
  EXPECT_EQ(Next(Event("Later")).kind, EventStep::Kind::kDrop);
}

TEST_F(EventSeriesTest, NamesDifferWithinOneTickOfTheClock) {
  std::set<std::string> names;
  for (int i = 0; i < 20; ++i) {
    names.insert(Next(Event("Reason" + std::to_string(i))).key.name);
  }
  EXPECT_EQ(names.size(), 20U);
}

TEST_F(EventSeriesTest, TextsAreCutToWhatTheServerTakes) {
  KubeEvent event = Event();
  event.reason = std::string(200, 'r');
  event.action = std::string(200, 'a');
  event.note = std::string(1023, 'n') + "ü" + "\xff";
  event.key.name = std::string(253, 'x');
  const EventStep step = Next(event);
  EXPECT_EQ(StringAt(step.object, "reason").size(), 128U);
  EXPECT_EQ(StringAt(step.object, "action").size(), 128U);
  EXPECT_EQ(StringAt(step.object, "note"), std::string(1023, 'n')) << "no character cut in two";
  EXPECT_EQ(step.key.name.size(), 253U);
}

TEST_F(EventSeriesTest, AClusterWideObjectsEventsAreInDefault) {
  KubeEvent event = Event();
  event.key.ns = "";
  EXPECT_EQ(Next(event).key.ns, "default");
}

TEST_F(EventSeriesTest, RemembersABoundedNumberOfObjects) {
  EventSeriesOptions options;
  options.objects_max = 3;
  EventSeries series(options);
  for (const char* name : {"a", "b", "c", "a", "d"}) {
    series.Next(Event("R", name), clock_.Now());
    clock_.Advance(seconds(1));
  }
  EXPECT_EQ(series.Next(Event("R", "a"), clock_.Now()).kind, EventStep::Kind::kPatch);
  EXPECT_EQ(series.Next(Event("R", "b"), clock_.Now()).kind, EventStep::Kind::kCreate)
      << "quiet for longest, so forgotten";
}

}  // namespace
}  // namespace squall
