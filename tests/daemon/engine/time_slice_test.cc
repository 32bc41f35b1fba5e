#include "daemon/engine/time_slice.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <sched.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

namespace squall {
namespace {

struct Scheduling {
  uint32_t policy = 0;
  int32_t nice = 0;
  uint64_t slice = 0;
};

Scheduling Read() {
  std::array<char, 48> raw{};
  EXPECT_EQ(syscall(SYS_sched_getattr, 0, raw.data(), raw.size(), 0), 0);
  Scheduling scheduling;
  std::memcpy(&scheduling.policy, raw.data() + 4, 4);
  std::memcpy(&scheduling.nice, raw.data() + 16, 4);
  std::memcpy(&scheduling.slice, raw.data() + 24, 8);
  return scheduling;
}

TEST(TimeSlice, AsksForShortOnesAndChangesNothingElse) {
  // A thread of its own: what it asks for goes with it.
  std::thread([] {
    const Scheduling before = Read();
    if (!AskForShortTimeSlices()) {
      GTEST_LOG_(INFO) << "this kernel, or this sandbox, refuses";
    }
    const Scheduling after = Read();
    EXPECT_EQ(after.policy, before.policy);
    EXPECT_EQ(after.nice, before.nice);
    // A kernel before 6.12 keeps no slice per thread and shows 0, or the slice of all.
    EXPECT_TRUE(after.slice == 100'000 || after.slice == before.slice) << after.slice;
  }).join();
}

}  // namespace
}  // namespace squall
