// Python.h first, as it wants.
#include "daemon/python/gevent_hub.h"

#include <Python.h>
#include <algorithm>
#include <chrono>
#include <greenlet/greenlet.h>
#include <utility>

#include "daemon/base/check.h"
#include "daemon/python/forked_child.h"
#include "daemon/python/greenlet_wait.h"
#include "daemon/python/py_ref.h"

namespace squall {
namespace {

// Greenlets that were woken send requests, whose replies may be there by the time the last of them
// has run: looking again is cheaper than another round of gevent's loop, whose timers and other
// watchers must have their turn all the same. gevent gives its own callbacks, users that start
// among them, as long at a stretch.
constexpr int kTurnsInARow = 8;
constexpr Nanos kTurnsTake = std::chrono::milliseconds(5);

}  // namespace

absl::StatusOr<std::unique_ptr<GeventHub>> GeventHub::Make(Reactor* reactor) {
  PyGreenlet_Import();
  if (_PyGreenlet_API == nullptr) {
    return TakePythonError("import greenlet");
  }
  std::unique_ptr<GeventHub> made(new GeventHub(reactor));
  const PyRef gevent(PyImport_ImportModule("gevent"));
  if (!gevent) {
    return TakePythonError("import gevent");
  }
  const PyRef hub(PyObject_CallMethod(gevent.get(), "get_hub", nullptr));
  const PyRef loop(hub ? PyObject_GetAttrString(hub.get(), "loop") : nullptr);
  constexpr int kRead = 1;  // gevent.core.READ
  PyRef watcher(loop ? PyObject_CallMethod(loop.get(), "io", "ii", reactor->fd(), kRead) : nullptr);
  static PyMethodDef on_readable = {"turn", &GeventHub::OnReadable, METH_NOARGS, nullptr};
  const PyRef self(PyCapsule_New(made.get(), nullptr, nullptr));
  const PyRef callback(self ? PyCFunction_New(&on_readable, self.get()) : nullptr);
  if (!watcher || !callback) {
    return TakePythonError("gevent's loop");
  }
  const PyRef started(PyObject_CallMethod(watcher.get(), "start", "O", callback.get()));
  if (!started) {
    return TakePythonError("gevent's loop");
  }
  made->hub_ = reinterpret_cast<PyGreenlet*>(Py_NewRef(hub.get()));
  made->watcher_ = watcher.release();
  return made;
}

GeventHub::~GeventHub() {
  SQUALL_CHECK(waits_.empty());
  if (watcher_ != nullptr) {
    StopWatcher();
  }
  Py_XDECREF(watcher_);
  Py_XDECREF(reinterpret_cast<PyObject*>(hub_));
}

void GeventHub::StopWatcher() {
  const PyRef stopped(PyObject_CallMethod(watcher_, "stop", nullptr));
  if (!stopped) {
    PyErr_Clear();
  }
}

GreenletWait* GeventHub::FindWait(PyObject* greenlet) const {
  const auto found = waits_.find(greenlet);
  return found == waits_.end() ? nullptr : found->second;
}

PyObject* GeventHub::OnReadable(PyObject* self, PyObject* /*unused*/) {
  static_cast<GeventHub*>(PyCapsule_GetPointer(self, nullptr))->Turn();
  Py_RETURN_NONE;
}

void GeventHub::Turn() {
  if (InForkedChild()) {
    StopWatcher();  // the descriptor is the first process's as well
    return;
  }
  turning_ = true;
  const TimePoint until = reactor_->Fresh() + kTurnsTake;
  for (int i = 0; i < kTurnsInARow; ++i) {
    turns_.store(turns() + 1, std::memory_order_relaxed);
    reactor_->Turn();
    if (woken_.empty()) {
      break;
    }
    RunWoken();
    if (InForkedChild() || reactor_->Fresh() >= until) {
      break;
    }
  }
  turning_ = false;
  if (!woken_.empty() && !InForkedChild()) {
    reactor_->Post([] {});
  }
}

void GeventHub::AddWoken(GreenletWait* wait) {
  woken_.push_back(wait);
  if (!turning_) {
    reactor_->Post([] {});  // for a turn
  }
}

// Nothing of C++ but this and libev is on the hub's stack when a greenlet runs: what is there has
// to be saved and restored at every switch.
void GeventHub::RunWoken() {
  running_.swap(woken_);
  for (size_t i = 0; i < running_.size() && !InForkedChild(); ++i) {
    GreenletWait* wait = running_[i];
    if (wait == nullptr) {
      continue;  // something was thrown into it meanwhile
    }
    wait->listed_ = false;
    PyGreenlet* greenlet = wait->greenlet_;  // its own reference lives until it has run
    PyObject* result = PyGreenlet_Switch(greenlet, nullptr, nullptr);
    if (result == nullptr) {
      PyErr_WriteUnraisable(nullptr);
    }
    Py_XDECREF(result);
  }
  running_.clear();
}

GreenletWait::~GreenletWait() { SQUALL_CHECK(greenlet_ == nullptr && !listed_); }

bool GreenletWait::Wait() {
  SQUALL_CHECK(greenlet_ == nullptr);
  if (woken_) {
    return true;
  }
  if (ForkedHere()) {
    if (kind_ == Kind::kPause) {
      LeaveForkedChild();
    }
    PyErr_SetString(PyExc_RuntimeError, "must not send requests in a process that was forked");
    return false;
  }
  PyGreenlet* current = PyGreenlet_GetCurrent();
  if (current == hub_->hub_) {
    Py_DECREF(reinterpret_cast<PyObject*>(current));
    PyErr_SetString(PyExc_RuntimeError,
                    "must not wait here: gevent calls this in its event loop; use gevent.spawn");
    return false;
  }
  greenlet_ = current;
  auto* key = reinterpret_cast<PyObject*>(current);
  hub_->waits_.emplace(key, this);
  PyObject* result = PyGreenlet_Switch(hub_->hub_, nullptr, nullptr);
  // `this` is on the heap, and so still where it was.
  hub_->waits_.erase(key);
  greenlet_ = nullptr;
  if (listed_) {
    listed_ = false;
    std::replace(hub_->woken_.begin(), hub_->woken_.end(), this,
                 static_cast<GreenletWait*>(nullptr));
    std::replace(hub_->running_.begin(), hub_->running_.end(), this,
                 static_cast<GreenletWait*>(nullptr));
  }
  const bool thrown = result == nullptr;
  Py_XDECREF(result);
  Py_DECREF(key);
  if (!thrown && !woken_) {
    PyErr_SetString(PyExc_RuntimeError, "a greenlet that waits for a reply was switched to");
    return false;
  }
  return !thrown;
}

void GreenletWait::Wake() {
  if (woken_) {
    return;
  }
  woken_ = true;
  if (greenlet_ != nullptr) {
    listed_ = true;
    hub_->AddWoken(this);
  }
}

}  // namespace squall
