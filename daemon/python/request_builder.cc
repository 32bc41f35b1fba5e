// From the arguments of a call to what goes on the wire, as requests or FastHttpUser would have it.
#include <Python.h>
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "daemon/base/base64.h"
#include "daemon/python/header_fields.h"
#include "daemon/python/header_text.h"
#include "daemon/python/http_python.h"
#include "daemon/python/py_ref.h"
#include "daemon/python/session_type.h"

namespace squall {
namespace {

constexpr double kTimeoutSecondsMax = 1e9;

bool IsTrue(PyObject* value) { return value != nullptr && PyObject_IsTrue(value) == 1; }

// What stands in a path or a query as it is, and means nothing else there.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                       "0123456789-._~!$&'()*+,/:;=?@")) {
    plain[static_cast<unsigned char>(c)] = true;
  }
  return plain;
}();

bool IsPlainPath(std::string_view path) {
  return std::all_of(path.begin(), path.end(),
                     [](char c) { return kPlain[static_cast<unsigned char>(c)]; }) &&
         path.find("/.") == path.npos;
}

Nanos TimeoutOf(PyObject* value) {
  if (value == nullptr || value == Py_None) {
    return Nanos::max();
  }
  const double seconds = PyFloat_AsDouble(value);
  if (std::isnan(seconds) || seconds > kTimeoutSecondsMax) {
    return Nanos::max();
  }
  return std::chrono::duration_cast<Nanos>(std::chrono::duration<double>(std::max(0.0, seconds)));
}

// False for what is neither a number nor a pair of numbers.
bool SetTimeouts(const ClientSession& core, const RequestArgs& args, HttpCallRequest* out) {
  PyObject* timeout = args[Arg::kTimeout];
  if (timeout == nullptr) {
    out->connect_timeout = TimeoutOf(core.Get(Setting::kConnectTimeout));
    out->read_timeout = TimeoutOf(core.Get(Setting::kReadTimeout));
  } else if (PyTuple_Check(timeout) != 0 && PyTuple_GET_SIZE(timeout) == 2) {
    out->connect_timeout = TimeoutOf(PyTuple_GET_ITEM(timeout, 0));
    out->read_timeout = TimeoutOf(PyTuple_GET_ITEM(timeout, 1));
  } else {
    out->connect_timeout = out->read_timeout = TimeoutOf(timeout);
  }
  const bool good = PyErr_Occurred() == nullptr;
  PyErr_Clear();
  return good;
}

void SetOrigin(const BaseUrl& base, const FieldText& fields, HttpCallRequest* out) {
  out->origin = base.origin;
  out->host = fields.has_host ? std::string() : base.host_header;
}

// Everything that is not a plain path on a plain host: Python's URL functions write it down.
bool SetUncommonUrl(const ClientSession& core, std::string_view url, PyObject* params,
                    HttpCallRequest* out, FieldText* fields) {
  const std::string joined =
      IsAbsoluteUrl(url) || url.starts_with("HTTP")
          ? std::string(url)
          : std::string(TextOf(core.Get(Setting::kBaseUrl))) + std::string(url);
  const PyRef text(
      PyUnicode_DecodeUTF8(joined.data(), static_cast<Py_ssize_t>(joined.size()), nullptr));
  const PyRef prepared(text ? CallHelper(Helper::kPrepareUrl, text.get(),
                                         params == nullptr ? Py_None : params,
                                         core.fast ? Py_True : Py_False)
                            : nullptr);
  if (!prepared) {
    return false;
  }
  absl::StatusOr<Url> parsed = ParseUrl(TextOf(prepared.get()));
  if (!parsed.ok()) {
    PyErr_Format(PyExc_ValueError, "Failed to parse: %U", text.get());
    return false;
  }
  BaseUrl base;
  base.origin = parsed->origin;
  base.host_header = base.origin.HostHeader();
  out->target = parsed->target.starts_with('/') ? parsed->target : "/" + parsed->target;
  if (!parsed->userinfo.empty() && FindField(fields->text, "Authorization") == std::nullopt) {
    fields->text += fmt::format("Authorization: Basic {}\r\n", EncodeBase64(parsed->userinfo));
  }
  SetOrigin(base, *fields, out);
  return true;
}

