// The other programs of ours, which lie beside this one, or on the PATH.
#pragma once

#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

namespace squall {

// Where `program` is: beside this program itself, however it was called, or beside `self`
// (argv[0]), or else on the PATH.
std::string SiblingPath(const std::string& self, const std::string& program);

// Becomes `program`; returns only when it cannot. `self` is argv[0].
absl::Status BecomeSibling(const std::string& self, const std::string& program,
                           const std::vector<std::string>& arguments);

// A program of ours that runs for us: it gets a SIGTERM when this object dies or this process does,
// and does not hear the terminal's Ctrl-C, which is ours to pass on.
class ChildProcess final {
 public:
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(
      const std::string& self, const std::string& program,
      const std::vector<std::string>& arguments);
  ~ChildProcess();  // asks it to end and waits
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  void Terminate();  // does not wait
  // Nothing while it runs; else its exit status in words.
  std::string Ended();

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}
  pid_t pid_;
  std::string ended_;
};

}  // namespace squall
