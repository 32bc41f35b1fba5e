// Calls of a session: get, post, request.
#include <utility>

#include "daemon/python/http_python.h"
#include "daemon/python/py_ref.h"
#include "daemon/python/request_tracing.h"
#include "daemon/python/response_type.h"
#include "daemon/python/session_type.h"
#include "daemon/python/user_handle.h"
#include "daemon/python/with_block.h"

namespace squall {
namespace {

PyObject* TextOrNull(PyObject* value) {
  return value != nullptr && PyUnicode_Check(value) != 0 ? Py_NewRef(value) : nullptr;
}

// What a call was asked to be called.
PyObject* NameOf(const ClientSession& core, const RequestArgs& args) {
  if (args.Has(Arg::kName) && PyObject_IsTrue(args[Arg::kName]) == 1) {
    return args[Arg::kName];
  }
  return core.Has(Setting::kRequestName) ? core.Get(Setting::kRequestName) : nullptr;
}

PyObject* ArgumentsOf(const RequestArgs& args, bool catching) {
  PyRef dict(PyDict_New());
  for (size_t i = 0; dict && i < kArgCount; ++i) {
    const Arg arg = static_cast<Arg>(i);
    PyObject* value = arg == Arg::kCatchResponse ? (catching ? Py_True : Py_False) : args[arg];
    if (value != nullptr && PyDict_SetItemString(dict.get(), NameOf(arg), value) != 0) {
      return nullptr;
    }
  }
  return dict.release();
}

PyObject* FallBack(PyObject* self, const RequestArgs& args, bool catching, const char* reason) {
  const PyRef arguments(ArgumentsOf(args, catching));
  const PyRef why(PyUnicode_FromString(reason));
  return arguments && why ? CallHelper(Helper::kFallBack, self, arguments.get(), why.get())
                          : nullptr;
}

ResponseObject* NewResponse(PyObject* self, const RequestArgs& args, bool catching,
                            std::unique_ptr<PythonCall> call) {
  SessionObject* session = AsSession(self);
  PyObject* type = session->core->Get(Setting::kResponseClass);
  if (type == nullptr || PyType_Check(type) == 0 ||
      PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(type),
                       reinterpret_cast<PyTypeObject*>(ResponseType())) == 0) {
    PyErr_SetString(PyExc_TypeError, "the session has no class for its responses");
    http_shop()->Return(std::move(call));
    return nullptr;
  }
  ResponseObject* response = MakeResponse(type, session, std::move(call));
  if (response != nullptr) {
    response->catching = catching;
    response->method = Py_XNewRef(args[Arg::kMethod]);
    PyObject* name = NameOf(*session->core, args);
    response->name = name == nullptr ? nullptr : PyObject_Str(name);
    response->url_arg = TextOrNull(args[Arg::kUrl]);
    response->context = args.Has(Arg::kContext) ? Py_NewRef(args[Arg::kContext]) : nullptr;
  }
  return response;
}

// The call was given up: something was thrown into the greenlet. That counts only when the run is
// the one to end it.
void GiveUp(PyObject* self, const RequestArgs& args, std::unique_ptr<PythonCall> call) {
  PyObject* type = nullptr;
  PyObject* value = nullptr;
  PyObject* trace = nullptr;
  PyErr_Fetch(&type, &value, &trace);
  const ClientSession& core = *AsSession(self)->core;
  if (!MayGoOn(core.handle)) {
    ReportUnfinished(call->http, args[Arg::kMethod], NameOf(core, args));
  }
  PyErr_Clear();
  http_shop()->Return(std::move(call));
  PyErr_Restore(type, value, trace);
}

PyObject* Perform(PyObject* self, const RequestArgs& args) {
  ClientSession* core = AsSession(self)->core;
  if (core == nullptr || http_shop() == nullptr) {
    PyErr_SetString(PyExc_RuntimeError, "the session was not initialised");
    return nullptr;
  }
  if (!MayGoOn(core->handle)) {
    return nullptr;
  }
  const bool asked =
      args.Has(Arg::kCatchResponse) && PyObject_IsTrue(args[Arg::kCatchResponse]) == 1;
  const bool catching = asked || IsCalledForWithBlock();
  if (catching && !asked) {
    const PyRef hinted(CallHelper(Helper::kHintWithBlock));
    if (!hinted) {
      return nullptr;
    }
  }
  std::unique_ptr<PythonCall> call = http_shop()->Borrow(core->state);
  const char* reason = nullptr;
  const Built built = BuildRequest(AsSession(self), args, &call->http.request, &reason);
  if (built != Built::kReady) {
    http_shop()->Return(std::move(call));
    return built == Built::kFailed ? nullptr : FallBack(self, args, catching, reason);
  }
  LaneContext* lane = http_shop()->lane();
  const std::optional<TimePoint> intended = TakeIntendedStart(core->handle);
  if (lane->spans() != nullptr) {
    call->http.request.user = UserNumberOf(core->handle);
    StartSpan(lane, &call->http.request);
  }
  lane->CountOpenRequest(1);
  const bool ended = call->Perform(http_shop()->context(), lane->hub());
  lane->CountOpenRequest(-1);
  if (!ended) {
    GiveUp(self, args, std::move(call));
    return nullptr;
  }
  if (!call->http.error.ok()) {
    lane->CountExhaustion(call->http.error);
  }
  ResponseObject* response = NewResponse(self, args, catching, std::move(call));
  if (response == nullptr) {
    return nullptr;
  }
  response->intended = intended.has_value() ? intended->time_since_epoch().count() : 0;
  if (!catching && !Report(response)) {
    Py_DECREF(reinterpret_cast<PyObject*>(response));
    return nullptr;
  }
  return reinterpret_cast<PyObject*>(response);
}

// get, post, …: the same but for their name and what they take by position.
template <size_t Verb>
PyObject* CallVerb(PyObject* self, PyObject* const* values, Py_ssize_t count, PyObject* names) {
  struct Row {
    const char* method;
    PositionalArgs positional;
  };
  static constexpr std::array<Row, 7> kRows = {{
      {"GET", {"get", {Arg::kUrl}, 1}},
      {"OPTIONS", {"options", {Arg::kUrl}, 1}},
      {"HEAD", {"head", {Arg::kUrl}, 1}},
      {"POST", {"post", {Arg::kUrl, Arg::kData, Arg::kJson}, 3}},
      {"PUT", {"put", {Arg::kUrl, Arg::kData}, 2}},
      {"PATCH", {"patch", {Arg::kUrl, Arg::kData}, 2}},
      {"DELETE", {"delete", {Arg::kUrl}, 1}},
  }};
  static PyObject* const method = PyUnicode_InternFromString(kRows[Verb].method);
  RequestArgs args;
  args[Arg::kMethod] = method;
  return ReadArgs(kRows[Verb].positional, values, count, names, &args) ? Perform(self, args)
                                                                       : nullptr;
}

PyObject* CallRequest(PyObject* self, PyObject* const* values, Py_ssize_t count, PyObject* names) {
  static constexpr PositionalArgs kUsual = {
      "request", {Arg::kMethod, Arg::kUrl, Arg::kName, Arg::kCatchResponse, Arg::kContext}, 5};
  static constexpr PositionalArgs kFast = {
      "request",
      {Arg::kMethod, Arg::kUrl, Arg::kName, Arg::kData, Arg::kCatchResponse, Arg::kStream,
       Arg::kHeaders, Arg::kAuth, Arg::kJson, Arg::kAllowRedirects, Arg::kContext},
      11};
  const ClientSession* core = AsSession(self)->core;
  RequestArgs args;
  return ReadArgs(core != nullptr && core->fast ? kFast : kUsual, values, count, names, &args)
             ? Perform(self, args)
             : nullptr;
}

}  // namespace

const std::array<PyMethodDef, 8>& CallMethods() {
  constexpr int kFlags = METH_FASTCALL | METH_KEYWORDS;
  static const std::array<PyMethodDef, 8> methods = {{
      {"get", AsMethod(CallVerb<0>), kFlags, nullptr},
      {"options", AsMethod(CallVerb<1>), kFlags, nullptr},
      {"head", AsMethod(CallVerb<2>), kFlags, nullptr},
      {"post", AsMethod(CallVerb<3>), kFlags, nullptr},
      {"put", AsMethod(CallVerb<4>), kFlags, nullptr},
      {"patch", AsMethod(CallVerb<5>), kFlags, nullptr},
      {"delete", AsMethod(CallVerb<6>), kFlags, nullptr},
      {"request", AsMethod(CallRequest), kFlags, nullptr},
  }};
  return methods;
}

}  // namespace squall
