#include "daemon/python/request_args.h"

#include <Python.h>

namespace squall {
namespace {

constexpr std::array<const char*, kArgCount> kArgNames = {
    "method",  "url",    "name",    "catch_response",  "context", "data", "json",
    "headers", "params", "timeout", "allow_redirects", "verify",  "auth", "cookies",
    "stream",  "cert",   "files",   "proxies",         "hooks"};

// Names in calls are interned, so that comparing pointers finds them.
const std::array<PyObject*, kArgCount>& InternedNames() {
  static const std::array<PyObject*, kArgCount> interned = [] {
    std::array<PyObject*, kArgCount> made{};
    for (size_t i = 0; i < kArgCount; ++i) {
      made[i] = PyUnicode_InternFromString(kArgNames[i]);
    }
    return made;
  }();
  return interned;
}

size_t FindName(PyObject* name) {
  const std::array<PyObject*, kArgCount>& names = InternedNames();
  for (size_t i = 0; i < kArgCount; ++i) {
    if (names[i] == name) {
      return i;
    }
  }
  for (size_t i = 0; i < kArgCount; ++i) {
    if (PyUnicode_CompareWithASCIIString(name, kArgNames[i]) == 0) {
      return i;
    }
  }
  return kArgCount;
}

}  // namespace

bool RequestArgs::Has(Arg arg) const {
  PyObject* value = (*this)[arg];
  return value != nullptr && value != Py_None;
}

const char* NameOf(Arg arg) { return kArgNames[static_cast<size_t>(arg)]; }

bool ReadArgs(const PositionalArgs& positional, PyObject* const* args, ptrdiff_t count,
              PyObject* keyword_names, RequestArgs* out) {
  const auto given = static_cast<size_t>(count);
  if (given > positional.count) {
    PyErr_Format(PyExc_TypeError, "%s() takes at most %zu positional arguments, got %zu",
                 positional.function, positional.count, given);
    return false;
  }
  for (size_t i = 0; i < given; ++i) {
    (*out)[positional.args[i]] = args[i];
  }
  const Py_ssize_t keywords = keyword_names == nullptr ? 0 : PyTuple_GET_SIZE(keyword_names);
  for (Py_ssize_t i = 0; i < keywords; ++i) {
    PyObject* name = PyTuple_GET_ITEM(keyword_names, i);
    const size_t index = FindName(name);
    if (index == kArgCount) {
      PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'",
                   positional.function, name);
      return false;
    }
    if (out->values[index] != nullptr) {
      PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%U'",
                   positional.function, name);
      return false;
    }
    out->values[index] = args[count + i];
  }
  for (const Arg needed : {Arg::kMethod, Arg::kUrl}) {
    if ((*out)[needed] == nullptr) {
      PyErr_Format(PyExc_TypeError, "%s() missing required argument: '%s'", positional.function,
                   NameOf(needed));
      return false;
    }
  }
  return true;
}

}  // namespace squall
