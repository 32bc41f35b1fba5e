// Reads values that came over the network: knows the path of the field being read, and keeps the
// first thing that is wrong with it. Used inside this room only; one thread, one message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <google/protobuf/repeated_ptr_field.h>

#include "daemon/base/clock.h"
#include "daemon/stats/histogram.h"

namespace google::protobuf {
class Duration;
class Timestamp;
}  // namespace google::protobuf

namespace squall {

// Bounds that no honest message comes near; they keep a hostile one from costing memory or from
// overflowing what follows.
inline constexpr uint64_t kUsersMax = 1'000'000'000;
inline constexpr double kRateMax = 1e9;                           // per second
inline constexpr Nanos kSpanMax = std::chrono::hours(24 * 3653);  // ten years
inline constexpr int kNameBytesMax = 4096;
inline constexpr uint64_t kCountMax = Histogram::kCountMax;
inline constexpr int64_t kPartsMax = 1'000'000;  // list elements in one message, rows not counted

// INVALID_ARGUMENT "<name> must be above 0 …".
absl::Status CheckSpawnRate(std::string_view name, double rate);

class ProtoReader final {
 public:
  // The path is inside `field`, or its element `index`, as long as this lives.
  class Inside final {
   public:
    Inside(ProtoReader* reader, std::string_view field, int index = -1) : reader_(reader) {
      reader_->path_.push_back({field, index});
    }
    ~Inside() { reader_->path_.pop_back(); }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    ProtoReader* reader_;
  };

  bool ok() const { return status_.ok(); }
  // INVALID_ARGUMENT "users[0].weight must be …" for the first refusal.
  const absl::Status& status() const { return status_; }

  // `what` completes "<path>.<field> must ".
  void Refuse(std::string_view field, std::string_view what);

  // Each stores the value if it is within bounds, and refuses it otherwise.
  void Name(std::string_view field, const std::string& value, std::string* to);
  void Count(std::string_view field, uint64_t value, uint64_t high, uint64_t* to);
  void Number(std::string_view field, double value, double low, double high, double* to);
  // 0 to kSpanMax. The second form sets an optional.
  void Span(std::string_view field, const google::protobuf::Duration& value, Nanos* to);
  void Span(std::string_view field, const google::protobuf::Duration& value,
            std::optional<Nanos>* to);
  void Time(std::string_view field, const google::protobuf::Timestamp& value, WallTime* to);

  template <typename Integer>
  void Int(std::string_view field, int64_t value, int64_t low, int64_t high, Integer* to) {
    if (InRange(field, value, low, high)) {
      *to = static_cast<Integer>(value);
    }
  }

  // Enums of the protos count as ours do, but from 1: 0 is UNSPECIFIED and leaves `to` as it is.
  // `last` is the last one of ours; see ToProtoEnum.
  template <typename Ours>
  void Enum(std::string_view field, int value, Ours last, Ours* to) {
    if (value != 0 && InRange(field, value, 1, static_cast<int64_t>(last) + 1)) {
      *to = static_cast<Ours>(value - 1);
    }
  }
  // As Enum, where UNSPECIFIED is refused.
  template <typename Ours>
  void RequiredEnum(std::string_view field, int value, Ours last, Ours* to) {
    if (InRange(field, value, 1, static_cast<int64_t>(last) + 1)) {
      *to = static_cast<Ours>(value - 1);
    }
  }

  // Calls read(element, &appended) for every element of a list, until something is refused. The
  // elements of all lists together are limited to kPartsMax.
  template <typename Message, typename Value, typename ReadOne>
  void List(std::string_view field, const google::protobuf::RepeatedPtrField<Message>& from,
            std::vector<Value>* to, const ReadOne& read) {
    if (!Take(field, from.size())) {
      return;
    }
    to->reserve(static_cast<size_t>(from.size()));
    for (int i = 0; i < from.size() && ok(); ++i) {
      const Inside inside(this, field, i);
      read(from[i], &to->emplace_back());
    }
  }
  // Counts `size` more list elements; false and a refusal when they are too many.
  bool Take(std::string_view field, int size);

 private:
  struct Segment {
    std::string_view field;
    int index = -1;
  };

  bool InRange(std::string_view field, int64_t value, int64_t low, int64_t high);

  std::vector<Segment> path_;
  int64_t parts_ = 0;
  absl::Status status_;
};

template <typename ProtoEnum, typename Ours>
ProtoEnum ToProtoEnum(Ours value) {
  return static_cast<ProtoEnum>(static_cast<int>(value) + 1);
}

}  // namespace squall
