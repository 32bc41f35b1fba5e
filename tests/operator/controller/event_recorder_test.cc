#include "operator/controller/event_recorder.h"

#include <atomic>
#include <deque>
#include <functional>
#include <future>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/kube/fake_api_server.h"

namespace squall {
namespace {

using std::chrono::hours;

class FakeSink final : public EventSink {
 public:
  std::vector<std::string> calls;    // "create Reason", "patch 2"
  std::deque<absl::Status> answers;  // then OK
  std::function<void()> before;

  absl::Status Create(const boost::json::object& event) override {
    return Answer("create " + StringAt(event, "reason"));
  }
  absl::Status Patch(const ObjectKey& /*key*/, const boost::json::object& merge_patch) override {
    return Answer("patch " + std::to_string(IntAt(merge_patch, "series.count")));
  }

 private:
  absl::Status Answer(std::string call) {
    if (before) {
      before();
    }
    calls.push_back(std::move(call));
    if (answers.empty()) {
      return absl::OkStatus();
    }
    absl::Status answer = std::move(answers.front());
    answers.pop_front();
    return answer;
  }
};

KubeEvent Event(const std::string& reason, const std::string& name = "peak") {
  KubeEvent event;
  event.key = {"team", name};
  event.reason = reason;
  event.action = "Act";
  return event;
}

class EventRecorderTest : public testing::Test {
 protected:
  EventRecorderOptions Options() {
    EventRecorderOptions options;
    options.queue_max = 5;
    options.backoff.jitter = 0;
    options.pause = [this](Nanos wait) {
      waits_.push_back(wait);
      return false;
    };
    return options;
  }
  std::vector<std::string> Write(std::initializer_list<const char*> reasons) {
    for (const char* reason : reasons) {
      recorder_.Record(Event(reason));
    }
    recorder_.WriteAll();
    return sink_.calls;
  }

