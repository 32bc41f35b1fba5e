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

// Reads OTEL_* and the certificates that they name. INVALID_ARGUMENT names the variable; what is
// legal and not done is among the warnings.
absl::StatusOr<OtelEnvironment> ReadOtel(const OtelFlags& flags,
                                         const std::map<std::string, std::string>& environment);
// Of a program that sends only where it is told to: how, and in whose name.
absl::StatusOr<OtelEnvironment> ReadOtel(const std::map<std::string, std::string>& environment);

// The first one into `wishes`, by its flags. Warnings go to standard error; so does what is wrong
// when it cannot be read, and the exit code is returned.
std::optional<int> ReadOtelOrSay(const std::map<std::string, std::string>& environment,
                                 OtelWishes* wishes);

}  // namespace squall
