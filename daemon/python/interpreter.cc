#include "daemon/python/interpreter.h"

#include <Python.h>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/python/py_ref.h"

namespace squall {
namespace {

// What sys.executable says, and where the standard library is looked for.
constexpr const wchar_t* kPython = L"/usr/bin/python3";

// Greenlets are many and short-lived; remembering who spawned whom costs each of them a kilobyte.
constexpr const char* kSetUp = R"(
import sys

def set_up(package_directory, virtual_env, skip_monkey_patch):
    if virtual_env:
        import site
        version = "python%d.%d" % sys.version_info[:2]
        site.addsitedir("%s/lib/%s/site-packages" % (virtual_env, version))
    sys.path.insert(0, package_directory)
    import gevent
    gevent.config.track_greenlet_tree = False
    if not skip_monkey_patch:
        from gevent import monkey
        monkey.patch_all()

def run_script(path, arguments):
    import os
    import runpy
    sys.argv = [path, *arguments]
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    runpy.run_path(path, run_name="__main__")
)";

// The exit code that an exception at the top means, as python3 would have it; prints all but
// SystemExit. Takes the exception that is set.
int ExitCodeOfException() {
  if (PyErr_ExceptionMatches(PyExc_SystemExit) == 0) {
    PyErr_Print();
    return 1;
  }
  PyObject* type = nullptr;
  PyObject* value = nullptr;
  PyObject* trace = nullptr;
  PyErr_Fetch(&type, &value, &trace);
  PyErr_NormalizeException(&type, &value, &trace);
  const PyRef owned_type(type);
  const PyRef owned_value(value);
  const PyRef owned_trace(trace);
  const PyRef code(value == nullptr ? nullptr : PyObject_GetAttrString(value, "code"));
  if (!code || code.get() == Py_None) {
    return 0;
  }
  if (PyLong_Check(code.get())) {
    return static_cast<int>(PyLong_AsLong(code.get()) & 0xff);
  }
  PySys_FormatStderr("%S\n", code.get());
  return 1;
}

void FlushOutput() {
  for (const char* name : {"stdout", "stderr"}) {
    PyObject* file = PySys_GetObject(name);
    const PyRef flushed(file == nullptr ? nullptr : PyObject_CallMethod(file, "flush", nullptr));
    if (!flushed) {
      PyErr_Clear();
    }
  }
}

PyRef ListOf(const std::vector<std::string>& texts) {
  PyRef list(PyList_New(0));
  for (const std::string& text : texts) {
    const PyRef item(
        PyUnicode_DecodeFSDefaultAndSize(text.data(), static_cast<Py_ssize_t>(text.size())));
    if (!list || !item || PyList_Append(list.get(), item.get()) != 0) {
      return PyRef();
    }
  }
  return list;
}

absl::Status Initialize() {
  PyConfig config;
  PyConfig_InitPythonConfig(&config);
  config.parse_argv = 0;
  config.install_signal_handlers = 0;  // the parent sends none, and main() knows what to do
  PyStatus status = PyConfig_SetString(&config, &config.program_name, kPython);
  if (PyStatus_Exception(status) == 0) {
    status = Py_InitializeFromConfig(&config);
  }
  PyConfig_Clear(&config);
  if (PyStatus_Exception(status) != 0) {
    return absl::FailedPreconditionError(
        fmt::format("Python: {}", status.err_msg == nullptr ? "cannot start" : status.err_msg));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Interpreter>> Interpreter::Make(const InterpreterOptions& options) {
  SQUALL_RETURN_IF_ERROR(Initialize());
  PyObject* main = PyImport_AddModule("__main__");
  const PyRef names(PyDict_New());
  const PyRef code(names ? PyRun_String(kSetUp, Py_file_input, names.get(), names.get()) : nullptr);
  PyObject* set_up = code ? PyDict_GetItemString(names.get(), "set_up") : nullptr;
  const PyRef done(set_up == nullptr || main == nullptr
                       ? nullptr
                       : PyObject_CallFunction(set_up, "ssO", options.package_directory.c_str(),
                                               options.virtual_env.c_str(),
                                               options.skip_monkey_patch ? Py_True : Py_False));
  if (!done || PyModule_AddObjectRef(main, "_run_script",
                                     PyDict_GetItemString(names.get(), "run_script")) != 0) {
    return absl::FailedPreconditionError(
        fmt::format("{} (python3-gevent and python3-greenlet must be installed)",
                    std::string(TakePythonError("Python").message())));
  }
  return std::unique_ptr<Interpreter>(new Interpreter());
}

int Interpreter::RunLane(const std::string& role, const std::vector<std::string>& arguments) {
  const PyRef list = ListOf(arguments);
  const PyRef module(list ? PyImport_ImportModule("locust._lane") : nullptr);
  const PyRef code(
      module ? PyObject_CallMethod(module.get(), "main", "sO", role.c_str(), list.get()) : nullptr);
  const int exit_code =
      code ? static_cast<int>(PyLong_AsLong(code.get()) & 0xff) : ExitCodeOfException();
  FlushOutput();
  return exit_code;
}

int Interpreter::RunScript(const std::string& path, const std::vector<std::string>& arguments) {
  PyObject* main = PyImport_AddModule("__main__");
  const PyRef run(main == nullptr ? nullptr : PyObject_GetAttrString(main, "_run_script"));
  const PyRef list = ListOf(arguments);
  const PyRef done(run && list ? PyObject_CallFunction(run.get(), "sO", path.c_str(), list.get())
                               : nullptr);
  const int exit_code = done ? 0 : ExitCodeOfException();
  FlushOutput();
  return exit_code;
}

}  // namespace squall
