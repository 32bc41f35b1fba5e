// Runs, wherever they live: what RunService, the web API and Locust's endpoints stand on. `squall
// run`, `squall serve` and the operator each have one. Any thread. Errors: NOT_FOUND unknown run,
// ALREADY_EXISTS, FAILED_PRECONDITION wrong state, RESOURCE_EXHAUSTED too many runs at once,
// INVALID_ARGUMENT a plan or a setting that cannot be, UNIMPLEMENTED what this host never does.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/coordinator/agent_link.h"
#include "daemon/plan/load_profile.h"
#include "daemon/plan/run_settings.h"
#include "daemon/report/run_view.h"
#include "daemon/stats/run_summary.h"
#include "daemon/stats/series.h"
#include "daemon/store/run_reader.h"

namespace squall {

// Which of the page's buttons make sense.
struct HostAbilities {
  std::string program;         // "squall run", "squall serve", "squall-operator", "locust"
  std::string version;         // of squall
  bool start = false;          // from one of Plans(), or …
  bool start_text = false;     // … from a plan that is typed or uploaded
  bool one_at_a_time = false;  // a run must end before the next starts
  bool scale = false;
  bool pause = false;
  bool stages = false;  // SetStages
  bool stop = false;
  bool remove = false;  // Delete
  bool agents = false;  // agents join
};

struct UserClassOffer {
  std::string name;
  double weight = 1;
  std::optional<uint64_t> fixed_count;
  std::vector<std::string> tasks;
};

// An option of the locustfile's own (its command line parser's hooks), for the form.
struct ScriptOptionOffer {
  std::string name;  // "--api-key" without the dashes, with underscores
  std::string help;
  std::string value;  // default; never that of a secret
  std::vector<std::string> choices;
  bool flag = false;
  bool many = false;
  bool secret = false;
  bool required = false;
};

// A plan that the start form offers, with what the fields begin with.
struct PlanOffer {
  std::string name;
  bool script = false;  // a locustfile
  bool open_model = false;
  std::string load;  // in words
  std::string host;
  std::optional<uint64_t> users;
  std::optional<double> spawn_rate;
  std::optional<double> arrival_rate;  // at the peak, of the open model
  std::optional<Nanos> run_time;
  bool has_shape = false;  // users and spawn rate are the plan's own; what is typed replaces them
  std::vector<PlannedPoint> planned;
  std::optional<std::vector<Stage>> stages;
  std::vector<UserClassOffer> user_classes;
  std::vector<std::string> tags;  // that there are
  std::vector<ScriptOptionOffer> options;
  // What the command line says, or the plan of those that it can say.
  std::vector<std::string> only_tags;
  std::vector<std::string> exclude_tags;
  std::optional<uint64_t> iterations;
  std::optional<uint64_t> seed;
  std::optional<Nanos> stop_timeout;  // the command line's only
};

// Fields of a form that were emptied: what the command line says of them does not hold, nor what
// the plan says where it can do without.
struct EmptiedFields {
  bool host = false;
  bool run_time = false;  // until it is stopped, or the shape is over
  bool iterations = false;
  bool stop_timeout = false;
  bool seed = false;  // a new one
  bool tags = false;
  bool exclude_tags = false;
  bool operator==(const EmptiedFields&) const = default;
};

// What a person has chosen in the form, or a script has sent.
struct StartRequest {
  std::string plan;                 // name of an offer; "" = the first
  std::optional<std::string> text;  // YAML in its place
  RunSettings settings;
  EmptiedFields emptied;                       // none of which is in `settings`
  std::optional<std::vector<Stage>> stages;    // in the place of the plan's load
  std::vector<std::string> user_classes;       // only these; empty: all
  std::map<std::string, std::string> options;  // ScriptOptionOffer::name to value
};

struct HostAgent {
  AgentDescription agent;
  std::string address;
  std::string run_id;  // "" = idle
  WallTime joined_at{};
};

class RunHost {
 public:
  virtual ~RunHost() = default;

  virtual HostAbilities Abilities() const = 0;
  virtual std::vector<PlanOffer> Plans() = 0;
  virtual std::vector<HostAgent> Agents() = 0;

  virtual absl::StatusOr<RunSummary> Start(const StartRequest& request) = 0;
  // A page, the newest first; those that go on as they are now.
  virtual absl::StatusOr<std::vector<RunSummary>> List(const RunFilter& filter,
                                                       std::string* next_page) = 0;
  // Of any run.
  virtual absl::StatusOr<RunSummary> Summary(const std::string& run_id) = 0;
  // Of a run that goes on, or is kept in memory. FAILED_PRECONDITION for one that is over and
  // stored: Report(id, "view") has the same as JSON.
  virtual absl::StatusOr<std::shared_ptr<const RunView>> View(const std::string& run_id) = 0;
  // Cheap: for those who ask often whether there is anything new. Higher after a restart than ever
  // before; 0 of a run whose View fails.
  virtual absl::StatusOr<uint64_t> Version(const std::string& run_id) = 0;
  // The points of the run's line from `known - 1` on, whose last may have grown; all of them when
  // the line is shorter than `known`, since it was thinned. Of a run that goes on, as View().
  virtual absl::StatusOr<PointsPage> Points(const std::string& run_id, size_t known) = 0;
  // The last `limit` ones, the oldest first, numbered.
  virtual absl::StatusOr<std::vector<EventRecord>> Events(const std::string& run_id,
                                                          int64_t limit) = 0;

  virtual absl::Status SetLoad(const std::string& run_id, const LoadRequest& load) = 0;
  virtual absl::Status SetStages(const std::string& run_id, const std::vector<Stage>& stages) = 0;
  virtual absl::Status SetPaused(const std::string& run_id, bool paused) = 0;
  virtual absl::Status Stop(const std::string& run_id, const std::string& reason,
                            bool immediate) = 0;
  virtual absl::Status Delete(const std::string& run_id) = 0;
  // One of RenderReports' formats, or "view" (view_json.h), "html"; of a run that goes on, what it
  // would be now.
  virtual absl::StatusOr<std::string> Report(const std::string& run_id,
                                             const std::string& format) = 0;
};

}  // namespace squall
