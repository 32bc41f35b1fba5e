#include "daemon/sinks/json_lines_sink.h"

#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "daemon/plan/value.h"
#include "tests/daemon/sinks/sample_run.h"

namespace squall {
namespace {

MetricOutput JsonLinesTo(const std::string& file) {
  return {.kind = MetricOutput::Kind::kJsonLines, .to = file, .tags = {{"env", "staging"}}};
}

std::string ContentOf(const std::string& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

TEST(JsonLinesSinkTest, AReportIsOneLineOfLoadAndOneOfEachRow) {
  const Snapshot before = SampleRun(1);
  const Snapshot now = SampleRun(4);
  RequestSampler sampler;
  MetricReport report = ReportOf(now, &before);
  report.last = true;
  EXPECT_EQ(JsonLines(sampler.Take(report), report, JsonLinesTo("x"), {"run-1", "shop", ""}),
            R"({"type":"load","at":"2023-11-14T22:13:20.000Z","run_id":"run-1","test":"shop",)"
            R"("tags":{"env":"staging"},"users":3,"target_users":3,"target_arrivals_per_second":0,)"
            R"("open_requests":0,"elapsed_seconds":5,"iterations_total":4,)"
            R"("dropped_iterations_total":0,"task_errors_total":0,"cpu_seconds_total":0,)"
            R"("rss_bytes":0,"users_by_class":{"Shopper":3},"last":true})"
            "\n"
            R"({"type":"requests","at":"2023-11-14T22:13:20.000Z","run_id":"run-1","test":"shop",)"
            R"("tags":{"env":"staging"},"method":"GET","name":"/products","interval_seconds":5,)"
            R"("requests":3,"failures":0,"timeouts":0,"bytes_sent":30,"bytes_received":300,)"
            R"("avg_ms":20,"min_ms":20,"p50_ms":20,"p90_ms":20,)"
            R"("p95_ms":20,"p99_ms":20,"max_ms":20,"requests_total":4,)"
            R"("failures_total":1})"
            "\n");
}

TEST(JsonLinesSinkTest, HostileNamesAreStillJson) {
  Snapshot now;
  AddRequests(&now, kHostileName, 1, 0, Nanos(1));
  RequestSampler sampler;
  const MetricReport report = ReportOf(now);
  const std::string lines = JsonLines(sampler.Take(report), report, JsonLinesTo("x"), kSource);
  const std::string row = lines.substr(lines.find('\n') + 1);
  const absl::StatusOr<Value> value = ParseJson(row);
  ASSERT_TRUE(value.ok()) << row;
  EXPECT_EQ(value->Find("name")->ToText(), SampleText(kHostileName));
}

TEST(JsonLinesSinkTest, RunsFollowOneAnotherInAFile) {
  const std::string file = testing::TempDir() + "/squall_samples.jsonl";
  unlink(file.c_str());
  for (int run = 0; run < 2; ++run) {
    auto sink = JsonLinesSink::Make(JsonLinesTo(file), kSource);
    ASSERT_TRUE(sink.ok()) << sink.status();
    const Snapshot now = SampleRun();
    EXPECT_TRUE((*sink)->Send(ReportOf(now)).ok());
  }
  const std::string content = ContentOf(file);
  EXPECT_EQ(std::count(content.begin(), content.end(), '\n'), 4);
}

TEST(JsonLinesSinkTest, AFileThatCannotBeIsSaidBeforeTheRun) {
  const absl::Status status = JsonLinesSink::Make(JsonLinesTo("/no/such/place"), kSource).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(status.message()).find("got '/no/such/place': No such file"),
            std::string::npos)
      << status;
}

TEST(JsonLinesSinkTest, AFullDiskIsAFailureOfTheReport) {
  auto sink = JsonLinesSink::Make(JsonLinesTo("/dev/full"), kSource);
  ASSERT_TRUE(sink.ok()) << sink.status();
  const Snapshot now = SampleRun();
  EXPECT_EQ((*sink)->Send(ReportOf(now)), absl::ResourceExhaustedError("No space left on device"));
}

TEST(JsonLinesSinkTest, AReportThatADiskCutsShortLeavesNothingBehind) {
  const std::string file = testing::TempDir() + "/squall_cut_short.jsonl";
  unlink(file.c_str());
  auto sink = JsonLinesSink::Make(JsonLinesTo(file), kSource);
  ASSERT_TRUE(sink.ok()) << sink.status();
  const Snapshot now = SampleRun();
  EXPECT_TRUE((*sink)->Send(ReportOf(now)).ok());
  const std::string one = ContentOf(file);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  const rlimit small = {one.size() + 20, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  EXPECT_EQ((*sink)->Send(ReportOf(now)), absl::ResourceExhaustedError("File too large"));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, handler);
  EXPECT_EQ(ContentOf(file), one);
  EXPECT_TRUE((*sink)->Send(ReportOf(now)).ok());
  EXPECT_EQ(ContentOf(file), one + one);
}

TEST(JsonLinesSinkTest, APipeWhoseReaderIsNotThereOrStopsReadingHoldsUpNothing) {
  const std::string pipe = testing::TempDir() + "/squall_samples.pipe";
  unlink(pipe.c_str());
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const absl::Status alone = JsonLinesSink::Make(JsonLinesTo(pipe), kSource).status();
  EXPECT_NE(std::string(alone.message()).find("nobody reads"), std::string::npos) << alone;
  const int reader = open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  auto sink = JsonLinesSink::Make(JsonLinesTo(pipe), kSource);
  ASSERT_TRUE(sink.ok()) << sink.status();
  const Snapshot now = SampleRun();
  absl::Status status;
  for (int i = 0; i < 10'000 && status.ok(); ++i) {
    status = (*sink)->Send(ReportOf(now));
  }
  EXPECT_EQ(status, absl::ResourceExhaustedError("its reader does not keep up"));
  close(reader);
}

}  // namespace
}  // namespace squall
