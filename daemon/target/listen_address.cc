#include "daemon/target/listen_address.h"

#include <charconv>

#include <absl/status/status.h>
#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

namespace squall {
namespace {

absl::Status AddressError(std::string_view text) {
  return absl::InvalidArgumentError(fmt::format(
      "must be ADDRESS:PORT such as 127.0.0.1:8082 or [::1]:0, got '{}'", text.substr(0, 80)));
}

boost::asio::ip::address ToAddress(const std::string& host, boost::system::error_code* error) {
  return boost::asio::ip::make_address(host, *error);
}

}  // namespace

absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return AddressError(text);
  }
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  ListenAddress address;
  const char* end = digits.data() + digits.size();
  const auto [rest, problem] = std::from_chars(digits.data(), end, address.port);
  if (problem != std::errc() || rest != end) {
    return AddressError(text);
  }
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) {
    host = host.substr(1, host.size() - 2);
  }
  if (host == "localhost") {
    return address;
  }
  address.host = host;
  boost::system::error_code error;
  const auto parsed = ToAddress(address.host, &error);
  if (error || parsed.is_v6() != bracketed) {
    return AddressError(text);
  }
  return address;
}

bool IsLoopback(const ListenAddress& address) {
  boost::system::error_code error;
  const auto parsed = ToAddress(address.host, &error);
  return !error && parsed.is_loopback();
}

std::string FormatListenAddress(const ListenAddress& address) {
  const bool is_v6 = address.host.find(':') != std::string::npos;
  return is_v6 ? fmt::format("[{}]:{}", address.host, address.port)
               : fmt::format("{}:{}", address.host, address.port);
}

}  // namespace squall
