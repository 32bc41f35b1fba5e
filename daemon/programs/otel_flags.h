// The --otel-* flags, and what OTEL_* of this process's environment asks for.
#pragma once

#include <map>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>
#include <absl/status/statusor.h>

#include "daemon/otel/otel_environment.h"
#include "daemon/otel/otel_settings.h"

namespace squall {

// The flags and the environment, once read.
struct OtelWishes {
  OtelFlags flags;
  OtelEnvironment environment;
};

void AddOtelFlags(CLI::App* command, OtelFlags* flags);

// Reads OTEL_* and the certificates that they name. INVALID_ARGUMENT names the variable.
absl::StatusOr<OtelEnvironment> ReadOtel(const std::map<std::string, std::string>& environment);

// The same into `wishes`; says what is wrong and returns the exit code when it cannot be read.
std::optional<int> ReadOtelOrSay(const std::map<std::string, std::string>& environment,
                                 OtelWishes* wishes);

}  // namespace squall
