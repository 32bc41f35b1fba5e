#include "daemon/wire/snapshot_proto.h"

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "daemon/base/utf8.h"
#include "daemon/wire/proto_reader.h"
#include "daemon/wire/time_proto.h"
#include "protos/squall/v1/stats.pb.h"

namespace squall {
namespace {

constexpr double kSecondsMax = 1e12;
// A Recorder keeps 10 000 names, and each may occur in three phases.
constexpr int kEntriesMax = 100'000;

using Counters = std::map<std::string, uint64_t>;
using CounterProtos = google::protobuf::Map<std::string, uint64_t>;

// ---- writing ---------------------------------------------------------------------------------

void WriteHistogram(const Histogram& from, v1::Histogram* to) {
  if (from.count() == 0) {
    return;
  }
  uint32_t last = 0;
  for (const Histogram::Bucket& bucket : from.Buckets()) {
    to->add_index_deltas(bucket.index - last);
    to->add_counts(bucket.count);
    last = bucket.index;
  }
  NanosToProto(from.min(), to->mutable_min());
  NanosToProto(from.max(), to->mutable_max());
  to->mutable_sum()->set_seconds(from.sum().seconds);
  to->mutable_sum()->set_nanos(from.sum().nanos);
}

// first_at and last_at of a message; zero is the absence of a time.
template <typename Stats, typename Proto>
void WriteTimes(const Stats& from, Proto* to) {
  if (from.first_at != WallTime{}) {
    WallTimeToProto(from.first_at, to->mutable_first_at());
  }
  if (from.last_at != WallTime{}) {
    WallTimeToProto(from.last_at, to->mutable_last_at());
  }
}

void WriteEntry(const EntryKey& key, const EntryStats& from, v1::EntryStats* to) {
  to->set_phase(ToProtoEnum<v1::RunPhase>(key.phase));
  to->set_name(ToUtf8(key.name));
  to->set_method(ToUtf8(key.method));
  to->set_requests(from.requests);
  to->set_failures(from.failures);
  to->set_timeouts(from.timeouts);
  to->set_unfinished(from.unfinished);
  to->set_bytes_sent(from.bytes_sent);
  to->set_bytes_received(from.bytes_received);
  to->mutable_status_classes()->Assign(from.status_classes.begin(), from.status_classes.end());
  using Field = v1::Histogram* (v1::EntryStats::*)();
  const std::initializer_list<std::pair<const Histogram*, Field>> histograms = {
      {&from.service, &v1::EntryStats::mutable_service},
      {&from.start_delay, &v1::EntryStats::mutable_start_delay},
      {&from.times.dns, &v1::EntryStats::mutable_dns},
      {&from.times.connect, &v1::EntryStats::mutable_connect},
      {&from.times.tls, &v1::EntryStats::mutable_tls},
      {&from.times.first_byte, &v1::EntryStats::mutable_first_byte}};
  for (const auto& [histogram, field] : histograms) {
    if (histogram->count() > 0) {
      WriteHistogram(*histogram, (to->*field)());
    }
  }
  if (from.response != from.service) {
    WriteHistogram(from.response, to->mutable_response());
  }
  WriteTimes(from, to);
}

void WriteHealth(const GeneratorHealth& from, v1::GeneratorHealth* to) {
  WriteHistogram(from.loop_lag, to->mutable_loop_lag());
  to->set_cpu_seconds(from.cpu_seconds);
  to->set_thread_seconds(from.thread_seconds);
  to->set_run_delay_seconds(from.run_delay_seconds);
  to->set_elapsed_seconds(from.elapsed_seconds);
  to->set_shards(from.shards);
  to->set_fd_exhausted(from.fd_exhausted);
  to->set_ports_exhausted(from.ports_exhausted);
  to->set_memory_exhausted(from.memory_exhausted);
  to->set_rss_bytes(from.rss_bytes);
  to->set_open_fds(from.open_fds);
  to->set_fd_limit(from.fd_limit);
  to->set_names_dropped(from.names_dropped);
}

void WriteCounters(const Counters& from, CounterProtos* to) {
  for (const auto& [name, count] : from) {
    (*to)[ToUtf8(name)] += count;
  }
}

void WriteProgress(const Snapshot& from, v1::Snapshot* to) {
  WriteCounters(from.users, to->mutable_users());
  to->set_target_users(from.target_users);
  to->set_target_rate(from.target_rate);
  to->set_users_started(from.users_started);
  to->set_users_stopped(from.users_stopped);
  to->set_arrivals_planned(from.arrivals_planned);
  to->set_dropped_iterations(from.dropped_iterations);
  to->set_iterations(from.iterations);
  to->set_open_requests(from.open_requests);
}

// ---- reading ---------------------------------------------------------------------------------

// Reads one histogram after the other; keeps the memory that it needs for that.
class HistogramReader final {
 public:
  explicit HistogramReader(ProtoReader* reader) : reader_(reader) {}

