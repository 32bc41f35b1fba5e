// RunSettings to squall.v1 and back.
#pragma once

#include <absl/status/statusor.h>

#include "daemon/plan/run_settings.h"

namespace squall {

namespace v1 {
class RunSettings;
}  // namespace v1

void SettingsToProto(const RunSettings& settings, v1::RunSettings* proto);
// INVALID_ARGUMENT names the field that is out of range.
absl::StatusOr<RunSettings> SettingsFromProto(const v1::RunSettings& proto);

}  // namespace squall
