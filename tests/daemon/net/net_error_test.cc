#include "daemon/net/net_error.h"

#include <cerrno>
#include <string>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(NetErrorTest, TheDefaultIsNoError) {
  EXPECT_TRUE(NetError().ok());
  EXPECT_FALSE((NetError{NetError::Kind::kClosed, "closed"}).ok());
}

TEST(NetErrorFromErrnoTest, TellsTheTargetsFailuresFromOurOwnLimits) {
  using Kind = NetError::Kind;
  const struct {
    const char* what;
    int error;
    Kind kind;
    const char* text;
  } rows[] = {
      {"nobody listens", ECONNREFUSED, Kind::kRefused, "connection refused"},
      {"the peer cut it", ECONNRESET, Kind::kReset, "connection reset by peer"},
      {"we wrote into a cut one", EPIPE, Kind::kReset, "connection reset by peer"},
      {"it was cut before accept", ECONNABORTED, Kind::kReset, "connection reset by peer"},
      {"the kernel gave up", ETIMEDOUT, Kind::kTimedOut, "connection timed out (kernel)"},
      {"no way to the host", EHOSTUNREACH, Kind::kUnreachable, "host unreachable"},
      {"no way to the network", ENETUNREACH, Kind::kUnreachable, "host unreachable"},
      {"the process has no descriptor", EMFILE, Kind::kDescriptors,
       "generator out of file descriptors"},
      {"the machine has none", ENFILE, Kind::kDescriptors, "generator out of file descriptors"},
      {"no local port", EADDRNOTAVAIL, Kind::kPorts, "generator out of local ports"},
      {"no memory", ENOMEM, Kind::kMemory, "generator out of memory for sockets"},
      {"no buffers", ENOBUFS, Kind::kMemory, "generator out of memory for sockets"},
      {"anything else in the system's words", EPERM, Kind::kOther, "Operation not permitted"},
  };
  for (const auto& row : rows) {
    const NetError error = NetErrorFromErrno(row.error);
    EXPECT_EQ(error.kind, row.kind) << row.what;
    EXPECT_EQ(error.text, row.text) << row.what;
    EXPECT_FALSE(error.ok()) << row.what;
  }
}

}  // namespace
}  // namespace squall
