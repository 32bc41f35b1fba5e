// What tests of this room stand on: the real interpreter, one per process, and anew for each test
// a loop of ours nested in gevent's. The test's body is Python's main greenlet.
#pragma once

#include <functional>
#include <memory>
#include <string>

// Before all others, as it wants.
#include <Python.h>

#include <gtest/gtest.h>

#include "daemon/base/clock.h"
#include "daemon/net/reactor.h"
#include "daemon/python/gevent_hub.h"
#include "daemon/python/interpreter.h"
#include "daemon/python/lane_context.h"
#include "daemon/python/py_ref.h"

namespace squall {

// Made at the first need, `_squall` and all.
Interpreter* embedded_interpreter();

// A Python callable; `function` gets the tuple of arguments and gives a new reference.
using PythonFunction = std::function<PyObject*(PyObject* arguments)>;
PyRef MakeCallable(PythonFunction function);

class EmbeddedPython : public testing::Test {
 public:
  ~EmbeddedPython() override;

 protected:
  EmbeddedPython();

  // Statements, in a namespace of the test's own. An exception fails the test.
  void Run(const std::string& code);
  // str() of an expression there; "Type: text" for what it raises.
  std::string Ask(const std::string& expression);
  void Let(const char* name, PyObject* value);
  void LetFunction(const char* name, PythonFunction function);
  PyObject* Find(const char* name);  // borrowed

  // Lets gevent's loop turn until it holds; one that never does fails the test.
  void TurnUntil(const std::function<bool()>& holds);
  // A test whose own wait was ended runs within a turn of the loop: lets that come to its end,
  // which must be before anything is destroyed.
  void LeaveTurn();
  // Everything that is due has had its turn.
  void Settle();

  SystemClock clock;
  const std::unique_ptr<Reactor> reactor;
  std::unique_ptr<GeventHub> hub;
  std::unique_ptr<LaneContext> context;

 private:
  PyRef names_;
};

}  // namespace squall