  void Read(std::string_view field, const v1::Histogram& from, Histogram* to) {
    if (&from == &v1::Histogram::default_instance()) {
      return;  // not set, as most are
    }
    const ProtoReader::Inside inside(reader_, field);
    const int size = from.counts_size();
    if (size != from.index_deltas_size()) {
      reader_->Refuse("counts", fmt::format("be as many as index_deltas, {}, got {}",
                                            from.index_deltas_size(), size));
      return;
    }
    if (size > static_cast<int>(Histogram::kBucketCount)) {
      reader_->Refuse("counts",
                      fmt::format("be at most {}, got {}", Histogram::kBucketCount, size));
      return;
    }
    buckets_.resize(static_cast<size_t>(size));
    const uint32_t* const deltas = from.index_deltas().data();
    const uint64_t* const counts = from.counts().data();
    uint32_t index = 0;
    for (size_t i = 0; i < buckets_.size(); ++i) {
      // A delta that wraps around ends below the index before it, which Restore refuses.
      index += deltas[i];
      buckets_[i] = {.index = index, .count = counts[i]};
    }
    // Not Span: an honest maximum may be any duration that a histogram holds.
    const std::optional<Nanos> min = NanosFromProto(from.min());
    const std::optional<Nanos> max = NanosFromProto(from.max());
    const DurationSum sum{.seconds = from.sum().seconds(), .nanos = from.sum().nanos()};
    if (!min || !max || !to->Restore(buckets_, *min, *max, sum)) {
      reader_->Refuse("", "be a histogram whose buckets ascend and fit its min, max and sum");
    }
  }

