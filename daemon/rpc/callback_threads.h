// The threads on which gRPC runs callbacks, and why they are never ended.
//
// gRPC shares one set of such threads among all channels and servers of a process, and ends and
// joins them with the last of those. The last owner of a channel can be the context of a call that
// has just been answered, on one of those very threads: it then joins itself, and goes on in a
// queue that it has freed (seen with 1.51).
#pragma once

namespace squall {

// From the first call on the threads live as long as the process. Any thread.
void KeepCallbackThreads();

}  // namespace squall
