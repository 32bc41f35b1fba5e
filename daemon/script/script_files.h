// The files of a locustfile on their way to agents: gathered beside it on one machine, laid into a
// temporary directory on another.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/plan/plan.h"

namespace squall {

struct ScriptFileLimits {
  size_t data_file_bytes_max = size_t{1} << 20;  // of one that is no *.py
  size_t bytes_max = size_t{3} << 20;            // of all together
};

// The locustfiles and what lies in and below their directories: every *.py, and data files that are
// not too large; nothing hidden, no __pycache__, venv or node_modules, no links. Paths are relative
// to the deepest directory that holds all of them. `left_out` gets the paths that are too large, in
// whole or because the rest has filled the space. INVALID_ARGUMENT when a locustfile cannot be read
// or the *.py files alone are too large.
absl::StatusOr<Script> GatherScript(const std::vector<std::string>& locustfiles,
                                    const ScriptFileLimits& limits,
                                    std::vector<std::string>* left_out);

// A directory of one's own, with its files, that goes with the object.
class ScriptDirectory final {
 public:
  // INVALID_ARGUMENT for a path that leads out of it, INTERNAL when the disk does not want it.
  static absl::StatusOr<std::unique_ptr<ScriptDirectory>> Make(const Script& script);
  ~ScriptDirectory();
  ScriptDirectory(const ScriptDirectory&) = delete;
  ScriptDirectory& operator=(const ScriptDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  explicit ScriptDirectory(std::string path) : path_(std::move(path)) {}
  const std::string path_;
};

}  // namespace squall
