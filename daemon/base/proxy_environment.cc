#include "daemon/base/proxy_environment.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace squall {
namespace {

// Upper case is not for http: as HTTP_PROXY a CGI program would get a caller's header. Some
// libraries of users take it all the same.
constexpr std::array<const char*, 7> kProxies = {"http_proxy",  "HTTP_PROXY", "https_proxy",
                                                 "HTTPS_PROXY", "all_proxy",  "ALL_PROXY",
                                                 "grpc_proxy"};

std::string AsideName(const std::string& name) { return "SQUALL_ASIDE_" + name; }

// "" for one that is not set.
std::string Get(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

void Move(const std::string& from, const std::string& to) {
  if (const std::string value = Get(from); !value.empty()) {
    setenv(to.c_str(), value.c_str(), 1);
  }
  unsetenv(from.c_str());
}

void Append(const std::string& name, const std::string& before, const std::string& host) {
  setenv(name.c_str(), (before.empty() ? host : before + "," + host).c_str(), 1);
}

}  // namespace

bool NamesProxy(const std::map<std::string, std::string>& environment) {
  return std::any_of(kProxies.begin(), kProxies.end(), [&](const char* name) {
    const auto found = environment.find(name);
    return found != environment.end() && !found->second.empty();
  });
}

void SetProxiesAside() {
  for (const std::string name : kProxies) {
    Move(name, AsideName(name));
  }
}

void TakeProxiesBack() {
  for (const std::string name : kProxies) {
    if (!Get(AsideName(name)).empty()) {
      Move(AsideName(name), name);
    }
  }
}

void CallWithoutProxy(const std::string& host) {
  const bool proxies = std::any_of(kProxies.begin(), kProxies.end(),
                                   [](const char* name) { return !Get(name).empty(); });
  if (host.empty() || !proxies) {
    return;
  }
  const std::string lower = Get("no_proxy");
  const std::string before = lower.empty() ? Get("NO_PROXY") : lower;
  // "*" alone is every host, but not to gRPC; with another one beside it, it is none.
  if (before != "*") {
    Append("no_proxy", before, host);
  }
  // gRPC heeds only this one where there is one, and be it empty.
  if (std::getenv("no_grpc_proxy") != nullptr || before == "*") {
    Append("no_grpc_proxy", Get("no_grpc_proxy"), host);
  }
}

}  // namespace squall
