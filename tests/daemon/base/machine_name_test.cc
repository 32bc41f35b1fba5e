#include "daemon/base/machine_name.h"

#include <sys/utsname.h>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(MachineNameTest, IsTheKernels) {
  utsname names;
  ASSERT_EQ(uname(&names), 0);
  EXPECT_EQ(MachineName(), names.nodename);
}

}  // namespace
}  // namespace squall
