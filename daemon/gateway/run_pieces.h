// The JSON of what is in a run (web/src/api.ts: Run, Table, Heat, View …), whether it goes on or is
// over and stored; each piece is rendered once for each version of the run and shared. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/gateway/rendering_cache.h"
#include "daemon/gateway/run_host.h"

namespace squall {

bool IsOver(RunState state);

class RunPieces final {
 public:
  explicit RunPieces(RunHost* host) : host_(host) {}
  RunPieces(const RunPieces&) = delete;
  RunPieces& operator=(const RunPieces&) = delete;

  struct Edition {
    std::shared_ptr<const RunView> view;  // nullptr of a run that is stored
    std::string version;                  // of a run among all, for ETags
  };
  // Errors as RunHost::View, but for a run that is stored.
  absl::StatusOr<Edition> Find(const std::string& run_id);

  // `name` is a field of View: "run", "stats", "failures", "exceptions", "agents", "tasks",
  // "heat", "points", or "view" for all of it.
  absl::StatusOr<Rendering> Get(const std::string& run_id, const Edition& edition,
                                std::string_view name);

  // What a page lacks that has the first `known` points, the first of which is `step` long. All of
  // them when the line was thinned meanwhile. Of a run that goes on, as RunHost::Points.
  absl::StatusOr<PointsPage> PointsSince(const std::string& run_id, size_t known, Nanos step);

  // Of the last `limit` ones those with this number or a higher one, the oldest first.
  absl::StatusOr<std::vector<EventView>> EventsFrom(const std::string& run_id, int64_t number,
                                                    int64_t limit);

 private:
  absl::StatusOr<std::string> Render(const std::string& run_id, const RunView& view,
                                     std::string_view name);
  absl::StatusOr<std::string> Stored(const std::string& run_id, const Edition& edition,
                                     std::string_view name);

  RunHost* const host_;
  RenderingCache cache_;
};

}  // namespace squall
