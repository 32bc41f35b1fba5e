#include "daemon/engine/thread_usage.h"

#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace squall {
namespace {

double ClockSeconds(clockid_t clock) {
  timespec value{};
  clock_gettime(clock, &value);
  return static_cast<double>(value.tv_sec) + static_cast<double>(value.tv_nsec) * 1e-9;
}

}  // namespace

ThreadUsageReader::ThreadUsageReader()
    : fd_(open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)) {}

ThreadUsageReader::~ThreadUsageReader() {
  if (fd_ >= 0) {
    close(fd_);
  }
}

ThreadUsage ThreadUsageReader::Read() const {
  ThreadUsage usage;
  usage.cpu_seconds = ClockSeconds(CLOCK_THREAD_CPUTIME_ID);
  std::array<char, 96> text{};
  if (fd_ >= 0 && pread(fd_, text.data(), text.size() - 1, 0) > 0) {
    // "<ns on the CPU> <ns waiting for it> <time slices>"
    char* rest = nullptr;
    std::strtoull(text.data(), &rest, 10);
    usage.run_delay_seconds = static_cast<double>(std::strtoull(rest, nullptr, 10)) * 1e-9;
  }
  return usage;
}

uint64_t RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return 0;
  }
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  return limit.rlim_cur;
}

}  // namespace squall
