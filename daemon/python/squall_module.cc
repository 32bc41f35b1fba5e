#include "daemon/python/squall_module.h"

#include <Python.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/python/http_python.h"
#include "daemon/python/lane.h"
#include "daemon/python/py_ref.h"
#include "daemon/python/statistics_module.h"
#include "daemon/python/user_handle.h"

namespace squall {
namespace {

Lane* lane = nullptr;

PyObject* RaiseStatus(const absl::Status& status) {
  PyErr_SetString(PyExc_RuntimeError, std::string(status.message()).c_str());
  return nullptr;
}

PyObject* Receive(PyObject* /*module*/, PyObject* /*unused*/) {
  const std::optional<Lane::Note> note = lane->Receive();
  if (!note.has_value()) {
    return nullptr;
  }
  const PyRef json(PyImport_ImportModule("json"));
  const PyRef payload(json ? PyObject_CallMethod(json.get(), "loads", "s#", note->json.data(),
                                                 static_cast<Py_ssize_t>(note->json.size()))
                           : nullptr);
  return payload ? Py_BuildValue("(sO)", note->kind.c_str(), payload.get()) : nullptr;
}

PyObject* Send(PyObject* /*module*/, PyObject* arguments) {
  const char* kind = nullptr;
  const char* json = nullptr;
  if (PyArg_ParseTuple(arguments, "ss", &kind, &json) == 0) {
    return nullptr;
  }
  lane->Send(kind, json);
  Py_RETURN_NONE;
}

PyObject* SetClasses(PyObject* /*module*/, PyObject* list) {
  const PyRef rows(PySequence_Fast(list, "set_classes must get a list"));
  if (!rows) {
    return nullptr;
  }
  std::vector<UserKind> kinds;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(rows.get()); ++i) {
    const char* name = nullptr;
    UserKind kind;
    Py_ssize_t fixed = 0;
    PyObject* row = PySequence_Fast_GET_ITEM(rows.get(), i);
    if (!PyTuple_Check(row) || PyArg_ParseTuple(row, "sdn", &name, &kind.weight, &fixed) == 0) {
      PyErr_SetString(PyExc_TypeError, "set_classes must get (name, weight, fixed_count) tuples");
      return nullptr;
    }
    kind.name = name;
    kind.fixed_count = fixed > 0 ? static_cast<uint64_t>(fixed) : 0;
    kinds.push_back(std::move(kind));
  }
  lane->engine()->set_kinds(std::move(kinds));
  Py_RETURN_NONE;
}

PyObject* SetSpawner(PyObject* /*module*/, PyObject* spawner) {
  if (PyCallable_Check(spawner) == 0) {
    PyErr_SetString(PyExc_TypeError, "set_spawner must get a callable");
    return nullptr;
  }
  lane->engine()->set_spawner(Py_NewRef(spawner));
  Py_RETURN_NONE;
}

PyObject* SetAllowedClasses(PyObject* /*module*/, PyObject* names) {
  std::vector<std::string> allowed;
  if (names != Py_None) {
    const PyRef items(PySequence_Fast(names, "set_allowed_classes must get a list or None"));
    if (!items) {
      return nullptr;
    }
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(items.get()); ++i) {
      allowed.emplace_back(TextOf(PySequence_Fast_GET_ITEM(items.get(), i)));
    }
  }
  lane->engine()->AllowOnly(allowed);
  Py_RETURN_NONE;
}

PyObject* StartUsers(PyObject* /*module*/, PyObject* /*unused*/) {
  lane->StartUsers();
  Py_RETURN_NONE;
}

PyObject* ReportFinished(PyObject* /*module*/, PyObject* /*unused*/) {
  lane->ReportFinished();
  Py_RETURN_NONE;
}

PyObject* ResetAtSpawningComplete(PyObject* /*module*/, PyObject* /*unused*/) {
  lane->ResetAtSpawningComplete();
  Py_RETURN_NONE;
}

