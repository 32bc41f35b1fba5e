#include "daemon/python/session_type.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/python/header_text.h"
#include "daemon/python/http_python.h"
#include "daemon/python/py_ref.h"
#include "daemon/python/response_type.h"

namespace squall {
namespace {

constexpr std::array<const char*, kSettingCount> kSettingNames = {
    "base_url",         "headers",       "auth",          "params",
    "verify",           "cert",          "proxies",       "hooks",
    "stream",           "trust_env",     "max_redirects", "_adapters",
    "request_name",     "user",          "request_event", "_response_class",
    "_connect_timeout", "_read_timeout", "_cookie_view"};

// What a setting means for calls, kept ready for them.
void Digest(ClientSession* core, Setting setting) {
  PyObject* value = core->Get(setting);
  switch (setting) {
    case Setting::kBaseUrl:
      core->base = value == nullptr ? nullptr : http_shop()->FindBase(TextOf(value));
      break;
    case Setting::kAuth:
      core->authorization = core->Has(setting) ? BasicAuthorization(value) : std::string();
      core->auth_is_special = core->Has(setting) && core->authorization.empty();
      break;
    case Setting::kHeaders:
      core->fields_version = -1;
      break;
    case Setting::kVerify:
    case Setting::kCert:
      core->tls = nullptr;
      break;
    default:
      break;
  }
}

// What a setting is that nobody has set; those that can be changed in place are made now, so that
// users that do not touch them hold none.
PyObject* DefaultOf(PyObject* self, Setting setting) {
  const ClientSession* core = AsSession(self)->core;
  switch (setting) {
    case Setting::kHeaders:
      return CallHelper(Helper::kSessionHeaders, core->fast ? Py_True : Py_False);
    case Setting::kCookieView:
      return CallHelper(Helper::kCookieView, self);
    case Setting::kParams:
    case Setting::kProxies:
      return PyDict_New();
    case Setting::kHooks:
      return Py_BuildValue("{s:[]}", "response");
    case Setting::kVerify:
    case Setting::kTrustEnv:
      return Py_NewRef(Py_True);
    case Setting::kStream:
      return Py_NewRef(Py_False);
    case Setting::kMaxRedirects:
      return PyLong_FromLong(kRedirectsMax);
    default:
      return Py_NewRef(Py_None);
  }
}

// A property knows which setting it is by the place of its name.
size_t NumberOf(const void* name) {
  return static_cast<size_t>(static_cast<const char* const*>(name) - kSettingNames.data());
}

PyObject* GetSetting(PyObject* self, void* place) {
  ClientSession* core = AsSession(self)->core;
  const size_t number = NumberOf(place);
  PyObject*& slot = core->settings[number];
  if (slot == nullptr) {
    slot = DefaultOf(self, static_cast<Setting>(number));
  }
  return Py_XNewRef(slot);
}

int SetSetting(PyObject* self, PyObject* value, void* place) {
  ClientSession* core = AsSession(self)->core;
  const auto setting = static_cast<Setting>(NumberOf(place));
  PyObject*& slot = core->settings[static_cast<size_t>(setting)];
  PyObject* old = slot;
  slot = Py_XNewRef(value);
  Digest(core, setting);
  Py_XDECREF(old);
  if (setting == Setting::kUser) {
    PyObject* handle =
        value == nullptr || value == Py_None ? nullptr : PyObject_GetAttrString(value, "_handle");
    PyErr_Clear();
    Py_XSETREF(core->handle, handle);
  }
  return 0;
}

// Any origin's connections; those in use when they are given back.
PyObject* CloseConnections(PyObject* self, PyObject* /*unused*/) {
  AsSession(self)->core->state->pool->CloseAll();
  Py_RETURN_NONE;
}

// From now on it uses another session's connections. Cookies are not shared.
PyObject* ShareConnections(PyObject* self, PyObject* other) {
  if (PyObject_TypeCheck(other, reinterpret_cast<PyTypeObject*>(SessionType())) == 0) {
    PyErr_SetString(PyExc_TypeError, "must be a session");
    return nullptr;
  }
  AsSession(self)->core->state->pool = AsSession(other)->core->state->pool;
  Py_RETURN_NONE;
}

PyObject* ListCookies(PyObject* self, PyObject* /*unused*/) {
  const CookieJar& jar = AsSession(self)->core->state->cookies;
  const TimePoint now = lane_context()->reactor()->Fresh();
  PyRef list(PyList_New(0));
  for (const Cookie& cookie : jar.cookies()) {
    if (!list || cookie.expires <= now) {
      continue;
    }
    const double left = cookie.expires == TimePoint::max()
                            ? -1
                            : std::chrono::duration<double>(cookie.expires - now).count();
    const PyRef item(Py_BuildValue("(NNNNOd)", NewText(cookie.name), NewText(cookie.value),
                                   NewText(cookie.domain), NewText(cookie.path),
                                   cookie.secure ? Py_True : Py_False, left));
    if (!item || PyList_Append(list.get(), item.get()) != 0) {
      return nullptr;
    }
  }
  return list.release();
}

PyObject* PutCookie(PyObject* self, PyObject* args) {
  const char* name = nullptr;
  const char* value = nullptr;
  const char* domain = nullptr;
  const char* path = nullptr;
  int secure = 0;
  double seconds = -1;
  if (PyArg_ParseTuple(args, "sssspd", &name, &value, &domain, &path, &secure, &seconds) == 0) {
    return nullptr;
  }
  Cookie cookie;
  cookie.name = name;
  cookie.value = value;
  cookie.domain = *domain == '.' ? domain + 1 : domain;
  cookie.path = path;
  cookie.host_only = *domain != '.';
  cookie.secure = secure != 0;
  if (seconds >= 0) {
    cookie.expires = lane_context()->reactor()->Fresh() +
                     std::chrono::duration_cast<Nanos>(std::chrono::duration<double>(seconds));
  }
  AsSession(self)->core->state->cookies.Put(std::move(cookie));
  Py_RETURN_NONE;
}

PyObject* EraseCookie(PyObject* self, PyObject* args) {
  const char* name = nullptr;
  const char* domain = nullptr;
  const char* path = nullptr;
  if (PyArg_ParseTuple(args, "sss", &name, &domain, &path) == 0) {
    return nullptr;
  }
  return PyBool_FromLong(AsSession(self)->core->state->cookies.Erase(name, domain, path) ? 1 : 0);
}

// A request that requests has made, as if it were ours: (method, url, name, context,
// catch_response, seconds, status, head, body, length).
PyObject* Adopt(PyObject* self, PyObject* args) {
  PyObject* method = nullptr;
  const char* url = nullptr;
  PyObject* name = nullptr;
  PyObject* context = nullptr;
  int catching = 0;
  double seconds = 0;
  int status = 0;
  Py_buffer head;
  Py_buffer body;
  long long length = -1;
  if (PyArg_ParseTuple(args, "UsOOpdiy*y*L", &method, &url, &name, &context, &catching, &seconds,
                       &status, &head, &body, &length) == 0) {
    return nullptr;
  }
  ClientSession* core = AsSession(self)->core;
  std::unique_ptr<PythonCall> call = http_shop()->Borrow(nullptr);
  HttpCall& http = call->http;
  http.reply.status = status;
  http.reply.head.assign(static_cast<const char*>(head.buf), static_cast<size_t>(head.len));
  http.reply.body.assign(static_cast<const char*>(body.buf), static_cast<size_t>(body.len));
  PyBuffer_Release(&head);
  PyBuffer_Release(&body);
  http.request.method = TextOf(method);
  if (absl::StatusOr<Url> parsed = ParseUrl(url); parsed.ok()) {
    http.request.origin = parsed->origin;
    http.request.target = parsed->target.empty() ? "/" : parsed->target;
  }
  http.end = lane_context()->reactor()->Fresh();
  http.begin = http.end - std::chrono::duration_cast<Nanos>(std::chrono::duration<double>(seconds));
  http.sent_at = http.hop_sent_at = http.begin;
  http.sent = true;
  http.bytes_received = static_cast<uint64_t>(length);
  ResponseObject* response =
      MakeResponse(core->Get(Setting::kResponseClass), AsSession(self), std::move(call));
  if (response == nullptr) {
    return nullptr;
  }
  response->method = Py_NewRef(method);
  response->name = PyUnicode_Check(name) != 0 ? Py_NewRef(name) : nullptr;
  response->context = context == Py_None ? nullptr : Py_NewRef(context);
  response->catching = catching != 0;
  response->length = length;
  return reinterpret_cast<PyObject*>(response);
}

// Takes the Set-Cookie lines of a response.
PyObject* KeepCookies(PyObject* self, PyObject* from) {
  if (PyObject_TypeCheck(from, reinterpret_cast<PyTypeObject*>(ResponseType())) == 0) {
    PyErr_SetString(PyExc_TypeError, "must be a response");
    return nullptr;
  }
  const HttpCall& http = AsResponse(from)->call->http;
  const Reactor* reactor = lane_context()->reactor();
  std::string_view rest = http.reply.head;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(std::min(rest.size(), line.size() + 2));
    if (const auto value = FindField(line, "Set-Cookie"); value.has_value()) {
      AsSession(self)->core->state->cookies.Store(*value, http.request.origin, http.request.target,
                                                  reactor->now(), reactor->wall());
    }
  }
  Py_RETURN_NONE;
}

PyObject* SetFast(PyObject* self, PyObject* value) {
  AsSession(self)->core->fast = value == Py_True;
  Py_RETURN_NONE;
}

PyObject* New(PyTypeObject* type, PyObject* /*args*/, PyObject* /*keywords*/) {
  PyObject* self = type->tp_alloc(type, 0);
  if (self != nullptr) {
    AsSession(self)->core = std::make_unique<ClientSession>(lane_context()->reactor()).release();
  }
  return self;
}

int TraverseSession(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  if (const ClientSession* core = AsSession(self)->core; core != nullptr) {
    for (PyObject* value : core->settings) {
      Py_VISIT(value);
    }
    Py_VISIT(core->handle);
  }
  return 0;
}

int ClearSession(PyObject* self) {
  if (ClientSession* core = AsSession(self)->core; core != nullptr) {
    for (PyObject*& value : core->settings) {
      Py_CLEAR(value);
    }
    Py_CLEAR(core->handle);
  }
  return 0;
}

void DeallocateSession(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  ClearSession(self);
  const std::unique_ptr<ClientSession> core(AsSession(self)->core);
  type->tp_free(self);
  Py_DECREF(type);
}

std::array<PyMethodDef, 17> session_methods = {{
    {"close", CloseConnections, METH_NOARGS, "Closes its connections; it can still be used."},
    {"_share_connections", ShareConnections, METH_O, nullptr},
    {"_list_cookies", ListCookies, METH_NOARGS, "(name, value, domain, path, secure, seconds)"},
    {"_put_cookie", PutCookie, METH_VARARGS, nullptr},
    {"_erase_cookie", EraseCookie, METH_VARARGS, nullptr},
    {"_keep_cookies", KeepCookies, METH_O, nullptr},
    {"_adopt", Adopt, METH_VARARGS, nullptr},
    {"_set_fast", SetFast, METH_O, "It is a FastHttpSession."},
}};

PyObject* GetAuthorization(PyObject* self, void* /*unused*/) {
  const std::optional<std::string_view> value =
      FindField(AsSession(self)->core->authorization, "Authorization");
  return value.has_value() ? NewText(*value) : Py_NewRef(Py_None);
}

std::array<PyGetSetDef, kSettingCount + 2> session_properties{};

}  // namespace

