// How a response becomes a sample, and the with-block that may say how.
#include <algorithm>
#include <string>
#include <utility>

#include "daemon/python/failure_key.h"
#include "daemon/python/http_python.h"
#include "daemon/python/py_ref.h"
#include "daemon/python/request_tracing.h"
#include "daemon/python/response_type.h"
#include "daemon/python/session_type.h"
#include "daemon/stats/recorder.h"

namespace squall {
namespace {

constexpr double kNanosPerMilli = 1e6;

double Milliseconds(Nanos duration) {
  return static_cast<double>(duration.count()) / kNanosPerMilli;
}

Nanos ServiceTime(const HttpCall& http) {
  return http.end - (http.sent ? http.sent_at : http.begin);
}

// As the statistics call it, unless the caller gave a name.
std::string_view DefaultName(const ResponseObject* response) {
  if (response->fast && response->url_arg != nullptr) {
    return TextOf(response->url_arg);
  }
  const HttpCall& http = response->call->http;
  return http.first_target.empty() ? http.request.target : http.first_target;
}

std::string_view NameOf(const ResponseObject* response) {
  return response->name != nullptr ? TextOf(response->name) : DefaultName(response);
}

Sample SampleOf(const HttpCall& http, int64_t intended) {
  Sample sample;
  sample.status_code = static_cast<uint16_t>(http.reply.status);
  sample.service = ServiceTime(http);
  const TimePoint due = intended != 0 ? TimePoint(Nanos(intended)) : http.begin;
  sample.response = http.end - due;
  if (intended != 0 && http.sent) {
    sample.start_delay = http.sent_at - due;
  }
  if (http.sent && http.first_byte_at != TimePoint{}) {
    sample.first_byte = http.first_byte_at - http.sent_at;
  }
  sample.dns = http.times.dns;
  sample.connect = http.times.connect;
  sample.tls = http.times.tls;
  sample.bytes_sent = http.bytes_sent;
  sample.bytes_received = http.bytes_received;
  sample.timed_out = http.error.kind == NetError::Kind::kTimedOut;
  sample.phase = lane_context()->PhaseAt(intended != 0 ? due
                                         : http.sent   ? http.sent_at
                                                       : http.begin);
  return sample;
}

void Record(const HttpCall& http, Sample sample, std::string_view method, std::string_view name,
            std::string_view failure, TimePoint end) {
  Recorder* recorder = lane_context()->recorder();
  sample.entry = recorder->Intern(method, name);
  sample.failure = failure;
  sample.ok = failure.empty();
  recorder->Record(sample, lane_context()->reactor()->wall());
  if (http.request.traced) {
    FinishSpan(lane_context(), http, sample, end, method, name);
  }
}

// "" for what the status takes for a success.
std::string KeyByStatus(const ResponseObject* response, std::string_view name) {
  const HttpCall& http = response->call->http;
  if (!http.error.ok()) {
    return ErrorKey(http, response->fast);
  }
  if (http.reply.status == 0) {  // requests has made it, in vain
    const PyRef key(
        CallHelper(Helper::kErrorText, response->error == nullptr ? Py_None : response->error));
    return key ? std::string(TextOf(key.get())) : std::string("no reply");
  }
  return IsOkStatus(http.reply.status, response->fast) ? std::string()
                                                       : StatusKey(http, response->fast, name);
}

// A new reference to what went wrong, or to None.
PyObject* ExceptionByStatus(ResponseObject* response, PyObject* name) {
  auto* self = reinterpret_cast<PyObject*>(response);
  const HttpCall& http = response->call->http;
  if (!http.error.ok() || http.reply.status == 0) {
    return GetError(self, nullptr);
  }
  return IsOkStatus(http.reply.status, response->fast)
             ? Py_NewRef(Py_None)
             : CallHelper(Helper::kMakeStatusError, self, name);
}

// Of the content as the user sees it; 0 for one that cannot be read: whoever reads it learns why.
Py_ssize_t LengthOf(ResponseObject* response) {
  if (response->length >= 0) {
    return response->length;
  }
  PyObject* content = ContentOf(response);
  if (content == nullptr) {
    PyErr_Clear();
    return 0;
  }
  return PyBytes_Check(content) ? PyBytes_GET_SIZE(content) : 0;
}

PyObject* NewMeta(ResponseObject* response) {
  auto* self = reinterpret_cast<PyObject*>(response);
  const HttpCall& http = response->call->http;
  const Nanos since = lane_context()->reactor()->Fresh() - http.begin;
  const WallTime start = lane_context()->reactor()->clock().Wall() - since;
  PyObject* user = response->session == nullptr ? nullptr : response->session->core->user();
  const PyRef name(response->name != nullptr ? Py_NewRef(response->name)
                                             : NewText(DefaultName(response)));
  const PyRef context(CallHelper(Helper::kMergeContext, user == nullptr ? Py_None : user,
                                 response->context == nullptr ? Py_None : response->context));
  const PyRef url(http.history.empty() ? NewText(UrlText(http.request.origin, http.request.target))
                                       : NewText(http.history.front().url));
  if (!name || !context || !url) {
    return nullptr;
  }
  return Py_BuildValue("{s:O,s:d,s:O,s:O,s:O,s:O,s:d,s:O,s:n}", "request_type", response->method,
                       "response_time", Milliseconds(ServiceTime(http)), "name", name.get(),
                       "context", context.get(), "response", self, "exception", Py_None,
                       "start_time", static_cast<double>(start.time_since_epoch().count()) / 1e9,
                       "url", url.get(), "response_length", LengthOf(response));
}

// What a report is made of.
struct Story {
  PyRef meta;       // nullptr: nobody looks
  PyRef exception;  // nullptr: nobody looks, or none
  std::string key;
};

// The user's mark, his changes of request_meta, or the status, in this order.
bool Judge(ResponseObject* response, bool listening, Story* story) {
  story->meta = PyRef::Borrow(response->meta);
  if (!story->meta && listening) {
    story->meta = PyRef(NewMeta(response));
    if (!story->meta) {
      return false;
    }
  }
  PyObject* preset =
      response->meta == nullptr ? nullptr : PyDict_GetItemString(response->meta, "exception");
  if (response->marked == Py_True) {
    return true;
  }
  if (response->marked != nullptr || (preset != nullptr && preset != Py_None)) {
    story->exception = response->marked != nullptr
                           ? PyRef(GetMarked(reinterpret_cast<PyObject*>(response), nullptr))
                           : PyRef::Borrow(preset);
    const PyRef key(story->exception ? CallHelper(Helper::kErrorText, story->exception.get())
                                     : nullptr);
    story->key = key ? TextOf(key.get()) : std::string_view();
    return static_cast<bool>(key);
  }
  PyObject* name = story->meta ? PyDict_GetItemString(story->meta.get(), "name") : nullptr;
  story->key = KeyByStatus(response, name == nullptr ? NameOf(response) : TextOf(name));
  if (listening && !story->key.empty()) {
    story->exception = PyRef(ExceptionByStatus(response, name));
    return static_cast<bool>(story->exception);
  }
  return true;
}

// What the user has made of request_meta goes into the sample.
bool TakeMeta(ResponseObject* response, Sample* sample) {
  const HttpCall& http = response->call->http;
  PyObject* time = PyDict_GetItemString(response->meta, "response_time");
  const double millis = time == nullptr || time == Py_None ? -1 : PyFloat_AsDouble(time);
  if (PyErr_Occurred() != nullptr) {
    return false;
  }
  if (millis != Milliseconds(ServiceTime(http))) {
    sample->service = Nanos(static_cast<int64_t>(millis * kNanosPerMilli));
    sample->response = sample->service;
    sample->start_delay = Nanos(-1);
  }
  PyObject* length = PyDict_GetItemString(response->meta, "response_length");
  const double bytes = length == nullptr || length == Py_None ? 0 : PyFloat_AsDouble(length);
  if (PyErr_Occurred() != nullptr) {
    return false;
  }
  if (bytes != static_cast<double>(LengthOf(response))) {
    sample->bytes_received = static_cast<uint64_t>(std::max(0.0, bytes));
  }
  return true;
}

}  // namespace

bool Report(ResponseObject* response) {
  if (response->reported) {
    return true;
  }
  response->reported = true;
  PyObject* const listener = request_listener();
  Story story;
  if (!Judge(response, listener != nullptr, &story)) {
    return false;
  }
  const HttpCall& http = response->call->http;
  Sample sample = SampleOf(http, response->intended);
  PyRef method = PyRef::Borrow(response->method);
  PyRef name = PyRef::Borrow(response->name);
  if (response->meta != nullptr) {
    if (!TakeMeta(response, &sample)) {
      return false;
    }
    method = PyRef::Borrow(PyDict_GetItemString(response->meta, "request_type"));
    name = PyRef::Borrow(PyDict_GetItemString(response->meta, "name"));
  }
  const bool named = name && PyUnicode_Check(name.get());
  Record(http, sample, method ? TextOf(method.get()) : std::string_view(),
         named ? TextOf(name.get()) : NameOf(response), story.key, http.end);
  if (listener == nullptr) {
    return true;
  }
  if (PyDict_SetItemString(story.meta.get(), "exception",
                           story.exception ? story.exception.get() : Py_None) != 0) {
    return false;
  }
  const PyRef keep = PyRef::Borrow(listener);
  const PyRef none(PyTuple_New(0));
  const PyRef result(PyObject_Call(listener, none.get(), story.meta.get()));
  return static_cast<bool>(result);
}

void ReportSilently(ResponseObject* response) {
  if (response->reported || response->call == nullptr || response->method == nullptr ||
      lane_context() == nullptr) {
    return;
  }
  response->reported = true;
  const std::string_view name = NameOf(response);
  const HttpCall& http = response->call->http;
  Record(http, SampleOf(http, response->intended), TextOf(response->method), name,
         KeyByStatus(response, name), http.end);
}

void ReportUnfinished(const HttpCall& call, PyObject* method, PyObject* name) {
  if (!call.sent) {
    return;  // the target never saw it
  }
  Sample sample = SampleOf(call, 0);
  const TimePoint now = lane_context()->reactor()->Fresh();
  const Nanos open = now - call.sent_at;
  sample.service = open;
  sample.response = open;
  sample.unfinished = true;
  const bool named = name != nullptr && PyUnicode_Check(name);
  Record(call, sample, TextOf(method), named ? TextOf(name) : call.request.target,
         "unfinished at the end of the run", now);
}

PyObject* GetMeta(PyObject* self, void* /*unused*/) {
  ResponseObject* response = AsResponse(self);
  if (response->meta == nullptr) {
    response->meta = NewMeta(response);
  }
  return Py_XNewRef(response->meta);
}

PyObject* GetError(PyObject* self, void* /*unused*/) {
  ResponseObject* response = AsResponse(self);
  if (response->error == nullptr) {
    const HttpCall& http = response->call->http;
    if (!http.error.ok()) {
      const PyRef key(NewText(ErrorKey(http, response->fast)));
      response->error = key ? CallHelper(Helper::kMakeError, self, key.get()) : nullptr;
    } else if (response->fast && !IsOkStatus(http.reply.status, true)) {
      response->error = CallHelper(Helper::kMakeStatusError, self, Py_None);
    } else {
      response->error = Py_NewRef(Py_None);
    }
  }
  return Py_XNewRef(response->error);
}

int SetError(PyObject* self, PyObject* value, void* /*unused*/) {
  Py_XSETREF(AsResponse(self)->error, Py_XNewRef(value));
  return 0;
}

PyObject* GetMarked(PyObject* self, void* /*unused*/) {
  ResponseObject* response = AsResponse(self);
  PyObject* marked = response->marked;
  if (marked == nullptr) {
    Py_RETURN_NONE;
  }
  if (marked != Py_True && PyExceptionInstance_Check(marked) == 0) {
    PyObject* made = CallHelper(Helper::kCatchError, marked);
    if (made == nullptr) {
      return nullptr;
    }
    response->marked = made;
    Py_DECREF(marked);
  }
  return Py_NewRef(response->marked);
}

PyObject* EnterBlock(PyObject* self, PyObject* /*unused*/) {
  AsResponse(self)->entered = true;
  return Py_NewRef(self);
}

PyObject* ExitBlock(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  ResponseObject* response = AsResponse(self);
  PyObject* error = count > 1 ? args[1] : Py_None;
  const bool raised = count > 0 && args[0] != Py_None;
  bool swallow = !raised;
  if (raised && response->marked == nullptr) {
    const PyRef is_response_error(CallHelper(Helper::kIsResponseError, error));
    if (!is_response_error) {
      return nullptr;
    }
    if (is_response_error.get() == Py_True) {
      response->marked = Py_NewRef(error);
      swallow = true;
    }
    // Any other exception says nothing about the request, which counts as its status says.
  }
  if (!Report(response)) {
    return nullptr;
  }
  return PyBool_FromLong(swallow ? 1 : 0);
}

namespace {

PyObject* Mark(PyObject* self, PyObject* value) {
  ResponseObject* response = AsResponse(self);
  if (!response->entered || response->reported) {
    return CallHelper(Helper::kRaiseOutside, self);
  }
  PyObject* old = response->marked;
  response->marked = Py_NewRef(value);
  Py_XDECREF(old);
  Py_RETURN_NONE;
}

}  // namespace

PyObject* MarkSuccess(PyObject* self, PyObject* /*unused*/) { return Mark(self, Py_True); }

PyObject* MarkFailure(PyObject* self, PyObject* exception) {
  // True is the mark of a success.
  const PyRef text(exception == Py_True ? PyUnicode_FromString("True") : Py_NewRef(exception));
  return text ? Mark(self, text.get()) : nullptr;
}

}  // namespace squall
