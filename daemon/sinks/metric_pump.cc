#include "daemon/sinks/metric_pump.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/units.h"
#include "daemon/base/utf8.h"
#include "daemon/plan/output_target.h"

namespace squall {
namespace {

constexpr size_t kFaultBytesMax = 300;
constexpr Nanos kFirstAfter = std::chrono::seconds(1);
constexpr Nanos kTryMin = std::chrono::seconds(1);  // less is not worth another try

bool MayWorkSoon(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsResourceExhausted(status);
}

bool IsOver(const Snapshot& figures) {
  return figures.state == RunState::kFinished || figures.state == RunState::kFailed;
}

}  // namespace

std::vector<OutputFigures> OutputCounts::Figures() const {
  std::vector<OutputFigures> figures;
  for (size_t kind = 0; kind < counts_.size(); ++kind) {
    figures.push_back({OutputKindName(static_cast<MetricOutput::Kind>(kind)), counts_[kind][0],
                       counts_[kind][1]});
  }
  return figures;
}

MetricPump::MetricPump(std::string run_id, std::vector<Part> parts, Hooks hooks,
                       OutputCounts* counts, const Clock* clock, LastReportTries tries)
    : run_id_(std::move(run_id)),
      hooks_(std::move(hooks)),
      counts_(counts),
      clock_(clock),
      tries_(std::move(tries)) {
  for (Part& part : parts) {
    lanes_.push_back(std::make_unique<Lane>());
    lanes_.back()->part = std::move(part);
  }
}

MetricPump::~MetricPump() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  for (const auto& lane : lanes_) {
    if (lane->thread.joinable()) {
      lane->thread.join();
    }
  }
}

void MetricPump::Start() {
  for (const auto& lane : lanes_) {
    lane->thread =
        std::thread([this, at = lane.get(), started = clock_->Now()] { Run(at, started); });
  }
}

void MetricPump::Wake() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++wakes_;
  }
  wake_.notify_all();
}

void MetricPump::End(PumpSample last) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (last_ == nullptr && last.figures.run_id == run_id_) {
      last_ = std::make_shared<const PumpSample>(std::move(last));
      DeadlineLocked();
    }
    closing_ = true;
  }
  wake_.notify_all();
}

std::vector<std::string> MetricPump::Warnings() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return warnings_;
}

// Reports come at even distances from the start; one that took too long leaves out those that it
// has missed.
void MetricPump::Run(Lane* lane, TimePoint started) {
  const Nanos interval = lane->part.output.interval;
  // The first one soon, so that a wrong address shows while somebody looks.
  TimePoint due = started + std::min<Nanos>(interval, kFirstAfter) - interval;
  uint64_t seen_wakes = 0;
  while (true) {
    due = std::max(due + interval, clock_->Now());
    while (AwaitNext(due, &seen_wakes)) {
      const std::optional<PumpSample> sample = Take();
      if (!sample.has_value()) {
        due = clock_->Now() + interval;  // another run is there: End has ours, or will have
        continue;
      }
      const bool over = IsOver(sample->figures);
      if (over || clock_->Now() >= due) {
        Report(lane, *sample, over);
        if (over) {
          return;
        }
        break;
      }
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closing_) {
      break;
    }
  }
  std::shared_ptr<const PumpSample> last;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    last = last_;
  }
  if (last != nullptr) {
    Report(lane, *last, true);
  }
}

// True when it is time, or when somebody says that the run may be over.
bool MetricPump::AwaitNext(TimePoint due, uint64_t* seen_wakes) {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto woken = [&] { return closing_ || wakes_ != *seen_wakes; };
  wake_.wait_for(lock, std::max(Nanos(0), due - clock_->Now()), woken);
  *seen_wakes = wakes_;
  return !closing_;
}

std::optional<PumpSample> MetricPump::Take() const {
  PumpSample sample = hooks_.sample();
  return sample.figures.run_id == run_id_ ? std::optional(std::move(sample)) : std::nullopt;
}

void MetricPump::Report(Lane* lane, const PumpSample& sample, bool last) {
  MetricReport report;
  report.now = &sample.figures;
  report.before = lane->before.has_value() ? &*lane->before : nullptr;
  report.at = sample.figures.at;
  const TimePoint now = clock_->Now();
  report.since_before = lane->before.has_value() ? now - lane->before_at : sample.figures.elapsed;
  report.stage = sample.stage;
  report.last = last;
  const absl::Status status = last ? SendLast(lane, &report) : lane->part.sink->Send(report);
  counts_->Count(lane->part.output.kind, status.ok());
  Tell(lane, status, last);
  if (status.ok()) {
    lane->before = sample.figures;
    lane->before_at = now;
  }
}

absl::Status MetricPump::SendLast(Lane* lane, MetricReport* report) {
  for (auto pause = tries_.pauses.begin();; ++pause) {
    std::unique_lock<std::mutex> lock(mutex_);
    const TimePoint deadline = DeadlineLocked();
    lock.unlock();
    report->time_max = std::max(kTryMin, deadline - clock_->Now());
    absl::Status status = lane->part.sink->Send(*report);
    if (!MayWorkSoon(status) || pause == tries_.pauses.end() ||
        clock_->Now() + *pause + kTryMin > deadline) {
      return status;
    }
    lock.lock();
    wake_.wait_for(lock, *pause, [] { return false; });  // a pump that closes waits for it
  }
}

TimePoint MetricPump::DeadlineLocked() {
  if (!deadline_.has_value()) {
    deadline_ = clock_->Now() + tries_.time_max;
  }
  return *deadline_;
}

// A receiver that is down says so once, however long it stays away, and once more when the final
// figures did not get there: those are what people look at afterwards.
void MetricPump::Tell(Lane* lane, const absl::Status& status, bool last) {
  const std::string name = fmt::format("output {}", ShownOutput(lane->part.output));
  if (status.ok()) {
    if (lane->failed_in_row > 0) {
      hooks_.tell("output works again",
                  fmt::format("{}: {} reports had failed", name, lane->failed_in_row));
    }
    lane->failed_in_row = 0;
    return;
  }
  if (++lane->failed_in_row > 1 && !last) {
    return;
  }
  std::string text = name + ": ";
  AppendPrintable(std::string_view(status.message().data(), status.message().size()),
                  kFaultBytesMax, &text);
  hooks_.tell(last ? "last report not sent" : "output failed", text);
  const std::lock_guard<std::mutex> lock(mutex_);
  const bool told = std::any_of(warnings_.begin(), warnings_.end(), [&](const std::string& each) {
    return each.starts_with(name + ": ");
  });
  if (!told && !last) {
    warnings_.push_back(std::move(text));
  }
}

}  // namespace squall
