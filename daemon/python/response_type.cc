#include "daemon/python/response_type.h"

#include <datetime.h>
#include <utility>

#include "daemon/python/header_text.h"
#include "daemon/python/http_python.h"
#include "daemon/python/py_ref.h"
#include "daemon/python/session_type.h"

namespace squall {
namespace {

PyObject* GetStatusCode(PyObject* self, void* /*unused*/) {
  return PyLong_FromLong(AsResponse(self)->call->http.reply.status);
}

PyObject* GetContent(PyObject* self, void* /*unused*/) {
  return Py_XNewRef(ContentOf(AsResponse(self)));
}

PyObject* GetOk(PyObject* self, void* /*unused*/) {
  const int status = AsResponse(self)->call->http.reply.status;
  return PyBool_FromLong(status != 0 && status < 400 ? 1 : 0);
}

int IsGood(PyObject* self) {
  const int status = AsResponse(self)->call->http.reply.status;
  return status != 0 && status < 400 ? 1 : 0;
}

// From the send until the head of the last reply was there.
PyObject* GetElapsed(PyObject* self, void* /*unused*/) {
  const HttpCall& http = AsResponse(self)->call->http;
  const TimePoint until = http.first_byte_at == TimePoint{} ? http.hop_sent_at : http.first_byte_at;
  const int64_t micros = (until - http.hop_sent_at).count() / 1000;
  if (PyDateTimeAPI == nullptr) {
    PyDateTime_IMPORT;
  }
  return PyDateTimeAPI == nullptr ? nullptr
                                  : PyDelta_FromDSU(0, static_cast<int>(micros / 1'000'000),
                                                    static_cast<int>(micros % 1'000'000));
}

PyObject* GetUrl(PyObject* self, void* /*unused*/) {
  const ResponseObject* response = AsResponse(self);
  const HttpCall& http = response->call->http;
  if (http.reply.status == 0 && !response->fast) {
    Py_RETURN_NONE;
  }
  // FastHttpUser gives what was asked for, HttpUser what it was led to.
  if (response->fast && !http.history.empty()) {
    return NewText(http.history.front().url);
  }
  return NewText(http.reply.url.empty() ? UrlText(http.request.origin, http.request.target)
                                        : http.reply.url);
}

PyObject* GetReason(PyObject* self, void* /*unused*/) {
  const std::string& head = AsResponse(self)->call->http.reply.head;
  return head.empty() ? Py_NewRef(Py_None) : NewText(ReasonIn(head));
}

// [(name, value), …] of header lines, the first of which is skipped if `status_line`.
PyObject* FieldList(std::string_view lines, bool status_line) {
  PyRef list(PyList_New(0));
  bool first = status_line;
  while (list && !lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find("\r\n"));
    lines.remove_prefix(std::min(lines.size(), line.size() + 2));
    const size_t colon = line.find(':');
    if (!std::exchange(first, false) && colon != line.npos) {
      std::string_view value = line.substr(colon + 1);
      value.remove_prefix(std::min(value.size(), value.find_first_not_of(" \t")));
      const PyRef name(NewLatin1(line.substr(0, colon)));
      const PyRef text(NewLatin1(value.substr(0, value.find_last_not_of(" \t") + 1)));
      const PyRef pair(name && text ? PyTuple_Pack(2, name.get(), text.get()) : nullptr);
      if (!pair || PyList_Append(list.get(), pair.get()) != 0) {
        return nullptr;
      }
    }
  }
  return list.release();
}

PyObject* GetHeaderList(PyObject* self, void* /*unused*/) {
  return FieldList(AsResponse(self)->call->http.reply.head, true);
}

PyObject* GetHeaders(PyObject* self, void* /*unused*/) {
  ResponseObject* response = AsResponse(self);
  if (response->fast && response->call->http.reply.status == 0) {
    Py_RETURN_NONE;
  }
  if (response->headers == nullptr) {
    const PyRef list(GetHeaderList(self, nullptr));
    response->headers = list ? CallHelper(Helper::kResponseHeaders, list.get()) : nullptr;
  }
  return Py_XNewRef(response->headers);
}

PyObject* GetSession(PyObject* self, void* /*unused*/) {
  PyObject* session = reinterpret_cast<PyObject*>(AsResponse(self)->session);
  return Py_NewRef(session == nullptr ? Py_None : session);
}

// (method, url, [(name, value), …], body): what was sent.
PyObject* GetSent(PyObject* self, void* /*unused*/) {
  const HttpCall& http = AsResponse(self)->call->http;
  const HttpCallReply& reply = http.reply;
  const PyRef method(NewText(reply.method.empty() ? http.request.method : reply.method));
  const PyRef url(
      NewText(reply.url.empty() ? UrlText(http.request.origin, http.request.target) : reply.url));
  const PyRef fields(FieldList(http.request.fields, false));
  const PyRef body(http.request.body.empty() ? Py_NewRef(Py_None) : NewBytes(http.request.body));
  return method && url && fields && body
             ? PyTuple_Pack(4, method.get(), url.get(), fields.get(), body.get())
             : nullptr;
}

// Responses to what was redirected, oldest first.
PyObject* GetHistory(PyObject* self, void* /*unused*/) {
  ResponseObject* response = AsResponse(self);
  if (response->history != nullptr) {
    return Py_NewRef(response->history);
  }
  PyRef list(PyList_New(0));
  for (const HttpCallReply& reply : response->call->http.history) {
    std::unique_ptr<PythonCall> call = http_shop()->Borrow(nullptr);
    call->http.reply = reply;
    call->http.request.fields = response->call->http.request.fields;
    const PyRef made(reinterpret_cast<PyObject*>(MakeResponse(
        reinterpret_cast<PyObject*>(Py_TYPE(self)), response->session, std::move(call))));
    if (!made || PyList_Append(list.get(), made.get()) != 0) {
      return nullptr;
    }
    AsResponse(made.get())->reported = true;
  }
  response->history = list.release();
  return Py_XNewRef(response->history);
}

PyObject* ReportNow(PyObject* self, PyObject* /*unused*/) {
  if (!Report(AsResponse(self))) {
    return nullptr;
  }
  Py_RETURN_NONE;
}

int TraverseResponse(PyObject* self, visitproc visit, void* arg) {
  ResponseObject* response = AsResponse(self);
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(response->session);
  Py_VISIT(response->context);
  Py_VISIT(response->meta);
  Py_VISIT(response->headers);
  Py_VISIT(response->error);
  Py_VISIT(response->history);
  Py_VISIT(response->marked);
  return 0;
}

int ClearResponse(PyObject* self) {
  ResponseObject* response = AsResponse(self);
  Py_CLEAR(response->session);
  Py_CLEAR(response->method);
  Py_CLEAR(response->name);
  Py_CLEAR(response->url_arg);
  Py_CLEAR(response->context);
  Py_CLEAR(response->meta);
  Py_CLEAR(response->content);
  Py_CLEAR(response->encoding);
  Py_CLEAR(response->headers);
  Py_CLEAR(response->error);
  Py_CLEAR(response->history);
  Py_CLEAR(response->marked);
  return 0;
}

void DeallocateResponse(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  ResponseObject* response = AsResponse(self);
  ReportSilently(response);
  ClearResponse(self);
  std::unique_ptr<PythonCall> call(response->call);
  if (call != nullptr && http_shop() != nullptr) {
    http_shop()->Return(std::move(call));
  }
  type->tp_free(self);
  Py_DECREF(type);
}

PyMethodDef response_methods[] = {
    {"json", AsMethod(LoadJson), METH_FASTCALL | METH_KEYWORDS, "The body, parsed."},
    {"success", MarkSuccess, METH_NOARGS, "Report it as a success, whatever its status is."},
    {"failure", MarkFailure, METH_O, "Report it as a failure: a text or an exception."},
    {"__enter__", EnterBlock, METH_NOARGS, nullptr},
    {"__exit__", AsMethod(ExitBlock), METH_FASTCALL, nullptr},
    {"_report", ReportNow, METH_NOARGS, "Counts it; nothing if it was counted."},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef response_properties[] = {
    {"status_code", GetStatusCode, nullptr, "0: no reply has come.", nullptr},
    {"content", GetContent, nullptr, "The body, decompressed.", nullptr},
    {"text", GetText, nullptr, "The body as text.", nullptr},
    {"encoding", GetEncoding, SetEncoding, "Of text; may be set.", nullptr},
    {"headers", GetHeaders, nullptr, "Names in any case.", nullptr},
    {"ok", GetOk, nullptr, "Status below 400.", nullptr},
    {"elapsed", GetElapsed, nullptr, "From the send to the head of the reply.", nullptr},
    {"url", GetUrl, nullptr, nullptr, nullptr},
    {"reason", GetReason, nullptr, "Of the status line.", nullptr},
    {"error", GetError, SetError, "Why there is no reply; None if there is one.", nullptr},
    {"history", GetHistory, nullptr, "Redirects that were followed.", nullptr},
    {"request_meta", GetMeta, nullptr, "What will be reported; may be changed.", nullptr},
    {"_manual_result", GetMarked, nullptr, "True, an exception or None.", nullptr},
    {"_header_list", GetHeaderList, nullptr, "[(name, value), …], repeated names too.", nullptr},
    {"_sent", GetSent, nullptr, "(method, url, fields, body).", nullptr},
    {"_session", GetSession, nullptr, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

}  // namespace

PyObject* ResponseType() {
  static PyObject* type = nullptr;
  if (type == nullptr) {
    PyType_Slot slots[] = {
        {Py_tp_dealloc, reinterpret_cast<void*>(DeallocateResponse)},
        {Py_tp_traverse, reinterpret_cast<void*>(TraverseResponse)},
        {Py_tp_clear, reinterpret_cast<void*>(ClearResponse)},
        {Py_nb_bool, reinterpret_cast<void*>(IsGood)},
        {Py_tp_methods, response_methods},
        {Py_tp_getset, response_properties},
        {0, nullptr},
    };
    PyType_Spec spec = {"_squall.Response", sizeof(ResponseObject), 0,
                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC |
                            Py_TPFLAGS_DISALLOW_INSTANTIATION,
                        slots};
    type = PyType_FromSpec(&spec);
  }
  return type;
}

ResponseObject* MakeResponse(PyObject* type, SessionObject* session,
                             std::unique_ptr<PythonCall> call) {
  auto* of = reinterpret_cast<PyTypeObject*>(type);
  auto* response = reinterpret_cast<ResponseObject*>(of->tp_alloc(of, 0));
  if (response == nullptr) {
    return nullptr;
  }
  response->call = call.release();
  Py_XINCREF(session);
  response->session = session;
  response->length = -1;
  response->fast = session != nullptr && session->core->fast;
  return response;
}

}  // namespace squall
