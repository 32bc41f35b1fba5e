// What can go wrong with a connection, as a value: a failure of the target is a measurement. The
// text is the reason that reports group by, so it never holds ports, ids or other unbounded parts.
#pragma once

#include <cstdint>
#include <string>

namespace squall {

struct NetError {
  enum class Kind : uint8_t {
    kNone,
    kRefused,
    kReset,
    kClosed,  // the peer ended the connection
    kTimedOut,
    kUnreachable,
    kName,  // the name could not be resolved
    kTls,
    kCancelled,  // our own stop
    kProtocol,   // what came is not HTTP
    kForbidden,  // the agent's allow-list of targets
    // The generator's own limits: they make a run INVALID.
    kDescriptors,
    kPorts,
    kMemory,
    kOther,
  };
  Kind kind = Kind::kNone;
  std::string text;

  bool ok() const { return kind == Kind::kNone; }
};

// From an errno of connect, send or recv.
NetError NetErrorFromErrno(int error);

}  // namespace squall
