#include "daemon/wire/series_proto.h"

#include <fmt/format.h>
#include <google/protobuf/duration.pb.h>

#include "daemon/base/status_macros.h"
#include "daemon/wire/proto_reader.h"
#include "daemon/wire/time_proto.h"
#include "protos/squall/v1/stats.pb.h"

namespace squall {
namespace {

constexpr char kEncoding = 1;
constexpr size_t kPointBytesMax = 1024;  // of an encoded point; unknown fields included

template <typename Proto>
std::string Encode(const Proto& proto) {
  std::string bytes(1, kEncoding);
  proto.AppendToString(&bytes);
  return bytes;
}

template <typename Proto>
absl::StatusOr<Proto> Decode(std::string_view bytes) {
  if (bytes.empty() || bytes.size() > kPointBytesMax) {
    return absl::InvalidArgumentError(
        fmt::format("a point must be 1 to {} bytes long, got {}", kPointBytesMax, bytes.size()));
  }
  if (bytes.front() != kEncoding) {
    return absl::InvalidArgumentError(
        fmt::format("a point must be in encoding {}, got {}: it comes from another version of "
                    "squall",
                    int{kEncoding}, static_cast<unsigned char>(bytes.front())));
  }
  Proto proto;
  if (!proto.ParseFromArray(bytes.data() + 1, static_cast<int>(bytes.size() - 1))) {
    return absl::InvalidArgumentError("a point must be a whole message");
  }
  return proto;
}

// The two kinds of points share these fields.
template <typename Point, typename Proto>
void WriteStep(const Point& point, Proto* proto) {
  proto->Clear();
  NanosToProto(point.start, proto->mutable_start());
  NanosToProto(point.length, proto->mutable_length());
  proto->set_requests(point.requests);
  proto->set_failures(point.failures);
  proto->set_users(point.users);
  proto->set_target_users(point.target_users);
}

template <typename Proto, typename Point>
void ReadStep(const Proto& proto, ProtoReader* reader, Point* point) {
  reader->Span("start", proto.start(), &point->start);
  reader->Span("length", proto.length(), &point->length);
  reader->Count("requests", proto.requests(), kCountMax, &point->requests);
  reader->Count("failures", proto.failures(), kCountMax, &point->failures);
  reader->Count("users", proto.users(), kCountMax, &point->users);
  reader->Count("target_users", proto.target_users(), kCountMax, &point->target_users);
}

}  // namespace

void SeriesPointToProto(const SeriesPoint& point, v1::SeriesPoint* proto) {
  WriteStep(point, proto);
  NanosToProto(point.response_p50, proto->mutable_response_p50());
  NanosToProto(point.response_p95, proto->mutable_response_p95());
  NanosToProto(point.response_p99, proto->mutable_response_p99());
  NanosToProto(point.service_p95, proto->mutable_service_p95());
  proto->set_target_rate(point.target_rate);
}

void AgentPointToProto(const AgentPoint& point, v1::AgentPoint* proto) {
  WriteStep(point, proto);
  NanosToProto(point.loop_lag_p99, proto->mutable_loop_lag_p99());
}

void HeatColumnToProto(const HeatColumn& column, v1::HeatColumn* proto) {
  proto->Clear();
  NanosToProto(column.start, proto->mutable_start());
  NanosToProto(column.length, proto->mutable_length());
  size_t rows = column.counts.size();
  while (rows > 0 && column.counts[rows - 1] == 0) {
    --rows;
  }
  for (size_t row = 0; row < rows; ++row) {
    proto->add_counts(column.counts[row]);
  }
}

absl::StatusOr<SeriesPoint> SeriesPointFromProto(const v1::SeriesPoint& proto) {
  ProtoReader reader;
  SeriesPoint point;
  ReadStep(proto, &reader, &point);
  reader.Span("response_p50", proto.response_p50(), &point.response_p50);
  reader.Span("response_p95", proto.response_p95(), &point.response_p95);
  reader.Span("response_p99", proto.response_p99(), &point.response_p99);
  reader.Span("service_p95", proto.service_p95(), &point.service_p95);
  reader.Number("target_rate", proto.target_rate(), 0, kRateMax, &point.target_rate);
  if (!reader.ok()) {
    return reader.status();
  }
  return point;
}

absl::StatusOr<AgentPoint> AgentPointFromProto(const v1::AgentPoint& proto) {
  ProtoReader reader;
  AgentPoint point;
  ReadStep(proto, &reader, &point);
  reader.Span("loop_lag_p99", proto.loop_lag_p99(), &point.loop_lag_p99);
  if (!reader.ok()) {
    return reader.status();
  }
  return point;
}

absl::StatusOr<HeatColumn> HeatColumnFromProto(const v1::HeatColumn& proto) {
  ProtoReader reader;
  HeatColumn column;
  reader.Span("start", proto.start(), &column.start);
  reader.Span("length", proto.length(), &column.length);
  if (proto.counts_size() > static_cast<int>(kHeatRows)) {
    return absl::InvalidArgumentError(
        fmt::format("counts must be at most {}, got {}", kHeatRows, proto.counts_size()));
  }
  for (int row = 0; row < proto.counts_size(); ++row) {
    reader.Count("counts", proto.counts(row), kCountMax, &column.counts[static_cast<size_t>(row)]);
  }
  if (!reader.ok()) {
    return reader.status();
  }
  return column;
}

std::string EncodeSeriesPoint(const SeriesPoint& point) {
  v1::SeriesPoint proto;
  SeriesPointToProto(point, &proto);
  return Encode(proto);
}

std::string EncodeAgentPoint(const AgentPoint& point) {
  v1::AgentPoint proto;
  AgentPointToProto(point, &proto);
  return Encode(proto);
}

std::string EncodeHeatColumn(const HeatColumn& column) {
  v1::HeatColumn proto;
  HeatColumnToProto(column, &proto);
  return Encode(proto);
}

absl::StatusOr<SeriesPoint> DecodeSeriesPoint(std::string_view bytes) {
  SQUALL_ASSIGN_OR_RETURN(const v1::SeriesPoint proto, Decode<v1::SeriesPoint>(bytes));
  return SeriesPointFromProto(proto);
}

absl::StatusOr<AgentPoint> DecodeAgentPoint(std::string_view bytes) {
  SQUALL_ASSIGN_OR_RETURN(const v1::AgentPoint proto, Decode<v1::AgentPoint>(bytes));
  return AgentPointFromProto(proto);
}

absl::StatusOr<HeatColumn> DecodeHeatColumn(std::string_view bytes) {
  SQUALL_ASSIGN_OR_RETURN(const v1::HeatColumn proto, Decode<v1::HeatColumn>(bytes));
  return HeatColumnFromProto(proto);
}

}  // namespace squall
