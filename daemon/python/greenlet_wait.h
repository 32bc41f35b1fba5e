// How a greenlet waits for something that C++ code brings about: it switches to gevent's hub, and a
// coroutine of the Reactor wakes it. Part of an operation's state on the heap, never of the C
// stack, which greenlets move about. Interpreter's thread, GIL held.
#pragma once

#include <cstdint>

#include "daemon/python/gevent_hub.h"

namespace squall {

class GreenletWait final {
 public:
  // What is waited for, as far as it matters to one who wants to stop the user.
  enum class Kind : uint8_t {
    kRequest,  // it ends by itself before long, and counts
    kPause,    // nothing is lost when it ends early
  };
  explicit GreenletWait(GeventHub* hub, Kind kind = Kind::kRequest) : hub_(hub), kind_(kind) {}
  ~GreenletWait();
  GreenletWait(const GreenletWait&) = delete;
  GreenletWait& operator=(const GreenletWait&) = delete;

  // Suspends the current greenlet until Wake; at once true when that has come already. False with a
  // Python exception set when something was thrown into it (GreenletExit, gevent.Timeout), or when
  // this is the hub, which must not wait, or in a copy of the process that this
  // greenlet has made (forked_child.h).
  bool Wait();
  // The greenlet runs after this turn of the loop.
  void Wake();

  Kind kind() const { return kind_; }
  bool waiting() const { return greenlet_ != nullptr; }

 private:
  friend class GeventHub;
  GeventHub* const hub_;
  const Kind kind_;
  _greenlet* greenlet_ = nullptr;  // while it waits; owned
  bool woken_ = false;
  bool listed_ = false;  // in the hub's list of those to run
};

}  // namespace squall
