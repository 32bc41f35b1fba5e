// An owned reference to a Python object, and Python's errors as ours. For the .cc files of this
// room, after <Python.h>. GIL held.
#pragma once

#include <Python.h>
#include <string>
#include <string_view>
#include <utility>

#include <absl/status/status.h>
#include <fmt/format.h>

namespace squall {

class PyRef final {
 public:
  PyRef() = default;
  explicit PyRef(PyObject* owned) : object_(owned) {}
  static PyRef Borrow(PyObject* object) { return PyRef(Py_XNewRef(object)); }
  PyRef(PyRef&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  PyRef& operator=(PyRef&& other) noexcept {
    if (this != &other) {
      Py_XDECREF(std::exchange(object_, std::exchange(other.object_, nullptr)));
    }
    return *this;
  }
  PyRef(const PyRef&) = delete;
  PyRef& operator=(const PyRef&) = delete;
  ~PyRef() { Py_XDECREF(object_); }

  PyObject* get() const { return object_; }
  PyObject* release() { return std::exchange(object_, nullptr); }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  PyObject* object_ = nullptr;
};

// "" for what is no text.
inline std::string_view TextOf(PyObject* object) {
  Py_ssize_t size = 0;
  const char* text = PyUnicode_Check(object) ? PyUnicode_AsUTF8AndSize(object, &size) : nullptr;
  if (text == nullptr) {
    PyErr_Clear();
    return {};
  }
  return {text, static_cast<size_t>(size)};
}

// A text of user code, for people: what has no place in UTF-8 (lone surrogates) becomes '?'.
inline std::string ReadableText(PyObject* object) {
  Py_ssize_t size = 0;
  if (const char* text = PyUnicode_AsUTF8AndSize(object, &size); text != nullptr) {
    return {text, static_cast<size_t>(size)};
  }
  PyErr_Clear();
  const PyRef bytes(PyUnicode_AsEncodedString(object, "utf-8", "replace"));
  if (!bytes) {
    PyErr_Clear();
    return {};
  }
  return {PyBytes_AS_STRING(bytes.get()), static_cast<size_t>(PyBytes_GET_SIZE(bytes.get()))};
}

// A function with any of the signatures that a PyMethodDef may have.
template <typename Function>
PyCFunction AsMethod(Function* function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

// Takes the exception that is set: "context: Type: text".
inline absl::Status TakePythonError(std::string_view context) {
  PyObject* type = nullptr;
  PyObject* value = nullptr;
  PyObject* trace = nullptr;
  PyErr_Fetch(&type, &value, &trace);
  PyErr_NormalizeException(&type, &value, &trace);
  const PyRef owned_type(type);
  const PyRef owned_value(value);
  const PyRef owned_trace(trace);
  const PyRef text(value == nullptr ? nullptr : PyObject_Str(value));
  const char* name = type == nullptr ? "error" : reinterpret_cast<PyTypeObject*>(type)->tp_name;
  PyErr_Clear();
  return absl::InternalError(
      fmt::format("{}: {}: {}", context, name, text ? TextOf(text.get()) : std::string_view()));
}

}  // namespace squall
