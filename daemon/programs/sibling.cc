#include "daemon/programs/sibling.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

namespace squall {
namespace {

std::string PathOf(const std::string& self, const std::string& program) {
  const size_t slash = self.rfind('/');
  return slash == std::string::npos ? program : self.substr(0, slash + 1) + program;
}

struct Arguments {
  Arguments(const std::string& program, const std::vector<std::string>& arguments)
      : copies(arguments) {
    copies.insert(copies.begin(), program);
    for (std::string& copy : copies) {
      pointers.push_back(copy.data());
    }
    pointers.push_back(nullptr);
  }
  std::vector<std::string> copies;
  std::vector<char*> pointers;
};

void UnblockSignals() {
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);  // ours were blocked; the other has its own
}

absl::Status NotThere(const std::string& path, int error) {
  return absl::NotFoundError(
      fmt::format("{} must be beside squall or on the PATH: {}", path, std::strerror(error)));
}

}  // namespace

std::string SiblingPath(const std::string& self, const std::string& program) {
  std::error_code error;
  const std::filesystem::path exe = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) {
    const std::string beside = (exe.parent_path() / program).string();
    if (access(beside.c_str(), X_OK) == 0) {
      return beside;
    }
  }
  return PathOf(self, program);
}

absl::Status BecomeSibling(const std::string& self, const std::string& program,
                           const std::vector<std::string>& arguments) {
  const std::string path = SiblingPath(self, program);
  Arguments argv(program, arguments);
  UnblockSignals();
  execvp(path.c_str(), argv.pointers.data());
  return NotThere(path, errno);
}

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(
    const std::string& self, const std::string& program,
    const std::vector<std::string>& arguments) {
  const std::string path = SiblingPath(self, program);
  Arguments argv(program, arguments);
  int result[2];  // closed by a successful exec, else the error
  if (pipe2(result, O_CLOEXEC) != 0) {
    return absl::ResourceExhaustedError(fmt::format("pipe: {}", std::strerror(errno)));
  }
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    // Only what is safe between fork and exec in a program with threads.
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() == parent) {
      UnblockSignals();
      execvp(path.c_str(), argv.pointers.data());
    }
    const int error = errno;
    [[maybe_unused]] const ssize_t written = write(result[1], &error, sizeof(error));
    _exit(127);
  }
  close(result[1]);
  int error = pid < 0 ? errno : 0;
  if (pid > 0) {
    int from_child = 0;
    if (read(result[0], &from_child, sizeof(from_child)) == sizeof(from_child)) {
      error = from_child;
      waitpid(pid, nullptr, 0);
    }
  }
  close(result[0]);
  if (error != 0) {
    return NotThere(path, error);
  }
  return std::unique_ptr<ChildProcess>(new ChildProcess(pid));
}

ChildProcess::~ChildProcess() {
  if (ended_.empty()) {
    Terminate();
    waitpid(pid_, nullptr, 0);
  }
}

void ChildProcess::Terminate() {
  if (Ended().empty()) {
    kill(pid_, SIGTERM);
  }
}

std::string ChildProcess::Ended() {
  int status = 0;
  if (ended_.empty() && waitpid(pid_, &status, WNOHANG) == pid_) {
    ended_ = WIFSIGNALED(status) ? fmt::format("signal {}", WTERMSIG(status))
                                 : fmt::format("exit code {}", WEXITSTATUS(status));
  }
  return ended_;
}

}  // namespace squall
