// The body of a response: bytes, text, JSON.
#include <algorithm>
#include <string>
#include <string_view>

#include "daemon/base/ascii.h"
#include "daemon/protocol/http/inflate.h"
#include "daemon/python/header_text.h"
#include "daemon/python/http_python.h"
#include "daemon/python/py_ref.h"
#include "daemon/python/response_type.h"

namespace squall {
namespace {

constexpr size_t kInflatedBytesMax = size_t{1} << 30;
constexpr std::string_view kBlanks = " \t\n\r";

// What the Content-Type says of the encoding, by requests' rules; "": nothing.
std::string DeclaredEncoding(std::string_view head) {
  const std::string type = LowerCase(FindField(head, "Content-Type").value_or(""));
  constexpr std::string_view kCharset = "charset=";
  if (const size_t at = type.find(kCharset); at != type.npos) {
    std::string charset = type.substr(at + kCharset.size());
    charset = charset.substr(0, charset.find(';'));
    constexpr const char* kQuotes = " '\"";
    charset.erase(0, std::min(charset.size(), charset.find_first_not_of(kQuotes)));
    charset.erase(charset.find_last_not_of(kQuotes) + 1);
    return charset;
  }
  if (type.find("text") != type.npos) {
    return "ISO-8859-1";
  }
  return type.find("application/json") != type.npos ? "utf-8" : "";
}

// The value of a plain JSON text, by Python's own scanner; nullptr without an exception: the slow
// way will tell what is wrong.
PyObject* ScanJson(PyObject* text) {
  PyObject* scanner = FindHelper(Helper::kScanJson);
  const Py_ssize_t size = PyUnicode_GET_LENGTH(text);
  const auto skip_blanks = [&](Py_ssize_t at) {
    while (at < size && kBlanks.find(static_cast<char>(std::min<Py_UCS4>(
                            PyUnicode_READ_CHAR(text, at), 127))) != kBlanks.npos) {
      ++at;
    }
    return at;
  };
  const PyRef start(PyLong_FromSsize_t(skip_blanks(0)));
  PyObject* const args[] = {text, start.get()};
  const PyRef found(scanner == nullptr ? nullptr : PyObject_Vectorcall(scanner, args, 2, nullptr));
  if (!found || !PyTuple_Check(found.get()) || PyTuple_GET_SIZE(found.get()) != 2) {
    PyErr_Clear();
    return nullptr;
  }
  const Py_ssize_t end = PyLong_AsSsize_t(PyTuple_GET_ITEM(found.get(), 1));
  return skip_blanks(end) == size ? Py_NewRef(PyTuple_GET_ITEM(found.get(), 0)) : nullptr;
}

}  // namespace

PyObject* ContentOf(ResponseObject* response) {
  if (response->content != nullptr) {
    return response->content;
  }
  const HttpCallReply& reply = response->call->http.reply;
  if (reply.status == 0) {
    return Py_None;
  }
  if (!reply.compressed || reply.body.empty()) {
    response->content = NewBytes(reply.body);
    return response->content;
  }
  std::string inflated;
  if (!Inflate(reply.body, kInflatedBytesMax, &inflated)) {
    const PyRef raised(CallHelper(Helper::kRaiseBadContent, reinterpret_cast<PyObject*>(response)));
    return nullptr;
  }
  response->content = NewBytes(inflated);
  return response->content;
}

PyObject* GetEncoding(PyObject* self, void* /*unused*/) {
  ResponseObject* response = AsResponse(self);
  if (response->encoding == nullptr) {
    const std::string declared = DeclaredEncoding(response->call->http.reply.head);
    response->encoding = declared.empty() ? Py_NewRef(Py_None) : NewText(declared);
  }
  return Py_XNewRef(response->encoding);
}

int SetEncoding(PyObject* self, PyObject* value, void* /*unused*/) {
  PyObject*& slot = AsResponse(self)->encoding;
  PyObject* old = slot;
  slot = Py_XNewRef(value);
  Py_XDECREF(old);
  return 0;
}

PyObject* GetText(PyObject* self, void* /*unused*/) {
  ResponseObject* response = AsResponse(self);
  PyObject* content = ContentOf(response);
  if (content == nullptr) {
    return nullptr;
  }
  if (content == Py_None) {
    return response->fast ? Py_NewRef(Py_None) : PyUnicode_New(0, 0);
  }
  PyRef encoding(GetEncoding(self, nullptr));
  if (encoding.get() == Py_None) {
    encoding = PyRef(CallHelper(Helper::kGuessEncoding, content));
  }
  const std::string_view name = encoding ? TextOf(encoding.get()) : std::string_view("utf-8");
  PyObject* text = nullptr;
  if (encoding) {
    text = PyUnicode_Decode(PyBytes_AS_STRING(content), PyBytes_GET_SIZE(content),
                            name.empty() ? "utf-8" : std::string(name).c_str(), "replace");
  }
  if (text == nullptr && PyErr_ExceptionMatches(PyExc_LookupError) != 0) {
    PyErr_Clear();  // an encoding that nobody knows
    text = PyUnicode_DecodeUTF8(PyBytes_AS_STRING(content), PyBytes_GET_SIZE(content), "replace");
  }
  return text;
}

PyObject* LoadJson(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  ResponseObject* response = AsResponse(self);
  if (count > 0) {
    PyErr_SetString(PyExc_TypeError, "json() takes keyword arguments only");
    return nullptr;
  }
  const HttpCallReply& reply = response->call->http.reply;
  if (names == nullptr && !reply.compressed && response->length < 0) {
    const PyRef text(PyUnicode_DecodeUTF8(reply.body.data(),
                                          static_cast<Py_ssize_t>(reply.body.size()), nullptr));
    PyObject* value = text ? ScanJson(text.get()) : nullptr;
    if (value != nullptr) {
      return value;
    }
    PyErr_Clear();
  }
  const PyRef keywords(PyDict_New());
  const Py_ssize_t given = names == nullptr ? 0 : PyTuple_GET_SIZE(names);
  for (Py_ssize_t i = 0; keywords && i < given; ++i) {
    if (PyDict_SetItem(keywords.get(), PyTuple_GET_ITEM(names, i), args[i]) != 0) {
      return nullptr;
    }
  }
  return keywords ? CallHelper(Helper::kLoadJson, self, keywords.get()) : nullptr;
}

}  // namespace squall
