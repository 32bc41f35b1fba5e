#include "operator/controller/reconciler.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(ReconcilerTest, ATerminalErrorKeepsItsCodeAndMessage) {
  const absl::Status plain = absl::InvalidArgumentError("spec.plan must be set");
  const absl::Status marked = TerminalError(plain);
  EXPECT_TRUE(IsTerminal(marked));
  EXPECT_FALSE(IsTerminal(plain));
  EXPECT_EQ(marked.code(), plain.code());
  EXPECT_EQ(marked.message(), plain.message());
}

TEST(ReconcilerTest, OkIsNeverTerminal) {
  EXPECT_TRUE(TerminalError(absl::OkStatus()).ok());
  EXPECT_FALSE(IsTerminal(TerminalError(absl::OkStatus())));
}

}  // namespace
}  // namespace squall
