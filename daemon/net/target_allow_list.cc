#include "daemon/net/target_allow_list.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>
#include <netinet/in.h>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/ascii.h"
#include "daemon/base/status_macros.h"

namespace squall {
namespace {

constexpr size_t kEntriesMax = 1000;
constexpr size_t kShownMax = 8;
constexpr size_t kHostBytesMax = 253;
constexpr size_t kLabelBytesMax = 63;
constexpr int kV4Bits = 32;
constexpr int kV6Bits = 128;
constexpr std::array<uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

absl::Status EntryError(std::string_view what, std::string_view text) {
  return absl::InvalidArgumentError(fmt::format("must {}, got '{}'", what, text.substr(0, 80)));
}

absl::Status NoEntry(std::string_view text) {
  return EntryError(
      "be an address, a CIDR block or a host name, each with or without a port "
      "(10.0.0.0/8, [::1]:8082, *.example.com:443)",
      text);
}

template <typename Number>
bool ReadNumber(std::string_view digits, Number* number) {
  const char* end = digits.data() + digits.size();
  const auto [rest, problem] = std::from_chars(digits.data(), end, *number);
  return problem == std::errc() && rest == end;
}

std::string_view WithoutLastDot(std::string_view host) {
  return host.substr(0, host.size() - (host.ends_with('.') ? 1 : 0));
}

bool IsLabel(std::string_view label) {
  return !label.empty() && label.size() <= kLabelBytesMax &&
         std::all_of(label.begin(), label.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

// 127.1 and 0x7f000001 are addresses for getaddrinfo, and no names.
bool LooksLikeNumber(std::string_view label) {
  return label.starts_with("0x") ||
         std::all_of(label.begin(), label.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::optional<TargetAllowList::Address> TargetAllowList::ReadAddress(std::string_view text) {
  const std::string copy(text);
  Address address;
  if (inet_pton(AF_INET, copy.c_str(), address.bytes.data()) == 1) {
    return address;
  }
  address.v6 = true;
  if (inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1) {
    return address;
  }
  return std::nullopt;
}

TargetAllowList::Address TargetAllowList::Unmapped(const Address& address) {
  if (!address.v6 ||
      !std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes.begin())) {
    return address;
  }
  Address v4;
  std::copy(address.bytes.begin() + kMappedPrefix.size(), address.bytes.end(), v4.bytes.begin());
  return v4;
}

bool TargetAllowList::Contains(const Block& block, const Address& address) {
  if (block.start.v6 != address.v6) {
    return false;
  }
  const int whole = block.bits / 8;
  const int rest = block.bits % 8;
  if (!std::equal(address.bytes.begin(), address.bytes.begin() + whole,
                  block.start.bytes.begin())) {
    return false;
  }
  return rest == 0 || ((address.bytes[whole] ^ block.start.bytes[whole]) >> (8 - rest)) == 0;
}

bool TargetAllowList::AllowsAddress(const Address& address, uint16_t port) const {
  const Address plain = Unmapped(address);
  return empty() || std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
           return entry.block.has_value() && entry.port.value_or(port) == port &&
                  Contains(*entry.block, plain);
         });
}

bool TargetAllowList::AllowsAddress(const sockaddr_storage& address) const {
  Address plain;
  if (address.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address);
    std::memcpy(plain.bytes.data(), &v4->sin_addr, sizeof v4->sin_addr);
    return AllowsAddress(plain, ntohs(v4->sin_port));
  }
  if (address.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address);
    std::memcpy(plain.bytes.data(), &v6->sin6_addr, sizeof v6->sin6_addr);
    plain.v6 = true;
    return AllowsAddress(plain, ntohs(v6->sin6_port));
  }
  return empty();
}

bool TargetAllowList::AllowsHost(std::string_view host, uint16_t port) const {
  if (empty()) {
    return true;
  }
  if (const std::optional<Address> address = ReadAddress(host); address.has_value()) {
    return AllowsAddress(*address, port);
  }
  const std::string name = LowerCase(WithoutLastDot(host));
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    if (entry.block.has_value() || entry.port.value_or(port) != port) {
      return false;
    }
    if (!entry.subdomains) {
      return name == entry.host;
    }
    return name.size() > entry.host.size() + 1 && name.ends_with(entry.host) &&
           name[name.size() - entry.host.size() - 1] == '.';
  });
}

bool TargetAllowList::MayAllow(std::string_view host, uint16_t port) const {
  const auto is_block = [](const Entry& entry) { return entry.block.has_value(); };
  return AllowsHost(host, port) || (!ReadAddress(host).has_value() &&
                                    std::any_of(entries_.begin(), entries_.end(), is_block));
}

