// gRPC writes a log of its own to stderr, in its own form. There is one for the whole process; this
// sends it where the program's other events go.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace squall {

enum class GrpcSeverity { kDebug, kInfo, kError };

// From now on `sink` gets every line, on whichever thread wrote it, until nullptr takes its place;
// with nullptr they are dropped. Any thread; main() calls it.
void SendGrpcLogTo(std::function<void(GrpcSeverity severity, std::string_view text)> sink);

// What was wrong, in words for an operator, if `text` is the line by which gRPC says that a caller
// did not come through the TLS handshake: it never becomes a call, so nothing else tells. Pure.
std::optional<std::string> FailedHandshake(std::string_view text);

}  // namespace squall