PyObject* SessionType() {
  static PyObject* type = nullptr;
  if (type == nullptr) {
    std::copy(CallMethods().begin(), CallMethods().end(), session_methods.begin() + 8);
    for (size_t i = 0; i < kSettingCount; ++i) {
      // CPython's interface is not const-correct; nothing writes there.
      void* place = const_cast<void*>(static_cast<const void*>(&kSettingNames[i]));
      session_properties[i] = {kSettingNames[i], GetSetting, SetSetting, nullptr, place};
    }
    session_properties[kSettingCount] = {"_authorization", GetAuthorization, nullptr, nullptr,
                                         nullptr};
    PyType_Slot slots[] = {
        {Py_tp_new, reinterpret_cast<void*>(New)},
        {Py_tp_dealloc, reinterpret_cast<void*>(DeallocateSession)},
        {Py_tp_traverse, reinterpret_cast<void*>(TraverseSession)},
        {Py_tp_clear, reinterpret_cast<void*>(ClearSession)},
        {Py_tp_methods, session_methods.data()},
        {Py_tp_getset, session_properties.data()},
        {0, nullptr},
    };
    PyType_Spec spec = {"_squall.Session", sizeof(SessionObject), 0,
                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};
    type = PyType_FromSpec(&spec);
  }
  return type;
}

}  // namespace squall
