#include "daemon/programs/terminal.h"

#include <memory>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(TerminalTest, AFileIsNeitherInteractiveNorColoured) {
  const std::unique_ptr<FILE, decltype(&fclose)> file(tmpfile(), fclose);
  ASSERT_NE(file, nullptr);
  const Terminal terminal = DescribeTerminal(file.get(), /*no_color=*/false);
  EXPECT_FALSE(terminal.interactive);
  EXPECT_FALSE(terminal.colour);
  EXPECT_EQ(terminal.width, 80U);
  EXPECT_EQ(terminal.height, 24U);
}

}  // namespace
}  // namespace squall
