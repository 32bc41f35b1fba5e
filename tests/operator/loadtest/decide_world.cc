#include "tests/operator/loadtest/decide_world.h"

#include <memory>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "operator/loadtest/names.h"
#include "operator/loadtest/status.h"
#include "tests/operator/loadtest/samples.h"

namespace squall {
namespace {

template <typename List, typename NameOf>
void AddList(std::vector<std::string>* acts, const char* verb, const List& list, NameOf name_of) {
  std::vector<std::string> names;
  for (const auto& item : list) {
    names.push_back(name_of(item));
  }
  if (!names.empty()) {
    acts->push_back(fmt::format("{} {}", verb, fmt::join(names, ",")));
  }
}

}  // namespace

std::string ActsOf(const Decision& decision) {
  std::vector<std::string> acts;
  const auto add = [&](bool done, const char* act) {
    if (done) {
      acts.emplace_back(act);
    }
  };
  const auto place = [](const AgentPlace& agent) { return agent.name; };
  add(decision.add_finalizer, "finalizer+");
  add(decision.apply_children, "children+");
  AddList(&acts, "start", decision.start_run ? decision.agents : std::vector<AgentPlace>(), place);
  add(decision.resume_run, "resume");
  add(decision.load.has_value(), "load");
  add(decision.profile.has_value(), "profile");
  add(decision.thresholds.has_value(), "thresholds");
  add(decision.pause == true, "pause");
  add(decision.pause == false, "unpause");
  AddList(&acts, "join", decision.join, place);
  AddList(&acts, "leave", decision.leave, [](const std::string& agent) { return agent; });
  add(decision.stop.has_value(), decision.stop_immediate ? "stop!" : "stop");
  AddList(&acts, "delete", decision.delete_pods, [](const PodView& pod) { return pod.name; });
  AddList(&acts, "create", decision.create_pods,
          [](uint32_t index) { return fmt::to_string(index); });
  add(decision.write_report, "report");
  add(decision.drop_run, "drop-run");
  add(decision.drop_children, "children-");
  add(decision.remove_finalizer, "finalizer-");
  add(decision.delete_test, "delete-test");
  return fmt::format("{}", fmt::join(acts, " "));
}

std::string EventsOf(const Decision& decision) {
  std::vector<std::string> reasons;
  for (const EventNote& event : decision.events) {
    reasons.push_back(event.reason);
  }
  return fmt::format("{}", fmt::join(reasons, " "));
}

DecideWorld::DecideWorld(const std::string& spec) {
  seen.now = SomeTime();
  Edit(spec);
}

void DecideWorld::Edit(const std::string& spec) {
  const bool deleting = seen.test.deleting;
  const bool has_finalizer = seen.test.has_finalizer;
  boost::json::object object = SomeObject(spec);
  object["status"] = seen.test.status;
  if (deleting) {
    object["metadata"].as_object()["deletionTimestamp"] = "2026-11-25T03:00:00Z";
  }
  seen.test = ReadLoadTest(object);
  seen.test.has_finalizer = has_finalizer;
}

std::string DecideWorld::Step() {
  last = Decide(seen);
  Do(last);
  return ActsOf(last);
}

void DecideWorld::Do(const Decision& decision) {
  seen.test.status = StatusOf(seen, decision, {});
  seen.test.object["status"] = seen.test.status;
  seen.test.has_finalizer =
      (seen.test.has_finalizer || decision.add_finalizer) && !decision.remove_finalizer;
  seen.children_applied =
      (seen.children_applied || decision.apply_children) && !decision.drop_children;
  seen.report_written = seen.report_written || decision.write_report;
  if (decision.start_run) {
    seen.run = RunSeen();
    for (const AgentPlace& agent : decision.agents) {
      seen.run->present.insert(agent.name);
    }
  } else if (decision.resume_run) {
    seen.run = RunSeen();
    seen.has_checkpoint = false;
  }
  if (decision.load.has_value()) {
    seen.asked.load = seen.test.load_override;
  }
  seen.asked.paused = decision.pause.value_or(seen.asked.paused);
  seen.asked.stop = seen.asked.stop || decision.stop.has_value();
  for (const AgentPlace& agent : decision.join) {
    seen.asked.joins[agent.name] = seen.now;
  }
  seen.asked.leaves.insert(decision.leave.begin(), decision.leave.end());
  for (const PodView& gone : decision.delete_pods) {
    for (PodView& pod : seen.pods) {
      pod.deleting = pod.deleting || pod.uid == gone.uid;
    }
  }
  for (const uint32_t index : decision.create_pods) {
    PodView pod;
    pod.name = AgentPodName("peak", index);
    pod.uid = fmt::format("pod{:02}", pods_made_++);
    pod.run_id = seen.test.run_id;
    pod.index = index;
    pod.ours = true;
    seen.pods.push_back(pod);
  }
  if (decision.drop_run) {
    seen.run.reset();
    seen.asked = Asked();
  }
}

void DecideWorld::MakeReady(size_t index) {
  pod(index).ready = true;
  pod(index).ip = fmt::format("10.0.0.{}", index + 1);
}

void DecideWorld::StartRun() {
  Step();  // the finalizer
  Step();  // the pods
  for (size_t i = 0; i < seen.pods.size(); ++i) {
    MakeReady(i);
  }
  Step();
  run().started = true;
  run().started_at = seen.now;
  run().state = RunState::kRunning;
  Step();
}

void DecideWorld::EndRun(RunReport report) {
  run().over = true;
  run().state = RunState::kFinished;
  run().report = std::make_shared<const RunReport>(std::move(report));
}

void DecideWorld::ChangeLeader() {
  seen.run.reset();
  seen.asked = Asked();
  seen.children_applied = false;
  seen.report_written = false;
}

std::string DecideWorld::Condition(const std::string& type) const {
  const boost::json::object* found = ConditionOf(seen.test.object, type);
  return found == nullptr
             ? "none"
             : fmt::format("{} {}", StringAt(*found, "status"), StringAt(*found, "reason"));
}

std::string DecideWorld::Message(const std::string& type) const {
  const boost::json::object* found = ConditionOf(seen.test.object, type);
  return found == nullptr ? "none" : StringAt(*found, "message");
}

std::string DecideWorld::Phase() const { return StringAt(seen.test.status, "phase"); }

}  // namespace squall
