// LoadProfile <-> squall.v1.LoadProfile. Used inside this room.
#pragma once

#include "daemon/plan/load_profile.h"
#include "daemon/wire/proto_reader.h"

namespace squall {

namespace v1 {
class LoadProfile;
}

void WriteLoadProfile(const LoadProfile& load, v1::LoadProfile* proto);
// Checks numbers and durations; whether they make a profile is Profile::Make's to say.
void ReadLoadProfile(const v1::LoadProfile& proto, ProtoReader* reader, LoadProfile* load);

}  // namespace squall
