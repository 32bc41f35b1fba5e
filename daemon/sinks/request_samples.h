// The rows of a report about requests: by method and name, over all phases, since the start and
// since the report before. For sinks that make numbers of them; what goes to Prometheus has
// histograms instead. A value's worth of state; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/sinks/metric_sink.h"
#include "daemon/stats/histogram.h"

namespace squall {

struct RequestSample {
  std::string method;
  std::string name;
  EntryStats total;       // since the start
  uint64_t requests = 0;  // since the report before, as those below
  uint64_t failures = 0;
  uint64_t timeouts = 0;
  uint64_t bytes_sent = 0;
  uint64_t bytes_received = 0;
  Histogram response;
};

class RequestSampler final {
 public:
  // Raise it if the receiver can take so many series.
  explicit RequestSampler(size_t names_max = 1000) : names_max_(names_max) {}

  // Beyond the first names_max, rows are added up as "other". A row keeps its place for the whole
  // run: if it moved into "other", both would jump.
  std::vector<RequestSample> Take(const MetricReport& report);

 private:
  using Key = std::pair<std::string, std::string>;  // method, name
  Key Place(const EntryKey& key);

  const size_t names_max_;
  std::set<Key> admitted_;
};

// A number of a sample's response times, in milliseconds. The order is that of the fields.
struct ResponseNumber {
  const char* name;  // "avg", "p95", …
  double milliseconds;
};
// None without requests.
std::vector<ResponseNumber> ResponseNumbers(const Histogram& response);

// A whole-agent figure that is no row of requests.
struct LoadNumber {
  const char* name;  // "users", "iterations_total", …
  double value;
  bool counter;  // since the start, and only grows
};
std::vector<LoadNumber> LoadNumbers(const Snapshot& snapshot, uint64_t stage);

// Running users by class, at most `classes_max` of them by name and the rest as "other", as on the
// page of metrics.
std::map<std::string, uint64_t> UserSamples(const Snapshot& snapshot, size_t classes_max = 100);

// Text for a tag's or field's value: one line, UTF-8, at most 128 bytes.
std::string SampleText(std::string_view text);

}  // namespace squall