bool SetUrl(const ClientSession& core, const RequestArgs& args, HttpCallRequest* out,
            FieldText* fields) {
  PyObject* given = args[Arg::kUrl];
  const PyRef text(PyUnicode_Check(given) != 0 ? Py_NewRef(given)
                   : PyBytes_Check(given) != 0
                       ? PyUnicode_FromEncodedObject(given, "utf-8", nullptr)
                       : PyObject_Str(given));
  if (!text) {
    return false;
  }
  const std::string_view url = TextOf(text.get());
  PyRef params = PyRef::Borrow(args.Has(Arg::kParams) ? args[Arg::kParams] : nullptr);
  if (IsTrue(core.Get(Setting::kParams))) {
    params = PyRef(PyDict_New());
    if (!params || PyDict_Update(params.get(), core.Get(Setting::kParams)) != 0 ||
        (args.Has(Arg::kParams) && PyDict_Update(params.get(), args[Arg::kParams]) != 0)) {
      return false;
    }
  }
  const BaseUrl* base = core.base.get();
  const bool path = url.starts_with('/') && !url.starts_with("//");
  if (params || base == nullptr || !base->valid || !path || !IsPlainPath(url)) {
    return SetUncommonUrl(core, url, params.get(), out, fields);
  }
  out->target.assign(base->prefix).append(url);
  SetOrigin(*base, *fields, out);
  return true;
}

bool AddDefaultField(const char* name, const char* value, FieldText* fields) {
  if (FindField(fields->text, name) == std::nullopt) {
    fields->text.append(name).append(": ").append(value).append("\r\n");
  }
  return true;
}

// False for what only requests can send; check PyErr_Occurred.
bool SetForm(const ClientSession& core, PyObject* data, HttpCallRequest* out, FieldText* fields) {
  if (PyUnicode_Check(data) != 0) {
    out->body = TextOf(data);
    return !core.fast || AddDefaultField("Content-Type", "text/plain; charset=utf-8", fields);
  }
  if (PyBytes_Check(data) != 0 || PyByteArray_Check(data) != 0) {
    const PyRef bytes(PyBytes_FromObject(data));
    if (!bytes) {
      return false;
    }
    out->body.assign(PyBytes_AS_STRING(bytes.get()),
                     static_cast<size_t>(PyBytes_GET_SIZE(bytes.get())));
    return !core.fast || AddDefaultField("Content-Type", "application/octet-stream", fields);
  }
  if (PyDict_Check(data) == 0 && PyList_Check(data) == 0 && PyTuple_Check(data) == 0) {
    return false;
  }
  const PyRef form(CallHelper(Helper::kEncodeForm, data));
  if (!form) {
    return false;
  }
  out->body = TextOf(form.get());
  return AddDefaultField("Content-Type",
                         core.fast ? "application/x-www-form-urlencoded; charset=utf-8"
                                   : "application/x-www-form-urlencoded",
                         fields);
}

bool SetBody(const ClientSession& core, const RequestArgs& args, HttpCallRequest* out,
             FieldText* fields) {
  out->has_length = out->method != "GET" && out->method != "HEAD";
  PyObject* data = args[Arg::kData];
  const int some_data = data == nullptr || data == Py_None ? 0 : PyObject_IsTrue(data);
  if (some_data != 0) {
    return some_data > 0 && SetForm(core, data, out, fields);
  }
  if (!args.Has(Arg::kJson)) {
    return true;
  }
  const PyRef text(
      CallHelper(core.fast ? Helper::kEncodeFastJson : Helper::kEncodeJson, args[Arg::kJson]));
  if (!text) {
    return false;
  }
  out->body = TextOf(text.get());
  AddDefaultField("Content-Type", "application/json", fields);
  return !core.fast || AddDefaultField("Accept", "application/json", fields);
}

bool SetCookies(PyObject* cookies, HttpCallRequest* out) {
  const PyRef text(CallHelper(Helper::kCookieText, cookies));
  if (text) {
    out->cookies = TextOf(text.get());
  }
  return static_cast<bool>(text);
}

// What this call cannot do itself; nullptr: nothing.
const char* ReasonToFallBack(const ClientSession& core, const RequestArgs& args) {
  for (const Arg arg : {Arg::kFiles, Arg::kCert, Arg::kProxies, Arg::kHooks}) {
    if (IsTrue(args[arg])) {
      return NameOf(arg);
    }
  }
  if (args[Arg::kStream] == Py_True || core.Get(Setting::kStream) == Py_True) {
    return "stream";
  }
  if (args.Has(Arg::kVerify) && PyBool_Check(args[Arg::kVerify]) == 0) {
    return "verify";
  }
  if (IsTrue(core.Get(Setting::kProxies))) {
    return "proxies";
  }
  PyObject* hooks = core.Get(Setting::kHooks);
  if (IsTrue(hooks) && (PyDict_Check(hooks) == 0 || PyDict_Size(hooks) > 1 ||
                        IsTrue(PyDict_GetItemString(hooks, "response")))) {
    return "hooks";
  }
  if (core.Has(Setting::kAdapters)) {
    return "mount";
  }
  return core.auth_is_special && !args.Has(Arg::kAuth) ? "auth" : nullptr;
}

