// CPython inside this process: set up as the system's python3 would be, with gevent's patches and
// our package `locust` first on the path. One per process; the thread that makes it is Python's
// main thread, and holds the GIL between the calls.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

namespace squall {

struct InterpreterOptions {
  std::string package_directory;   // where `locust` lies
  std::string virtual_env;         // VIRTUAL_ENV: its packages are found as well; "" = none
  bool skip_monkey_patch = false;  // LOCUST_SKIP_MONKEY_PATCH
};

class Interpreter final {
 public:
  // FAILED_PRECONDITION with Python's own words when something is not installed.
  static absl::StatusOr<std::unique_ptr<Interpreter>> Make(const InterpreterOptions& options);
  // Leaves the interpreter as it is: the process is about to end, and extension modules that were
  // loaded do not all survive its end.
  ~Interpreter() = default;
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  // locust._lane.main(role, arguments); its exit code.
  int RunLane(const std::string& role, const std::vector<std::string>& arguments);
  // A file as __main__, as python3 would; its exit code.
  int RunScript(const std::string& path, const std::vector<std::string>& arguments);

 private:
  Interpreter() = default;
};

}  // namespace squall
