// LoadProfile <-> squall.v1.LoadProfile. Pure; any thread.
#pragma once

#include <absl/status/statusor.h>

#include "daemon/plan/load_profile.h"
#include "daemon/wire/proto_reader.h"

namespace squall {

namespace v1 {
class LoadProfile;
}

void WriteLoadProfile(const LoadProfile& load, v1::LoadProfile* proto);
// Checks numbers and durations; whether they make a profile is Profile::Make's to say.
void ReadLoadProfile(const v1::LoadProfile& proto, ProtoReader* reader, LoadProfile* load);
// The same for one that stands alone: INVALID_ARGUMENT with the field's path.
absl::StatusOr<LoadProfile> LoadProfileFromProto(const v1::LoadProfile& proto);

}  // namespace squall
