#include "daemon/programs/watch_command.h"

#include <algorithm>
#include <cstdio>
#include <deque>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include "daemon/coordinator/exit_code.h"
#include "daemon/gateway/watched_agent_proto.h"
#include "daemon/programs/run_lines.h"
#include "daemon/programs/run_output.h"
#include "daemon/report/live.h"
#include "daemon/wire/snapshot_proto.h"
#include "daemon/wire/summary_proto.h"
#include "daemon/wire/time_proto.h"

namespace squall {
namespace {

constexpr Nanos kWindow = std::chrono::seconds(10);
constexpr size_t kPointsMax = 600;

int ExitOf(const v1::RunSummary& run) {
  const bool threshold_failed =
      std::any_of(run.thresholds().begin(), run.thresholds().end(),
                  [](const v1::ThresholdResult& result) { return !result.passed(); });
  switch (run.verdict()) {
    case v1::VERDICT_PASS:
      return static_cast<int>(ExitCode::kPassed);
    case v1::VERDICT_INVALID:
      return static_cast<int>(ExitCode::kInvalid);
    case v1::VERDICT_FAIL:
      return static_cast<int>(threshold_failed ? ExitCode::kThresholdsFailed
                                               : ExitCode::kRequestsFailed);
    default:  // it came to no verdict
      return static_cast<int>(ExitCode::kAgentsLost);
  }
}

std::string LineOf(const v1::WatchRunResponse& now) {
  const v1::RunSummary& run = now.run();
  return fmt::format("{:<9} {:>8} users {:>10} requests {:>8} failures {:>9.1f} req/s\n",
                     RunStateText(run.state()), run.users(), run.requests(), run.failures(),
                     now.requests_per_second());
}

// What is remembered of a run since we began to watch it, and the frames made of that.
class Picture final {
 public:
  explicit Picture(Terminal terminal) : terminal_(terminal) {}

  // The bytes for the terminal.
  std::string Show(const v1::WatchRunResponse& now) {
    std::string text;
    for (const v1::RunEvent& event : now.events()) {
      text += EventLine(event);
      drawn_lines_ = 0;  // the next frame goes below what was said
    }
    absl::StatusOr<Snapshot> snapshot = SnapshotFromProto(now.snapshot());
    if (!now.has_snapshot() || !snapshot.ok()) {
      return text + (now.events().empty() ? LineOf(now) : "");
    }
    Remember(*std::move(snapshot));
    const absl::StatusOr<RunSummary> summary = SummaryFromProto(now.run());
    LiveState state;
    state.now = &history_.back();
    state.before = history_.size() > 1 ? &history_.front() : nullptr;
    state.points = &points_;
    state.plan_name = now.run().plan_name();
    state.host = now.host();
    if (now.has_run_time()) {
      state.run_time = NanosFromProto(now.run_time());
    }
    state.warm_up = NanosFromProto(now.warm_up()).value_or(Nanos(0));
    state.thresholds = summary.ok() ? &summary->thresholds : nullptr;
    for (const v1::WatchedAgent& agent : now.agents()) {
      state.agents.push_back(WatchedAgentFromProto(agent));
    }
    state.invalid_so_far.assign(now.invalid_so_far().begin(), now.invalid_so_far().end());
    const std::string frame =
        LiveFrame(state, {terminal_.width, terminal_.height, terminal_.colour});
    text += LiveRedraw(frame, drawn_lines_);
    drawn_lines_ = static_cast<size_t>(std::count(frame.begin(), frame.end(), '\n'));
    return text;
  }

 private:
  void Remember(Snapshot now) {
    if (!history_.empty()) {
      const Snapshot& last = history_.back();
      if (now.elapsed <= last.elapsed) {
        history_.back() = std::move(now);
        return;
      }
      const uint64_t before = last.Total().requests;
      const uint64_t requests = now.Total().requests;
      points_.push_back({.start = last.elapsed,
                         .length = now.elapsed - last.elapsed,
                         .requests = requests > before ? requests - before : 0});
      if (points_.size() > kPointsMax) {
        points_.erase(points_.begin());
      }
    }
    history_.push_back(std::move(now));
    while (history_.size() > 2 && history_.back().elapsed - history_[1].elapsed >= kWindow) {
      history_.pop_front();
    }
  }

  const Terminal terminal_;
  std::deque<Snapshot> history_;  // about the last ten seconds
  std::vector<SeriesPoint> points_;
  size_t drawn_lines_ = 0;
};

void PrintOut(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

std::string JsonLine(const v1::WatchRunResponse& response) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string text;
  google::protobuf::util::MessageToJsonString(response, &text, options).ok();
  return text + "\n";
}

}  // namespace

int SayCallFailed(const absl::Status& status) {
  Say(std::string(status.message()));
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return static_cast<int>(ExitCode::kAgentsLost);
    case absl::StatusCode::kInvalidArgument:
      return static_cast<int>(ExitCode::kBadPlan);
    default:
      return static_cast<int>(ExitCode::kUsage);
  }
}

int WatchRun(const WatchOptions& options, ServeClient* client, StopSignals* signals) {
  grpc::ClientContext context;
  v1::WatchRunRequest request;
  request.set_run_id(options.run_id);
  const bool frames = options.terminal.interactive && !options.json;
  request.set_with_snapshot(frames);
  const auto stream = client->stub()->WatchRun(&context, request);
  signals->Handle([&context](int /*count*/) { context.TryCancel(); });
  Picture picture(options.terminal);
  v1::WatchRunResponse response;
  v1::RunSummary last;
  while (stream->Read(&response)) {
    last = response.run();
    if (options.json) {
      PrintOut(JsonLine(response));
    } else if (frames) {
      PrintOut(picture.Show(response));
    } else {
      for (const v1::RunEvent& event : response.events()) {
        PrintOut(EventLine(event));
      }
      PrintOut(LineOf(response));
    }
  }
  const grpc::Status status = stream->Finish();
  signals->Handle(nullptr);
  if (signals->received()) {
    Say(
        fmt::format("detached: run '{0}' goes on; squall watch {0} attaches again, squall stop {0} "
                    "ends it",
                    options.run_id));
    return static_cast<int>(ExitCode::kInterrupted);
  }
  if (!status.ok()) {
    return SayCallFailed(client->Explain(status));
  }
  if (!options.json) {
    PrintOut(RunText(last));
  }
  return ExitOf(last);
}

}  // namespace squall
