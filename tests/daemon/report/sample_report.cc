#include "tests/daemon/report/sample_report.h"

#include <utility>

#include "daemon/base/units.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Nanos Millis(double millis) { return FromSeconds(millis / 1000); }

ThresholdResult Judged(std::string text, double percentile, double limit, double observed) {
  Threshold threshold{.text = std::move(text), .percentile = percentile, .limit = limit};
  return {.threshold = threshold, .observed = observed, .passed = observed < limit};
}

void Fail(Snapshot* snapshot, const EntryKey& key, const std::string& reason, uint64_t count,
          uint16_t status_class) {
  EntryStats& stats = snapshot->entries[key];
  stats.failures += count;
  stats.status_classes[2] -= count;
  stats.status_classes[status_class] += count;
  FailureStats& failure = snapshot->failures[{key.method, key.name, reason}];
  failure.count += count;
  failure.first_at = kSampleStart + milliseconds(1250);
  failure.last_at = kSampleStart + milliseconds(18500);
}

void AddHealth(GeneratorHealth* health, double run_seconds) {
  for (int i = 0; i < 100; ++i) {
    health->loop_lag.Record(std::chrono::microseconds(100 + 4 * i));
  }
  health->cpu_seconds = run_seconds * 0.36;
  health->thread_seconds = run_seconds * 0.34;
  health->run_delay_seconds = run_seconds * 0.01;
  health->elapsed_seconds = run_seconds;
  health->shards = 1;
  health->rss_bytes = 48u << 20;
  health->open_fds = 61;
  health->fd_limit = 1024;
}

Snapshot Agent(const std::string& id, Nanos elapsed) {
  Snapshot agent;
  agent.run_id = "run-7f3a";
  agent.agent_id = id;
  agent.epoch = 1;
  agent.sequence = 41;
  agent.state = RunState::kFinished;
  agent.stop_reason = "profile finished";
  agent.started_at = kSampleStart;
  agent.at = kSampleStart + elapsed;
  agent.elapsed = elapsed;
  AddHealth(&agent.health, ToSeconds(elapsed));
  return agent;
}

void Finish(RunReport* report) {
  std::vector<const Snapshot*> agents;
  agents.reserve(report->agents.size());
  for (const Snapshot& agent : report->agents) {
    agents.push_back(&agent);
  }
  report->total = MergeSnapshots(agents);
  report->run_id = report->total.run_id;
  report->version = "0.1.0";
  report->started_at = kSampleStart;
  report->ended_at = report->total.at;
}

void AddSeries(RunReport* report) {
  report->series = {{.start = seconds(0), .length = seconds(1), .requests = 4, .users = 5},
                    {.start = seconds(1),
                     .length = seconds(1),
                     .requests = 296,
                     .failures = 8,
                     .response_p50 = Millis(0.421),
                     .response_p95 = Millis(148.2),
                     .response_p99 = Millis(1234),
                     .service_p95 = Millis(148.2),
                     .users = 10,
                     .target_users = 10}};
  report->series_by_name[{"Buy", "POST"}] = {{.start = seconds(0), .length = seconds(1)},
                                             {.start = seconds(1),
                                              .length = milliseconds(1500),
                                              .requests = 40,
                                              .failures = 8,
                                              .response_p50 = Millis(25),
                                              .response_p95 = Millis(1234),
                                              .response_p99 = Millis(1234),
                                              .service_p95 = Millis(1234)}};
  report->series_by_agent["a-1"] = {{.start = seconds(0),
                                     .length = seconds(1),
                                     .requests = 150,
                                     .failures = 4,
                                     .users = 5,
                                     .target_users = 5,
                                     .loop_lag_p99 = Millis(0.496)}};
}

}  // namespace

