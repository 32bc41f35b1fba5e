#include "daemon/wire/threshold_proto.h"

#include "daemon/wire/time_proto.h"
#include "protos/squall/v1/stats.pb.h"

namespace squall {
namespace {

constexpr double kLimitMax = 1e18;

}  // namespace

void WriteThreshold(const Threshold& threshold, v1::Threshold* proto) {
  proto->set_text(threshold.text);
  proto->set_metric(ToProtoEnum<v1::ThresholdMetric>(threshold.metric));
  proto->set_name(threshold.name);
  proto->set_method(threshold.method);
  proto->set_tag(threshold.tag);
  proto->set_aggregate(ToProtoEnum<v1::ThresholdAggregate>(threshold.aggregate));
  proto->set_percentile(threshold.percentile);
  proto->set_operator_(ToProtoEnum<v1::ThresholdOperator>(threshold.op));
  proto->set_limit(threshold.limit);
  NanosToProto(threshold.over, proto->mutable_over());
  proto->set_abort_on_fail(threshold.abort_on_fail);
  NanosToProto(threshold.abort_delay, proto->mutable_abort_delay());
}

void ReadThreshold(const v1::Threshold& proto, ProtoReader* reader, Threshold* threshold) {
  reader->Name("text", proto.text(), &threshold->text);
  reader->RequiredEnum("metric", proto.metric(), ThresholdMetric::kDroppedIterations,
                       &threshold->metric);
  reader->Name("name", proto.name(), &threshold->name);
  reader->Name("method", proto.method(), &threshold->method);
  reader->Name("tag", proto.tag(), &threshold->tag);
  reader->RequiredEnum("aggregate", proto.aggregate(), ThresholdAggregate::kRate,
                       &threshold->aggregate);
  reader->Number("percentile", proto.percentile(), 0, 100, &threshold->percentile);
  reader->RequiredEnum("operator", proto.operator_(), ThresholdOperator::kNotEqual, &threshold->op);
  reader->Number("limit", proto.limit(), -kLimitMax, kLimitMax, &threshold->limit);
  if (proto.has_over()) {
    reader->Span("over", proto.over(), &threshold->over);
  }
  threshold->abort_on_fail = proto.abort_on_fail();
  if (proto.has_abort_delay()) {
    reader->Span("abort_delay", proto.abort_delay(), &threshold->abort_delay);
  }
}

}  // namespace squall
