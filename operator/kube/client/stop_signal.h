// "Stop what you are doing", said by one thread to others that may be blocked. Rings once.
// Any thread may call everything.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>

#include "daemon/base/clock.h"

namespace squall {

class StopSignal final {
 public:
  StopSignal() = default;
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  // Later calls do nothing.
  void Stop();
  bool stopped() const;
  // Blocks for `span` of real time, or until stopped; true when stopped.
  bool WaitFor(Nanos span);

  // Calls `on_stop` once, on the thread that stops, or at once when it has stopped already; it must
  // not block, nor call back into this signal. When the Watcher dies, no call is under way and none
  // will come.
  class Watcher final {
   public:
    Watcher(StopSignal* signal, std::function<void()> on_stop);  // nullptr: never stops
    ~Watcher();
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;

   private:
    StopSignal* const signal_;
    uint64_t id_ = 0;
  };

 private:
  mutable std::mutex mutex_;
  std::condition_variable condition_;
  bool stopped_ = false;                               // guarded by mutex_
  uint64_t next_id_ = 1;                               // guarded by mutex_
  std::map<uint64_t, std::function<void()>> on_stop_;  // guarded by mutex_
};

}  // namespace squall
