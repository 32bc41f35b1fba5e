#include "daemon/stats/recorder.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include <absl/container/flat_hash_map.h>

#include "daemon/base/check.h"

namespace squall {
namespace {

constexpr std::string_view kOther = "other";
constexpr std::string_view kNoReason = "no reason given";
constexpr size_t kOtherMethodsMax = 32;  // that keep an "other" of their own past the cap
constexpr size_t kPhaseCount = 3;

// Debian's absl::string_view is not std::string_view: hash and compare are our own, and take views
// so that a look-up allocates nothing.
struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

struct NameView {
  std::string_view method;
  std::string_view name;
  bool operator==(const NameView&) const = default;
};

struct NameHash {
  size_t operator()(const NameView& view) const {
    return TextHash()(view.name) * 31 + TextHash()(view.method);
  }
};

template <typename Value>
using TextMap = absl::flat_hash_map<std::string, Value, TextHash, std::equal_to<>>;

// Cuts before the character that would cross `length_max`.
std::string_view CutUtf8(std::string_view text, size_t length_max) {
  if (text.size() <= length_max) {
    return text;
  }
  size_t length = length_max;
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) {
    --length;
  }
  return text.substr(0, length);
}

struct Entry {
  std::string method;
  std::string name;
  bool is_fold = false;  // stands for the names past the cap
  std::array<std::unique_ptr<EntryStats>, kPhaseCount> phases;
  TextMap<FailureStats> failures;
  TextMap<CheckStats> checks;
};

// The value under `key`; when new and past the cap, the one under "other".
template <typename Value>
Value& FindOrFold(TextMap<Value>* map, std::string_view key, size_t* count, size_t count_max) {
  auto found = map->find(key);
  if (found != map->end()) [[likely]] {
    return found->second;
  }
  if (*count >= count_max) {
    return (*map)[std::string(kOther)];
  }
  ++*count;
  return (*map)[std::string(key)];
}

void RecordIfHappened(Histogram* histogram, Nanos duration) {
  if (duration.count() >= 0) {
    histogram->Record(duration);
  }
}

void AddSample(EntryStats* stats, const Sample& sample, WallTime finished_at) {
  ++stats->requests;
  stats->failures += sample.ok ? 0 : 1;
  stats->timeouts += !sample.ok && sample.timed_out ? 1 : 0;
  stats->unfinished += !sample.ok && sample.unfinished ? 1 : 0;
  stats->bytes_sent += sample.bytes_sent;
  stats->bytes_received += sample.bytes_received;
  const size_t status_class = sample.status_code / 100;
  ++stats->status_classes[status_class < stats->status_classes.size() ? status_class : 0];
  RecordIfHappened(&stats->service, sample.service);
  RecordIfHappened(&stats->response, sample.response);
  RecordIfHappened(&stats->start_delay, sample.start_delay);
  RecordIfHappened(&stats->times.dns, sample.dns);
  RecordIfHappened(&stats->times.connect, sample.connect);
  RecordIfHappened(&stats->times.tls, sample.tls);
  RecordIfHappened(&stats->times.first_byte, sample.first_byte);
  if (stats->first_at == WallTime{} || finished_at < stats->first_at) {
    stats->first_at = finished_at;
  }
  stats->last_at = std::max(stats->last_at, finished_at);
}

}  // namespace

struct Recorder::State {
  explicit State(RecorderLimits recorder_limits) : limits(recorder_limits) {}

  Entry& At(EntryId id) {
    SQUALL_CHECK(id < entries.size());
    return *entries[id];
  }

  EntryId Add(std::string_view method, std::string_view name, bool is_fold) {
    auto entry = std::make_unique<Entry>();
    entry->method = method;
    entry->name = name;
    entry->is_fold = is_fold;
    entries.push_back(std::move(entry));
    return static_cast<EntryId>(entries.size() - 1);
  }

