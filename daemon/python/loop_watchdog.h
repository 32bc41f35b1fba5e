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

// How long a loop has stood still, as one sees who glances at it now and then. Pure.
class Standstill final {
 public:
  explicit Standstill(uint64_t turns) : turns_(turns) {}
  // So often has it turned, `glance` seconds after the last look. Its seconds of standing still
  // when they are to be told: after one, five, 25 …; otherwise 0.
  double Glance(uint64_t turns, double glance);
  void Reset(uint64_t turns);

 private:
  uint64_t turns_;
  double seconds_ = 0;
  double next_ = 1;  // when it is to be told
};

class LoopWatchdog final {
 public:
  // `on_blocked` runs on the watchdog's thread with the GIL held, when a Standstill is to be told.
  // `where` may be empty.
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