 private:
  ProtoReader* const reader_;
  std::vector<Histogram::Bucket> buckets_;
};

template <typename Proto, typename Stats>
void ReadTimes(const Proto& from, ProtoReader* reader, Stats* to) {
  if (from.has_first_at()) {
    reader->Time("first_at", from.first_at(), &to->first_at);
  }
  if (from.has_last_at()) {
    reader->Time("last_at", from.last_at(), &to->last_at);
  }
}

EntryStats ReadEntry(const v1::EntryStats& from, ProtoReader* reader, HistogramReader* histograms) {
  EntryStats to;
  reader->Count("requests", from.requests(), kCountMax, &to.requests);
  reader->Count("failures", from.failures(), kCountMax, &to.failures);
  reader->Count("timeouts", from.timeouts(), kCountMax, &to.timeouts);
  reader->Count("unfinished", from.unfinished(), kCountMax, &to.unfinished);
  reader->Count("bytes_sent", from.bytes_sent(), kCountMax, &to.bytes_sent);
  reader->Count("bytes_received", from.bytes_received(), kCountMax, &to.bytes_received);
  const auto classes = static_cast<size_t>(from.status_classes_size());
  if (classes != 0 && classes != to.status_classes.size()) {
    reader->Refuse("status_classes",
                   fmt::format("be {} or none, got {}", to.status_classes.size(), classes));
    return to;
  }
  for (size_t i = 0; i < classes; ++i) {
    reader->Count("status_classes", from.status_classes(static_cast<int>(i)), kCountMax,
                  &to.status_classes[i]);
  }
  histograms->Read("service", from.service(), &to.service);
  if (from.has_response()) {
    histograms->Read("response", from.response(), &to.response);
  } else {
    to.response = to.service;
  }
  histograms->Read("start_delay", from.start_delay(), &to.start_delay);
  histograms->Read("dns", from.dns(), &to.times.dns);
  histograms->Read("connect", from.connect(), &to.times.connect);
  histograms->Read("tls", from.tls(), &to.times.tls);
  histograms->Read("first_byte", from.first_byte(), &to.times.first_byte);
  ReadTimes(from, reader, &to);
  return to;
}

void ReadEntries(const v1::Snapshot& from, ProtoReader* reader, Snapshot* to) {
  if (from.entries_size() > kEntriesMax) {
    reader->Refuse("entries",
                   fmt::format("be at most {}, got {}", kEntriesMax, from.entries_size()));
    return;
  }
  HistogramReader histograms(reader);
  for (int i = 0; i < from.entries_size() && reader->ok(); ++i) {
    const v1::EntryStats& entry = from.entries(i);
    const ProtoReader::Inside inside(reader, "entries", i);
    EntryKey key{.name = entry.name(), .method = entry.method()};
    reader->RequiredEnum("phase", entry.phase(), RunPhase::kCoolDown, &key.phase);
    EntryStats stats = ReadEntry(entry, reader, &histograms);
    const auto [place, fresh] = to->entries.try_emplace(std::move(key), std::move(stats));
    if (!fresh) {
      place->second.Merge(stats);
    }
  }
}

void ReadFailures(const v1::Snapshot& from, ProtoReader* reader, Snapshot* to) {
  for (int i = 0; i < from.failures_size() && reader->ok(); ++i) {
    const v1::FailureStats& failure = from.failures(i);
    const ProtoReader::Inside inside(reader, "failures", i);
    FailureStats stats;
    reader->Count("count", failure.count(), kCountMax, &stats.count);
    ReadTimes(failure, reader, &stats);
    FailureKey key{.method = failure.method(), .name = failure.name(), .reason = failure.reason()};
    to->failures[key].Merge(stats);
  }
}

void ReadChecks(const v1::Snapshot& from, ProtoReader* reader, Snapshot* to) {
  for (int i = 0; i < from.checks_size() && reader->ok(); ++i) {
    const v1::CheckStats& check = from.checks(i);
    const ProtoReader::Inside inside(reader, "checks", i);
    CheckStats stats;
    reader->Count("passed", check.passed(), kCountMax, &stats.passed);
    reader->Count("failed", check.failed(), kCountMax, &stats.failed);
    to->checks[{.name = check.name(), .check = check.check()}].Merge(stats);
  }
}

void ReadHealth(const v1::GeneratorHealth& from, ProtoReader* reader, GeneratorHealth* to) {
  const ProtoReader::Inside inside(reader, "health");
  HistogramReader(reader).Read("loop_lag", from.loop_lag(), &to->loop_lag);
  reader->Number("cpu_seconds", from.cpu_seconds(), 0, kSecondsMax, &to->cpu_seconds);
  reader->Number("thread_seconds", from.thread_seconds(), 0, kSecondsMax, &to->thread_seconds);
  reader->Number("run_delay_seconds", from.run_delay_seconds(), 0, kSecondsMax,
                 &to->run_delay_seconds);
  reader->Number("elapsed_seconds", from.elapsed_seconds(), 0, kSecondsMax, &to->elapsed_seconds);
  to->shards = from.shards();
  reader->Count("fd_exhausted", from.fd_exhausted(), kCountMax, &to->fd_exhausted);
  reader->Count("ports_exhausted", from.ports_exhausted(), kCountMax, &to->ports_exhausted);
  reader->Count("memory_exhausted", from.memory_exhausted(), kCountMax, &to->memory_exhausted);
  reader->Count("rss_bytes", from.rss_bytes(), kCountMax, &to->rss_bytes);
  reader->Count("open_fds", from.open_fds(), kCountMax, &to->open_fds);
  // Not bounded: RLIM_INFINITY is all ones.
  to->fd_limit = from.fd_limit();
  reader->Count("names_dropped", from.names_dropped(), kCountMax, &to->names_dropped);
}

void ReadCounters(std::string_view field, const CounterProtos& from, ProtoReader* reader,
                  Counters* to) {
  for (const auto& [name, count] : from) {
    reader->Count(field, count, kCountMax, &(*to)[name]);
  }
}

void ReadProgress(const v1::Snapshot& from, ProtoReader* reader, Snapshot* to) {
  ReadCounters("users", from.users(), reader, &to->users);
  reader->Count("target_users", from.target_users(), kCountMax, &to->target_users);
  reader->Number("target_rate", from.target_rate(), 0, kRateMax, &to->target_rate);
  reader->Count("users_started", from.users_started(), kCountMax, &to->users_started);
  reader->Count("users_stopped", from.users_stopped(), kCountMax, &to->users_stopped);
  reader->Count("arrivals_planned", from.arrivals_planned(), kCountMax, &to->arrivals_planned);
  reader->Count("dropped_iterations", from.dropped_iterations(), kCountMax,
                &to->dropped_iterations);
  reader->Count("iterations", from.iterations(), kCountMax, &to->iterations);
  reader->Count("open_requests", from.open_requests(), kCountMax, &to->open_requests);
}

bool IsTraceId(std::string_view text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void WriteTraces(const Snapshot& from, v1::Snapshot* to) {
  if (from.traces == TraceFigures{}) {
    return;
  }
  v1::TraceFigures* figures = to->mutable_traces();
  figures->set_sampled(from.traces.sampled);
  figures->set_exported(from.traces.exported);
  figures->set_dropped(from.traces.dropped);
  figures->set_failed(from.traces.failed);
  for (const TraceExemplar& exemplar : from.exemplars) {
    v1::TraceExemplar* added = to->add_exemplars();
    added->set_method(ToUtf8(exemplar.method));
    added->set_name(ToUtf8(exemplar.name));
    added->set_trace_id(exemplar.trace_id);
    NanosToProto(exemplar.response, added->mutable_response());
    WallTimeToProto(exemplar.at, added->mutable_at());
  }
}

void ReadTraces(const v1::Snapshot& from, ProtoReader* reader, Snapshot* to) {
  {
    const ProtoReader::Inside inside(reader, "traces");
    reader->Count("sampled", from.traces().sampled(), kCountMax, &to->traces.sampled);
    reader->Count("exported", from.traces().exported(), kCountMax, &to->traces.exported);
    reader->Count("dropped", from.traces().dropped(), kCountMax, &to->traces.dropped);
    reader->Count("failed", from.traces().failed(), kCountMax, &to->traces.failed);
  }
  if (from.exemplars_size() > static_cast<int>(kTraceExemplarsMax)) {
    reader->Refuse("exemplars", fmt::format("have at most {} elements", kTraceExemplarsMax));
    return;
  }
  reader->List("exemplars", from.exemplars(), &to->exemplars,
               [reader](const v1::TraceExemplar& proto, TraceExemplar* exemplar) {
                 reader->Name("method", proto.method(), &exemplar->method);
                 reader->Name("name", proto.name(), &exemplar->name);
                 if (!IsTraceId(proto.trace_id())) {
                   reader->Refuse("trace_id", "be 32 lower-case hex digits");
                 }
                 exemplar->trace_id = proto.trace_id();
                 reader->Span("response", proto.response(), &exemplar->response);
                 reader->Time("at", proto.at(), &exemplar->at);
               });
}

}  // namespace

void SnapshotToProto(const Snapshot& snapshot, v1::Snapshot* proto) {
  proto->Clear();
  proto->set_run_id(ToUtf8(snapshot.run_id));
  proto->set_agent_id(ToUtf8(snapshot.agent_id));
  proto->set_epoch(snapshot.epoch);
  proto->set_sequence(snapshot.sequence);
  proto->set_state(ToProtoEnum<v1::RunState>(snapshot.state));
  proto->set_error(ToUtf8(snapshot.error));
  proto->set_stop_reason(ToUtf8(snapshot.stop_reason));
  WallTimeToProto(snapshot.at, proto->mutable_at());
  if (snapshot.started_at != WallTime{}) {
    WallTimeToProto(snapshot.started_at, proto->mutable_started_at());
  }
  NanosToProto(snapshot.elapsed, proto->mutable_elapsed());
  WriteProgress(snapshot, proto);
  for (const auto& [key, entry] : snapshot.entries) {
    WriteEntry(key, entry, proto->add_entries());
  }
  for (const auto& [key, failure] : snapshot.failures) {
    v1::FailureStats* to = proto->add_failures();
    to->set_method(ToUtf8(key.method));
    to->set_name(ToUtf8(key.name));
    to->set_reason(ToUtf8(key.reason));
    to->set_count(failure.count);
    WriteTimes(failure, to);
  }
  for (const auto& [key, check] : snapshot.checks) {
    v1::CheckStats* to = proto->add_checks();
    to->set_name(ToUtf8(key.name));
    to->set_check(ToUtf8(key.check));
    to->set_passed(check.passed);
    to->set_failed(check.failed);
  }
  WriteCounters(snapshot.task_errors, proto->mutable_task_errors());
  for (const std::string& warning : snapshot.warnings) {
    proto->add_warnings(ToUtf8(warning));
  }
  WriteHealth(snapshot.health, proto->mutable_health());
  WriteTraces(snapshot, proto);
}

absl::StatusOr<Snapshot> SnapshotFromProto(const v1::Snapshot& proto) {
  ProtoReader reader;
  Snapshot snapshot;
  snapshot.run_id = proto.run_id();
  snapshot.agent_id = proto.agent_id();
  snapshot.epoch = proto.epoch();
  snapshot.sequence = proto.sequence();
  reader.RequiredEnum("state", proto.state(), RunState::kFailed, &snapshot.state);
  snapshot.error = proto.error();
  snapshot.stop_reason = proto.stop_reason();
  reader.Time("at", proto.at(), &snapshot.at);
  if (proto.has_started_at()) {
    reader.Time("started_at", proto.started_at(), &snapshot.started_at);
  }
  reader.Span("elapsed", proto.elapsed(), &snapshot.elapsed);
  ReadProgress(proto, &reader, &snapshot);
  ReadEntries(proto, &reader, &snapshot);
  ReadFailures(proto, &reader, &snapshot);
  ReadChecks(proto, &reader, &snapshot);
  ReadCounters("task_errors", proto.task_errors(), &reader, &snapshot.task_errors);
  if (reader.Take("warnings", proto.warnings_size())) {
    snapshot.warnings.assign(proto.warnings().begin(), proto.warnings().end());
  }
  ReadHealth(proto.health(), &reader, &snapshot.health);
  ReadTraces(proto, &reader, &snapshot);
  if (!reader.ok()) {
    return reader.status();
  }
  return snapshot;
}

}  // namespace squall
