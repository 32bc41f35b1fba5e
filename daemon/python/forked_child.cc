#include "daemon/python/forked_child.h"

#include <Python.h>
#include <greenlet/greenlet.h>
#include <unistd.h>

#include <fmt/format.h>

#include "daemon/python/py_ref.h"

namespace squall {
namespace {

constexpr int kExitCode = 1;
PyGreenlet* forker = nullptr;  // owned; only in a copy

PyObject* AfterFork(PyObject* /*self*/, PyObject* /*unused*/) {
  forker = PyGreenlet_GetCurrent();
  Py_RETURN_NONE;
}

PyMethodDef after_fork = {"after_fork", AfterFork, METH_NOARGS, nullptr};

}  // namespace

absl::Status WatchForks() {
  PyGreenlet_Import();
  const PyRef os(PyImport_ImportModule("os"));
  const PyRef watch(os ? PyObject_GetAttrString(os.get(), "register_at_fork") : nullptr);
  const PyRef callback(PyCFunction_New(&after_fork, nullptr));
  const PyRef none(PyTuple_New(0));
  const PyRef options(callback ? Py_BuildValue("{s:O}", "after_in_child", callback.get())
                               : nullptr);
  const PyRef done(watch && none && options ? PyObject_Call(watch.get(), none.get(), options.get())
                                            : nullptr);
  return done ? absl::OkStatus() : TakePythonError("os.register_at_fork");
}

bool InForkedChild() { return forker != nullptr; }

bool ForkedHere() {
  if (forker == nullptr) {
    return false;
  }
  PyGreenlet* current = PyGreenlet_GetCurrent();
  const PyRef owned(reinterpret_cast<PyObject*>(current));
  return current == forker;
}

// Without the exit handlers, which are the first process's.
void LeaveForkedChild() {
  fmt::print(stderr,
             "process {} was forked by user code and would go on with the test as a copy of it; it "
             "ends here. End such a process with os._exit()\n",
             getpid());
  _exit(kExitCode);
}

}  // namespace squall
