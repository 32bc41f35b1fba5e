#include "operator/controller/event_series.h"

#include <algorithm>

#include <fmt/format.h>

#include "daemon/base/utf8.h"
#include "operator/kube/api/kube_time.h"
#include "operator/kube/api/resource.h"

namespace squall {
namespace {

// The API server's limits.
constexpr size_t kWordBytesMax = 128;
constexpr size_t kNoteBytesMax = 1024;
constexpr size_t kNameBytesMax = 253;
constexpr size_t kNameSuffixBytes = 17;  // ".17b0c2f3a1b2c3d4"

std::string Cut(std::string_view text, size_t bytes_max) {
  return std::string(Utf8Prefix(text, bytes_max));
}

std::string ObjectId(const KubeEvent& event) {
  return fmt::format("{}\n{}\n{}\n{}", event.api_version, event.kind, event.key.ToString(),
                     event.uid);
}

std::string SeriesId(const KubeEvent& event) {
  return fmt::format("{}\n{}\n{}", static_cast<int>(event.type), event.reason, event.action);
}

}  // namespace

KubeEvent KubeEvent::About(const boost::json::object& object) {
  KubeEvent event;
  event.api_version = StringAt(object, "apiVersion");
  event.kind = StringAt(object, "kind");
  event.uid = Uid(object);
  event.resource_version = ResourceVersion(object);
  event.key = KeyOf(object);
  return event;
}

EventStep EventSeries::Next(const KubeEvent& event, TimePoint now) {
  MakeRoom(now);
  const auto [entry, fresh] = objects_.try_emplace(ObjectId(event));
  Regarding& about = entry->second;
  if (fresh) {
    about.tokens = options_.burst;
    about.filled_at = now;
  }
  about.last_seen = now;
  std::erase_if(about.series, [&](const auto& each) {
    return now - each.second.last_seen >= options_.series_ends_after;
  });
  if (!TakeToken(&about, now)) {
    return {};
  }
  const auto [series, first] = about.series.try_emplace(SeriesId(event));
  series->second.last_seen = now;
  if (!first) {
    ++series->second.count;
    boost::json::object patch;
    patch["series"] = {{"count", series->second.count},
                       {"lastObservedTime", FormatMicroTime(event.at)}};
    return {EventStep::Kind::kPatch, series->second.key, std::move(patch)};
  }
  // Two events in one tick of the clock still need two names.
  last_name_ns_ = std::max(last_name_ns_ + 1, event.at.time_since_epoch().count());
  series->second.key = {
      event.key.ns.empty() ? "default" : event.key.ns,
      fmt::format("{}.{:016x}", Cut(event.key.name, kNameBytesMax - kNameSuffixBytes),
                  last_name_ns_)};
  return {EventStep::Kind::kCreate, series->second.key, NewEvent(event, series->second.key)};
}

void EventSeries::Forget(const KubeEvent& event) {
  const auto about = objects_.find(ObjectId(event));
  if (about != objects_.end()) {
    about->second.series.erase(SeriesId(event));
  }
}

bool EventSeries::TakeToken(Regarding* about, TimePoint now) const {
  const double refilled = static_cast<double>((now - about->filled_at).count()) /
                          static_cast<double>(options_.refill.count());
  about->tokens = std::min<double>(about->tokens + refilled, options_.burst);
  about->filled_at = now;
  if (about->tokens < 1) {
    return false;
  }
  about->tokens -= 1;
  return true;
}

void EventSeries::MakeRoom(TimePoint now) {
  if (objects_.size() < options_.objects_max) {
    return;
  }
  // Full tokens and no series: nothing would be different without it.
  std::erase_if(objects_, [&](const auto& each) {
    return now - each.second.last_seen >= options_.refill * options_.burst;
  });
  if (objects_.size() >= options_.objects_max) {
    objects_.erase(std::min_element(
        objects_.begin(), objects_.end(),
        [](const auto& a, const auto& b) { return a.second.last_seen < b.second.last_seen; }));
  }
}

boost::json::object EventSeries::NewEvent(const KubeEvent& event, const ObjectKey& key) const {
  boost::json::object object = NewObject(kEvents, key);
  object["eventTime"] = FormatMicroTime(event.at);
  object["type"] = event.type == EventType::kNormal ? "Normal" : "Warning";
  object["reason"] = Cut(event.reason, kWordBytesMax);
  object["action"] = Cut(event.action, kWordBytesMax);
  object["note"] = Cut(ToUtf8(event.note), kNoteBytesMax);
  object["reportingController"] = options_.controller;
  object["reportingInstance"] = Cut(options_.instance, kWordBytesMax);
  object["regarding"] = {{"apiVersion", event.api_version},
                         {"kind", event.kind},
                         {"namespace", event.key.ns},
                         {"name", event.key.name},
                         {"uid", event.uid},
                         {"resourceVersion", event.resource_version}};
  return object;
}

}  // namespace squall
