#include "daemon/plan/variable_ledger.h"

#include <algorithm>

#include <fmt/format.h>

#include "daemon/base/suggest.h"

namespace squall {
namespace {

// A name that is used in a thousand places is reported once for each class and name.
using Reported = std::set<std::pair<int, std::string>>;

std::string DidYouMean(const std::string& name, const std::vector<std::string>& known) {
  const std::string nearest = SuggestNearest(name, known);
  return nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest);
}

}  // namespace

void VariableLedger::Set(const std::string& name, VariableScope scope) {
  if (scope == VariableScope::kShared) {
    shared_.insert(name);
  } else {
    of_classes_.emplace(class_, name);
  }
}

void VariableLedger::Read(std::string_view name, const Place& place, Use use) {
  readers_.push_back({std::string(name.substr(0, name.find('.'))), place, use, class_});
}

bool VariableLedger::IsSet(const std::string& name, int in_class) const {
  if (shared_.contains(name)) {
    return true;
  }
  if (in_class >= 0) {
    return of_classes_.contains({in_class, name});
  }
  return std::any_of(of_classes_.begin(), of_classes_.end(),
                     [&](const auto& set) { return set.second == name; });
}

void VariableLedger::Check(const std::vector<DataSet>& data, Problems* problems) const {
  std::vector<std::string> data_names;
  for (const DataSet& set : data) {
    data_names.push_back(set.name);
  }
  const auto is_data = [&](const std::string& name) {
    return std::find(data_names.begin(), data_names.end(), name) != data_names.end();
  };
  Reported reported;
  for (const Reader& reader : readers_) {
    const std::string& name = reader.name;
    const bool known =
        IsSet(name, reader.in_class) || (reader.use == Use::kSource && is_data(name));
    if (known || !reported.emplace(reader.in_class, name).second) {
      continue;
    }
    std::vector<std::string> candidates(shared_.begin(), shared_.end());
    for (const auto& [in_class, variable] : of_classes_) {
      if (reader.in_class < 0 || in_class == reader.in_class) {
        candidates.push_back(variable);
      }
    }
    if (reader.use == Use::kSource) {
      candidates.insert(candidates.end(), data_names.begin(), data_names.end());
      problems->Add(reader.place,
                    fmt::format("must name test data or a variable that is set, got '{}'{}", name,
                                DidYouMean(name, candidates)));
    } else if (reader.use == Use::kMaybe) {
      problems->Warn(reader.place, fmt::format("nothing sets the variable '{}'{}", name,
                                               DidYouMean(name, candidates)));
    } else if (is_data(name)) {
      problems->Add(reader.place, fmt::format("must read a variable, got the test data '{0}'; take "
                                              "a row first: pick: {{from: {0}, as: row}}",
                                              name));
    } else {
      problems->Add(reader.place,
                    fmt::format("must read variables that a step of this class sets, got '{}'{}",
                                name, DidYouMean(name, candidates)));
    }
  }
}

}  // namespace squall
