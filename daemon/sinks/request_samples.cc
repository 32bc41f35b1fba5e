#include "daemon/sinks/request_samples.h"

#include <array>
#include <map>

#include "daemon/base/units.h"
#include "daemon/base/utf8.h"

namespace squall {
namespace {

constexpr size_t kNameBytesMax = 128;
constexpr char kOther[] = "other";
constexpr std::array kQuantiles = {0.5, 0.9, 0.95, 0.99};
constexpr std::array kQuantileNames = {"p50", "p90", "p95", "p99"};

double ToMilliseconds(Nanos time) { return static_cast<double>(time.count()) / 1e6; }
double Real(uint64_t count) { return static_cast<double>(count); }

}  // namespace

std::string SampleText(std::string_view text) {
  std::string shown;
  AppendPrintable(text, kNameBytesMax, &shown);
  return shown;
}

RequestSampler::Key RequestSampler::Place(const EntryKey& key) {
  Key place = {SampleText(key.method), SampleText(key.name)};
  if (admitted_.contains(place)) {
    return place;
  }
  if (admitted_.size() < names_max_) {
    admitted_.insert(place);
    return place;
  }
  return {kOther, kOther};
}

std::vector<RequestSample> RequestSampler::Take(const MetricReport& report) {
  std::map<Key, EntryStats> now;
  for (const auto& [key, entry] : report.now->entries) {
    now[Place(key)].Merge(entry);
  }
  std::map<Key, EntryStats> before;
  if (report.before != nullptr) {
    for (const auto& [key, entry] : report.before->entries) {
      before[Place(key)].Merge(entry);
    }
  }
  std::vector<RequestSample> samples;
  samples.reserve(now.size());
  for (auto& [key, entry] : now) {
    const EntryStats& old = before[key];
    RequestSample& sample = samples.emplace_back();
    sample.method = key.first;
    sample.name = key.second;
    sample.requests = entry.requests - old.requests;
    sample.failures = entry.failures - old.failures;
    sample.timeouts = entry.timeouts - old.timeouts;
    sample.bytes_sent = entry.bytes_sent - old.bytes_sent;
    sample.bytes_received = entry.bytes_received - old.bytes_received;
    sample.response = entry.response.Since(old.response);
    sample.total = std::move(entry);
  }
  return samples;
}

std::vector<ResponseNumber> ResponseNumbers(const Histogram& response) {
  if (response.count() == 0) {
    return {};
  }
  std::array<Nanos, kQuantiles.size()> found{};
  response.Percentiles(kQuantiles, found);
  std::vector<ResponseNumber> numbers = {{"avg", ToMilliseconds(response.Mean())},
                                         {"min", ToMilliseconds(response.min())}};
  for (size_t i = 0; i < kQuantiles.size(); ++i) {
    numbers.push_back({kQuantileNames.at(i), ToMilliseconds(found.at(i))});
  }
  numbers.push_back({"max", ToMilliseconds(response.max())});
  return numbers;
}

std::map<std::string, uint64_t> UserSamples(const Snapshot& snapshot, size_t classes_max) {
  std::map<std::string, uint64_t> by_class;
  for (const auto& [user_class, count] : snapshot.users) {
    const std::string text = SampleText(user_class);
    const bool room = by_class.size() < classes_max || by_class.contains(text);
    by_class[room ? text : kOther] += count;
  }
  return by_class;
}

std::vector<LoadNumber> LoadNumbers(const Snapshot& snapshot, uint64_t stage) {
  uint64_t task_errors = 0;
  for (const auto& [text, count] : snapshot.task_errors) {
    task_errors += count;
  }
  return {
      {"users", Real(snapshot.UserCount()), false},
      {"target_users", Real(snapshot.target_users), false},
      {"target_arrivals_per_second", snapshot.target_rate, false},
      {"open_requests", Real(snapshot.open_requests), false},
      {"stage", Real(stage), false},
      {"elapsed_seconds", ToSeconds(snapshot.elapsed), false},
      {"iterations", Real(snapshot.iterations), true},
      {"dropped_iterations", Real(snapshot.dropped_iterations), true},
      {"task_errors", Real(task_errors), true},
      {"cpu_seconds", snapshot.health.cpu_seconds, true},
      {"rss_bytes", Real(snapshot.health.rss_bytes), false},
  };
}

}  // namespace squall
