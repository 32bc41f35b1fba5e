// A copy of a plan that may be shown: in reports, logs and the web UI. Pure; any thread.
#pragma once

#include <string>

#include "daemon/plan/plan.h"

namespace squall {

// What stands in the place of a secret.
inline constexpr char kRedacted[] = "***";

// Hides passwords, tokens and keys, user names and passwords inside of URLs, and everything whose
// name sounds like a secret (header, parameter, variable, column: "password", "token", "api_key",
// "cookie" …); a body or a query inside a path that mentions such a name is hidden as a whole, and
// so is every header and query of an output. A secret under an innocent name cannot be told from
// data: better too much hidden than too little.
Plan RedactPlan(const Plan& plan);

// "http://***@host/" for "http://user:password@host/"; other texts as they are.
std::string RedactUrl(const std::string& url);

}  // namespace squall
