// Watches from a thread of its own whether the interpreter's loop still turns, and says where the
// Python code is that holds it: code that computes for long, or waits in a way that gevent does not
// know of.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "daemon/python/gevent_hub.h"

namespace squall {

class LoopWatchdog final {
 public:
  // `on_blocked` runs on the watchdog's thread with the GIL held, once when the loop has stood
  // still for a second and again each time that has doubled. `where` may be empty.
  using OnBlocked = std::function<void(double seconds, const std::string& where)>;
  // GIL held, on the interpreter's thread, whose code is watched.
  LoopWatchdog(const GeventHub* hub, OnBlocked on_blocked);
  ~LoopWatchdog();
  LoopWatchdog(const LoopWatchdog&) = delete;
  LoopWatchdog& operator=(const LoopWatchdog&) = delete;

  // Only while a run is on: then a timer keeps a healthy loop turning.
  void Watch(bool on);

 private:
  void Run();
  std::string WhereItIs() const;

  const GeventHub* const hub_;
  const OnBlocked on_blocked_;
  const unsigned long watched_thread_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool watching_ = false;  // guarded by mutex_, as closing_
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace squall
