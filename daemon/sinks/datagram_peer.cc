#include "daemon/sinks/datagram_peer.h"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <netdb.h>
#include <poll.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"

namespace squall {
namespace {

constexpr Nanos kLookUpTimeMax = std::chrono::seconds(2);
constexpr Nanos kAddressLifetime = std::chrono::minutes(1);
// One that failed is given longer to fail again, or a far one would seem to work every other time.
constexpr int kNewsWaitMs = 20;
constexpr int kNewsWaitAfterFailureMs = 300;

std::vector<DatagramAddress> GetAddresses(const std::string& host, const std::string& port,
                                          int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  std::vector<DatagramAddress> addresses;
  if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) {
    return addresses;
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    DatagramAddress& address = addresses.emplace_back();
    address.size = std::min<socklen_t>(each->ai_addrlen, sizeof(address.storage));
    std::memcpy(&address.storage, each->ai_addr, address.size);
  }
  return addresses;
}

}  // namespace

std::vector<DatagramAddress> LookUpDatagram(const std::string& host, const std::string& port) {
  std::vector<DatagramAddress> numeric = GetAddresses(host, port, AI_NUMERICHOST);
  if (!numeric.empty()) {
    return numeric;
  }
  // getaddrinfo knows no deadline, and a run's end waits for us: the thread is left alone with what
  // it needs when it takes too long.
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<DatagramAddress> addresses;  // guarded by mutex, as the next
    bool done = false;
  };
  const auto shared = std::make_shared<Shared>();
  std::thread([shared, host, port] {
    std::vector<DatagramAddress> addresses = GetAddresses(host, port, 0);
    const std::lock_guard<std::mutex> lock(shared->mutex);
    shared->addresses = std::move(addresses);
    shared->done = true;
    shared->changed.notify_all();
  }).detach();
  std::unique_lock<std::mutex> lock(shared->mutex);
  shared->changed.wait_for(lock, kLookUpTimeMax, [&] { return shared->done; });
  return shared->addresses;
}

DatagramPeer::DatagramPeer(const std::string& address,
                           std::function<bool(const sockaddr_storage&)> allows, LookUp look_up)
    : allows_(std::move(allows)), look_up_(std::move(look_up)) {
  const size_t colon = address.rfind(':');
  host_ = address.substr(0, colon);
  port_ = address.substr(colon + 1);
  if (host_.starts_with('[')) {
    host_ = host_.substr(1, host_.size() - 2);
  }
}

DatagramPeer::~DatagramPeer() {
  if (socket_ >= 0) {
    close(socket_);
  }
}

absl::Status DatagramPeer::Send(const std::vector<std::string>& datagrams, WallTime at) {
  // A name may have addresses where nobody listens: "localhost" is often ::1 first.
  for (size_t tries = 1;; ++tries) {
    refused_ = false;
    absl::Status sent = SendOnce(datagrams, at);
    if (!refused_ || tries >= addresses_) {
      return sent;
    }
  }
}

absl::Status DatagramPeer::SendOnce(const std::vector<std::string>& datagrams, WallTime at) {
  if (socket_ >= 0) {
    if (const int fault = TakeFault(); fault != 0) {
      return Fail(fault);
    }
    if (at - opened_at_ >= kAddressLifetime || at < opened_at_) {
      const absl::StatusOr<int> anew = Open();
      Use(anew.ok() ? *anew : std::exchange(socket_, -1), at);  // the old one may do still
    }
  }
  if (socket_ < 0) {
    const absl::StatusOr<int> opened = Open();
    failed_ = failed_ || !opened.ok();
    SQUALL_RETURN_IF_ERROR(opened.status());
    Use(*opened, at);
  }
  for (const std::string& datagram : datagrams) {
    if (send(socket_, datagram.data(), datagram.size(), MSG_NOSIGNAL) < 0) {
      return Fail(errno);
    }
  }
  pollfd news = {socket_, 0, 0};  // errors are told unasked
  poll(&news, 1, failed_ ? kNewsWaitAfterFailureMs : kNewsWaitMs);
  if (const int fault = TakeFault(); fault != 0) {
    return Fail(fault);
  }
  failed_ = false;
  return absl::OkStatus();
}

// Connected, so that the kernel tells when nobody listens there.
absl::StatusOr<int> DatagramPeer::Open() {
  std::vector<DatagramAddress> addresses = look_up_(host_, port_);
  addresses_ = addresses.size();
  // The one that refused comes last.
  const auto refused = std::find_if(addresses.begin(), addresses.end(), [&](const auto& each) {
    return each.size == refused_address_.size &&
           std::memcmp(&each.storage, &refused_address_.storage, each.size) == 0;
  });
  if (refused != addresses.end()) {
    std::rotate(addresses.begin(), refused + 1, addresses.end());
  }
  if (addresses.empty()) {
    return absl::UnavailableError("its name must resolve, and does not");
  }
  bool forbidden = true;
  for (const DatagramAddress& address : addresses) {
    if (allows_ && !allows_(address.storage)) {
      continue;
    }
    forbidden = false;
    const int opened = socket(address.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (opened < 0) {
      continue;
    }
    if (connect(opened, reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0) {
      address_ = address;
      return opened;
    }
    close(opened);
  }
  return forbidden
             ? absl::PermissionDeniedError("its address is not among those that outputs may go to")
             : absl::UnavailableError("has no address that can be reached");
}

void DatagramPeer::Use(int socket, WallTime at) {
  if (socket_ >= 0) {
    close(socket_);
  }
  socket_ = socket;
  opened_at_ = at;
}

int DatagramPeer::TakeFault() const {
  int fault = 0;
  socklen_t size = sizeof(fault);
  getsockopt(socket_, SOL_SOCKET, SO_ERROR, &fault, &size);
  return fault;
}

absl::Status DatagramPeer::Fail(int fault) {
  close(std::exchange(socket_, -1));
  failed_ = true;
  if (fault == ECONNREFUSED) {
    refused_ = true;
    refused_address_ = address_;
  }
  return absl::UnavailableError(fault == ECONNREFUSED
                                    ? "nobody listens there"
                                    : fmt::format("datagrams: {}", std::strerror(fault)));
}

}  // namespace squall
