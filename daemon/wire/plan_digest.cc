#include "daemon/wire/plan_digest.h"

#include <array>

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <openssl/evp.h>

#include "daemon/base/check.h"
#include "daemon/wire/plan_proto.h"
#include "protos/squall/v1/plan.pb.h"

namespace squall {
namespace {

void ClearMarks(google::protobuf::RepeatedPtrField<v1::Step>* steps) {
  for (v1::Step& step : *steps) {
    step.clear_mark();
    if (step.has_if_()) {
      ClearMarks(step.mutable_if_()->mutable_then_steps());
      ClearMarks(step.mutable_if_()->mutable_else_steps());
    } else if (step.has_loop()) {
      ClearMarks(step.mutable_loop()->mutable_steps());
    }
  }
}

void ClearMarks(v1::Plan* plan) {
  for (v1::UserClass& user_class : *plan->mutable_user_classes()) {
    user_class.clear_mark();
    ClearMarks(user_class.mutable_on_start_steps());
    ClearMarks(user_class.mutable_on_stop_steps());
    for (v1::Task& task : *user_class.mutable_tasks()) {
      task.clear_mark();
      ClearMarks(task.mutable_steps());
    }
  }
  for (v1::DataSet& data_set : *plan->mutable_data_sets()) {
    data_set.clear_mark();
  }
}

std::string Serialize(const v1::Plan& plan) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  SQUALL_CHECK(plan.SerializeToCodedStream(&coded));
  coded.Trim();
  return bytes;
}

}  // namespace

std::string PlanDigest(const Plan& plan) {
  v1::Plan proto;
  // A text that is not UTF-8 cannot travel, but has a digest all the same.
  PlanToProto(plan, &proto).IgnoreError();
  ClearMarks(&proto);
  const std::string bytes = Serialize(proto);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  SQUALL_CHECK(
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    hex += fmt::format("{:02x}", digest[i]);
  }
  return hex;
}

}  // namespace squall