  ManualClock clock_;
  FakeSink sink_;
  std::vector<Nanos> waits_;
  EventRecorder recorder_{Options(), &sink_, &clock_};
};

using Calls = std::vector<std::string>;

TEST_F(EventRecorderTest, WritesInOrderAndCountsRepeats) {
  EXPECT_EQ(Write({"A", "B", "A", "A"}), (Calls{"create A", "create B", "patch 2", "patch 3"}));
  EXPECT_EQ(recorder_.Stats().written, 4U);
}

TEST_F(EventRecorderTest, AFullQueueDropsInsteadOfWaiting) {
  Write({"A", "B", "C", "D", "E", "F", "G"});
  EXPECT_EQ(sink_.calls.size(), 5U);
  EXPECT_EQ(recorder_.Stats().dropped, 2U);
}

TEST_F(EventRecorderTest, ADeletedEventIsWrittenAnew) {
  sink_.answers = {absl::OkStatus(), absl::NotFoundError("gone")};
  EXPECT_EQ(Write({"A", "A", "A"}), (Calls{"create A", "patch 2", "create A", "patch 2"}));
  EXPECT_EQ(recorder_.Stats().written, 3U);
}

TEST_F(EventRecorderTest, TriesAgainWhenTheServerIsAway) {
  sink_.answers = {absl::UnavailableError("down"), absl::ResourceExhaustedError("busy")};
  EXPECT_EQ(Write({"A"}), (Calls{"create A", "create A", "create A"}));
  EXPECT_EQ(waits_.size(), 2U);
  EXPECT_EQ(recorder_.Stats().written, 1U);
}

TEST_F(EventRecorderTest, GivesAnEventUpAfterThreeAttempts) {
  sink_.answers = {absl::UnavailableError("1"), absl::UnavailableError("2"),
                   absl::UnavailableError("3")};
  EXPECT_EQ(Write({"A", "A"}), (Calls{"create A", "create A", "create A", "create A"}))
      << "there is no first one to count on";
  EXPECT_EQ(recorder_.Stats().failed, 1U);
  EXPECT_EQ(recorder_.Stats().written, 1U);
}

TEST_F(EventRecorderTest, ARefusedEventIsNotTriedAgain) {
  sink_.answers = {absl::PermissionDeniedError("no role")};
  EXPECT_EQ(Write({"A"}), (Calls{"create A"}));
  EXPECT_EQ(recorder_.Stats().failed, 1U);
}

TEST_F(EventRecorderTest, ALostAnswerIsNoFailure) {
  sink_.answers = {absl::UnavailableError("reset"), absl::AlreadyExistsError("there is one")};
  EXPECT_EQ(Write({"A", "A"}), (Calls{"create A", "create A", "patch 2"}));
  EXPECT_EQ(recorder_.Stats().written, 2U);
}

TEST_F(EventRecorderTest, ANoisyObjectIsDropped) {
  for (int i = 0; i < 30; ++i) {
    Write({"A"});
  }
  EXPECT_EQ(sink_.calls.size(), 25U);
  EXPECT_EQ(recorder_.Stats().dropped, 5U);
}

TEST_F(EventRecorderTest, StopWritesWhatWaits) {
  recorder_.Start();
  for (const char* reason : {"A", "B", "C"}) {
    recorder_.Record(Event(reason));
  }
  recorder_.Stop(hours(1));
  EXPECT_EQ(sink_.calls, (Calls{"create A", "create B", "create C"}));
}

TEST_F(EventRecorderTest, RecordingDoesNotWaitForTheServer) {
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  std::promise<void> entered;
  sink_.before = [&, first = true]() mutable {
    if (std::exchange(first, false)) {
      entered.set_value();
    }
    released.wait();
  };
  recorder_.Start();
  recorder_.Record(Event("A"));
  entered.get_future().wait();
  for (int i = 0; i < 100; ++i) {
    recorder_.Record(Event("B"));  // would hang here
  }
  release.set_value();
  recorder_.Stop(hours(1));
  EXPECT_EQ(recorder_.Stats().written, 6U);
  EXPECT_EQ(recorder_.Stats().dropped, 95U);
}

TEST_F(EventRecorderTest, StopWithoutAFlushLeavesTheRest) {
  recorder_.Record(Event("A"));
  recorder_.Stop(hours(1));
  EXPECT_TRUE(sink_.calls.empty()) << "it was never started";
}

TEST(EventRecorderThreadTest, StopEndsAWaitForAnotherAttempt) {
  const SystemClock clock;
  FakeSink sink;
  std::promise<void> tried;
  sink.before = [&tried] { tried.set_value(); };
  sink.answers = {absl::UnavailableError("down")};
  EventRecorderOptions options;
  options.backoff.first = hours(1);
  options.backoff.max = hours(1);
  EventRecorder recorder(options, &sink, &clock);
  recorder.Start();
  recorder.Record(Event("A"));
  tried.get_future().wait();
  recorder.Stop(Nanos(0));
  EXPECT_EQ(sink.calls, (Calls{"create A"}));
}

TEST(EventRecorderApiServerTest, ARepeatIsCountedOnTheObject) {
  const SystemClock clock;
  const auto server = *FakeApiServer::Start({}, &clock);
  KubeConfig config;
  config.server = server->url();
  const auto client = *KubeClient::Make(config, {}, &clock);
  const auto sink = MakeKubeEventSink(client.get());
  EventRecorder recorder({}, sink.get(), &clock);
  KubeEvent event = Event("AgentLost");
  event.key.ns = "default";
  event.api_version = "squall.dev/v1alpha1";
  event.kind = "LoadTest";
  for (int i = 0; i < 3; ++i) {
    recorder.Record(event);
  }
  recorder.WriteAll();
  EXPECT_EQ(recorder.Stats().written, 3U);
  const absl::StatusOr<ObjectList> list = client->List(kEvents, "default");
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_EQ(list->items.size(), 1U);
  EXPECT_EQ(StringAt(list->items[0], "reason"), "AgentLost");
  EXPECT_EQ(IntAt(list->items[0], "series.count"), 3);
  EXPECT_EQ(StringAt(list->items[0], "regarding.name"), "peak");
}

}  // namespace
}  // namespace squall