void AddRequests(EntryStats* stats, const std::vector<SampleTimes>& times) {
  for (const SampleTimes& time : times) {
    stats->requests += time.count;
    stats->status_classes[2] += time.count;
    stats->bytes_sent += 120 * time.count;
    stats->bytes_received += 67 * time.count;
    stats->service.RecordMany(Millis(time.millis), time.count);
    stats->response.RecordMany(Millis(time.millis), time.count);
    stats->times.first_byte.RecordMany(Millis(time.millis * 0.75), time.count);
  }
  stats->first_at = kSampleStart + milliseconds(120);
  stats->last_at = kSampleStart + milliseconds(19'900);
}

RunReport ClosedReport() {
  RunReport report;
  report.plan_name = "product-service";
  report.host = "http://tester:s3cret@127.0.0.1:8082";
  report.options = {.users = 10,
                    .spawn_rate = 5,
                    .run_time = seconds(20),
                    .profile = "10 users at 5/s",
                    .stop_timeout = seconds(2)};
  for (const std::string id : {"a-1", "a-2"}) {
    Snapshot agent = Agent(id, seconds(20));
    agent.users = {{"Buyer", 0}, {"Reader", 0}};
    agent.users_started = 5;
    agent.users_stopped = 5;
    agent.iterations = 150;
    const EntryKey all{.name = "Get_All_Products", .method = "GET"};
    const EntryKey one{.name = "/products/{id}", .method = "GET"};
    const EntryKey buy{.name = "Buy", .method = "POST"};
    AddRequests(&agent.entries[all], {{0.42, 60}, {0.97, 30}, {3.6, 10}});
    AddRequests(&agent.entries[one], {{12.4, 25}, {148.2, 5}});
    AddRequests(&agent.entries[buy], {{0.004, 5}, {25, 10}, {1234, 5}});
    agent.entries[all].times.connect.RecordMany(Millis(0.08), 5);
    Fail(&agent, buy, "HTTP 409", 3, 4);
    Fail(&agent, buy, "timed out after 1s", 1, 0);
    agent.entries[buy].timeouts = 1;
    agent.checks[{"Buy", "status is 200"}] = {.passed = 16, .failed = 4};
    agent.checks[{"Get_All_Products", "body is not empty"}] = {.passed = 100, .failed = 0};
    report.agents.push_back(std::move(agent));
  }
  report.agents[1].task_errors["variable 'product' must be set before it is used"] = 2;
  Finish(&report);
  AddSeries(&report);
  report.series_names_left_out = 2;
  report.series_agents_left_out = 1;
  report.thresholds = {Judged("response_time: p(95) < 300ms", 95, 0.3, 0.1483),
                       Judged("response_time{name:Buy}: p(99) < 1s", 99, 1, 1.234)};
  report.thresholds.push_back({.threshold = {.text = "connect_time: p(50) < 1ms", .limit = 0.001}});
  report.verdict = {.verdict = Verdict::kFail,
                    .reasons = {"threshold failed: response_time{name:Buy}: p(99) < 1s",
                                "8 of 300 requests failed"},
                    .warnings = {"agent a-2: its clock was set back during the run"},
                    .requests_failed = true};
  report.warnings = {"plan.yaml:12:3: users.Reader.weight: is 0, the class never runs"};
  report.seed = 18'446'744'073'709'551'615u;
  report.exit_code = 4;
  return report;
}

RunReport OpenReport() {
  RunReport report;
  report.plan_name = "arrivals";
  report.host = "https://shop.test";
  report.options = {.users = 200,
                    .run_time = seconds(30),
                    .profile = "100 arrivals/s, at most 200 users",
                    .open_model = true,
                    .warm_up = seconds(5),
                    .cool_down = seconds(5)};
  Snapshot agent = Agent("local", seconds(30));
  agent.arrivals_planned = 3100;
  agent.dropped_iterations = 120;
  agent.iterations = 2980;
  const EntryKey warm_up{RunPhase::kWarmUp, "/search", "GET"};
  const EntryKey measured{RunPhase::kMeasured, "/search", "GET"};
  AddRequests(&agent.entries[warm_up], {{9, 500}});
  agent.entries[warm_up].last_at = kSampleStart + milliseconds(4990);
  EntryStats& cool_down = agent.entries[{RunPhase::kCoolDown, "/search", "GET"}];
  AddRequests(&cool_down, {{1.5, 480}});
  cool_down.first_at = kSampleStart + milliseconds(25'010);
  cool_down.last_at = kSampleStart + milliseconds(29'990);
  EntryStats& stats = agent.entries[measured];
  AddRequests(&stats, {{1.5, 1960}});
  stats.first_at = kSampleStart + seconds(5);
  stats.last_at = kSampleStart + seconds(25);
  stats.response.RecordMany(seconds(2), 40);
  stats.service.RecordMany(Millis(1.5), 40);
  stats.start_delay.RecordMany(Millis(0.05), 1960);
  stats.start_delay.RecordMany(Millis(1998.5), 40);
  stats.requests += 40;
  stats.status_classes[2] += 40;
  agent.health.fd_exhausted = 20;
  report.agents.push_back(std::move(agent));
  Finish(&report);
  report.verdict = {.verdict = Verdict::kInvalid,
                    .reasons = {"agent local ran out of file descriptors 20 times"}};
  report.exit_code = 6;
  report.interrupted = true;
  return report;
}

RunReport HostileReport() {
  RunReport report;
  report.plan_name = "<script>alert(1)</script>";
  report.options.profile = "1 user";
  Snapshot agent = Agent("a|1", seconds(10));
  const EntryKey formula{.name = "=HYPERLINK(\"http://evil\",\"x\")", .method = "GET"};
  const EntryKey escape{.name = "\x1b[2J\x1b]0;owned\x07|`a`|<b>", .method = "@SUM(A1)"};
  const EntryKey broken{.name = "bad \xff\xfe utf-8, \"quoted\"\r\nnext \xe2\x80\xae line",
                        .method = std::string("P\0T", 3)};
  const EntryKey endless{.name = std::string(1 << 20, 'x'), .method = "GET"};
  const EntryKey wide{.name = "商品を買う 🛒", .method = "POST"};
  for (const EntryKey& key : {formula, escape, broken, endless, wide}) {
    AddRequests(&agent.entries[key], {{20, 2}});
    Fail(&agent, key, "]]> & \x01\x1b[31m" + std::string(5000, 'y'), 1, 5);
  }
  agent.checks[{escape.name, "<&\"'>|"}] = {.passed = 1, .failed = 1};
  agent.task_errors["-2+3\nsecond line \x9b"] = 1;
  report.agents.push_back(std::move(agent));
  Finish(&report);
  report.thresholds = {Judged("response_time{name:<|>}: p(95) < 1ms", 95, 0.001, 0.02)};
  report.verdict = {.verdict = Verdict::kFail, .reasons = {"<img src=x> | \x1b[1m"}};
  report.exit_code = 1;
  return report;
}

RunReport EmptyReport() {
  RunReport report;
  report.plan_name = "nothing";
  report.agents.push_back(Agent("local", seconds(3)));
  Finish(&report);
  report.verdict = {.verdict = Verdict::kFail, .reasons = {"no request was sent"}};
  report.exit_code = 1;
  return report;
}

}  // namespace squall