std::string TargetAllowList::ToString() const {
  std::string text;
  const size_t shown = std::min(entries_.size(), kShownMax);
  for (size_t i = 0; i < shown; ++i) {
    text += fmt::format("{}{}", i == 0 ? "" : ", ", entries_[i].text);
  }
  if (shown < entries_.size()) {
    text += fmt::format(" and {} more", entries_.size() - shown);
  }
  return empty() ? "all targets" : text;
}

absl::Status TargetAllowList::ReadBlock(std::string_view text, std::string_view target,
                                        Entry* entry) {
  const size_t slash = target.find('/');
  const std::optional<Address> address = ReadAddress(target.substr(0, slash));
  if (!address.has_value()) {
    return NoEntry(text);
  }
  Block block{*address, address->v6 ? kV6Bits : kV4Bits};
  if (slash != std::string_view::npos) {
    int bits = -1;
    if (!ReadNumber(target.substr(slash + 1), &bits) || bits < 0 || bits > block.bits) {
      return EntryError(fmt::format("have a prefix length of 0 to {}", block.bits), text);
    }
    block.bits = bits;
  }
  const int mapped_bits = static_cast<int>(kMappedPrefix.size()) * 8;
  if (const Address plain = Unmapped(*address); block.bits >= mapped_bits && plain != *address) {
    block = {plain, block.bits - mapped_bits};
  }
  Address start = block.start;
  for (size_t i = 0; i < start.bytes.size(); ++i) {
    const int kept = std::clamp(block.bits - static_cast<int>(i) * 8, 0, 8);
    start.bytes[i] = static_cast<uint8_t>(start.bytes[i] & (0xff00 >> kept));
  }
  if (start != block.start) {
    std::array<char, INET6_ADDRSTRLEN> name{};
    inet_ntop(start.v6 ? AF_INET6 : AF_INET, start.bytes.data(), name.data(), name.size());
    return EntryError(fmt::format("begin where its block does, at {}/{}", name.data(), block.bits),
                      text);
  }
  entry->block = block;
  return absl::OkStatus();
}

absl::Status TargetAllowList::ReadHost(std::string_view text, std::string_view target,
                                       Entry* entry) {
  entry->subdomains = target.starts_with("*.");
  entry->host = LowerCase(WithoutLastDot(target.substr(entry->subdomains ? 2 : 0)));
  std::string_view rest = entry->host;
  std::string_view label;
  while (true) {
    const size_t dot = rest.find('.');
    label = rest.substr(0, dot);
    if (!IsLabel(label)) {
      return NoEntry(text);
    }
    if (dot == std::string_view::npos) {
      break;
    }
    rest.remove_prefix(dot + 1);
  }
  return entry->host.size() > kHostBytesMax || LooksLikeNumber(label) ? NoEntry(text)
                                                                      : absl::OkStatus();
}

absl::StatusOr<TargetAllowList::Entry> TargetAllowList::ReadEntry(std::string_view text) {
  if (text.find("://") != std::string_view::npos) {
    return EntryError("be a target, not a URL", text);
  }
  Entry entry;
  entry.text = text;
  std::string_view target = text;
  std::string_view port;
  const bool bracketed = text.starts_with('[');
  if (bracketed) {
    const size_t end = text.find(']');
    target = text.substr(1, end == std::string_view::npos ? end : end - 1);
    port = end == std::string_view::npos ? "" : text.substr(end + 1);
    if (end == std::string_view::npos || target.find(':') == std::string_view::npos) {
      return NoEntry(text);
    }
  } else if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
    const bool v6 = text.find(':', colon + 1) != std::string_view::npos;
    target = v6 ? text : text.substr(0, colon);
    port = v6 ? "" : text.substr(colon);
  }
  if (!port.empty()) {
    uint16_t number = 0;
    if (!port.starts_with(':') || !ReadNumber(port.substr(1), &number) || number == 0) {
      return EntryError("have a port from 1 to 65535 after its colon", text);
    }
    entry.port = number;
  }
  const bool block = bracketed || target.find_first_of("/:") != std::string_view::npos ||
                     ReadAddress(target).has_value();
  SQUALL_RETURN_IF_ERROR(block ? ReadBlock(text, target, &entry) : ReadHost(text, target, &entry));
  return entry;
}

absl::StatusOr<TargetAllowList> ParseTargetAllowList(const std::vector<std::string>& texts) {
  TargetAllowList list;
  for (std::string_view text : texts) {
    while (true) {
      const size_t comma = text.find(',');
      SQUALL_ASSIGN_OR_RETURN(TargetAllowList::Entry entry,
                              TargetAllowList::ReadEntry(text.substr(0, comma)));
      list.entries_.push_back(std::move(entry));
      if (list.entries_.size() > kEntriesMax) {
        return absl::InvalidArgumentError(
            fmt::format("must have at most {} entries, got more", kEntriesMax));
      }
      if (comma == std::string_view::npos) {
        break;
      }
      text.remove_prefix(comma + 1);
    }
  }
  return list;
}

}  // namespace squall
