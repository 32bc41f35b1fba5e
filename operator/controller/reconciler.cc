#include "operator/controller/reconciler.h"

namespace squall {
namespace {

constexpr const char* kTerminalPayload = "squall.dev/terminal";

}  // namespace

absl::Status TerminalError(absl::Status status) {
  if (!status.ok()) {
    status.SetPayload(kTerminalPayload, absl::Cord());
  }
  return status;
}

bool IsTerminal(const absl::Status& status) {
  return status.GetPayload(kTerminalPayload).has_value();
}

}  // namespace squall
