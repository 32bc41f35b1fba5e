// Our event loop inside gevent's: one watcher of gevent's waits for the Reactor's descriptor, and
// its callback gives the Reactor a turn and then runs the greenlets that the turn has woken. So
// time.sleep, sockets and libraries of user code go on cooperating as gevent lets them.
//
// One per process, on the interpreter's thread, with the GIL held. docs/adr/0005 says why it is
// done this way round.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/status/statusor.h>

#include "daemon/net/reactor.h"

struct _greenlet;  // PyGreenlet. NOLINT(readability-identifier-naming): the name is greenlet's
struct _object;    // PyObject. NOLINT(readability-identifier-naming): the name is CPython's

namespace squall {

class GreenletWait;

class GeventHub final {
 public:
  // Takes the calling thread's hub, which need not run yet. The reactor must have been nested
  // (Reactor::Nest) and outlives this. INTERNAL with Python's own words.
  static absl::StatusOr<std::unique_ptr<GeventHub>> Make(Reactor* reactor);
  ~GeventHub();
  GeventHub(const GeventHub&) = delete;
  GeventHub& operator=(const GeventHub&) = delete;

  Reactor* reactor() const { return reactor_; }
  // How often the loop has turned. May be read on any thread.
  uint64_t turns() const { return turns_.load(std::memory_order_relaxed); }
  // What the greenlet waits for in a GreenletWait; nullptr: nothing, or something else.
  GreenletWait* FindWait(_object* greenlet) const;

 private:
  friend class GreenletWait;
  explicit GeventHub(Reactor* reactor) : reactor_(reactor) {}
  static _object* OnReadable(_object* self, _object* unused);
  void Turn();
  void StopWatcher();
  void RunWoken();
  void AddWoken(GreenletWait* wait);

  Reactor* const reactor_;
  _greenlet* hub_ = nullptr;
  _object* watcher_ = nullptr;
  std::atomic<uint64_t> turns_ = 0;
  absl::flat_hash_map<_object*, GreenletWait*> waits_;
  bool turning_ = false;
  std::vector<GreenletWait*> woken_;
  std::vector<GreenletWait*> running_;  // of woken_, those whose turn it is; nullptr: gone
};

}  // namespace squall
