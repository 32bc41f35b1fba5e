// The statistics of one shard. Owned and called by the shard's thread only: no lock, and no
// allocation once every name and every power of two has been seen. Readers get a copy that the
// shard's thread makes between two events (Fill).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/stats/sample.h"
#include "daemon/stats/snapshot.h"

namespace squall {

struct RecorderLimits {
  size_t names_max = 10'000;           // then samples go to the name "other"; raise for huge APIs
  size_t failure_reasons_max = 1'000;  // then the reason becomes "other"
  size_t name_length_max = 512;        // longer names are cut, on a UTF-8 boundary
};

class Recorder final {
 public:
  explicit Recorder(RecorderLimits limits = {});
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // The id of (method, name); makes it when new. Past the cap, the id of (method, "other").
  EntryId Intern(std::string_view method, std::string_view name);
  // `finished_at` is civil time of the end, from the loop's cached clock.
  void Record(const Sample& sample, WallTime finished_at);
  // Checks outside the measured phase are not kept.
  void RecordCheck(EntryId entry, std::string_view check, bool passed,
                   RunPhase phase = RunPhase::kMeasured);
  void RecordTaskError(std::string_view text);

  // Adds everything recorded so far to `snapshot` (entries, failures, checks, task_errors,
  // health.names_dropped).
  void Fill(Snapshot* snapshot) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace squall