  EntryId Fold(std::string_view method) {
    const auto found = folds.find(method);
    if (found != folds.end()) {
      return found->second;
    }
    if (folds.size() >= kOtherMethodsMax && method != kOther) {
      return Fold(kOther);
    }
    const EntryId id = Add(method, kOther, true);
    folds.emplace(method, id);
    return id;
  }

  RecorderLimits limits;
  std::vector<std::unique_ptr<Entry>> entries;               // by EntryId; the addresses are stable
  absl::flat_hash_map<NameView, EntryId, NameHash> by_name;  // views into `entries`
  TextMap<EntryId> folds;                                    // by method
  TextMap<uint64_t> task_errors;
  size_t failure_reasons = 0;
  size_t check_names = 0;
  size_t task_error_texts = 0;
  uint64_t names_dropped = 0;
};

Recorder::Recorder(RecorderLimits limits) : state_(std::make_unique<State>(limits)) {}

Recorder::~Recorder() = default;

EntryId Recorder::Intern(std::string_view method, std::string_view name) {
  const NameView wanted{CutUtf8(method, state_->limits.name_length_max),
                        CutUtf8(name, state_->limits.name_length_max)};
  const auto found = state_->by_name.find(wanted);
  if (found != state_->by_name.end()) {
    return found->second;
  }
  if (state_->by_name.size() >= state_->limits.names_max) {
    return state_->Fold(wanted.method);
  }
  const EntryId id = state_->Add(wanted.method, wanted.name, false);
  const Entry& entry = state_->At(id);
  state_->by_name.emplace(NameView{entry.method, entry.name}, id);
  return id;
}

void Recorder::Record(const Sample& sample, WallTime finished_at) {
  Entry& entry = state_->At(sample.entry);
  const size_t phase = static_cast<size_t>(sample.phase);
  SQUALL_CHECK(phase < kPhaseCount);
  std::unique_ptr<EntryStats>& stats = entry.phases[phase];
  if (!stats) [[unlikely]] {
    stats = std::make_unique<EntryStats>();
  }
  AddSample(stats.get(), sample, finished_at);
  state_->names_dropped += entry.is_fold ? 1 : 0;
  if (sample.ok || sample.phase != RunPhase::kMeasured) [[likely]] {
    return;
  }
  const std::string_view reason = sample.failure.empty() ? kNoReason : sample.failure;
  FailureStats& failure =
      FindOrFold(&entry.failures, CutUtf8(reason, state_->limits.name_length_max),
                 &state_->failure_reasons, state_->limits.failure_reasons_max);
  failure.Merge({1, finished_at, finished_at});
}

void Recorder::RecordCheck(EntryId entry, std::string_view check, bool passed, RunPhase phase) {
  if (phase != RunPhase::kMeasured) {
    return;
  }
  CheckStats& stats =
      FindOrFold(&state_->At(entry).checks, CutUtf8(check, state_->limits.name_length_max),
                 &state_->check_names, state_->limits.names_max);
  ++(passed ? stats.passed : stats.failed);
}

void Recorder::RecordTaskError(std::string_view text) {
  ++FindOrFold(&state_->task_errors, CutUtf8(text, state_->limits.name_length_max),
               &state_->task_error_texts, state_->limits.failure_reasons_max);
}

void Recorder::Fill(Snapshot* snapshot) const {
  for (const std::unique_ptr<Entry>& entry : state_->entries) {
    for (size_t phase = 0; phase < kPhaseCount; ++phase) {
      if (entry->phases[phase]) {
        const EntryKey key{static_cast<RunPhase>(phase), entry->name, entry->method};
        snapshot->entries[key].Merge(*entry->phases[phase]);
      }
    }
    for (const auto& [reason, failure] : entry->failures) {
      snapshot->failures[{entry->method, entry->name, reason}].Merge(failure);
    }
    for (const auto& [check, stats] : entry->checks) {
      snapshot->checks[{entry->name, check}].Merge(stats);
    }
  }
  for (const auto& [text, count] : state_->task_errors) {
    snapshot->task_errors[text] += count;
  }
  snapshot->health.names_dropped += state_->names_dropped;
}

}  // namespace squall
