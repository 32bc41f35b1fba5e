// `_squall.Response`: what a call of a client gives, as much of requests' Response as is used all
// the time, and the protocol of with-blocks. locust.clients and locust.contrib.fasthttp add the
// rest in Python. GIL held; for the .cc files of this room, after <Python.h>.
#pragma once

#include <Python.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/python/python_call.h"

namespace squall {

struct SessionObject;

struct ResponseObject {
  PyObject_HEAD PythonCall* call;  // owned
  SessionObject* session;          // owned reference
  PyObject* method;                // as the caller wrote it
  PyObject* name;                  // of the statistics; nullptr: the default
  PyObject* url_arg;               // as the caller wrote it
  PyObject* context;               // given with the call, or nullptr
  // Made at the first need.
  PyObject* meta;
  PyObject* content;
  PyObject* encoding;  // also set by the user
  PyObject* headers;
  PyObject* error;
  PyObject* history;
  PyObject* marked;  // True, an exception or a text: what the user said
  int64_t intended;  // nanoseconds of the monotonic clock; 0: no schedule
  int64_t length;    // of the content, if the body is elsewhere; else negative
  bool fast;         // of a FastHttpSession
  bool catching;     // reported at the end of its with-block
  bool entered;
  bool reported;
};

// Borrowed; nullptr with an exception set.
PyObject* ResponseType();

// A new one of `type`, which is a subclass; takes the call. Arguments are borrowed.
ResponseObject* MakeResponse(PyObject* type, SessionObject* session,
                             std::unique_ptr<PythonCall> call);

// response_content.cc
//
// The decompressed body: bytes, or None when no reply has come. Borrowed.
PyObject* ContentOf(ResponseObject* response);
PyObject* GetText(PyObject* self, void* unused);
PyObject* GetEncoding(PyObject* self, void* unused);
int SetEncoding(PyObject* self, PyObject* value, void* unused);
PyObject* LoadJson(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names);

// response_report.cc
//
// Counts the request and tells the listeners; as its status says, unless it was marked. False with
// an exception set, which a listener raised.
bool Report(ResponseObject* response);
// Counts it without a listener: for one that nobody has reported.
void ReportSilently(ResponseObject* response);
// A call that was given up since the run ends.
void ReportUnfinished(const HttpCall& call, PyObject* method, PyObject* name);
PyObject* GetMeta(PyObject* self, void* unused);
PyObject* GetError(PyObject* self, void* unused);
// Of a request that was not ours.
int SetError(PyObject* self, PyObject* value, void* unused);
PyObject* GetMarked(PyObject* self, void* unused);
PyObject* EnterBlock(PyObject* self, PyObject* unused);
PyObject* ExitBlock(PyObject* self, PyObject* const* args, Py_ssize_t count);
PyObject* MarkSuccess(PyObject* self, PyObject* unused);
PyObject* MarkFailure(PyObject* self, PyObject* exception);

inline ResponseObject* AsResponse(PyObject* object) {
  return reinterpret_cast<ResponseObject*>(object);
}
inline PyObject* NewText(std::string_view text) {
  return PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace");
}
// As header lines are read.
inline PyObject* NewLatin1(std::string_view text) {
  return PyUnicode_DecodeLatin1(text.data(), static_cast<Py_ssize_t>(text.size()), nullptr);
}
inline PyObject* NewBytes(std::string_view text) {
  return PyBytes_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
}

}  // namespace squall
