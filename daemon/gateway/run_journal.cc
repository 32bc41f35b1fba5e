#include "daemon/gateway/run_journal.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "daemon/base/status_macros.h"
#include "daemon/coordinator/checkpoint.h"
#include "daemon/report/csv.h"
#include "daemon/report/json_report.h"
#include "daemon/report/junit.h"
#include "daemon/report/markdown.h"
#include "daemon/report/summary.h"
#include "daemon/wire/assignment_proto.h"
#include "daemon/wire/plan_proto.h"
#include "daemon/wire/series_proto.h"
#include "daemon/wire/settings_proto.h"
#include "daemon/wire/snapshot_proto.h"
#include "daemon/wire/summary_proto.h"
#include "protos/squall/v1/run_checkpoint.pb.h"
#include "protos/squall/v1/run_service.pb.h"

namespace squall {
namespace {

// Of snapshots, in one tick: 1 000 agents with 50 names each take some seconds in turn.
constexpr size_t kTickBytesMax = 1 << 20;

// Lines of a stored run are called "run", "heat", "name|GET|/products" and "agent|a-1".
constexpr std::string_view kRunLine = "run";
constexpr std::string_view kNameLine = "name|";
constexpr std::string_view kAgentLine = "agent|";
constexpr std::string_view kHeatLine = "heat";  // of HeatColumns

struct ReportRenderer {
  std::string_view format;
  std::string (*render)(const RunReport&);
};

constexpr ReportRenderer kRenderers[] = {
    {"json", JsonReport},
    {"junit", JunitReport},
    {"markdown", MarkdownReport},
    {"text", [](const RunReport& report) { return FinalReport(report, {}); }},
    {"csv_stats", [](const RunReport& report) { return StatsCsv(report.total); }},
    {"csv_failures", [](const RunReport& report) { return FailuresCsv(report.total); }},
    {"csv_exceptions", [](const RunReport& report) { return ExceptionsCsv(report); }},
    {"csv_history", HistoryCsv},
};

std::string LineName(const SeriesChange& change) {
  switch (change.line) {
    case SeriesChange::Line::kRun:
      return std::string(kRunLine);
    case SeriesChange::Line::kName:
      return fmt::format("{}{}|{}", kNameLine, change.method, change.name);
    case SeriesChange::Line::kAgent:
      break;
  }
  return fmt::format("{}{}", kAgentLine, change.name);
}

template <typename Proto>
absl::Status Parse(const std::string& bytes, std::string_view what, Proto* proto) {
  return proto->ParseFromString(bytes)
             ? absl::OkStatus()
             : absl::DataLossError(fmt::format("the stored {} cannot be read", what));
}

std::string EncodeControl(const RunControl& control, bool fixed_agents) {
  v1::RunControl proto;
  ControlToProto(control, &proto);
  proto.set_fixed_agents(fixed_agents);
  return proto.SerializeAsString();
}

template <typename Point, typename Decode>
absl::Status ReadLine(const std::vector<PointRecord>& records, const Decode& decode,
                      std::vector<Point>* points) {
  for (const PointRecord& record : records) {
    SQUALL_ASSIGN_OR_RETURN(Point point, decode(record.bytes));
    points->push_back(point);
  }
  return absl::OkStatus();
}

absl::StatusOr<SeriesLines> LoadLines(const RunStore& store, const std::string& run_id) {
  SeriesLines lines;
  SQUALL_ASSIGN_OR_RETURN(const std::vector<std::string> names, store.SeriesNames(run_id));
  for (const std::string& name : names) {
    SQUALL_ASSIGN_OR_RETURN(const std::vector<PointRecord> records, store.Series(run_id, name));
    if (name == kRunLine) {
      SQUALL_RETURN_IF_ERROR(ReadLine(records, DecodeSeriesPoint, &lines.run));
    } else if (name.starts_with(kNameLine)) {
      const size_t bar = name.find('|', kNameLine.size());
      const SeriesName key{bar == std::string::npos ? "" : name.substr(bar + 1),
                           name.substr(kNameLine.size(), bar - kNameLine.size())};
      SQUALL_RETURN_IF_ERROR(ReadLine(records, DecodeSeriesPoint, &lines.by_name[key]));
    } else if (name.starts_with(kAgentLine)) {
      SQUALL_RETURN_IF_ERROR(
          ReadLine(records, DecodeAgentPoint, &lines.by_agent[name.substr(kAgentLine.size())]));
    }
  }
  return lines;
}

absl::StatusOr<Resumption::Member> LoadMember(const AgentRecord& record) {
  Resumption::Member member;
  member.target.name = record.agent_id;
  member.target.address = record.address;
  if (record.lost) {
    member.fate = record.address.empty() ? MemberFate::kGone : MemberFate::kLost;
  }
  v1::Assignment assignment;
  SQUALL_RETURN_IF_ERROR(Parse(record.assignment, "assignment", &assignment));
  SQUALL_ASSIGN_OR_RETURN(member.assignment, AssignmentFromProto(assignment));
  if (!record.snapshot.empty()) {
    v1::Snapshot snapshot;
    SQUALL_RETURN_IF_ERROR(Parse(record.snapshot, "snapshot", &snapshot));
    SQUALL_ASSIGN_OR_RETURN(member.snapshot, SnapshotFromProto(snapshot));
  }
  return member;
}

std::string Encode(const Snapshot& snapshot) {
  v1::Snapshot proto;
  SnapshotToProto(snapshot, &proto);
  return proto.SerializeAsString();
}

std::string Encode(const Assignment& assignment) {
  v1::Assignment proto;
  AssignmentToProto(assignment, &proto);
  return proto.SerializeAsString();
}

std::string Encode(const RunSettings& settings) {
  v1::RunSettings proto;
  SettingsToProto(settings, &proto);
  return proto.SerializeAsString();
}

}  // namespace

RunSummary SummaryOf(const RunReport& report) {
  RunSummary summary;
  summary.run_id = report.run_id;
  summary.plan_name = report.plan_name;
  summary.state = RunState::kFinished;
  summary.started_at = report.started_at;
  summary.ended_at = report.ended_at;
  summary.stop_reason = report.total.stop_reason;
  summary.verdict = report.verdict.verdict;
  summary.reasons = report.verdict.reasons;
  summary.warnings = report.warnings;
  summary.warnings.insert(summary.warnings.end(), report.verdict.warnings.begin(),
                          report.verdict.warnings.end());
  summary.thresholds = report.thresholds;
  const EntryStats total = report.total.Total();
  summary.requests = total.requests;
  summary.failures = total.failures;
  return summary;
}

std::vector<EventView> EventViews(const std::vector<EventRecord>& events) {
  std::vector<EventView> views;
  for (const EventRecord& event : events) {
    views.push_back({event.at, event.text, event.number});
  }
  return views;
}

std::vector<ReportText> RenderReports(const RunReport& report) {
  std::vector<ReportText> texts;
  for (const ReportRenderer& renderer : kRenderers) {
    texts.emplace_back(renderer.format, renderer.render(report));
  }
  return texts;
}

absl::StatusOr<std::string> RenderReport(const RunReport& report, const std::string& format) {
  std::vector<std::string> known;
  for (const ReportRenderer& renderer : kRenderers) {
    if (renderer.format == format) {
      return renderer.render(report);
    }
    known.emplace_back(renderer.format);
  }
  return absl::NotFoundError(
      fmt::format("format must be one of {}, got '{}'", fmt::join(known, ", "), format));
}

RunJournal::RunJournal(RunStore* store, RunRecord record, bool fixed_agents, const Clock* clock)
    : store_(store), record_(std::move(record)), fixed_agents_(fixed_agents), clock_(clock) {}

void RunJournal::Adopt(const std::vector<Resumption::Member>& members) {
  for (const Resumption::Member& member : members) {
    AgentRecord* agent = &agents_[member.target.name];
    agent->agent_id = member.target.name;
    agent->reported_at = member.snapshot.at;
    if (member.snapshot.sequence > 0) {
      agent->snapshot = Encode(member.snapshot);
    }
  }
}

absl::Status RunJournal::Create(const Plan& plan, const RunSettings& settings) {
  v1::Plan proto;
  SQUALL_RETURN_IF_ERROR(PlanToProto(plan, &proto));
  return store_->Create(record_, proto.SerializeAsString(), Encode(settings));
}

absl::Status RunJournal::SetSettings(const RunSettings& settings) {
  return store_->Write(DocumentRecord{record_.run_id, DocumentKind::kSettings, Encode(settings)});
}

absl::Status RunJournal::Event(std::string_view text) {
  EventRecord event;
  event.run_id = record_.run_id;
  event.at = clock_->Wall();
  event.text = CutEventText(text);
  return store_->Write(event);
}

absl::Status RunJournal::Roster(const RunRoster& roster, const RunSummary& summary) {
  std::vector<RunWrite> writes;
  writes.push_back(SummaryDocument(summary));
  record_.state = StoredState::kRunning;
  record_.started_at = roster.started_at;
  record_.epoch = roster.epoch;
  writes.emplace_back(record_);
  writes.emplace_back(DocumentRecord{record_.run_id, DocumentKind::kControl,
                                     EncodeControl(roster.control, fixed_agents_)});
  for (const MemberRecord& member : roster.members) {
    AgentRecord* agent = &agents_[member.name];
    agent->run_id = record_.run_id;
    agent->agent_id = member.name;
    agent->address = member.fate == MemberFate::kGone ? "" : member.address;  // nobody calls it
    agent->epoch = roster.epoch;
    agent->lost = member.fate != MemberFate::kPresent;
    agent->assignment = Encode(member.assignment);
    if (member.last.has_value()) {
      agent->snapshot = Encode(*member.last);
      agent->reported_at = member.last->at;
    }
    writes.emplace_back(*agent);
  }
  return store_->WriteAll(writes);
}

absl::Status RunJournal::Tick(const RunProgress& progress, const RunSummary& summary) {
  std::vector<RunWrite> writes;
  writes.push_back(SummaryDocument(summary));
  AddPoints(progress.lines, &writes);
  if (progress.heat != nullptr) {
    AddHeat(progress.heat->columns(), &writes);
  }
  AddSnapshots(progress.agents, &writes);
  return store_->WriteAll(writes);
}

RunWrite RunJournal::SummaryDocument(const RunSummary& summary) const {
  v1::RunSummary proto;
  SummaryToProto(summary, &proto);
  return DocumentRecord{record_.run_id, DocumentKind::kSummary, proto.SerializeAsString()};
}

void RunJournal::AddPoints(SeriesSet* lines, std::vector<RunWrite>* writes) const {
  for (const SeriesChange& change : lines->TakeChanges()) {
    const std::string name = LineName(change);
    if (name.size() > kStoredNameBytesMax) {
      continue;  // its counts are in the report all the same
    }
    auto index = static_cast<int64_t>(change.first);
    for (const SeriesPoint& point : change.points) {
      writes->emplace_back(PointRecord{record_.run_id, name, index++, EncodeSeriesPoint(point)});
    }
    for (const AgentPoint& point : change.agent_points) {
      writes->emplace_back(PointRecord{record_.run_id, name, index++, EncodeAgentPoint(point)});
    }
    writes->emplace_back(SeriesCut{record_.run_id, name, index});
  }
}

// Only the last column grows, until there are too many and neighbours are joined.
void RunJournal::AddHeat(const std::vector<HeatColumn>& columns, std::vector<RunWrite>* writes) {
  const bool thinned =
      columns.size() < heat_columns_ || (!columns.empty() && columns.front().length != heat_step_);
  size_t index = thinned || heat_columns_ == 0 ? 0 : heat_columns_ - 1;
  for (; index < columns.size(); ++index) {
    writes->emplace_back(PointRecord{record_.run_id, std::string(kHeatLine),
                                     static_cast<int64_t>(index),
                                     EncodeHeatColumn(columns[index])});
  }
  if (thinned) {
    writes->emplace_back(
        SeriesCut{record_.run_id, std::string(kHeatLine), static_cast<int64_t>(columns.size())});
  }
  heat_columns_ = columns.size();
  heat_step_ = columns.empty() ? Nanos(0) : columns.front().length;
}

void RunJournal::AddSnapshots(const std::vector<const Snapshot*>& agents,
                              std::vector<RunWrite>* writes) {
  std::map<std::string_view, const Snapshot*> by_name;
  for (const Snapshot* snapshot : agents) {
    by_name.emplace(snapshot->agent_id, snapshot);
  }
  if (by_name.empty()) {
    return;
  }
  size_t bytes = 0;
  auto next = by_name.lower_bound(next_agent_);
  for (size_t i = 0; i < by_name.size() && bytes < kTickBytesMax; ++i, ++next) {
    next = next == by_name.end() ? by_name.begin() : next;
    const auto known = agents_.find(std::string(next->first));
    if (known != agents_.end()) {
      AgentRecord* agent = &known->second;
      agent->snapshot = Encode(*next->second);
      agent->reported_at = next->second->at;
      bytes += agent->snapshot.size();
      writes->emplace_back(*agent);
    }
  }
  next_agent_ = next == by_name.end() ? "" : std::string(next->first);
}

absl::Status RunJournal::Finish(const RunReport& report, const RunSummary& summary,
                                const std::vector<ReportText>& texts) {
  std::vector<RunWrite> writes;
  record_.state = StoredState::kFinished;
  record_.ended_at = report.ended_at;
  record_.verdict = std::string(VerdictName(report.verdict.verdict));
  record_.exit_code = report.exit_code;
  writes.push_back(SummaryDocument(summary));
  AddReports(texts, &writes);
  writes.emplace_back(record_);
  return store_->WriteAll(writes);
}

absl::Status RunJournal::Fail(const RunSummary& summary, const std::vector<ReportText>& texts) {
  std::vector<RunWrite> writes;
  record_.state = StoredState::kFailed;
  record_.ended_at = summary.ended_at.value_or(clock_->Wall());
  writes.push_back(SummaryDocument(summary));
  AddReports(texts, &writes);
  writes.emplace_back(record_);
  return store_->WriteAll(writes);
}

void RunJournal::AddReports(const std::vector<ReportText>& texts,
                            std::vector<RunWrite>* writes) const {
  for (const auto& [format, text] : texts) {
    writes->emplace_back(ReportRecord{record_.run_id, format, text});
  }
}

absl::StatusOr<std::vector<SeriesPoint>> RunJournal::LoadPoints(const RunStore& store,
                                                                const std::string& run_id) {
  SQUALL_ASSIGN_OR_RETURN(const std::vector<PointRecord> records,
                          store.Series(run_id, std::string(kRunLine)));
  std::vector<SeriesPoint> points;
  SQUALL_RETURN_IF_ERROR(ReadLine(records, DecodeSeriesPoint, &points));
  return points;
}

absl::StatusOr<StoredRun> RunJournal::Load(const RunStore& store, const std::string& run_id) {
  StoredRun run;
  SQUALL_ASSIGN_OR_RETURN(const RunRecord record, store.Get(run_id));
  v1::Plan plan;
  SQUALL_ASSIGN_OR_RETURN(const std::string plan_bytes,
                          store.Document(run_id, DocumentKind::kPlan));
  SQUALL_RETURN_IF_ERROR(Parse(plan_bytes, "plan", &plan));
  SQUALL_ASSIGN_OR_RETURN(run.plan, PlanFromProto(plan));
  v1::RunSettings settings;
  SQUALL_ASSIGN_OR_RETURN(const std::string settings_bytes,
                          store.Document(run_id, DocumentKind::kSettings));
  SQUALL_RETURN_IF_ERROR(Parse(settings_bytes, "settings", &settings));
  SQUALL_ASSIGN_OR_RETURN(run.settings, SettingsFromProto(settings));
  const absl::StatusOr<std::string> summary_bytes = store.Document(run_id, DocumentKind::kSummary);
  if (summary_bytes.ok()) {
    v1::RunSummary summary;
    SQUALL_RETURN_IF_ERROR(Parse(*summary_bytes, "summary", &summary));
    SQUALL_ASSIGN_OR_RETURN(run.summary, SummaryFromProto(summary));
  }
  const absl::StatusOr<std::string> control_bytes = store.Document(run_id, DocumentKind::kControl);
  if (control_bytes.ok()) {
    v1::RunControl control;
    SQUALL_RETURN_IF_ERROR(Parse(*control_bytes, "control", &control));
    run.fixed_agents = control.fixed_agents();
    SQUALL_ASSIGN_OR_RETURN(run.resumption.control, ControlFromProto(control));
  }
  run.resumption.started_at = record.started_at;
  run.resumption.epoch = record.epoch;
  run.resumption.warnings = run.summary.warnings;
  SQUALL_ASSIGN_OR_RETURN(run.resumption.series, LoadLines(store, run_id));
  SQUALL_ASSIGN_OR_RETURN(const std::vector<PointRecord> heat,
                          store.Series(run_id, std::string(kHeatLine)));
  SQUALL_RETURN_IF_ERROR(ReadLine(heat, DecodeHeatColumn, &run.resumption.heat));
  SQUALL_ASSIGN_OR_RETURN(const std::vector<AgentRecord> agents, store.Agents(run_id));
  for (const AgentRecord& agent : agents) {
    SQUALL_ASSIGN_OR_RETURN(Resumption::Member member, LoadMember(agent));
    run.resumption.members.push_back(std::move(member));
  }
  return run;
}

}  // namespace squall
