// The other end of a connection under test: takes one connection on a loopback port and serves it
// with blocking calls on a thread of its own. A call that hangs for 20 s fails, so that a test
// ends.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include <openssl/types.h>

#include "daemon/net/stream.h"

namespace squall {

class Peer final {
 public:
  // `serve` runs on the peer's thread; the connection is closed when it returns.
  explicit Peer(std::function<void(int fd)> serve);
  ~Peer();  // waits for `serve`; gives up on a connection that never came
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  Endpoint endpoint() const { return endpoint_; }

 private:
  Endpoint endpoint_;
  const int listener_;
  std::thread thread_;
};

// A listening (or only bound) loopback socket, and where it is.
int BindLoopback(Endpoint* endpoint);

bool SendAll(int fd, const std::string& data);
// Up to `size` bytes; less when the other side closed.
std::string ReceiveExactly(int fd, size_t size);

struct TlsPeerOptions {
  std::string certificate_pem;
  std::string key_pem;
  std::string client_ca_pem;  // asks for a client certificate, and insists
};

// Shakes hands on `fd` and calls `serve` if that went well; returns whether it did.
bool ServeTls(int fd, const TlsPeerOptions& options, const std::function<void(SSL*)>& serve);

}  // namespace squall
