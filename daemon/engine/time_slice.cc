#include "daemon/engine/time_slice.h"

#include <cstdint>
#include <sys/syscall.h>
#include <unistd.h>

namespace squall {
namespace {

// struct sched_attr, SCHED_ATTR_SIZE_VER0, of linux/sched/types.h, which glibc 2.36 does not wrap
// and whose header clashes with <sched.h>.
struct SchedAttributes {
  uint32_t size = 48;
  uint32_t policy = 0;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime = 0;  // nanoseconds; of an ordinary thread: its slice
  uint64_t deadline = 0;
  uint64_t period = 0;
};

constexpr uint64_t kShortestSliceNanos = 100'000;

}  // namespace

bool AskForShortTimeSlices() {
  SchedAttributes attributes;
  // What is not the slice stays as it is.
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0) != 0) {
    return false;
  }
  attributes.runtime = kShortestSliceNanos;
  return syscall(SYS_sched_setattr, 0, &attributes, 0) == 0;
}

}  // namespace squall
