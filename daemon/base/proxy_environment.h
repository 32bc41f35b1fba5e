// The proxies that the environment of this process names (http_proxy, grpc_proxy …). The libraries
// that spans, figures and gRPC calls leave by obey them without being asked, headers and all, and
// have no option against it. These change the environment: for main(), before any other thread.
#pragma once

#include <map>
#include <string>

namespace squall {

bool NamesProxy(const std::map<std::string, std::string>& environment);

// From now on nothing in this process uses one. They are kept under other names, for programs of
// ours that it starts.
void SetProxiesAside();

// Of a process that runs users' code, which may want them: undoes what the process that started it
// has set aside.
void TakeProxiesBack();

// From now on this host ("" = none; an IPv6 address without brackets) is called without a proxy.
void CallWithoutProxy(const std::string& host);

}  // namespace squall
