#include "daemon/python/python_user.h"

#include <Python.h>
#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "daemon/base/check.h"
#include "daemon/base/units.h"
#include "daemon/net/co.h"
#include "daemon/python/forked_child.h"
#include "daemon/python/py_ref.h"
#include "daemon/python/user_handle.h"

namespace squall {
namespace {

constexpr double kPauseSecondsMax = 1e9;  // a pause for ever, to the timers

// A copy of the process would run the users a second time: the one who made it leaves it, the
// others wait for ever.
void StayOutOfCopies(GeventHub* hub) {
  if (!InForkedChild()) {
    return;
  }
  if (!ForkedHere()) {
    std::make_unique<GreenletWait>(hub, GreenletWait::Kind::kPause)->Wait();
  }
  LeaveForkedChild();
}

}  // namespace

struct PythonUser::Sleep {
  Sleep(Reactor* loop, GeventHub* hub) : reactor(loop), wait(hub, GreenletWait::Kind::kPause) {}
  ~Sleep() { reactor->Abandon(&waiter); }

  static Co<void> Run(Sleep* sleep, TimePoint when) {
    co_await sleep->reactor->Suspend(&sleep->waiter, when);
    sleep->wait.Wake();
  }

  Reactor* const reactor;
  Waiter waiter;
  GreenletWait wait;
  Co<void> task;
};

void PythonUser::SetExit() {
  const PyRef module(PyImport_ImportModule("greenlet"));
  const PyRef type(module ? PyObject_GetAttrString(module.get(), "GreenletExit") : nullptr);
  if (type) {
    PyErr_SetNone(type.get());
  }
}

PythonUser::PythonUser(UserHost* host, GeventHub* hub, PyObject* spawner, uint64_t number,
                       size_t class_index)
    : host_(host), hub_(hub), spawner_(spawner), number_(number), class_index_(class_index) {}

PythonUser::~PythonUser() {
  SQUALL_CHECK(pause_ == nullptr);
  if (handle_ != nullptr) {
    DetachUserHandle(handle_);
  }
  Py_XDECREF(handle_);
  Py_XDECREF(greenlet_);
}

void PythonUser::Start() {
  handle_ = MakeUserHandle(this);
  greenlet_ = handle_ == nullptr ? nullptr : PyObject_CallOneArg(spawner_, handle_);
  if (greenlet_ == nullptr) {
    PyErr_WriteUnraisable(spawner_);
    host_->recorder()->RecordTaskError("a user could not be started; see the log");
    NoteEnded();
  }
}

// Locustfiles have no open model: Prepare refuses such a plan.
void PythonUser::Dispatch(uint64_t /*arrival*/, TimePoint /*intended*/) { SQUALL_CHECK(false); }

void PythonUser::RequestStop(bool finish_task) {
  if (on_stop_ || ended_) {
    return;
  }
  stopping_ = std::max(stopping_, finish_task ? 1 : 2);
  if (pause_ != nullptr) {
    pause_->Wake();
  } else if (stopping_ == 2) {
    EndNow();
  }
}

// Whatever it waits for is given up, but for a request, which ends by itself; the next call that
// Python code makes to us does the rest.
void PythonUser::EndNow() {
  if (!begun_ || greenlet_ == nullptr) {
    return;  // Begin says no
  }
  const GreenletWait* wait = hub_->FindWait(greenlet_);
  if (wait == nullptr || wait->kind() != GreenletWait::Kind::kRequest) {
    Kill();
  }
}

void PythonUser::Abort() {
  if (ended_) {
    return;
  }
  on_stop_ = false;
  stopping_ = 2;
  if (begun_ && greenlet_ != nullptr) {
    Kill();
  }
}

void PythonUser::Kill() {
  // Not from here: it throws in a callback of gevent's loop.
  const PyRef kill(PyObject_GetAttrString(greenlet_, "kill"));
  const PyRef none(PyTuple_New(0));
  const PyRef options(Py_BuildValue("{s:O}", "block", Py_False));
  const PyRef done(kill && none && options ? PyObject_Call(kill.get(), none.get(), options.get())
                                           : nullptr);
  if (!done) {
    PyErr_WriteUnraisable(greenlet_);
  }
}

// After a pause of the run: those who hold look again.
void PythonUser::Nudge() {
  if (pause_ != nullptr && holding_) {
    pause_->Wake();
  }
}

bool PythonUser::Begin() {
  StayOutOfCopies(hub_);
  begun_ = true;
  return stopping_ == 0;
}

int PythonUser::BeginTask() {
  StayOutOfCopies(hub_);
  while (stopping_ == 0 && host_->paused()) {
    holding_ = true;
    const bool woken = SleepUntil(Reactor::kNever);
    holding_ = false;
    if (!woken) {
      return -1;
    }
  }
  return stopping_ == 0 && host_->TakeIteration() ? 1 : 0;
}

void PythonUser::EndTask() {
  intended_.reset();
  host_->CountIteration();
}

bool PythonUser::Pause(double seconds) {
  if (stopping() == 0) {
    const double bounded = std::isnan(seconds) ? 0 : std::clamp(seconds, 0.0, kPauseSecondsMax);
    if (!SleepUntil(host_->reactor()->Fresh() + FromSeconds(bounded))) {
      return false;
    }
  }
  if (stopping() > 0) {
    SetExit();
    return false;
  }
  return true;
}

// Also ended by RequestStop and Nudge. False when something was thrown into it.
bool PythonUser::SleepUntil(TimePoint when) {
  const auto sleep = std::make_unique<Sleep>(host_->reactor(), hub_);
  sleep->task = Sleep::Run(sleep.get(), when);
  sleep->task.Start();
  GreenletWait* const outer = std::exchange(pause_, &sleep->wait);
  const bool woken = sleep->wait.Wait();
  pause_ = outer;
  return woken;
}

void PythonUser::SetIntended(double seconds_late) {
  if (seconds_late >= 0 && seconds_late < kPauseSecondsMax) {
    intended_ = host_->reactor()->Fresh() - FromSeconds(seconds_late);
  }
}

std::optional<TimePoint> PythonUser::TakeIntended() { return std::exchange(intended_, {}); }

void PythonUser::NoteEnded() {
  StayOutOfCopies(hub_);
  if (!ended_) {
    ended_ = true;
    host_->OnEnded(this);
  }
}

}  // namespace squall
