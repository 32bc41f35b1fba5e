#include "daemon/wire/summary_proto.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "daemon/base/utf8.h"
#include "daemon/wire/proto_reader.h"
#include "daemon/wire/threshold_proto.h"
#include "daemon/wire/time_proto.h"
#include "protos/squall/v1/run.pb.h"

namespace squall {
namespace {

using Texts = google::protobuf::RepeatedPtrField<std::string>;

constexpr int kTextsMax = 1'000;       // reasons, and warnings
constexpr int kThresholdsMax = 1'000;  // of one plan
constexpr int kAgentsMax = 10'000;
constexpr double kObservedMax = 1e300;

// ---- writing ---------------------------------------------------------------------------------

std::string Text(std::string_view text) {
  const std::string clean = ToUtf8(text);
  return std::string(Utf8Prefix(clean, kNameBytesMax));
}

// How many of a list are written.
template <typename Value>
size_t Kept(const std::vector<Value>& values, int size_max) {
  return std::min(values.size(), static_cast<size_t>(size_max));
}

void WriteTexts(const std::vector<std::string>& from, Texts* to) {
  for (size_t i = 0; i < Kept(from, kTextsMax); ++i) {
    to->Add(Text(from[i]));
  }
}

// ---- reading ---------------------------------------------------------------------------------

// Whether there are no more than may be.
bool Fits(std::string_view field, int size, int size_max, ProtoReader* reader) {
  if (size > size_max) {
    reader->Refuse(field, fmt::format("have at most {} elements, got {}", size_max, size));
  }
  return size <= size_max;
}

void ReadTexts(std::string_view field, const Texts& from, ProtoReader* reader,
               std::vector<std::string>* to) {
  if (Fits(field, from.size(), kTextsMax, reader)) {
    for (const std::string& text : from) {
      reader->Name(field, text, &to->emplace_back());
    }
  }
}

void ReadResult(const v1::ThresholdResult& from, ProtoReader* reader, ThresholdResult* to) {
  {
    const ProtoReader::Inside inside(reader, "threshold");
    ReadThreshold(from.threshold(), reader, &to->threshold);
  }
  if (from.has_observed()) {
    reader->Number("observed", from.observed(), -kObservedMax, kObservedMax,
                   &to->observed.emplace());
  }
  to->passed = from.passed();
}

void ReadAgent(const v1::AgentInfo& from, ProtoReader* reader, AgentDescription* to) {
  reader->Name("agent_id", from.agent_id(), &to->agent_id);
  reader->Name("name", from.name(), &to->name);
  reader->Name("version", from.version(), &to->version);
  to->shards = from.shards();
  to->cpu_count = from.cpu_count();
}

void ReadTimes(const v1::RunSummary& from, ProtoReader* reader, RunSummary* to) {
  if (from.has_started_at()) {
    reader->Time("started_at", from.started_at(), &to->started_at.emplace());
  }
  if (from.has_ended_at()) {
    reader->Time("ended_at", from.ended_at(), &to->ended_at.emplace());
  }
}

void ReadOutcome(const v1::RunSummary& from, ProtoReader* reader, RunSummary* to) {
  if (from.verdict() != v1::VERDICT_UNSPECIFIED) {
    reader->Enum("verdict", from.verdict(), Verdict::kInvalid, &to->verdict.emplace());
  }
  ReadTexts("reasons", from.reasons(), reader, &to->reasons);
  ReadTexts("warnings", from.warnings(), reader, &to->warnings);
  if (Fits("thresholds", from.thresholds_size(), kThresholdsMax, reader)) {
    reader->List("thresholds", from.thresholds(), &to->thresholds,
                 [reader](const v1::ThresholdResult& result, ThresholdResult* read) {
                   ReadResult(result, reader, read);
                 });
  }
}

}  // namespace

void AgentDescriptionToProto(const AgentDescription& agent, v1::AgentInfo* proto) {
  proto->Clear();
  proto->set_agent_id(Text(agent.agent_id));
  proto->set_name(Text(agent.name));
  proto->set_version(Text(agent.version));
  proto->set_shards(agent.shards);
  proto->set_cpu_count(agent.cpu_count);
}

absl::StatusOr<AgentDescription> AgentDescriptionFromProto(const v1::AgentInfo& proto) {
  ProtoReader reader;
  AgentDescription agent;
  ReadAgent(proto, &reader, &agent);
  if (!reader.ok()) {
    return reader.status();
  }
  return agent;
}

void SummaryToProto(const RunSummary& summary, v1::RunSummary* proto) {
  proto->Clear();
  proto->set_run_id(Text(summary.run_id));
  proto->set_plan_name(Text(summary.plan_name));
  proto->set_plan_digest(Text(summary.plan_digest));
  proto->set_state(ToProtoEnum<v1::RunState>(summary.state));
  if (summary.started_at) {
    WallTimeToProto(*summary.started_at, proto->mutable_started_at());
  }
  if (summary.ended_at) {
    WallTimeToProto(*summary.ended_at, proto->mutable_ended_at());
  }
  proto->set_stop_reason(Text(summary.stop_reason));
  if (summary.verdict) {
    proto->set_verdict(ToProtoEnum<v1::Verdict>(*summary.verdict));
  }
  WriteTexts(summary.reasons, proto->mutable_reasons());
  WriteTexts(summary.warnings, proto->mutable_warnings());
  for (size_t i = 0; i < Kept(summary.thresholds, kThresholdsMax); ++i) {
    v1::ThresholdResult* result = proto->add_thresholds();
    WriteThreshold(summary.thresholds[i].threshold, result->mutable_threshold());
    if (summary.thresholds[i].observed) {
      result->set_observed(*summary.thresholds[i].observed);
    }
    result->set_passed(summary.thresholds[i].passed);
  }
  proto->set_users(summary.users);
  proto->set_requests(summary.requests);
  proto->set_failures(summary.failures);
  for (size_t i = 0; i < Kept(summary.agents, kAgentsMax); ++i) {
    AgentDescriptionToProto(summary.agents[i], proto->add_agents());
  }
}

absl::StatusOr<RunSummary> SummaryFromProto(const v1::RunSummary& proto) {
  ProtoReader reader;
  RunSummary summary;
  reader.Name("run_id", proto.run_id(), &summary.run_id);
  reader.Name("plan_name", proto.plan_name(), &summary.plan_name);
  reader.Name("plan_digest", proto.plan_digest(), &summary.plan_digest);
  reader.RequiredEnum("state", proto.state(), RunState::kFailed, &summary.state);
  ReadTimes(proto, &reader, &summary);
  reader.Name("stop_reason", proto.stop_reason(), &summary.stop_reason);
  ReadOutcome(proto, &reader, &summary);
  reader.Count("users", proto.users(), kCountMax, &summary.users);
  reader.Count("requests", proto.requests(), kCountMax, &summary.requests);
  reader.Count("failures", proto.failures(), kCountMax, &summary.failures);
  if (Fits("agents", proto.agents_size(), kAgentsMax, &reader)) {
    reader.List("agents", proto.agents(), &summary.agents,
                [&reader](const v1::AgentInfo& agent, AgentDescription* read) {
                  ReadAgent(agent, &reader, read);
                });
  }
  if (!reader.ok()) {
    return reader.status();
  }
  return summary;
}

}  // namespace squall
