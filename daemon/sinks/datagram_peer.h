// The other end of datagrams, "host:port", behind which a name's address may change: it is looked
// up anew after each failure and every minute. Where nobody listens at one of its addresses, the
// next one is tried.
//
// One thread. Errors are UNAVAILABLE, and PERMISSION_DENIED when none of its addresses is allowed.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <sys/socket.h>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"

namespace squall {

struct DatagramAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

// getaddrinfo for datagrams within 2 s; none when the name does not resolve.
std::vector<DatagramAddress> LookUpDatagram(const std::string& host, const std::string& port);

class DatagramPeer final {
 public:
  using LookUp =
      std::function<std::vector<DatagramAddress>(const std::string& host, const std::string& port)>;

  // `allows` not set: any address.
  DatagramPeer(const std::string& address, std::function<bool(const sockaddr_storage&)> allows,
               LookUp look_up = LookUpDatagram);
  ~DatagramPeer();
  DatagramPeer(const DatagramPeer&) = delete;
  DatagramPeer& operator=(const DatagramPeer&) = delete;

  // Waits a moment for the news that nobody listens there. News that come later fail the next
  // call, which then sends nothing. `at` is the time by which a minute has passed.
  absl::Status Send(const std::vector<std::string>& datagrams, WallTime at);

 private:
  absl::Status SendOnce(const std::vector<std::string>& datagrams, WallTime at);
  absl::StatusOr<int> Open();
  void Use(int socket, WallTime at);
  // What the kernel has heard of the datagrams so far; an errno, or 0.
  int TakeFault() const;
  absl::Status Fail(int fault);

  std::string host_;
  std::string port_;
  const std::function<bool(const sockaddr_storage&)> allows_;
  const LookUp look_up_;
  int socket_ = -1;
  size_t addresses_ = 0;             // of the name, when it was looked up last
  DatagramAddress address_;          // that was opened last
  DatagramAddress refused_address_;  // the last where nobody listened; of size 0: none
  bool refused_ = false;             // just now
  WallTime opened_at_{};
  bool failed_ = false;  // the last call
};

}  // namespace squall
