#include "daemon/gateway/snapshot_since.h"

#include <algorithm>

#include "daemon/report/figures.h"

namespace squall {
namespace {

EntryStats EntrySince(const EntryStats& now, const EntryStats& earlier) {
  EntryStats since = now;
  since.requests = Grown(earlier.requests, now.requests);
  since.failures = Grown(earlier.failures, now.failures);
  since.timeouts = Grown(earlier.timeouts, now.timeouts);
  since.unfinished = Grown(earlier.unfinished, now.unfinished);
  since.bytes_sent = Grown(earlier.bytes_sent, now.bytes_sent);
  since.bytes_received = Grown(earlier.bytes_received, now.bytes_received);
  for (size_t i = 0; i < since.status_classes.size(); ++i) {
    since.status_classes[i] = Grown(earlier.status_classes[i], now.status_classes[i]);
  }
  since.service = now.service.Since(earlier.service);
  since.response = now.response.Since(earlier.response);
  since.start_delay = now.start_delay.Since(earlier.start_delay);
  since.times = {.dns = now.times.dns.Since(earlier.times.dns),
                 .connect = now.times.connect.Since(earlier.times.connect),
                 .tls = now.times.tls.Since(earlier.times.tls),
                 .first_byte = now.times.first_byte.Since(earlier.times.first_byte)};
  return since;
}

}  // namespace

Snapshot SnapshotSince(const Snapshot& now, const Snapshot& earlier) {
  Snapshot since = now;
  for (auto& [key, stats] : since.entries) {
    if (const auto found = earlier.entries.find(key); found != earlier.entries.end()) {
      stats = EntrySince(stats, found->second);
    }
  }
  for (auto& [key, stats] : since.failures) {
    const auto found = earlier.failures.find(key);
    const uint64_t before = found == earlier.failures.end() ? 0 : found->second.count;
    stats.count = Grown(before, stats.count);
  }
  std::erase_if(since.failures, [](const auto& failure) { return failure.second.count == 0; });
  for (auto& [text, count] : since.task_errors) {
    const auto found = earlier.task_errors.find(text);
    count = Grown(found == earlier.task_errors.end() ? 0 : found->second, count);
  }
  std::erase_if(since.task_errors, [](const auto& error) { return error.second == 0; });
  since.elapsed = std::max(now.elapsed - earlier.elapsed, Nanos(0));
  since.started_at = now.started_at + (now.elapsed - since.elapsed);
  return since;
}

}  // namespace squall
