// CSV as RFC 4180 has it: a header row, quotes, doubled quotes, line breaks inside quotes, LF or
// CRLF.
#pragma once

#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/plan/value.h"

namespace squall {

// One object per row, by column. An unquoted field is a number or a truth when writing that value
// gives back the same text (5, 9.5, true, but not 007 or 1.50); everything else is text. Empty
// lines are skipped. INVALID_ARGUMENT: "line 3: must …".
absl::StatusOr<std::vector<Value>> ReadCsv(std::string_view text);

}  // namespace squall
