#include "daemon/programs/plan_files.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <sys/stat.h>

#include <absl/status/status.h>
#include <fmt/format.h>

#include "daemon/plan/parse_plan.h"

namespace squall {
namespace {

constexpr size_t kPlanBytesMax = 16 << 20;
constexpr size_t kDataBytesMax = 64 << 20;

struct FileCloser {
  void operator()(FILE* file) const { std::fclose(file); }
};

absl::StatusOr<std::string> ReadStream(FILE* file, const std::string& path, size_t bytes_max) {
  std::string text;
  char chunk[65536];
  size_t got = 0;
  while ((got = std::fread(chunk, 1, sizeof(chunk), file)) > 0) {
    text.append(chunk, got);
    if (text.size() > bytes_max) {
      return absl::InvalidArgumentError(
          fmt::format("{}: must be at most {} MiB", path, bytes_max >> 20));
    }
  }
  return text;
}

}  // namespace

absl::StatusOr<std::string> ReadTextFile(const std::string& path, size_t bytes_max) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    return absl::NotFoundError(fmt::format("{}: {}", path, std::strerror(errno)));
  }
  if (S_ISDIR(info.st_mode)) {
    return absl::InvalidArgumentError(fmt::format("{}: must be a file, it is a folder", path));
  }
  if (S_ISREG(info.st_mode) && static_cast<size_t>(info.st_size) > bytes_max) {
    return absl::InvalidArgumentError(fmt::format("{}: must be at most {} MiB, it has {} MiB", path,
                                                  bytes_max >> 20, info.st_size >> 20));
  }
  const std::unique_ptr<FILE, FileCloser> file(std::fopen(path.c_str(), "rbe"));
  if (file == nullptr) {
    return absl::InvalidArgumentError(fmt::format("{}: {}", path, std::strerror(errno)));
  }
  return ReadStream(file.get(), path, bytes_max);
}

absl::StatusOr<Plan> LoadPlan(const PlanArguments& arguments,
                              const std::map<std::string, std::string>& environment,
                              std::vector<std::string>* warnings) {
  PlanInputs inputs;
  inputs.sets = arguments.sets;
  inputs.environment = environment;
  inputs.read_file = [](const std::string& path) { return ReadTextFile(path, kDataBytesMax); };
  for (const std::string& file : arguments.files) {
    if (file.ends_with(".py")) {
      // As YAML, its errors would be riddles.
      return absl::InvalidArgumentError(
          fmt::format("{}: must be a plan, this is a locustfile: use squall run {}, with "
                      "--expect-agents N for a run on agents that join it",
                      file, file));
    }
    absl::StatusOr<std::string> text = file == "-"
                                           ? ReadStream(stdin, "standard input", kPlanBytesMax)
                                           : ReadTextFile(file, kPlanBytesMax);
    if (!text.ok()) {
      return text.status();
    }
    inputs.texts.push_back({file == "-" ? "<stdin>" : file, *std::move(text)});
  }
  PlanResult result = ParsePlan(inputs);
  *warnings = std::move(result.warnings);
  if (result.errors.empty()) {
    return std::move(result.plan);
  }
  std::string lines;
  for (const PlanError& error : result.errors) {
    lines += lines.empty() ? "" : "\n";
    lines += error.ToString();
  }
  return absl::InvalidArgumentError(lines);
}

}  // namespace squall
