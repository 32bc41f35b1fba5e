#include "daemon/script/child.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

namespace squall {
namespace {

constexpr int kLaneFd = 3;

// What the child needs between fork and exec, made before: it may allocate nothing there.
struct Recipe {
  const char* program;
  char* const* argv;
  const char* directory;  // nullptr: ours
  int socket;             // above kLaneFd
  int result;             // above kLaneFd; closed by a successful exec, else gets the error
  pid_t parent;
};

// Only what is safe in a program with threads.
[[noreturn]] void BecomeChild(const Recipe& recipe) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  int error = getppid() == recipe.parent ? 0 : ESRCH;  // it ended just now
  if (error == 0 && recipe.directory != nullptr && chdir(recipe.directory) != 0) {
    error = errno;
  }
  if (error == 0) {
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, nullptr);  // ours were blocked; the child has its own
    signal(SIGPIPE, SIG_DFL);
    dup2(recipe.socket, kLaneFd);
    // Nothing of ours but the socket: not every library has opened its files close-on-exec.
    syscall(SYS_close_range, kLaneFd + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    execvp(recipe.program, recipe.argv);
    error = errno;
  }
  [[maybe_unused]] const ssize_t written = write(recipe.result, &error, sizeof(error));
  _exit(127);
}

// A descriptor like `fd` that no dup2 of the child overwrites.
int Above(int fd) { return fcntl(fd, F_DUPFD_CLOEXEC, kLaneFd + 1); }

}  // namespace

absl::StatusOr<pid_t> StartChild(const std::string& program,
                                 const std::vector<std::string>& arguments,
                                 const std::string& directory, int socket) {
  std::vector<std::string> copies = arguments;
  copies.insert(copies.begin(), program);
  std::vector<char*> argv;
  for (std::string& copy : copies) {
    argv.push_back(copy.data());
  }
  argv.push_back(nullptr);
  int result[2];
  if (pipe2(result, O_CLOEXEC) != 0) {
    return absl::ResourceExhaustedError(fmt::format("pipe: {}", std::strerror(errno)));
  }
  Recipe recipe{program.c_str(), argv.data(),      directory.empty() ? nullptr : directory.c_str(),
                Above(socket),   Above(result[1]), getpid()};
  const pid_t pid = fork();
  if (pid == 0) {
    BecomeChild(recipe);
  }
  int error = pid < 0 ? errno : 0;
  close(recipe.socket);
  close(recipe.result);
  close(result[1]);
  int from_child = 0;
  if (pid > 0 && read(result[0], &from_child, sizeof(from_child)) == sizeof(from_child)) {
    error = from_child;
    waitpid(pid, nullptr, 0);
  }
  close(result[0]);
  if (error != 0) {
    return absl::NotFoundError(
        fmt::format("{} must be beside squall or on the PATH: {}", program, std::strerror(error)));
  }
  setpgid(pid, pid);  // for a signal to the group that comes before the child has done so
  return pid;
}

std::string DescribeEnd(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    const int number = WTERMSIG(wait_status);
    return fmt::format("was killed by signal {} ({})", number, strsignal(number));
  }
  return fmt::format("exited with code {}", WEXITSTATUS(wait_status));
}

}  // namespace squall
