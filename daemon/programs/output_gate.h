// Which receivers a squalld may send spans and figures to: a plan from somebody else names them,
// and an agent may see networks that its author does not (--allow-output). Immutable; any thread.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/agent/agent.h"
#include "daemon/net/target_allow_list.h"
#include "daemon/sinks/metric_sink.h"
#include "daemon/sinks/sink_maker.h"
#include "daemon/trace/span_export.h"

namespace squall {

class OutputGate final {
 public:
  // `outputs`: "any", "none", or entries as --allow-target has them. With none of these, what
  // `targets` allow, and everything when that is empty, too.
  static absl::StatusOr<OutputGate> Make(const std::vector<std::string>& outputs,
                                         const std::vector<std::string>& targets);

  // What the agent itself is to send to is no plan's choice. Before anything is guarded.
  void Trust(const Outputs& own);

  // PERMISSION_DENIED with the remedy, for a host that is not allowed. Where a host's address
  // decides, only what checks it at the connection (`by_address`) may go on.
  absl::Status Check(std::string_view to, bool by_address) const;
  // Of the connections to it; not set when every address is fine.
  AddressCheck CheckOf(std::string_view to) const;

  // The same maker, behind the gate.
  MetricSinkMaker Guard(MetricSinkMaker maker) const;
  SpanExportMaker Guard(SpanExportMaker maker) const;
  // Whose process sends the spans of its requests itself.
  ScriptEngineMaker Guard(ScriptEngineMaker maker) const;

 private:
  bool Trusts(std::string_view to) const { return trusted_.contains(std::string(to)); }

  bool open_ = true;
  std::set<std::string> trusted_;  // whole targets
  TargetAllowList allowed_;
};

}  // namespace squall
