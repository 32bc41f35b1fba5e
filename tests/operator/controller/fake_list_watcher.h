// A scripted API server for one type: each call takes the next answer, and the last call of the
// script ends the reflector's run.
#pragma once

#include <deque>
#include <functional>
#include <initializer_list>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <boost/json/object.hpp>
#include <gtest/gtest.h>

#include "operator/controller/reflector.h"
#include "operator/kube/api/object.h"

namespace squall {

inline boost::json::object MakeObject(const ObjectKey& key, const std::string& version,
                                      const std::string& owner_uid = "",
                                      const std::string& uid = "") {
  boost::json::object object = NewObject(kPods, key);
  boost::json::object& metadata = object["metadata"].as_object();
  metadata["resourceVersion"] = version;
  metadata["uid"] = uid.empty() ? "uid-" + key.name : uid;
  if (!owner_uid.empty()) {
    metadata["ownerReferences"] = {{{"apiVersion", "squall.dev/v1alpha1"},
                                    {"kind", "LoadTest"},
                                    {"name", "owner"},
                                    {"uid", owner_uid},
                                    {"controller", true}}};
  }
  return object;
}

inline WatchEvent MakeEvent(WatchEvent::Type type, boost::json::object object) {
  return {type, std::move(object)};
}

class FakeListWatcher final : public ListWatcher {
 public:
  struct WatchAnswer {
    std::vector<WatchEvent> events;
    absl::Status end;
  };

  void ThenList(std::vector<boost::json::object> items, std::string version) {
    script_.emplace_back(
        absl::StatusOr<ObjectList>(ObjectList{std::move(items), std::move(version)}));
  }
  void ThenListFails(absl::Status status) {
    script_.emplace_back(absl::StatusOr<ObjectList>(std::move(status)));
  }
  void ThenWatch(std::vector<WatchEvent> events, absl::Status end = absl::OkStatus()) {
    script_.emplace_back(WatchAnswer{std::move(events), std::move(end)});
  }

  // Every call, in words: "list", "watch 100".
  const std::vector<std::string>& calls() const { return calls_; }
  bool done() const { return script_.empty(); }
  std::function<void()> on_done;  // when a call finds the script at its end

  absl::StatusOr<ObjectList> List() override {
    calls_.emplace_back("list");
    auto* answer = Next<absl::StatusOr<ObjectList>>();
    return answer == nullptr ? absl::StatusOr<ObjectList>(absl::CancelledError("end of script"))
                             : Take(answer);
  }

  absl::Status Watch(const std::string& resource_version, Nanos /*timeout*/,
                     const std::function<void(WatchEvent)>& on_event, StopSignal* stop) override {
    calls_.push_back("watch " + resource_version);
    auto* answer = Next<WatchAnswer>();
    if (answer == nullptr) {
      while (!stop->WaitFor(std::chrono::hours(1))) {
      }
      return absl::CancelledError("end of script");
    }
    WatchAnswer taken = Take(answer);
    for (WatchEvent& event : taken.events) {
      on_event(std::move(event));
    }
    return taken.end;
  }

 private:
  using Answer = std::variant<absl::StatusOr<ObjectList>, WatchAnswer>;

  // nullptr at the end of the script, and for a call that it does not foresee.
  template <typename T>
  T* Next() {
    if (script_.empty()) {
      if (on_done) {
        on_done();
      }
      return nullptr;
    }
    T* answer = std::get_if<T>(&script_.front());
    EXPECT_NE(answer, nullptr) << "unforeseen: " << calls_.back();
    return answer;
  }

  template <typename T>
  T Take(T* answer) {
    T taken = std::move(*answer);
    script_.pop_front();
    return taken;
  }

  std::deque<Answer> script_;
  std::vector<std::string> calls_;
};

}  // namespace squall
