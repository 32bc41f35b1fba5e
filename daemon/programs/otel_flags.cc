#include "daemon/programs/otel_flags.h"

#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "daemon/rpc/pem_file.h"

namespace squall {
namespace {

constexpr int kBadFlags = 2;  // of every program

}  // namespace

void AddOtelFlags(CLI::App* command, OtelFlags* flags) {
  command->add_option("--otel-endpoint", flags->endpoint,
                      "Send a span for each sampled request to this OpenTelemetry collector:\n"
                      "http://host:4317 (gRPC), http://host:4318 (HTTP). OTEL_* is read, too");
  command
      ->add_option("--otel-protocol", flags->protocol,
                   "OTLP over gRPC or HTTP; default: by the port of the endpoint")
      ->check(CLI::IsMember({"grpc", "http"}));
  command
      ->add_option("--otel-sample", flags->sample,
                   "The share of requests that get a span, 0 to 1; the default is all")
      ->check(CLI::Range(0.0, 1.0))
      ->option_text("RATIO");
  command->add_flag("--otel-metrics", flags->metrics, "Send the figures of the run there, too");
}

absl::StatusOr<OtelEnvironment> ReadOtel(const OtelFlags& flags,
                                         const std::map<std::string, std::string>& environment) {
  return ReadOtelFor(flags, environment, ReadPemFile);
}

absl::StatusOr<OtelEnvironment> ReadOtel(const std::map<std::string, std::string>& environment) {
  return ReadOtelSending(environment);
}

std::optional<int> ReadOtelOrSay(const std::map<std::string, std::string>& environment,
                                 OtelWishes* wishes) {
  absl::StatusOr<OtelEnvironment> read = ReadOtel(wishes->flags, environment);
  if (!read.ok()) {
    fmt::print(stderr, "squall: {}\n", std::string(read.status().message()));
    return kBadFlags;
  }
  wishes->environment = *std::move(read);
  for (const std::string& warning : wishes->environment.warnings) {
    fmt::print(stderr, "warning: {}\n", warning);
  }
  return std::nullopt;
}

}  // namespace squall
