// `_squall.Session`: the client of one user. Calls take the native way where they can; for what is
// rare the session hands them to real requests (kFallBack). locust.clients and
// locust.contrib.fasthttp make subclasses of it. GIL held; for the .cc files of this room, after
// <Python.h>.
#pragma once

#include <Python.h>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "daemon/python/header_fields.h"
#include "daemon/python/python_call.h"
#include "daemon/python/request_args.h"

namespace squall {

// Attributes that Python code reads and sets. Their order is that of kSettingNames.
enum class Setting : uint8_t {
  kBaseUrl,
  kHeaders,
  kAuth,
  kParams,
  kVerify,
  kCert,
  kProxies,
  kHooks,
  kStream,
  kTrustEnv,
  kMaxRedirects,
  kAdapters,  // not None: somebody has mounted one
  kRequestName,
  kUser,
  kRequestEvent,
  kResponseClass,
  kConnectTimeout,
  kReadTimeout,
  kCookieView,
};
constexpr size_t kSettingCount = 19;
constexpr int kRedirectsMax = 30;  // of a session that says nothing else

struct ClientSession {
  explicit ClientSession(Reactor* reactor) : state(std::make_shared<ClientState>(reactor)) {}

  PyObject* Get(Setting setting) const { return settings[static_cast<size_t>(setting)]; }
  bool Has(Setting setting) const {
    PyObject* value = Get(setting);
    return value != nullptr && value != Py_None;
  }
  PyObject* user() const { return Get(Setting::kUser); }

  bool fast = false;
  std::array<PyObject*, kSettingCount> settings{};  // owned; nullptr: never set
  PyObject* handle = nullptr;                       // of the user, owned
  std::shared_ptr<ClientState> state;
  std::shared_ptr<const BaseUrl> base;
  std::shared_ptr<const FieldText> fields;  // of the headers as they were at `fields_version`
  int64_t fields_version = -1;
  std::string authorization;  // header line that `auth` means
  bool auth_is_special = false;
  const TlsContext* tls = nullptr;  // as `verify` and `cert` say; made at the first need
};

struct SessionObject {
  PyObject_HEAD ClientSession* core;
};

// Borrowed; nullptr with an exception set.
PyObject* SessionType();

inline SessionObject* AsSession(PyObject* object) {
  return reinterpret_cast<SessionObject*>(object);
}

// session_calls.cc
//
// get, options, head, post, put, patch, delete, request.
const std::array<PyMethodDef, 8>& CallMethods();

// request_builder.cc
//
enum class Built : uint8_t { kReady, kFallBack, kFailed };
// Fills in what is to be sent. kFailed: with an exception set. kFallBack: `reason` says for what
// requests is needed.
Built BuildRequest(SessionObject* session, const RequestArgs& args, HttpCallRequest* out,
                   const char** reason);

}  // namespace squall
