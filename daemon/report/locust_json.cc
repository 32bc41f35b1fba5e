#include "daemon/report/locust_json.h"

#include <cmath>
#include <map>

#include <fmt/format.h>

#include "daemon/base/units.h"
#include "daemon/report/figures.h"
#include "daemon/report/json_writer.h"

namespace squall {
namespace {

void AddEpoch(JsonWriter* json, std::string_view key, WallTime at) {
  const auto micros = std::chrono::round<std::chrono::microseconds>(at.time_since_epoch()).count();
  json->Key(key);
  at == WallTime{} ? json->Null()
                   : json->Number(fmt::format("{}.{:06}", micros / 1'000'000, micros % 1'000'000));
}

void AddBuckets(JsonWriter* json, const Histogram& times) {
  std::map<int64_t, uint64_t> buckets;
  for (const Histogram::Bucket& bucket : times.Buckets()) {
    const int64_t low = Histogram::LowerBound(bucket.index);
    const int64_t middle = low + (Histogram::UpperBound(bucket.index) - low) / 2;
    buckets[LocustBucket(ToMillis(Nanos(middle)))] += bucket.count;
  }
  json->Key("response_times").BeginObject();
  for (const auto& [millis, count] : buckets) {
    json->Field(std::to_string(millis), count);
  }
  json->EndObject();
}

void AddSeconds(JsonWriter* json, std::string_view key, const std::vector<SecondCount>& counts,
                uint64_t SecondCount::*member) {
  json->Key(key).BeginObject();
  for (const SecondCount& second : counts) {
    if (second.*member > 0) {
      json->Field(std::to_string(second.epoch_seconds), second.*member);
    }
  }
  json->EndObject();
}

}  // namespace

std::string LocustJson(const RunReport& report) {
  JsonWriter json;
  json.BeginArray();
  for (const EntryRow& row : EntryRows(report.total)) {
    const EntryStats& stats = *row.stats;
    const Histogram& times = stats.response;
    const auto counts = report.second_counts.find(*row.key);
    const std::vector<SecondCount> seconds =
        counts == report.second_counts.end() ? std::vector<SecondCount>() : counts->second;
    json.BeginObject().Field("name", row.key->name).Field("method", row.key->method);
    AddEpoch(&json, "last_request_timestamp", stats.last_at);
    AddEpoch(&json, "start_time", stats.first_at);
    json.Field("num_requests", stats.requests)
        .Field("num_none_requests", stats.requests - std::min(stats.requests, times.count()))
        .Field("num_failures", stats.failures)
        .Field("total_response_time", times.sum_seconds() * 1000)
        .Key("max_response_time")
        .Number(FileMillis(times.max(), 6))
        .Key("min_response_time");
    times.count() == 0 ? json.Null() : json.Number(FileMillis(times.min(), 6));
    json.Field("total_content_length", stats.bytes_received);
    AddBuckets(&json, times);
    AddSeconds(&json, "num_reqs_per_sec", seconds, &SecondCount::requests);
    AddSeconds(&json, "num_fail_per_sec", seconds, &SecondCount::failures);
    json.EndObject();
  }
  json.EndArray();
  return json.Take();
}

int64_t LocustBucket(double millis) {
  const double step = millis < 100 ? 1 : millis < 1000 ? 10 : millis < 10000 ? 100 : 1000;
  // nearbyint rounds halves to even, as Python's round does.
  return static_cast<int64_t>(std::nearbyint(millis / step) * step);
}

void SecondCounter::Add(const Snapshot& merged) {
  const int64_t epoch_seconds =
      std::chrono::floor<std::chrono::seconds>(merged.at).time_since_epoch().count();
  for (const EntryRow& row : EntryRows(merged)) {
    Seen& seen = seen_[*row.key];
    const uint64_t requests = Grown(seen.requests, row.stats->requests);
    const uint64_t failures = Grown(seen.failures, row.stats->failures);
    if (requests == 0 && failures == 0) {
      continue;
    }
    seen = {row.stats->requests, row.stats->failures};
    std::vector<SecondCount>& counts = counts_[*row.key];
    if (!counts.empty() && counts.back().epoch_seconds == epoch_seconds) {
      counts.back().requests += requests;
      counts.back().failures += failures;
    } else if (cells_ < cells_max_) {
      counts.push_back({epoch_seconds, requests, failures});
      ++cells_;
    }
  }
}

}  // namespace squall
