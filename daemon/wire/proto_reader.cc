#include "daemon/wire/proto_reader.h"

#include <cmath>

#include <fmt/format.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include "daemon/base/units.h"
#include "daemon/wire/time_proto.h"

namespace squall {

void ProtoReader::Refuse(std::string_view field, std::string_view what) {
  if (!status_.ok()) {
    return;
  }
  std::string path;
  for (const Segment& segment : path_) {
    path += segment.field;
    if (segment.index >= 0) {
      path += fmt::format("[{}]", segment.index);
    }
    path += '.';
  }
  path += field;
  if (field.empty() && !path.empty()) {
    path.pop_back();
  }
  status_ = absl::InvalidArgumentError(fmt::format("{} must {}", path, what));
}

void ProtoReader::Name(std::string_view field, const std::string& value, std::string* to) {
  if (value.size() > kNameBytesMax) {
    Refuse(field, fmt::format("be at most {} bytes long, got {}", kNameBytesMax, value.size()));
    return;
  }
  *to = value;
}

void ProtoReader::Count(std::string_view field, uint64_t value, uint64_t high, uint64_t* to) {
  if (value > high) {
    Refuse(field, fmt::format("be at most {}, got {}", high, value));
    return;
  }
  *to = value;
}

void ProtoReader::Number(std::string_view field, double value, double low, double high,
                         double* to) {
  if (!std::isfinite(value) || value < low || value > high) {
    Refuse(field, fmt::format("be a number from {} to {}, got {}", low, high, value));
    return;
  }
  *to = value;
}

void ProtoReader::Span(std::string_view field, const google::protobuf::Duration& value, Nanos* to) {
  const std::optional<Nanos> span = NanosFromProto(value);
  if (!span || *span < Nanos(0) || *span > kSpanMax) {
    Refuse(field, fmt::format("be a duration from 0s to {}, got {} s and {} ns",
                              FormatTimeSpan(kSpanMax), value.seconds(), value.nanos()));
    return;
  }
  *to = *span;
}

void ProtoReader::Span(std::string_view field, const google::protobuf::Duration& value,
                       std::optional<Nanos>* to) {
  Span(field, value, &to->emplace());
}

void ProtoReader::Time(std::string_view field, const google::protobuf::Timestamp& value,
                       WallTime* to) {
  const std::optional<WallTime> time = WallTimeFromProto(value);
  if (!time) {
    Refuse(field, fmt::format("be a time from 1678 to 2262, got {} s and {} ns", value.seconds(),
                              value.nanos()));
    return;
  }
  *to = *time;
}

bool ProtoReader::Take(std::string_view field, int size) {
  parts_ += size;
  if (parts_ > kPartsMax) {
    Refuse(field, fmt::format("not bring the list elements above {}, got {}", kPartsMax, parts_));
    return false;
  }
  return true;
}

bool ProtoReader::InRange(std::string_view field, int64_t value, int64_t low, int64_t high) {
  if (value < low || value > high) {
    Refuse(field, fmt::format("be from {} to {}, got {}", low, high, value));
    return false;
  }
  return true;
}

absl::Status CheckSpawnRate(std::string_view name, double rate) {
  return rate > 0 && rate <= kRateMax
             ? absl::OkStatus()
             : absl::InvalidArgumentError(
                   fmt::format("{} must be above 0 and at most {}, got {}", name, kRateMax, rate));
}

}  // namespace squall
