// ${NAME} and ${NAME:-default} in the scalars of a plan. Pure: the environment is an argument.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/plan/yaml_document.h"

namespace squall {

using Environment = std::map<std::string, std::string>;

// "$${" stands for "${". The default may be empty and may not hold '}'. As in a shell, ":-" also
// replaces an empty variable. INVALID_ARGUMENT: a name that is not set, or a hole that is not
// closed.
absl::StatusOr<std::string> ExpandEnvironment(std::string_view text,
                                              const Environment& environment);

// Every scalar value below `node` (keys stay). A quoted scalar that is one hole from end to end
// reads as if its value had been written plainly, since "${USERS}" needs the quotes inside [ ] and
// { }.
void ExpandEnvironment(YamlNode* node, const Environment& environment,
                       std::vector<YamlProblem>* problems);

}  // namespace squall
