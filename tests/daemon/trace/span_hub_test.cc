#include "daemon/trace/span_hub.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace squall {
namespace {

RequestSpan SpanOf(SpanRecorder* recorder, std::string_view name, Nanos response) {
  RequestSpan span;
  span.context = recorder->NewContext();
  span.method.assign("GET");
  span.name.assign(name);
  span.response = response;
  return span;
}

TEST(SpanHubTest, FiguresAreThoseOfAllLoops) {
  SpanHub hub({1, 2, 7});
  SpanRecorder* first = hub.NewRecorder();
  SpanRecorder* second = hub.NewRecorder();
  for (SpanRecorder* recorder : {first, first, first, second}) {
    EXPECT_TRUE(recorder->Choose());
    if (recorder->Reserve() != nullptr) {
      recorder->Commit();
    }
  }
  EXPECT_EQ(hub.Drain([](const RequestSpan&) {}), 3);
  hub.CountExported(1);
  hub.CountFailed(1);
  hub.CountDropped(1);
  Snapshot snapshot;
  hub.Fill(&snapshot);
  EXPECT_EQ(snapshot.traces, (TraceFigures{4, 1, 2, 1}));
}

TEST(SpanHubTest, LoopsHaveIdsOfTheirOwn) {
  SpanHub hub({1, 2, 7});
  EXPECT_NE(hub.NewRecorder()->NewContext(), hub.NewRecorder()->NewContext());
}

TEST(SpanHubTest, ExemplarIsTheNewestOfItsNameAndBucket) {
  using std::chrono::milliseconds;
  SpanHub hub({1, 2, 7});
  SpanRecorder* recorder = hub.NewRecorder();
  const RequestSpan slow = SpanOf(recorder, "a", milliseconds(300));
  const RequestSpan newest = SpanOf(recorder, "a", milliseconds(2));
  hub.KeepExemplar(slow);
  hub.KeepExemplar(SpanOf(recorder, "a", milliseconds(1) + Nanos(1)));  // a neighbour of `newest`
  hub.KeepExemplar(newest);
  hub.KeepExemplar(SpanOf(recorder, "b", milliseconds(2)));
  Snapshot snapshot;
  hub.Fill(&snapshot);
  ASSERT_EQ(snapshot.exemplars.size(), 3);
  EXPECT_EQ(snapshot.exemplars[0].trace_id, TraceIdHex(newest.context));
  EXPECT_EQ(snapshot.exemplars[0].response, newest.response);
  EXPECT_EQ(snapshot.exemplars[1].trace_id, TraceIdHex(slow.context));
  EXPECT_EQ(snapshot.exemplars[2].name, "b");
}

TEST(SpanHubTest, ExemplarsAreBounded) {
  SpanHub hub({1, 2, 7});
  SpanRecorder* recorder = hub.NewRecorder();
  for (size_t i = 0; i < 3 * kTraceExemplarsMax; ++i) {
    hub.KeepExemplar(SpanOf(recorder, fmt::format("name {}", i), Nanos(1)));
  }
  Snapshot snapshot;
  hub.Fill(&snapshot);
  EXPECT_EQ(snapshot.exemplars.size(), kTraceExemplarsMax);
}

}  // namespace
}  // namespace squall
