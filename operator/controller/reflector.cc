#include "operator/controller/reflector.h"

#include <utility>

#include <fmt/format.h>

#include "operator/kube/api/object.h"

namespace squall {
namespace {

class KubeListWatcher final : public ListWatcher {
 public:
  KubeListWatcher(KubeClient* client, const ResourceType& type, std::string ns,
                  std::string label_selector)
      : client_(client),
        type_(type),
        ns_(std::move(ns)),
        label_selector_(std::move(label_selector)) {}

  absl::StatusOr<ObjectList> List() override {
    ListOptions options;
    options.label_selector = label_selector_;
    return client_->List(type_, ns_, options);
  }

  absl::Status Watch(const std::string& resource_version, Nanos timeout,
                     const std::function<void(WatchEvent)>& on_event, StopSignal* stop) override {
    KubeWatchOptions options;
    options.label_selector = label_selector_;
    options.resource_version = resource_version;
    options.timeout = timeout;
    return client_->Watch(type_, ns_, options, on_event, stop);
  }

 private:
  KubeClient* const client_;
  const ResourceType type_;
  const std::string ns_;
  const std::string label_selector_;
};

}  // namespace

std::unique_ptr<ListWatcher> MakeKubeListWatcher(KubeClient* client, const ResourceType& type,
                                                 std::string ns, std::string label_selector) {
  return std::make_unique<KubeListWatcher>(client, type, std::move(ns), std::move(label_selector));
}

Reflector::Reflector(ReflectorOptions options, ListWatcher* source, ReflectorSink sink,
                     const Clock* clock)
    : options_(std::move(options)),
      source_(source),
      sink_(std::move(sink)),
      clock_(clock),
      policy_(options_.seed, options_.backoff),
      rng_(options_.seed + 1) {}

Reflector::~Reflector() { Stop(); }

void Reflector::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Reflector::Stop() {
  stop_.Stop();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Reflector::Run() {
  ReflectorStep step = policy_.Start();
  while (!stop_.stopped()) {
    if (step.wait > Nanos(0) && Pause(step.wait)) {
      return;
    }
    step = step.kind == ReflectorStep::Kind::kList ? List(step) : Watch();
  }
}

ReflectorStep Reflector::List(const ReflectorStep& step) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++stats_.lists[std::string(step.list_reason)];
  }
  absl::StatusOr<ObjectList> list = source_->List();
  if (!list.ok()) {
    const ReflectorStep next = policy_.OnListFailed(list.status(), clock_->Now());
    NoteFailure("list", list.status());
    return next;
  }
  const ReflectorStep next = policy_.OnListed(list->resource_version);
  sink_.replace(std::move(list->items));
  NoteSuccess();
  return next;
}

ReflectorStep Reflector::Watch() {
  const Nanos timeout(
      rng_.Between(options_.watch_timeout_min.count(), options_.watch_timeout_max.count()));
  const TimePoint started = clock_->Now();
  const absl::Status status = source_->Watch(
      policy_.resource_version(), timeout, [this](WatchEvent event) { OnEvent(std::move(event)); },
      &stop_);
  const TimePoint now = clock_->Now();
  const ReflectorStep next = policy_.OnWatchEnded(status, now - started, now);
  // 410 is how a server says "list again": no error.
  if (status.ok() || absl::IsOutOfRange(status)) {
    NoteSuccess();
  } else {
    NoteFailure("watch", status);
  }
  return next;
}

void Reflector::OnEvent(WatchEvent event) {
  policy_.OnWatchEvent(ResourceVersion(event.object));
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++stats_.events[std::string(WatchTypeName(event.type))];
    stats_.forbidden = policy_.forbidden();
    stats_.last_error.clear();
  }
  if (event.type != WatchEvent::Type::kBookmark) {
    sink_.apply(std::move(event));
  }
}

bool Reflector::Pause(Nanos wait) {
  return options_.pause ? options_.pause(wait) : stop_.WaitFor(wait);
}

void Reflector::NoteFailure(std::string_view what, const absl::Status& status) {
  if (stop_.stopped()) {
    return;  // CANCELLED is what was asked for
  }
  std::string error =
      fmt::format("{} {}: {}", what, options_.resource, std::string(status.message()));
  const std::lock_guard<std::mutex> lock(mutex_);
  stats_.forbidden = policy_.forbidden();
  // The same again every thirty seconds would only bury what else there is.
  if (options_.log != nullptr && error != stats_.last_error) {
    options_.log->Error("lost sight of objects",
                        {{"error", error}, {"namespace", options_.ns.empty() ? "*" : options_.ns}});
  }
  stats_.last_error = std::move(error);
}

void Reflector::NoteSuccess() {
  const std::lock_guard<std::mutex> lock(mutex_);
  stats_.synced = true;  // a watch follows a list
  stats_.forbidden = policy_.forbidden();
  stats_.last_error.clear();
}

bool Reflector::synced() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return stats_.synced;
}

ReflectorStats Reflector::Stats() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return stats_;
}

std::vector<MetricGroup> MetricsOf(std::string_view resource, const ReflectorStats& stats) {
  const auto by = [resource](const std::map<std::string, uint64_t>& counts, const char* label) {
    std::vector<MetricSample> samples;
    for (const auto& [word, count] : counts) {
      samples.push_back(
          {{{"resource", std::string(resource)}, {label, word}}, static_cast<double>(count), {}});
    }
    return samples;
  };
  return {{MetricGroup::Type::kCounter, "loadtest_watch_relists_total",
           "Lists of all objects, by why", by(stats.lists, "reason")},
          {MetricGroup::Type::kCounter, "loadtest_watch_events_total", "Events of watches, by type",
           by(stats.events, "type")}};
}

}  // namespace squall
