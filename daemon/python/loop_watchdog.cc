#include "daemon/python/loop_watchdog.h"

#include <Python.h>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "daemon/python/py_ref.h"

namespace squall {
namespace {

constexpr auto kGlance = std::chrono::milliseconds(100);
constexpr double kFirstSeconds = 1;
constexpr double kTimesAsLong = 5;

std::string AttributeText(PyObject* object, const char* name) {
  const PyRef value(PyObject_GetAttrString(object, name));
  const PyRef text(value ? PyObject_Str(value.get()) : nullptr);
  if (!text) {
    PyErr_Clear();
    return "?";
  }
  return std::string(TextOf(text.get()));
}

}  // namespace

double Standstill::Glance(uint64_t turns, double glance) {
  if (turns != turns_) {
    Reset(turns);
    return 0;
  }
  seconds_ += glance;
  if (seconds_ < next_) {
    return 0;
  }
  next_ *= kTimesAsLong;
  return seconds_;
}

void Standstill::Reset(uint64_t turns) {
  turns_ = turns;
  seconds_ = 0;
  next_ = kFirstSeconds;
}

LoopWatchdog::LoopWatchdog(const GeventHub* hub, OnBlocked on_blocked)
    : hub_(hub), on_blocked_(std::move(on_blocked)), watched_thread_(PyThread_get_thread_ident()) {}

LoopWatchdog::~LoopWatchdog() {
  if (!thread_.joinable()) {
    return;
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  Py_BEGIN_ALLOW_THREADS  // it may be about to take the GIL
      thread_.join();
  Py_END_ALLOW_THREADS
}

void LoopWatchdog::Watch(bool on) {
  const std::lock_guard<std::mutex> lock(mutex_);
  watching_ = on;
  if (on && !thread_.joinable()) {
    thread_ = std::thread([this] { Run(); });
  }
}

// Counts its own glances instead of asking a clock: when the whole machine stands still, so does
// it.
void LoopWatchdog::Run() {
  const double glance = std::chrono::duration<double>(kGlance).count();
  Standstill standstill(hub_->turns());
  std::unique_lock<std::mutex> lock(mutex_);
  while (!closing_) {
    wake_.wait_for(lock, kGlance);
    const uint64_t turns = hub_->turns();
    if (!watching_) {
      standstill.Reset(turns);
      continue;
    }
    const double seconds = standstill.Glance(turns, glance);
    if (seconds == 0 || closing_) {
      continue;
    }
    lock.unlock();
    const PyGILState_STATE state = PyGILState_Ensure();
    if (hub_->turns() == turns) {  // getting the GIL may have taken until the end of it
      on_blocked_(seconds, WhereItIs());
    }
    PyGILState_Release(state);
    lock.lock();
  }
}

// "file.py:12, in task" of the innermost frame.
std::string LoopWatchdog::WhereItIs() const {
  const PyRef sys(PyImport_ImportModule("sys"));
  const PyRef frames(sys ? PyObject_CallMethod(sys.get(), "_current_frames", nullptr) : nullptr);
  const PyRef key(PyLong_FromUnsignedLong(watched_thread_));
  PyObject* frame = frames && key ? PyDict_GetItem(frames.get(), key.get()) : nullptr;
  if (frame == nullptr) {
    PyErr_Clear();
    return "";
  }
  const PyRef code(PyObject_GetAttrString(frame, "f_code"));
  if (!code) {
    PyErr_Clear();
    return "";
  }
  return fmt::format("{}:{}, in {}", AttributeText(code.get(), "co_filename"),
                     AttributeText(frame, "f_lineno"), AttributeText(code.get(), "co_name"));
}

}  // namespace squall
