#include "daemon/python/header_fields.h"

#include <array>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/ascii.h"
#include "daemon/base/base64.h"
#include "daemon/python/header_text.h"
#include "daemon/python/http_python.h"
#include "daemon/python/py_ref.h"
#include "daemon/python/session_type.h"

namespace squall {
namespace {

// Latin-1, as header lines are written; false with an exception set.
bool AppendHeaderPart(PyObject* part, bool fast, std::string* out) {
  PyRef converted;
  if (PyUnicode_Check(part) == 0 && PyBytes_Check(part) == 0 && fast) {
    converted = PyRef(PyObject_Str(part));
    part = converted.get();
  }
  if (part != nullptr && PyUnicode_Check(part) != 0) {
    if (PyUnicode_IS_ASCII(part)) {
      out->append(static_cast<const char*>(PyUnicode_DATA(part)),
                  static_cast<size_t>(PyUnicode_GET_LENGTH(part)));
      return true;
    }
    converted = PyRef(PyUnicode_AsLatin1String(part));
    part = converted.get();
  }
  if (part == nullptr) {
    return false;
  }
  if (PyBytes_Check(part) == 0) {
    const PyRef raised(CallHelper(Helper::kRaiseBadHeader, part));
    return false;
  }
  out->append(PyBytes_AS_STRING(part), static_cast<size_t>(PyBytes_GET_SIZE(part)));
  return true;
}

// Adds "name: value"; replaces what was there. None takes it out.
bool SetField(PyObject* name, PyObject* value, bool fast, FieldText* fields) {
  std::string key;
  if (!AppendHeaderPart(name, fast, &key)) {
    return false;
  }
  DropField(key, &fields->text);
  const bool host = EqualsIgnoringCase(key, "Host");
  const bool cookie = EqualsIgnoringCase(key, "Cookie");
  const bool wanted = value != Py_None;
  fields->has_host = host ? wanted : fields->has_host;
  fields->has_cookie = cookie ? wanted : fields->has_cookie;
  if (!wanted || EqualsIgnoringCase(key, "Content-Length")) {
    return true;  // the length is always ours
  }
  std::string line = key + ": ";
  if (!AppendHeaderPart(value, fast, &line)) {
    return false;
  }
  if (line.find_first_of("\r\n") != line.npos || key.empty()) {
    const PyRef raised(CallHelper(Helper::kRaiseBadHeader, value));
    return false;
  }
  fields->text.append(line).append("\r\n");
  return true;
}

// The fields of a session nobody has changed, one text for all of a kind.
std::shared_ptr<const FieldText> DefaultFields(bool fast) {
  static std::array<std::shared_ptr<const FieldText>, 2> made;
  std::shared_ptr<const FieldText>& fields = made[fast ? 1 : 0];
  if (fields == nullptr) {
    const PyRef headers(CallHelper(Helper::kSessionHeaders, fast ? Py_True : Py_False));
    auto text = std::make_shared<FieldText>();
    if (headers && SetFields(headers.get(), fast, text.get())) {
      fields = std::move(text);
    }
  }
  return fields;
}

}  // namespace

bool SetFields(PyObject* headers, bool fast, FieldText* fields) {
  if (PyDict_CheckExact(headers) != 0) {
    PyObject* name = nullptr;
    PyObject* value = nullptr;
    for (Py_ssize_t at = 0; PyDict_Next(headers, &at, &name, &value) != 0;) {
      if (!SetField(name, value, fast, fields)) {
        return false;
      }
    }
    return true;
  }
  const PyRef items(CallHelper(Helper::kHeaderItems, headers));
  const PyRef list(items ? PySequence_Fast(items.get(), "headers") : nullptr);
  for (Py_ssize_t i = 0; list && i < PySequence_Fast_GET_SIZE(list.get()); ++i) {
    PyObject* pair = PySequence_Fast_GET_ITEM(list.get(), i);
    if (!SetField(PyTuple_GET_ITEM(pair, 0), PyTuple_GET_ITEM(pair, 1), fast, fields)) {
      return false;
    }
  }
  return static_cast<bool>(list);
}

bool RefreshFields(ClientSession* core) {
  if (!core->Has(Setting::kHeaders)) {
    if (core->fields == nullptr) {
      core->fields = DefaultFields(core->fast);
    }
    return core->fields != nullptr;
  }
  PyObject* headers = core->Get(Setting::kHeaders);
  static PyObject* const version_name = PyUnicode_InternFromString("version");
  int64_t version = -2;  // some other mapping: always anew
  const PyRef number(PyObject_GetAttr(headers, version_name));
  if (number) {
    version = PyLong_AsLongLong(number.get());
  }
  PyErr_Clear();
  if (version >= 0 && version == core->fields_version) {
    return true;
  }
  auto text = std::make_shared<FieldText>();
  if (!SetFields(headers, core->fast, text.get())) {
    return false;
  }
  core->fields = std::move(text);
  core->fields_version = version;
  return true;
}

std::string BasicAuthorization(PyObject* auth) {
  PyRef user;
  PyRef password;
  if (PyTuple_Check(auth) != 0 && PyTuple_GET_SIZE(auth) == 2) {
    user = PyRef::Borrow(PyTuple_GET_ITEM(auth, 0));
    password = PyRef::Borrow(PyTuple_GET_ITEM(auth, 1));
  } else if (std::string_view(Py_TYPE(auth)->tp_name).ends_with("HTTPBasicAuth")) {
    user = PyRef(PyObject_GetAttrString(auth, "username"));
    password = PyRef(PyObject_GetAttrString(auth, "password"));
  }
  std::string pair;
  if (!user || !password || !AppendHeaderPart(user.get(), true, &pair)) {
    PyErr_Clear();
    return "";
  }
  pair.push_back(':');
  if (!AppendHeaderPart(password.get(), true, &pair)) {
    PyErr_Clear();
    return "";
  }
  return fmt::format("Authorization: Basic {}\r\n", EncodeBase64(pair));
}

}  // namespace squall
