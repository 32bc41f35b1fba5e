#include "daemon/plan/tagged_requests.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/utf8.h"
#include "daemon/plan/template.h"
#include "daemon/stats/recorder.h"

namespace squall {
namespace {

constexpr size_t kPatternsMax = 1'000'000;  // of all tags together

using Patterns = std::set<RequestPattern>;

// As the protocols name their requests: a templated path without a name of its own is recorded as
// it is written, a templated name as what it reads.
RequestPattern PatternOf(const RequestStep& step) {
  RequestPattern pattern{.method = step.method};
  const absl::StatusOr<Template> name =
      Template::Compile(step.name.empty() ? step.path : step.name);
  if (!name.ok() || (step.name.empty() && !name->IsConstant())) {
    pattern.parts = {step.path};
  } else {
    pattern.parts = name->Literals();
  }
  if (pattern.parts.size() == 1) {
    pattern.parts[0] = Utf8Prefix(pattern.parts[0], RecorderLimits().name_length_max);
  }
  return pattern;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the plan, which its readers bound.
void AddRequests(const StepList& steps, Patterns* patterns) {
  for (const Step& step : steps) {
    if (const auto* request = std::get_if<RequestStep>(&step.what)) {
      patterns->insert(PatternOf(*request));
    } else if (const auto* choice = std::get_if<IfStep>(&step.what)) {
      AddRequests(choice->then, patterns);
      AddRequests(choice->otherwise, patterns);
    } else if (const auto* loop = std::get_if<LoopStep>(&step.what)) {
      AddRequests(loop->steps, patterns);
    }
  }
}

// Each task is walked once, however many tags it has.
std::map<std::string, Patterns> RequestsByTag(const std::vector<UserClass>& users,
                                              const std::set<std::string>& wanted, bool* bounded) {
  std::map<std::string, Patterns> by_tag;
  size_t total = 0;
  for (const UserClass& user : users) {
    for (const Task& task : user.tasks) {
      Patterns patterns;
      for (const std::string& tag : task.tags) {
        if (!wanted.contains(tag)) {
          continue;
        }
        if (patterns.empty()) {
          AddRequests(task.steps, &patterns);
        }
        total += patterns.size();
        if (total > kPatternsMax) {
          *bounded = false;
          return by_tag;
        }
        by_tag[tag].insert(patterns.begin(), patterns.end());
      }
    }
  }
  return by_tag;
}

}  // namespace

std::vector<std::string> TagsOf(const std::vector<UserClass>& users) {
  std::set<std::string> tags;
  for (const UserClass& user : users) {
    for (const Task& task : user.tasks) {
      tags.insert(task.tags.begin(), task.tags.end());
    }
  }
  return {tags.begin(), tags.end()};
}

absl::Status ResolveThresholdTags(const std::vector<UserClass>& users,
                                  std::vector<Threshold>* thresholds) {
  std::set<std::string> wanted;
  for (const Threshold& threshold : *thresholds) {
    if (!threshold.tag.empty()) {
      wanted.insert(threshold.tag);
    }
  }
  bool bounded = true;
  const std::map<std::string, Patterns> by_tag = RequestsByTag(users, wanted, &bounded);
  if (!bounded) {
    return absl::InvalidArgumentError(fmt::format(
        "thresholds must not select by tag more than {} requests in all", kPatternsMax));
  }
  std::map<std::string, std::shared_ptr<const std::vector<RequestPattern>>> shared;
  for (const std::string& tag : wanted) {
    const auto found = by_tag.find(tag);
    std::vector<RequestPattern> patterns;
    if (found != by_tag.end()) {
      patterns.assign(found->second.begin(), found->second.end());
    }
    shared[tag] = std::make_shared<const std::vector<RequestPattern>>(std::move(patterns));
  }
  for (Threshold& threshold : *thresholds) {
    threshold.tagged.patterns = threshold.tag.empty() ? nullptr : shared[threshold.tag];
  }
  return absl::OkStatus();
}

}  // namespace squall
