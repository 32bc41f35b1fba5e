#include "tests/support/kube/api_faults.h"

#include <algorithm>
#include <iterator>
#include <re2/re2.h>
#include <utility>

#include <absl/status/status.h>
#include <fmt/format.h>

#include "tests/support/kube/json_tools.h"

namespace squall {
namespace {

namespace json = boost::json;

constexpr std::pair<std::string_view, ApiFault::Kind> kKinds[] = {
    {"error", ApiFault::Kind::kError},
    {"html", ApiFault::Kind::kHtml},
    {"delay", ApiFault::Kind::kDelay},
    {"stall", ApiFault::Kind::kStall},
    {"reset", ApiFault::Kind::kReset},
    {"watchError", ApiFault::Kind::kWatchError},
    {"halfLine", ApiFault::Kind::kHalfLine},
    {"byteChunks", ApiFault::Kind::kByteChunks},
    {"mergedEvents", ApiFault::Kind::kMergedEvents},
    {"duplicateEvent", ApiFault::Kind::kDuplicateEvent},
    {"noBookmarks", ApiFault::Kind::kNoBookmarks},
};
constexpr std::pair<std::string_view, ApiFault::Point> kPoints[] = {
    {"request", ApiFault::Point::kRequest},
    {"headers", ApiFault::Point::kHeaders},
    {"body", ApiFault::Point::kBody},
};

template <typename Value, size_t kSize>
absl::Status ReadName(const json::value& value, std::string_view field,
                      const std::pair<std::string_view, Value> (&names)[kSize], Value* to) {
  const std::string_view name = value.is_string() ? View(value.get_string()) : "";
  const auto* const found = std::find_if(std::begin(names), std::end(names),
                                         [name](const auto& one) { return one.first == name; });
  if (found == std::end(names)) {
    return absl::InvalidArgumentError(
        fmt::format("{}: must be a known name, got '{}'", field, name));
  }
  *to = found->second;
  return absl::OkStatus();
}

absl::Status ReadField(std::string_view field, const json::value& value, ApiFault* fault) {
  const bool number = value.is_number();
  const double amount = number ? value.to_number<double>() : 0;
  if (field == "kind") {
    return ReadName(value, field, kKinds, &fault->kind);
  }
  if (field == "point") {
    return ReadName(value, field, kPoints, &fault->point);
  }
  if (field == "path" && value.is_string()) {
    fault->path = View(value.get_string());
    return RE2(fault->path, RE2::Quiet).ok() ? absl::OkStatus()
                                             : absl::InvalidArgumentError(fmt::format(
                                                   "path: must be a regex: '{}'", fault->path));
  }
  if (field == "verb" && value.is_string()) {
    fault->verb = View(value.get_string());
  } else if (field == "afterCommit" && value.is_bool()) {
    fault->after_commit = value.get_bool();
  } else if (field == "code" && number) {
    fault->code = static_cast<int>(amount);
  } else if (field == "retryAfterSeconds" && number) {
    fault->retry_after_seconds = static_cast<int>(amount);
  } else if (field == "delaySeconds" && number) {
    fault->delay = std::chrono::duration_cast<Nanos>(std::chrono::duration<double>(amount));
  } else if (field == "skip" && number) {
    fault->skip = static_cast<int>(amount);
  } else if (field == "count" && number) {
    fault->count = static_cast<int>(amount);
  } else if (field == "probability" && number) {
    fault->probability = amount;
  } else {
    return absl::InvalidArgumentError(fmt::format("{}: must be a known field of its type", field));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ApiFault> ReadFault(const json::object& object) {
  ApiFault fault;
  for (const auto& member : object) {
    if (absl::Status status = ReadField(member.key(), member.value(), &fault); !status.ok()) {
      return status;
    }
  }
  return fault;
}

void ApiFaults::Add(ApiFault fault) {
  const std::scoped_lock lock(mutex_);
  rules_.push_back({std::move(fault)});
}

void ApiFaults::Clear() {
  const std::scoped_lock lock(mutex_);
  rules_.clear();
}

std::optional<ApiFault> ApiFaults::Take(std::string_view verb, std::string_view target) {
  const std::scoped_lock lock(mutex_);
  for (Rule& rule : rules_) {
    const ApiFault& fault = rule.fault;
    const bool meant =
        (fault.verb.empty() || fault.verb == verb) &&
        (fault.path.empty() ||
         RE2::PartialMatch(re2::StringPiece(target.data(), target.size()), fault.path));
    if (!meant || rule.seen++ < fault.skip || (fault.count >= 0 && rule.hit >= fault.count) ||
        (fault.probability < 1 && rng_.Unit() >= fault.probability)) {
      continue;
    }
    ++rule.hit;
    ++hits_;
    return fault;
  }
  return std::nullopt;
}

uint64_t ApiFaults::hits() const {
  const std::scoped_lock lock(mutex_);
  return hits_;
}

}  // namespace squall