// Nothing to do for http. False with an exception set.
bool SetTls(ClientSession* core, const RequestArgs& args, HttpCallRequest* out) {
  PyObject* verify = args.Has(Arg::kVerify) ? args[Arg::kVerify] : core->Get(Setting::kVerify);
  if (!args.Has(Arg::kVerify) && core->tls != nullptr) {
    out->tls = core->tls;
    return true;
  }
  TlsChoice choice;
  choice.verify = verify != Py_False;
  if (verify != nullptr && PyUnicode_Check(verify) != 0) {
    choice.ca_file = TextOf(verify);
  }
  if (PyObject* cert = core->Get(Setting::kCert); cert != nullptr && cert != Py_None) {
    const bool pair = PyTuple_Check(cert) != 0 && PyTuple_GET_SIZE(cert) == 2;
    choice.cert_file = TextOf(pair ? PyTuple_GET_ITEM(cert, 0) : cert);
    choice.key_file = pair ? TextOf(PyTuple_GET_ITEM(cert, 1)) : std::string_view();
  }
  const absl::StatusOr<const TlsContext*> tls = http_shop()->FindTls(choice);
  if (!tls.ok()) {
    PyErr_SetString(PyExc_OSError, std::string(tls.status().message()).c_str());
    return false;
  }
  out->tls = *tls;
  if (!args.Has(Arg::kVerify)) {
    core->tls = *tls;
  }
  return true;
}

bool SetAuthorization(const ClientSession& core, const RequestArgs& args, FieldText* fields) {
  std::string made;
  const std::string* line = &core.authorization;
  if (args.Has(Arg::kAuth)) {
    made = BasicAuthorization(args[Arg::kAuth]);
    if (made.empty()) {
      return false;
    }
    line = &made;
  }
  if (!line->empty()) {
    DropField("Authorization", &fields->text);
    fields->text.append(*line);
  }
  return true;
}

}  // namespace

Built BuildRequest(SessionObject* session, const RequestArgs& args, HttpCallRequest* out,
                   const char** reason) {
  ClientSession* core = session->core;
  *reason = ReasonToFallBack(*core, args);
  if (*reason != nullptr) {
    return Built::kFallBack;
  }
  const std::string_view method = TextOf(args[Arg::kMethod]);
  out->method.assign(method);
  std::transform(method.begin(), method.end(), out->method.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  if (!RefreshFields(core)) {
    return Built::kFailed;
  }
  FieldText fields;
  fields.text.swap(out->fields);  // for its memory
  fields = *core->fields;
  if (args.Has(Arg::kHeaders) && !SetFields(args[Arg::kHeaders], core->fast, &fields)) {
    return Built::kFailed;
  }
  if (!SetTimeouts(*core, args, out)) {
    *reason = "timeout";
    return Built::kFallBack;
  }
  if (!SetAuthorization(*core, args, &fields)) {
    *reason = "auth";
    return Built::kFallBack;
  }
  if (!SetUrl(*core, args, out, &fields) ||
      (args.Has(Arg::kCookies) && !SetCookies(args[Arg::kCookies], out)) ||
      (out->origin.tls && !SetTls(core, args, out))) {
    return Built::kFailed;
  }
  if (!SetBody(*core, args, out, &fields)) {
    *reason = "data";
    return PyErr_Occurred() != nullptr ? Built::kFailed : Built::kFallBack;
  }
  const bool follow = args[Arg::kAllowRedirects] == nullptr
                          ? out->method != "HEAD"
                          : PyObject_IsTrue(args[Arg::kAllowRedirects]) == 1;
  PyObject* hops = core->Get(Setting::kMaxRedirects);
  out->redirects_max = !follow           ? 0
                       : hops == nullptr ? kRedirectsMax
                                         : static_cast<int>(PyLong_AsLong(hops));
  out->keeps_out_cookies = fields.has_cookie;
  out->fields.swap(fields.text);
  out->rotation = http_shop()->NextRotation();
  PyErr_Clear();
  return Built::kReady;
}

}  // namespace squall
