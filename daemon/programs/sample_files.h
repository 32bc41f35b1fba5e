// The outputs `json_lines` of a run: files that grow with it, of all agents together. A console
// feeds them; an agent leaves them out. One thread, the coordinator's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/coordinator/run_coordinator.h"
#include "daemon/plan/plan.h"
#include "daemon/sinks/json_lines_sink.h"

namespace squall {

class SampleFiles final {
 public:
  // Of the outputs, those that are files. Creates them, so that a wrong path fails before any load.
  static absl::StatusOr<SampleFiles> Make(const std::vector<MetricOutput>& outputs);

  void OnStarted(const Plan& plan);
  // `complain` hears the first failure of each file.
  void OnTick(const RunProgress& progress, const std::function<void(std::string_view)>& complain);
  // The last lines, unless they are there.
  absl::Status Finish(const Snapshot& total);

 private:
  struct File {
    MetricOutput output;
    std::unique_ptr<JsonLinesSink> sink;
    std::shared_ptr<const Snapshot> before;
    bool failed = false;  // said once
    bool ended = false;
  };
  absl::Status Write(File* file, std::shared_ptr<const Snapshot> now, bool last) const;

  std::string test_;
  std::vector<File> files_;
};

}  // namespace squall
