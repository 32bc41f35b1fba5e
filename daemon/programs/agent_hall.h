// Where agents come together for `squall run` and `squall serve`: those that join, those that
// --agents names and those that run as processes of ours.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/coordinator/agent_pool.h"
#include "daemon/net/token_guard.h"
#include "daemon/programs/sibling.h"
#include "daemon/rpc/channel.h"
#include "daemon/rpc/rpc_server.h"

namespace squall {

// The flags that say how we call agents.
struct AgentCallFlags {
  std::string token_file;
  std::string ca;  // PEM: TLS towards the agents
  std::string cert;
  std::string key;
};

absl::StatusOr<ChannelSecurity> ReadAgentCallFlags(const AgentCallFlags& flags);

// `address` as others can call it: a wildcard host becomes loopback.
std::string Reachable(const std::string& listen, int port);

// Agents as child processes, each with one event loop, on loopback; they ask for a token that only
// they and we know.
class LocalProcesses final {
 public:
  explicit LocalProcesses(std::string self) : self_(std::move(self)) {}
  ~LocalProcesses();
  // They join at `coordinator`. UNAVAILABLE when squalld cannot be started.
  absl::Status Start(uint32_t count, const std::string& coordinator, const std::string& token_file,
                     const std::vector<std::string>& more_flags);
  // "" while all run; else which one ended, and how.
  std::string Ended();

 private:
  const std::string self_;
  std::vector<std::unique_ptr<ChildProcess>> children_;
};

// A file with a fresh token that only this user can read; removed with the object.
class TemporaryToken final {
 public:
  static absl::StatusOr<std::unique_ptr<TemporaryToken>> Make();
  ~TemporaryToken();
  TemporaryToken(const TemporaryToken&) = delete;
  TemporaryToken& operator=(const TemporaryToken&) = delete;
  const std::string& path() const { return path_; }

 private:
  explicit TemporaryToken(std::string path) : path_(std::move(path)) {}
  const std::string path_;
};

}  // namespace squall
