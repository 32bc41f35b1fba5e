#include "daemon/script/child.h"

#include <csignal>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace squall {
namespace {

// A shell that runs `command` with one end of a socket as its descriptor 3.
class ChildTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_), 0); }
  void TearDown() override {
    close(ends_[0]);
    if (ends_[1] >= 0) {
      close(ends_[1]);
    }
  }

  // What it wrote to the socket, until it ended; `end_` gets how.
  std::string Run(const std::string& command, const std::string& directory = "") {
    const absl::StatusOr<pid_t> pid = StartChild("sh", {"-c", command}, directory, ends_[1]);
    EXPECT_TRUE(pid.ok()) << pid.status();
    close(ends_[1]);
    ends_[1] = -1;
    std::string text;
    char piece[256];
    for (ssize_t got = 0; (got = read(ends_[0], piece, sizeof(piece))) > 0;) {
      text.append(piece, static_cast<size_t>(got));
    }
    int status = 0;
    waitpid(*pid, &status, 0);
    end_ = DescribeEnd(status);
    return text;
  }

  int ends_[2] = {-1, -1};
  std::string end_;
};

TEST_F(ChildTest, TalksThroughDescriptorThreeAndWorksWhereItIsTold) {
  EXPECT_EQ(Run("pwd >&3", "/usr"), "/usr\n");
  EXPECT_EQ(end_, "exited with code 0");
}

TEST_F(ChildTest, EndsAreToldInWords) {
  Run("exit 3");
  EXPECT_EQ(end_, "exited with code 3");
}

TEST_F(ChildTest, SignalsAreNamed) {
  Run("kill -9 $$");
  EXPECT_EQ(end_, "was killed by signal 9 (Killed)");
}

TEST_F(ChildTest, HasAProcessGroupOfItsOwnAndNoDescriptorOfOurs) {
  const int leaked = dup(ends_[0]);  // without close-on-exec
  const std::string group =
      Run("ps -o pgid= -p $$ | tr -d ' ' >&3; echo $$ >&3; ls /proc/$$/fd >&3");
  close(leaked);
  const size_t line = group.find('\n');
  EXPECT_EQ(group.substr(0, line), group.substr(line + 1, group.find('\n', line + 1) - line - 1));
  EXPECT_EQ(group.find("\n" + std::to_string(leaked) + "\n"), std::string::npos) << group;
}

TEST_F(ChildTest, AMissingProgramOrDirectoryIsNotStarted) {
  EXPECT_EQ(StartChild("/nowhere/x", {}, "", ends_[1]).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(StartChild("sh", {"-c", "true"}, "/nowhere", ends_[1]).status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace squall
