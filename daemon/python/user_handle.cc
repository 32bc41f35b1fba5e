#include "daemon/python/user_handle.h"

#include <Python.h>
#include <cstddef>

#include "daemon/python/py_ref.h"
#include "daemon/python/python_user.h"

namespace squall {
namespace {

struct Handle {
  PyObject_HEAD PythonUser* user;  // nullptr once detached
  unsigned long long number;
  Py_ssize_t class_index;
};

PyTypeObject* type = nullptr;

Handle* AsHandle(PyObject* object) {
  return object != nullptr && type != nullptr && Py_TYPE(object) == type
             ? reinterpret_cast<Handle*>(object)
             : nullptr;
}

PythonUser* UserOf(PyObject* object) { return reinterpret_cast<Handle*>(object)->user; }

PyObject* Begin(PyObject* self, PyObject* /*unused*/) {
  PythonUser* user = UserOf(self);
  return PyBool_FromLong(user != nullptr && user->Begin() ? 1 : 0);
}

PyObject* BeginTask(PyObject* self, PyObject* /*unused*/) {
  PythonUser* user = UserOf(self);
  const int may = user == nullptr ? 0 : user->BeginTask();
  return may < 0 ? nullptr : PyBool_FromLong(may);
}

PyObject* EndTask(PyObject* self, PyObject* /*unused*/) {
  if (PythonUser* user = UserOf(self); user != nullptr) {
    user->EndTask();
  }
  Py_RETURN_NONE;
}

PyObject* Pause(PyObject* self, PyObject* argument) {
  const double seconds = PyFloat_AsDouble(argument);
  if (seconds == -1.0 && PyErr_Occurred() != nullptr) {
    return nullptr;
  }
  PythonUser* user = UserOf(self);
  if (user != nullptr && !user->Pause(seconds)) {
    return nullptr;
  }
  Py_RETURN_NONE;
}

PyObject* BeginOnStop(PyObject* self, PyObject* /*unused*/) {
  if (PythonUser* user = UserOf(self); user != nullptr) {
    user->BeginOnStop();
  }
  Py_RETURN_NONE;
}

PyObject* Intended(PyObject* self, PyObject* argument) {
  const double seconds = PyFloat_AsDouble(argument);
  if (seconds == -1.0 && PyErr_Occurred() != nullptr) {
    return nullptr;
  }
  if (PythonUser* user = UserOf(self); user != nullptr) {
    user->SetIntended(seconds);
  }
  Py_RETURN_NONE;
}

PyObject* Ended(PyObject* self, PyObject* /*unused*/) {
  if (PythonUser* user = UserOf(self); user != nullptr) {
    user->NoteEnded();
  }
  Py_RETURN_NONE;
}

PyObject* GetStopping(PyObject* self, void* /*unused*/) {
  PythonUser* user = UserOf(self);
  return PyLong_FromLong(user == nullptr ? 2 : user->stopping());
}

PyObject* GetNumber(PyObject* self, void* /*unused*/) {
  return PyLong_FromUnsignedLongLong(reinterpret_cast<Handle*>(self)->number);
}

PyObject* GetClassIndex(PyObject* self, void* /*unused*/) {
  return PyLong_FromSsize_t(reinterpret_cast<Handle*>(self)->class_index);
}

PyMethodDef handle_methods[] = {
    {"begin", Begin, METH_NOARGS, "First thing of the greenlet; False: end at once."},
    {"begin_task", BeginTask, METH_NOARGS, "Before each task; False: end the user."},
    {"end_task", EndTask, METH_NOARGS, "After each task that was run."},
    {"pause", Pause, METH_O, "Sleep for some seconds, or until the user is to stop."},
    {"begin_on_stop", BeginOnStop, METH_NOARGS, "Let the calls of on_stop through."},
    {"intended", Intended, METH_O, "The next request was due so many seconds ago."},
    {"ended", Ended, METH_NOARGS, "Last thing of the greenlet."},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef handle_properties[] = {
    {"number", GetNumber, nullptr, "Of the whole run, from 0.", nullptr},
    {"class_index", GetClassIndex, nullptr, "Of set_classes.", nullptr},
    {"stopping", GetStopping, nullptr, "0: no, 1: after this task, 2: now.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

void DeallocateHandle(PyObject* self) {
  PyTypeObject* own = Py_TYPE(self);
  own->tp_free(self);
  Py_DECREF(own);
}

}  // namespace

PyObject* UserHandleType() {
  if (type == nullptr) {
    PyType_Slot slots[] = {
        {Py_tp_dealloc, reinterpret_cast<void*>(DeallocateHandle)},
        {Py_tp_methods, handle_methods},
        {Py_tp_getset, handle_properties},
        {0, nullptr},
    };
    PyType_Spec spec = {"_squall.UserHandle", sizeof(Handle), 0,
                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
    type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  }
  return reinterpret_cast<PyObject*>(type);
}

PyObject* MakeUserHandle(PythonUser* user) {
  if (UserHandleType() == nullptr) {
    return nullptr;
  }
  Handle* handle = PyObject_New(Handle, type);
  if (handle == nullptr) {
    return nullptr;
  }
  handle->user = user;
  handle->number = user->number();
  handle->class_index = static_cast<Py_ssize_t>(user->class_index());
  return reinterpret_cast<PyObject*>(handle);
}

void DetachUserHandle(PyObject* handle) { reinterpret_cast<Handle*>(handle)->user = nullptr; }

bool MayGoOn(PyObject* object) {
  const Handle* handle = AsHandle(object);
  if (handle == nullptr || handle->user == nullptr || handle->user->stopping() < 2) {
    return true;
  }
  PythonUser::SetExit();
  return false;
}

uint64_t UserNumberOf(PyObject* object) {
  const Handle* handle = AsHandle(object);
  return handle == nullptr ? 0 : static_cast<uint64_t>(handle->number);
}

std::optional<TimePoint> TakeIntendedStart(PyObject* object) {
  const Handle* handle = AsHandle(object);
  return handle == nullptr || handle->user == nullptr ? std::nullopt : handle->user->TakeIntended();
}

}  // namespace squall
