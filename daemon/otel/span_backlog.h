// Spans between the thread that collects them and the one that sends them: bounded, so that a
// collector that is slow or down costs memory only up to a limit. Any thread may call anything.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/trace/request_span.h"

namespace squall {

class SpanBacklog final {
 public:
  // Of `capacity` spans, given away in batches of at most `batch`.
  SpanBacklog(size_t capacity, size_t batch) : capacity_(capacity), batch_(batch) {}
  SpanBacklog(const SpanBacklog&) = delete;
  SpanBacklog& operator=(const SpanBacklog&) = delete;

  // False: there is no room, the span is gone.
  bool Add(const RequestSpan& span);
  // Waits until a batch is full, `patience` is over or the backlog is closed, and takes what is
  // there; nothing only when it is closed and empty, or nothing has come for so long.
  std::vector<RequestSpan> Take(Nanos patience);
  // Waits for so long, or until the backlog is closed.
  void Wait(Nanos time);
  // Nothing is added any more, and nobody waits.
  void Close();
  bool closed() const;
  // Throws away what is left; how many.
  size_t Clear();

 private:
  const size_t capacity_;
  const size_t batch_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<RequestSpan> spans_;  // guarded by mutex_, as all below
  bool closed_ = false;
};

}  // namespace squall
