#include "daemon/base/process_usage.h"

#include <cstdio>
#include <dirent.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

namespace squall {

ProcessUsage ReadProcessUsage() {
  ProcessUsage usage;
  timespec cpu{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  usage.cpu_seconds = static_cast<double>(cpu.tv_sec) + static_cast<double>(cpu.tv_nsec) * 1e-9;
  if (FILE* file = std::fopen("/proc/self/statm", "re"); file != nullptr) {
    unsigned long size = 0;
    unsigned long resident = 0;
    if (std::fscanf(file, "%lu %lu", &size, &resident) == 2) {
      usage.rss_bytes = uint64_t{resident} * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    }
    std::fclose(file);
  }
  if (DIR* directory = opendir("/proc/self/fd"); directory != nullptr) {
    while (readdir(directory) != nullptr) {
      ++usage.open_fds;
    }
    closedir(directory);
    usage.open_fds -= usage.open_fds > 3 ? 3 : usage.open_fds;  // ".", ".." and the directory
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    usage.fd_limit = limit.rlim_cur;
  }
  return usage;
}

}  // namespace squall
