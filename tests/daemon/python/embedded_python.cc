#include "tests/daemon/python/embedded_python.h"

#include <utility>

#include "daemon/base/check.h"
#include "daemon/python/squall_module.h"

namespace squall {
namespace {

constexpr int kTurnsMax = 60'000;  // of a millisecond and more
constexpr const char* kFunction = "test function";

PyObject* CallFunction(PyObject* self, PyObject* arguments) {
  const auto* function = static_cast<PythonFunction*>(PyCapsule_GetPointer(self, kFunction));
  return (*function)(arguments);
}

void DropFunction(PyObject* capsule) {
  const std::unique_ptr<PythonFunction> owned(
      static_cast<PythonFunction*>(PyCapsule_GetPointer(capsule, kFunction)));
}

std::unique_ptr<Reactor> MakeNested(const Clock* clock) {
  auto made = Reactor::Make(clock);
  SQUALL_CHECK(made.ok() && (*made)->Nest().ok());
  return *std::move(made);
}

// The hub's stack begins where it is first switched to. Far below the frames of any test, so that
// what greenlets refer to in those is never moved away under them.
void StartHubFarBelow() {
  volatile char room[256 * 1024];
  room[0] = 0;
  const PyRef gevent(PyImport_ImportModule("gevent"));
  const PyRef slept(PyObject_CallMethod(gevent.get(), "sleep", "i", 0));
  SQUALL_CHECK(slept && room[0] == 0);
}

std::unique_ptr<Interpreter> MakeInterpreter() {
  SQUALL_CHECK(RegisterSquallModule());
  InterpreterOptions options;
  options.package_directory = SQUALL_SOURCE_DIR "/daemon/python";
  auto made = Interpreter::Make(options);
  SQUALL_CHECK(made.ok());
  StartHubFarBelow();
  return *std::move(made);
}

}  // namespace

Interpreter* embedded_interpreter() {
  static const std::unique_ptr<Interpreter> only = MakeInterpreter();
  return only.get();
}

PyRef MakeCallable(PythonFunction function) {
  static PyMethodDef definition = {"function", CallFunction, METH_VARARGS, nullptr};
  auto owned = std::make_unique<PythonFunction>(std::move(function));
  const PyRef capsule(PyCapsule_New(owned.release(), kFunction, DropFunction));
  return PyRef(PyCFunction_New(&definition, capsule.get()));
}

EmbeddedPython::EmbeddedPython() : reactor(MakeNested(&clock)) {
  embedded_interpreter();
  auto made = GeventHub::Make(reactor.get());
  SQUALL_CHECK(made.ok());
  hub = *std::move(made);
  context = std::make_unique<LaneContext>(hub.get(), TargetAllowList());
  set_lane_context(context.get());
  names_ = PyRef(PyDict_New());
  PyDict_SetItemString(names_.get(), "__builtins__", PyEval_GetBuiltins());
  Run("import gevent");
}

EmbeddedPython::~EmbeddedPython() {
  LeaveTurn();
  set_lane_context(nullptr);
}

void EmbeddedPython::Run(const std::string& code) {
  const PyRef done(PyRun_String(code.c_str(), Py_file_input, names_.get(), names_.get()));
  if (!done) {
    ADD_FAILURE() << TakePythonError(code).message();
  }
}

std::string EmbeddedPython::Ask(const std::string& expression) {
  const PyRef value(PyRun_String(expression.c_str(), Py_eval_input, names_.get(), names_.get()));
  const PyRef text(value ? PyObject_Str(value.get()) : nullptr);
  if (!text) {
    const std::string message(TakePythonError("").message());
    return message.substr(2);
  }
  return std::string(TextOf(text.get()));
}

void EmbeddedPython::Let(const char* name, PyObject* value) {
  SQUALL_CHECK(PyDict_SetItemString(names_.get(), name, value) == 0);
}

void EmbeddedPython::LetFunction(const char* name, PythonFunction function) {
  Let(name, MakeCallable(std::move(function)).get());
}

PyObject* EmbeddedPython::Find(const char* name) {
  return PyDict_GetItemString(names_.get(), name);
}

void EmbeddedPython::TurnUntil(const std::function<bool()>& holds) {
  for (int i = 0; i < kTurnsMax; ++i) {
    if (holds()) {
      return;
    }
    Run("gevent.sleep(0.001)");
  }
  ADD_FAILURE() << "waited in vain";
}

void EmbeddedPython::LeaveTurn() { Run("gevent.sleep(0)"); }

void EmbeddedPython::Settle() {
  for (int i = 0; i < 5; ++i) {
    Run("gevent.sleep(0.001)");
  }
}

}  // namespace squall