PyObject* RunLocally(PyObject* /*module*/, PyObject* arguments) {
  unsigned long long users = 0;
  double spawn_rate = 0;
  if (PyArg_ParseTuple(arguments, "Kd", &users, &spawn_rate) == 0) {
    return nullptr;
  }
  const absl::Status status = lane->RunLocally(users, spawn_rate);
  if (!status.ok()) {
    return RaiseStatus(status);
  }
  Py_RETURN_NONE;
}

PyObject* StopLocally(PyObject* /*module*/, PyObject* /*unused*/) {
  lane->StopLocally();
  Py_RETURN_NONE;
}

PyObject* UsersByClass(PyObject* /*module*/, PyObject* /*unused*/) { return UsersByClassOf(*lane); }

PyObject* TargetUsers(PyObject* /*module*/, PyObject* /*unused*/) {
  return PyLong_FromUnsignedLongLong(lane->TargetUsers());
}

PyObject* StateOfRun(PyObject* /*module*/, PyObject* /*unused*/) {
  const std::string_view word = lane->StateWord();
  return PyUnicode_FromStringAndSize(word.data(), static_cast<Py_ssize_t>(word.size()));
}

PyObject* Turn(PyObject* /*module*/, PyObject* /*unused*/) {
  return PyLong_FromUnsignedLongLong(lane->context()->hub()->turns());
}

PyObject* MayReach(PyObject* /*module*/, PyObject* arguments) {
  const char* host = nullptr;
  unsigned short port = 0;
  if (PyArg_ParseTuple(arguments, "sH", &host, &port) == 0) {
    return nullptr;
  }
  return PyBool_FromLong(lane->context()->allowed().AllowsHost(host, port) ? 1 : 0);
}

PyMethodDef module_methods[] = {
    {"receive", Receive, METH_NOARGS, "Waits for the next (kind, payload)."},
    {"send", Send, METH_VARARGS, "Sends (kind, JSON text) to the process that started this one."},
    {"set_classes", SetClasses, METH_O, "Names the user classes: (name, weight, fixed_count)."},
    {"set_spawner", SetSpawner, METH_O, "Sets what makes the greenlet of a user handle."},
    {"set_allowed_classes", SetAllowedClasses, METH_O, "New users are of these classes alone."},
    {"start_users", StartUsers, METH_NOARGS, "Lets the users start."},
    {"report_finished", ReportFinished, METH_NOARGS, "The end of the run has been dealt with."},
    {"reset_at_spawning_complete", ResetAtSpawningComplete, METH_NOARGS, "For --reset-stats."},
    {"run_locally", RunLocally, METH_VARARGS, "Starts or changes a run without another process."},
    {"stop_locally", StopLocally, METH_NOARGS, "Ends such a run."},
    {"users_by_class", UsersByClass, METH_NOARGS, "How many run, by class."},
    {"target_users", TargetUsers, METH_NOARGS, "How many are wanted now."},
    {"run_state", StateOfRun, METH_NOARGS, "Locust's word for the state of the run."},
    {"turn", Turn, METH_NOARGS, "Changes whenever the loop turns."},
    {"may_reach", MayReach, METH_VARARGS, "Whether --allow-target has this (host, port)."},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef definition = {PyModuleDef_HEAD_INIT,
                          "_squall",
                          "The native side of the locust package.",
                          -1,
                          module_methods,
                          nullptr,
                          nullptr,
                          nullptr,
                          nullptr};

PyObject* MakeModule() {
  PyRef module(PyModule_Create(&definition));
  if (!module || !AddStatisticsFunctions(module.get()) || !AddHttpTypes(module.get()) ||
      PyModule_AddStringConstant(module.get(), "version", SQUALL_VERSION) != 0) {
    return nullptr;
  }
  PyObject* handle = UserHandleType();
  if (handle == nullptr || PyModule_AddObjectRef(module.get(), "UserHandle", handle) != 0) {
    return nullptr;
  }
  return module.release();
}

}  // namespace

bool RegisterSquallModule() { return PyImport_AppendInittab("_squall", MakeModule) == 0; }

void set_lane(Lane* value) {
  lane = value;
  set_statistics_lane(value);
}

}  // namespace squall
