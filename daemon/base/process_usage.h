// What the kernel says of this process: CPU time, memory, descriptors.
#pragma once

#include <cstdint>

namespace squall {

struct ProcessUsage {
  double cpu_seconds = 0;
  uint64_t rss_bytes = 0;
  uint64_t open_fds = 0;
  uint64_t fd_limit = 0;
};

// Reads /proc; any thread.
ProcessUsage ReadProcessUsage();

}  // namespace squall
