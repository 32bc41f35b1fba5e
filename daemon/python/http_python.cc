#include "daemon/python/http_python.h"

#include <Python.h>
#include <array>

#include "daemon/python/py_ref.h"
#include "daemon/python/response_type.h"
#include "daemon/python/session_type.h"

namespace squall {
namespace {

constexpr std::array<const char*, kHelperCount> kNames = {
    "session_headers", "header_items",   "response_headers",  "cookie_view",       "cookie_text",
    "prepare_url",     "encode_form",    "encode_json",       "encode_fast_json",  "scan_json",
    "load_json",       "guess_encoding", "raise_bad_content", "raise_bad_header",  "raise_outside",
    "hint_with_block", "make_error",     "make_status_error", "is_response_error", "catch_error",
    "error_text",      "merge_context",  "fall_back"};

HttpShop* shop = nullptr;
PyObject* listener = nullptr;
std::array<PyObject*, kHelperCount> helpers{};

PyObject* SetRequestListener(PyObject* /*module*/, PyObject* value) {
  PyObject* old = listener;
  listener = value == Py_None ? nullptr : Py_NewRef(value);
  Py_XDECREF(old);
  Py_RETURN_NONE;
}

PyMethodDef functions[] = {
    {"set_request_listener", SetRequestListener, METH_O,
     "Called with the keyword arguments of events.request; None: nobody listens."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

HttpShop* http_shop() { return shop; }
void set_http_shop(HttpShop* value) { shop = value; }
PyObject* request_listener() { return listener; }

bool AddHttpTypes(PyObject* module) {
  PyObject* session = SessionType();
  PyObject* response = ResponseType();
  return session != nullptr && response != nullptr &&
         PyModule_AddObjectRef(module, "Session", session) == 0 &&
         PyModule_AddObjectRef(module, "Response", response) == 0 &&
         PyModule_AddFunctions(module, functions) == 0;
}

PyObject* FindHelper(Helper helper) {
  const auto index = static_cast<size_t>(helper);
  if (helpers[index] == nullptr) {
    const PyRef module(PyImport_ImportModule("locust._client.native"));
    helpers[index] = module ? PyObject_GetAttrString(module.get(), kNames[index]) : nullptr;
  }
  return helpers[index];
}

PyObject* CallHelper(Helper helper, PyObject* a, PyObject* b, PyObject* c) {
  PyObject* function = FindHelper(helper);
  if (function == nullptr || PyErr_Occurred() != nullptr) {
    return nullptr;
  }
  const std::array<PyObject*, 3> arguments = {a, b, c};
  const size_t count = a == nullptr ? 0 : b == nullptr ? 1 : c == nullptr ? 2 : 3;
  return PyObject_Vectorcall(function, arguments.data(), count, nullptr);
}

}  // namespace squall
