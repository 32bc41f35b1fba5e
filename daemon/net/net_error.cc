#include "daemon/net/net_error.h"

#include <cerrno>
#include <cstring>

namespace squall {

NetError NetErrorFromErrno(int error) {
  using Kind = NetError::Kind;
  switch (error) {
    case ECONNREFUSED:
      return {Kind::kRefused, "connection refused"};
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED:
      return {Kind::kReset, "connection reset by peer"};
    case ETIMEDOUT:
      return {Kind::kTimedOut, "connection timed out (kernel)"};
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
      return {Kind::kUnreachable, "host unreachable"};
    case EMFILE:
    case ENFILE:
      return {Kind::kDescriptors, "generator out of file descriptors"};
    case EADDRNOTAVAIL:
      return {Kind::kPorts, "generator out of local ports"};
    case ENOMEM:
    case ENOBUFS:
      return {Kind::kMemory, "generator out of memory for sockets"};
    default:
      return {Kind::kOther, std::strerror(error)};
  }
}

}  // namespace squall
