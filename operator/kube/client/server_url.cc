#include "operator/kube/client/server_url.h"

#include <string>

#include <absl/status/status.h>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <fmt/format.h>

namespace squall {

std::string ServerUrl::HostPort() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

absl::StatusOr<ServerUrl> ParseServerUrl(std::string_view what, std::string_view text) {
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  const bool shown = text.find('@') == std::string_view::npos;
  const bool readable = parsed.has_value() && !parsed->encoded_host().empty() &&
                        (parsed->scheme() == "http" || parsed->scheme() == "https") &&
                        !parsed->has_query() && !parsed->has_fragment() &&
                        (!parsed->has_port() || parsed->port_number() != 0);
  if (!readable) {
    return absl::InvalidArgumentError(
        fmt::format("{} must be a URL like https://10.0.0.1:6443, got {}", what,
                    shown ? fmt::format("'{}'", text) : "something else"));
  }
  ServerUrl url;
  url.tls = parsed->scheme() == "https";
  url.host = std::string(parsed->host_address());
  const uint16_t default_port = url.tls ? 443 : 80;
  url.port = parsed->has_port() ? parsed->port_number() : default_port;
  url.base_path = std::string(parsed->encoded_path());
  while (!url.base_path.empty() && url.base_path.back() == '/') {
    url.base_path.pop_back();
  }
  url.user = std::string(parsed->user());
  url.password = std::string(parsed->password());
  return url;
}

}  // namespace squall
