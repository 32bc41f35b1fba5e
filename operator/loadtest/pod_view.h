// What a pod's object says about the agent in it. Values; any thread.
#pragma once

#include <cstdint>
#include <string>

#include <boost/json/object.hpp>

namespace squall {

struct PodView {
  std::string name;
  std::string uid;
  std::string run_id;
  uint32_t index = 0;
  bool ours = false;  // controlled by the LoadTest with this uid
  bool deleting = false;
  bool ready = false;  // running, Ready, with an address
  bool over = false;   // Succeeded or Failed: will not come back
  std::string ip;
  // Why it is not ready or no longer there, in the pod's own words: "Unschedulable",
  // "ImagePullBackOff", "OOMKilled"; "" while it merely starts.
  std::string reason;
  std::string message;
  bool operator==(const PodView&) const = default;
};

PodView ReadPod(const boost::json::object& pod, const std::string& owner_uid);

// Where the agent listens, as host:port.
std::string AddressOf(const PodView& pod);
// The CRD's word for a pod's reason: ImagePullError, Unschedulable, ConfigError, OOMKilled,
// QuotaExceeded; "" when it only waits.
std::string ConditionReasonOf(const PodView& pod);

}  // namespace squall
