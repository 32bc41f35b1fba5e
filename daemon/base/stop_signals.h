// What ends a daemon: SIGTERM and SIGINT.
#pragma once

#include <signal.h>

namespace squall {

// Blocks both, for sigwait, and ignores SIGPIPE (OpenSSL writes without MSG_NOSIGNAL). Call it
// before there is any other thread: all inherit the mask. The set is that of both.
sigset_t BlockStopSignals();

}  // namespace squall
