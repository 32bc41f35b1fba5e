#include "daemon/base/process_usage.h"

#include <fcntl.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(ProcessUsageTest, CountsTheDescriptors) {
  const ProcessUsage before = ReadProcessUsage();
  EXPECT_GT(before.rss_bytes, 0u);
  std::vector<int> fds;
  for (int i = 0; i < 5; ++i) {
    fds.push_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
    ASSERT_GE(fds.back(), 0);
  }
  EXPECT_EQ(ReadProcessUsage().open_fds, before.open_fds + 5);
  for (const int fd : fds) {
    close(fd);
  }
  EXPECT_EQ(ReadProcessUsage().open_fds, before.open_fds);
}

}  // namespace
}  // namespace squall
