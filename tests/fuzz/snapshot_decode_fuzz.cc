// Bytes that claim to be a Snapshot: whatever is accepted must travel on unchanged and merge.
#include <cstdint>

#include "daemon/base/check.h"
#include "daemon/wire/snapshot_proto.h"
#include "protos/squall/v1/stats.pb.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  squall::v1::Snapshot proto;
  if (!proto.ParseFromArray(data, static_cast<int>(size))) {
    return 0;
  }
  const absl::StatusOr<squall::Snapshot> snapshot = squall::SnapshotFromProto(proto);
  if (!snapshot.ok()) {
    return 0;
  }
  squall::SnapshotToProto(*snapshot, &proto);
  absl::StatusOr<squall::Snapshot> again = squall::SnapshotFromProto(proto);
  SQUALL_CHECK(again.ok());
  SQUALL_CHECK(again->entries == snapshot->entries);
  SQUALL_CHECK(again->failures == snapshot->failures);
  SQUALL_CHECK(again->checks == snapshot->checks);
  SQUALL_CHECK(again->health == snapshot->health);
  again->Merge(*snapshot);
  again->Total();
  return 0;
}
