// What becomes of an event that somebody wants to record: a new object, a higher count on one that
// is there, or nothing. events.k8s.io/v1 with client-go's rules, as pure decisions. One owner, one
// thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json/object.hpp>

#include "daemon/base/clock.h"
#include "operator/kube/api/object.h"

namespace squall {

enum class EventType : uint8_t { kNormal, kWarning };

struct KubeEvent {
  // What it is about.
  std::string api_version, kind, uid, resource_version;
  ObjectKey key;
  EventType type = EventType::kNormal;
  std::string reason;  // "AgentLost": a word; cut at 128 bytes
  std::string action;  // "ReplaceAgent": what was done; cut at 128 bytes
  std::string note;    // for people; cut at 1 KiB
  WallTime at{};

  static KubeEvent About(const boost::json::object& object);
};

struct EventSeriesOptions {
  std::string controller = "squall.dev/operator";
  std::string instance = "squall-operator-0";  // the pod's name; cut at 128 bytes
  Nanos series_ends_after = std::chrono::minutes(6);
  int burst = 25;  // events about one object, then one each `refill`
  Nanos refill = std::chrono::minutes(5);
  size_t objects_max = 4096;  // that are remembered; the one quiet for longest is forgotten
};

struct EventStep {
  enum class Kind : uint8_t { kDrop, kCreate, kPatch };
  Kind kind = Kind::kDrop;
  ObjectKey key;               // of the Event
  boost::json::object object;  // to create, or a merge patch
};

class EventSeries final {
 public:
  explicit EventSeries(EventSeriesOptions options) : options_(std::move(options)) {}

  EventStep Next(const KubeEvent& event, TimePoint now);
  // The Event that `event` was counted on is not there: the next one like it is a new one.
  void Forget(const KubeEvent& event);

 private:
  struct Series {
    ObjectKey key;  // of the Event object
    int64_t count = 1;
    TimePoint last_seen{};
  };
  struct Regarding {
    double tokens = 0;
    TimePoint filled_at{};
    TimePoint last_seen{};
    std::map<std::string, Series> series;  // by type, reason and action
  };

  bool TakeToken(Regarding* about, TimePoint now) const;
  void MakeRoom(TimePoint now);
  boost::json::object NewEvent(const KubeEvent& event, const ObjectKey& key) const;

  const EventSeriesOptions options_;
  std::map<std::string, Regarding> objects_;  // by what they are about
  int64_t last_name_ns_ = 0;
};

}  // namespace squall
