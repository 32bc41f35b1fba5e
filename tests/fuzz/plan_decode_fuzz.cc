// Bytes that claim to be a Plan: whatever is accepted must travel on unchanged, have a digest, and
// be shown without its secrets.
#include <cstdint>

#include "daemon/base/check.h"
#include "daemon/wire/plan_digest.h"
#include "daemon/wire/plan_proto.h"
#include "daemon/wire/redact.h"
#include "protos/squall/v1/plan.pb.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  squall::v1::Plan proto;
  if (!proto.ParseFromArray(data, static_cast<int>(size))) {
    return 0;
  }
  const absl::StatusOr<squall::Plan> plan = squall::PlanFromProto(proto);
  if (!plan.ok()) {
    return 0;
  }
  SQUALL_CHECK(squall::PlanToProto(*plan, &proto).ok());
  const absl::StatusOr<squall::Plan> again = squall::PlanFromProto(proto);
  SQUALL_CHECK(again.ok());
  SQUALL_CHECK(*again == *plan);
  SQUALL_CHECK(squall::PlanDigest(*again) == squall::PlanDigest(*plan));
  const squall::Plan shown = squall::RedactPlan(*plan);
  SQUALL_CHECK(squall::RedactPlan(shown) == shown);
  return 0;
}
