// What a plain YAML scalar means, decided from its own text: "010", "1_000", "yes", "0x10" and
// ".inf" are never numbers or truths here. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "daemon/plan/value.h"

namespace squall {

// Decimal, without sign (but '-'), leading zeros or separators; nothing when it does not fit.
std::optional<int64_t> ScalarToWhole(std::string_view text);
// As JSON writes numbers; finite.
std::optional<double> ScalarToNumber(std::string_view text);
// "true" or "false".
std::optional<bool> ScalarToTruth(std::string_view text);
// A number in JSON's grammar, whatever its size.
bool LooksLikeNumber(std::string_view text);

// The value of unquoted data: number, truth, or else text. Nothing for a whole number beyond 64
// bits, which would lose digits.
std::optional<Value> ScalarToValue(std::string_view text);

}  // namespace squall
