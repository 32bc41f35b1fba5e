// Starts a program with one end of a socket as its descriptor 3, in a process group of its own, and
// says in words how it ended. The thread that starts it must live as long as it: the kernel kills
// the child when that thread ends.
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

#include <absl/status/statusor.h>

namespace squall {

// NOT_FOUND when the program or the directory is not there. `socket` stays the caller's.
absl::StatusOr<pid_t> StartChild(const std::string& program,
                                 const std::vector<std::string>& arguments,
                                 const std::string& directory, int socket);

// "exited with code 3", "was killed by signal 9 (Killed)".
std::string DescribeEnd(int wait_status);

}  // namespace squall
