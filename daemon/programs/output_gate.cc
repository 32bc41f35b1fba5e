#include "daemon/programs/output_gate.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/plan/output_target.h"

namespace squall {

absl::StatusOr<OutputGate> OutputGate::Make(const std::vector<std::string>& outputs,
                                            const std::vector<std::string>& targets) {
  OutputGate gate;
  for (const std::string_view word : {"any", "none"}) {
    if (std::find(outputs.begin(), outputs.end(), word) == outputs.end()) {
      continue;
    }
    if (outputs.size() > 1) {
      return absl::InvalidArgumentError(
          fmt::format("--allow-output {} must stand alone, got more", word));
    }
    gate.open_ = word == "any";
    return gate;
  }
  const std::vector<std::string>& texts = outputs.empty() ? targets : outputs;
  const absl::StatusOr<TargetAllowList> allowed = ParseTargetAllowList(texts);
  if (!allowed.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("--allow-output {}", std::string(allowed.status().message())));
  }
  gate.allowed_ = *allowed;
  gate.open_ = texts.empty();
  return gate;
}

void OutputGate::Trust(const Outputs& own) {
  if (own.traces.has_value() && own.traces->sample > 0) {
    trusted_.insert(own.traces->endpoint);
  }
  for (const MetricOutput& output : own.metrics) {
    trusted_.insert(output.to);
  }
}

absl::Status OutputGate::Check(std::string_view to, bool by_address) const {
  const OutputHost at = OutputHostOf(to);
  // An empty list of targets would allow everything.
  const bool listed = !allowed_.empty() && (allowed_.AllowsHost(at.host, at.port) ||
                                            (by_address && allowed_.MayAllow(at.host, at.port)));
  if (open_ || listed || Trusts(to)) {
    return absl::OkStatus();
  }
  return absl::PermissionDeniedError(
      fmt::format("{}:{} must be among the outputs that this agent may send to; start squalld with "
                  "--allow-output {}",
                  at.host, at.port, at.host));
}

AddressCheck OutputGate::CheckOf(std::string_view to) const {
  const OutputHost at = OutputHostOf(to);
  if (open_ || Trusts(to) || (!allowed_.empty() && allowed_.AllowsHost(at.host, at.port))) {
    return nullptr;
  }
  return [allowed = allowed_](const sockaddr_storage& address) {
    return !allowed.empty() && allowed.AllowsAddress(address);
  };
}

MetricSinkMaker OutputGate::Guard(MetricSinkMaker maker) const {
  return [gate = *this, maker = std::move(maker)](
             const MetricOutput& output,
             const MetricSource& source) -> absl::StatusOr<std::unique_ptr<MetricSink>> {
    const bool by_address = output.kind != MetricOutput::Kind::kOtlp;
    SQUALL_RETURN_IF_ERROR(gate.Check(output.to, by_address));
    return maker(output, source);
  };
}

SpanExportMaker OutputGate::Guard(SpanExportMaker maker) const {
  if (!maker) {
    return nullptr;
  }
  return [gate = *this, maker = std::move(maker)](
             const TraceOutput& output,
             const SpanSource& source) -> absl::StatusOr<std::unique_ptr<SpanExport>> {
    SQUALL_RETURN_IF_ERROR(gate.Check(output.endpoint, /*by_address=*/false));
    return maker(output, source);
  };
}

ScriptEngineMaker OutputGate::Guard(ScriptEngineMaker maker) const {
  return [gate = *this, maker = std::move(maker)](
             const PrepareOrder& order, const Plan& applied,
             EngineListener listener) -> absl::StatusOr<std::unique_ptr<LoadEngine>> {
    const std::optional<TraceOutput>& traces = applied.outputs.traces;
    if (traces.has_value() && traces->sample > 0) {
      SQUALL_RETURN_IF_ERROR(gate.Check(traces->endpoint, /*by_address=*/false));
    }
    return maker(order, applied, std::move(listener));
  };
}

}  // namespace squall
