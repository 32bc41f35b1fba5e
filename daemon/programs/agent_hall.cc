#include "daemon/programs/agent_hall.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/rpc/pem_file.h"

namespace squall {

absl::StatusOr<ChannelSecurity> ReadAgentCallFlags(const AgentCallFlags& flags) {
  ChannelSecurity security;
  SQUALL_ASSIGN_OR_RETURN(security.ca_pem, ReadPemFile("--agent-ca", flags.ca));
  SQUALL_ASSIGN_OR_RETURN(security.cert_pem, ReadPemFile("--agent-cert", flags.cert));
  SQUALL_ASSIGN_OR_RETURN(security.key_pem, ReadPemFile("--agent-key", flags.key));
  if (!flags.token_file.empty()) {
    SQUALL_ASSIGN_OR_RETURN(security.token, TokenGuard::FromFile(flags.token_file));
  }
  return security;
}

std::string Reachable(const std::string& listen, int port) {
  std::string host = listen.substr(0, listen.rfind(':'));
  if (host.empty() || host == "0.0.0.0" || host == "*") {
    host = "127.0.0.1";
  } else if (host == "[::]") {
    host = "[::1]";
  }
  return fmt::format("{}:{}", host, port);
}

absl::Status LocalProcesses::Start(uint32_t count, const std::string& coordinator,
                                   const std::string& token_file,
                                   const std::vector<std::string>& more_flags) {
  for (uint32_t i = 0; i < count; ++i) {
    std::vector<std::string> arguments = {"--listen",
                                          "127.0.0.1:0",
                                          "--metrics-listen",
                                          "",
                                          "--shards",
                                          "1",
                                          "--name",
                                          fmt::format("local-{}", i),
                                          "--join",
                                          coordinator,
                                          "--token-file",
                                          token_file,
                                          "--join-token-file",
                                          token_file,
                                          "--log-level",
                                          "warning"};
    arguments.insert(arguments.end(), more_flags.begin(), more_flags.end());
    SQUALL_ASSIGN_OR_RETURN(std::unique_ptr<ChildProcess> child,
                            ChildProcess::Start(self_, "squalld", arguments));
    children_.push_back(std::move(child));
  }
  return absl::OkStatus();
}

LocalProcesses::~LocalProcesses() {
  for (const auto& child : children_) {
    child->Terminate();  // all at once; the destructors wait
  }
}

std::string LocalProcesses::Ended() {
  for (size_t i = 0; i < children_.size(); ++i) {
    if (const std::string how = children_[i]->Ended(); !how.empty()) {
      return fmt::format("local-{} ended with {}", i, how);
    }
  }
  return "";
}

absl::StatusOr<std::unique_ptr<TemporaryToken>> TemporaryToken::Make() {
  SQUALL_ASSIGN_OR_RETURN(const std::string token, RandomToken());
  std::string path = "/tmp/squall-token-XXXXXX";
  const int fd = mkstemp(path.data());  // readable by its owner only
  if (fd < 0) {
    return absl::UnavailableError(
        fmt::format("a token for local agents: {}", std::strerror(errno)));
  }
  const bool written = write(fd, token.data(), token.size()) == static_cast<ssize_t>(token.size());
  close(fd);
  std::unique_ptr<TemporaryToken> made(new TemporaryToken(path));
  if (!written) {
    return absl::UnavailableError(fmt::format("{}: {}", path, std::strerror(errno)));
  }
  return made;
}

TemporaryToken::~TemporaryToken() { unlink(path_.c_str()); }

}  // namespace squall
