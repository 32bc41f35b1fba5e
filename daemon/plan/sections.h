// The readers of the plan's sections, and what they share while one plan is read. Only
// parse_plan.cc and the parse_*.cc files use this. One thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/plan/parse_plan.h"
#include "daemon/plan/plan.h"
#include "daemon/plan/reader.h"
#include "daemon/plan/variable_ledger.h"

namespace squall {

inline constexpr double kWeightMax = 1e6;

struct Reading {
  const PlanInputs* inputs = nullptr;
  Problems* problems = nullptr;
  VariableLedger variables;
  std::map<std::string, PickOrder> data_orders;  // of the data sets, for picks that do not say
};

Service ParseService(const Place& place, Reading* reading);
LoadProfile ParseLoadProfile(const Place& place, Reading* reading);
std::vector<DataSet> ParseTestData(const Place& place, Reading* reading);
std::vector<UserClass> ParseUsers(const Place& place, Reading* reading);
// Sets the weights of the tasks with these names, in every class.
void ApplyScenarioWeights(const Place& place, std::vector<UserClass>* users, Reading* reading);
StepList ParseSteps(const Place& place, Reading* reading);
RequestStep ParseRequest(std::string_view method, const Place& place, Reading* reading);
std::vector<FormField> ParseFormFields(const Place& place, Reading* reading);
// The JSON text of a body that is written as YAML.
std::optional<std::string> ReadJsonBody(const Place& place, Reading* reading);
std::vector<Extract> ParseExtracts(const Place& place, Reading* reading);
std::vector<Check> ParseChecks(const Place& place, Reading* reading);
// `users` are those of the plan: thresholds may select the requests of their tasks by tag.
std::vector<Threshold> ParseThresholds(const Place& place, const std::vector<UserClass>& users,
                                       Reading* reading);
Outputs ParseOutputs(const Place& place, Reading* reading);

// ---- shared by the sections ----------------------------------------------------------------

// The content of the file that the plan names here, relative to the folder of the text that names
// it.
std::optional<std::string> ReadNamedFile(const Place& place, Reading* reading);
// The content of the PEM file that a key names.
void ReadPem(Fields* fields, std::string_view key, std::string* out, Reading* reading);
// Compiles and notes the variables that it reads; returns the text as it is.
std::optional<std::string> ReadTemplate(const Place& place, Reading* reading);
// `text` stands at `place`, maybe changed (the JSON of a map).
void CheckTemplate(const Place& place, const std::string& text, Reading* reading);
void ReadTemplateField(Fields* fields, std::string_view key, std::string* out, Reading* reading);
HeaderList ParseHeaders(const Place& place, Reading* reading);
// Whether a key is the name of a header; says so when it is none.
bool IsHeaderName(const KeyedPlace& entry, Reading* reading);
// RE2; `groups` is how many it must have, or -1 for any.
std::optional<std::string> ReadRegex(const Place& place, int groups, Reading* reading);
std::optional<std::string> ReadJsonPath(const Place& place, Reading* reading);
// A name that templates can say: letters, digits and '_', not starting with a digit.
std::optional<std::string> ReadVariableName(const Place& place, Reading* reading);
// The key "scope": user (when it is missing) or shared.
VariableScope ParseScope(Fields* fields);
// [from, to], the smaller first.
std::pair<Nanos, Nanos> ReadSpanPair(const Place& place, Reading* reading);
std::optional<std::string> ReadUrl(const Place& place, Reading* reading);

}  // namespace squall
