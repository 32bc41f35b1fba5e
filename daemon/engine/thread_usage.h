// What the kernel says of the calling thread: CPU time, and time spent runnable while another had
// the CPU. The material of "the generator was the limit".
#pragma once

#include <cstdint>

#include "daemon/base/process_usage.h"  // IWYU pragma: export

namespace squall {

struct ThreadUsage {
  double cpu_seconds = 0;
  double run_delay_seconds = 0;  // 0 where the kernel keeps no schedstat
};

// Call it on the thread in question.
class ThreadUsageReader final {
 public:
  ThreadUsageReader();  // opens the thread's schedstat
  ~ThreadUsageReader();
  ThreadUsageReader(const ThreadUsageReader&) = delete;
  ThreadUsageReader& operator=(const ThreadUsageReader&) = delete;
  ThreadUsage Read() const;

 private:
  int fd_ = -1;
};

// Raises the soft limit of descriptors to the hard one; returns the limit now in force.
uint64_t RaiseDescriptorLimit();

}  // namespace squall
