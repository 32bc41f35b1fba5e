// `--set a.b[0].c=value`: one value of the plan, changed from the command line. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/plan/environment.h"
#include "daemon/plan/yaml_document.h"

namespace squall {

// As one more file that holds only this value and is merged last (merge.h); `file` goes into its
// marks. Maps on the way are made when they are missing; a list index must exist, or be the next
// one. The value is read as YAML, so 5, "5", [1, 2] and {a: 1} are what they are in a file. A key
// with dots or brackets goes in quotes: thresholds."response_time{name:a.b}"=p(95)<1s.
void ApplyOverride(std::string_view text, int file, const Environment& environment, YamlNode* root,
                   std::vector<YamlProblem>* problems);

}  // namespace squall
