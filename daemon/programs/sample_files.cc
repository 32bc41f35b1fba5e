#include "daemon/programs/sample_files.h"

#include <utility>

#include "daemon/base/status_macros.h"
namespace squall {

absl::StatusOr<SampleFiles> SampleFiles::Make(const std::vector<MetricOutput>& outputs) {
  SampleFiles files;
  for (const MetricOutput& output : outputs) {
    if (output.kind == MetricOutput::Kind::kJsonLines) {
      SQUALL_ASSIGN_OR_RETURN(auto sink, JsonLinesSink::Make(output, {}));
      files.files_.push_back({.output = output, .sink = std::move(sink)});
    }
  }
  return files;
}

void SampleFiles::OnStarted(const Plan& plan) { test_ = plan.name; }

absl::Status SampleFiles::Write(File* file, std::shared_ptr<const Snapshot> now, bool last) const {
  file->sink->set_source({now->run_id, test_, ""});
  MetricReport report;
  report.now = now.get();
  report.before = file->before.get();
  report.at = now->at;
  report.since_before = now->elapsed - (file->before ? file->before->elapsed : Nanos(0));
  report.last = last;
  SQUALL_RETURN_IF_ERROR(file->sink->Send(report));
  file->before = std::move(now);
  return absl::OkStatus();
}

void SampleFiles::OnTick(const RunProgress& progress,
                         const std::function<void(std::string_view)>& complain) {
  for (File& file : files_) {
    const Nanos since = progress.merged->elapsed - (file.before ? file.before->elapsed : Nanos(0));
    // Ticks come about once a second; half of one early is nearer than half of one late.
    if (since + std::chrono::milliseconds(500) < file.output.interval) {
      continue;
    }
    const absl::Status status = Write(&file, progress.merged, false);
    if (!status.ok() && !file.failed) {
      file.failed = true;
      complain("output json_lines " + file.output.to + ": " + std::string(status.message()));
    }
  }
}

absl::Status SampleFiles::Finish(const Snapshot& total) {
  absl::Status written;
  for (File& file : files_) {
    if (!std::exchange(file.ended, true)) {
      written.Update(Write(&file, std::make_shared<const Snapshot>(total), true));
    }
  }
  return written;
}

}  // namespace squall
