#include "daemon/gateway/web_stream.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "daemon/report/view_json.h"

namespace squall {
namespace {

// Pages that follow have the same or are one version late; a few begin.
constexpr size_t kStepsKept = 32;
constexpr int64_t kEventsSent = 1000;

}  // namespace

std::string SentEvent(std::string_view name, std::string_view json) {
  std::string text = fmt::format("event: {}\n", name);
  // A line end inside of the data would end the event.
  while (!json.empty()) {
    const std::string_view line = json.substr(0, json.find('\n'));
    json.remove_prefix(std::min(json.size(), line.size() + 1));
    text += fmt::format("data: {}\n", line);
  }
  return text + "\n";
}

class WebStream::Feed final : public EventFeed {
 public:
  Feed(std::shared_ptr<WebStream> stream, std::string run_id, StreamPlace place)
      : stream_(std::move(stream)), run_id_(std::move(run_id)), place_(place) {}

  Piece Next() override {
    const absl::StatusOr<uint64_t> version = stream_->host_->Version(run_id_);
    if (version.ok() && *version != 0 && *version == version_) {
      return {};
    }
    Step step = stream_->Make(run_id_, place_);
    version_ = step.number;
    place_ = step.after;
    return std::move(step.piece);
  }

 private:
  const std::shared_ptr<WebStream> stream_;
  const std::string run_id_;
  StreamPlace place_;
  uint64_t version_ = 0;  // 0: has seen nothing yet
};

std::unique_ptr<EventFeed> WebStream::Open(std::string run_id, StreamPlace place) {
  return std::make_unique<Feed>(shared_from_this(), std::move(run_id), place);
}

WebStream::Step WebStream::Make(const std::string& run_id, const StreamPlace& place) {
  Step step{.run_id = run_id, .before = place, .after = place};
  const absl::StatusOr<RunPieces::Edition> edition = pieces_->Find(run_id);
  std::string text;
  if (!edition.ok()) {
    // A run that was deleted is over; of another error nothing is known but that the client should
    // ask again.
    const bool gone = edition.status().code() == absl::StatusCode::kNotFound;
    text = gone ? SentEvent("end", "{}") : ": try again\n\n";
    step.piece = {std::make_shared<const std::string>(std::move(text)), /*last=*/true};
    return step;
  }
  step.version = edition->version;
  step.number = edition->view == nullptr ? 0 : edition->view->version;
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto made = std::find_if(steps_.begin(), steps_.end(), [&](const Step& other) {
    return other.run_id == run_id && other.version == step.version && other.before == place;
  });
  if (made != steps_.end()) {
    return *made;
  }
  const bool goes_on = edition->view != nullptr && AppendLive(step, *edition, &step.after, &text);
  if (!goes_on) {
    AppendEvents(run_id, &step.after, &text);
    text += SentEvent("end", "{}");
  }
  step.piece = {std::make_shared<const std::string>(std::move(text)), !goes_on};
  steps_.push_back(step);
  if (steps_.size() > kStepsKept) {
    steps_.pop_front();
  }
  return step;
}

// False when nothing follows.
bool WebStream::AppendLive(const Step& step, const RunPieces::Edition& edition, StreamPlace* after,
                           std::string* text) {
  const absl::StatusOr<Rendering> run = pieces_->Get(step.run_id, edition, "run");
  const absl::StatusOr<PointsPage> points =
      pieces_->PointsSince(step.run_id, step.before.points, step.before.step);
  if (!run.ok() || !points.ok()) {  // just now it was stored
    return false;
  }
  *text += SentEvent("run", *run->text);
  if (!points->points.empty()) {
    *text += SentEvent("points", PointsJson(points->points, points->from));
  }
  after->points = points->from + points->points.size();
  after->step = points->step;
  AppendEvents(step.run_id, after, text);
  *text += SentEvent("tables", fmt::format(R"({{"version":{}}})", edition.view->version));
  return !IsOver(edition.view->summary.state);
}

void WebStream::AppendEvents(const std::string& run_id, StreamPlace* after, std::string* text) {
  const absl::StatusOr<std::vector<EventView>> events =
      pieces_->EventsFrom(run_id, after->events, kEventsSent);
  if (events.ok() && !events->empty()) {
    after->events = events->back().number + 1;
    *text += SentEvent("events", EventsJson(*events));
  }
}

}  // namespace squall
