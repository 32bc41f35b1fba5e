// Keeps an agent joined to a coordinator: calls Join, and again with growing pauses whenever the
// coordinator is not there. A thread of its own.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "daemon/stats/run_summary.h"

namespace grpc {
class Channel;
class ClientContext;
}  // namespace grpc

namespace squall {

struct JoinOptions {
  AgentDescription agent;
  std::string address;      // where we listen; without a host: where the coordinator sees us
  std::string coordinator;  // its address, for the log
  // Any thread; "joined", or why not.
  std::function<void(bool joined, std::string_view text)> log;
};

class JoinLoop final {
 public:
  JoinLoop(std::shared_ptr<grpc::Channel> channel, JoinOptions options);
  ~JoinLoop();  // leaves the coordinator
  JoinLoop(const JoinLoop&) = delete;
  JoinLoop& operator=(const JoinLoop&) = delete;

 private:
  void Work();
  // One stay, from the call to its end.
  void JoinOnce();
  bool Pause(int failures);

  const std::shared_ptr<grpc::Channel> channel_;
  const JoinOptions options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool closing_ = false;                    // guarded by mutex_, as below
  grpc::ClientContext* context_ = nullptr;  // of the call under way
  int failures_ = 0;                        // the thread's own
  std::thread thread_;
};

}  // namespace squall
