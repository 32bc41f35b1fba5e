// The targets that an agent may put load on (`--allow-target`). A value; any thread.
//
//   10.0.0.0/8   192.168.1.5   fd00::/8   any connection to such an address, whatever its host name
//   shop.test    *.shop.test              any connection for a URL with this host (or one below
//                                         it), whatever the name resolves to
//
// Each may end in a port, and is for any port if it does not: 10.0.0.0/8:443, [fd00::/8]:443,
// shop.test:443. IPv4-mapped IPv6 addresses (::ffff:10.0.0.1) count as the IPv4 address.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

namespace squall {

class TargetAllowList final {
 public:
  TargetAllowList() = default;  // everything is allowed

  bool empty() const { return entries_.empty(); }
  // Whether the host of a URL (without brackets) is allowed whatever it resolves to: by a host
  // entry, or, for an address written out, by an address entry.
  bool AllowsHost(std::string_view host, uint16_t port) const;
  // Whether an address entry allows this address and port.
  bool AllowsAddress(const sockaddr_storage& address) const;
  // False when no answer of DNS could make a connection to this host allowed.
  bool MayAllow(std::string_view host, uint16_t port) const;

  // "10.0.0.0/8, *.shop.test and 3 more", for messages.
  std::string ToString() const;

  bool operator==(const TargetAllowList&) const = default;

 private:
  friend absl::StatusOr<TargetAllowList> ParseTargetAllowList(
      const std::vector<std::string>& texts);

  struct Address {
    std::array<uint8_t, 16> bytes{};  // IPv4: the first four
    bool v6 = false;
    bool operator==(const Address&) const = default;
  };
  struct Block {
    Address start;
    int bits = 0;  // those that an address must have in common with `start`
    bool operator==(const Block&) const = default;
  };
  struct Entry {
    std::string text;  // as typed
    std::optional<Block> block;
    std::string host;         // of a host entry: lower case, no dot at the end
    bool subdomains = false;  // *.host
    std::optional<uint16_t> port;
    bool operator==(const Entry&) const = default;
  };

  static std::optional<Address> ReadAddress(std::string_view text);
  static Address Unmapped(const Address& address);
  static absl::StatusOr<Entry> ReadEntry(std::string_view text);
  static absl::Status ReadBlock(std::string_view text, std::string_view target, Entry* entry);
  static absl::Status ReadHost(std::string_view text, std::string_view target, Entry* entry);
  static bool Contains(const Block& block, const Address& address);
  bool AllowsAddress(const Address& address, uint16_t port) const;

  std::vector<Entry> entries_;
};

// Each text is one entry or several, with commas between them. INVALID_ARGUMENT names the entry
// that is none ("must be …"), also an empty one: a variable that was not set must not open an
// agent to everything. At most 1000 entries.
absl::StatusOr<TargetAllowList> ParseTargetAllowList(const std::vector<std::string>& texts);

}  // namespace squall
