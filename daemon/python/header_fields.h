// Header lines from Python's mappings, with the rules of requests: None takes a header out, a later
// one replaces an earlier one of any case. GIL held.
#pragma once

#include <string>

struct _object;  // PyObject. NOLINT(readability-identifier-naming): the name is CPython's

namespace squall {

struct ClientSession;

// Header lines, ready to be sent.
struct FieldText {
  std::string text;
  bool has_host = false;
  bool has_cookie = false;
};

// The fields of a mapping, on top of those there are. `fast`: values may be of any type. False with
// an exception set.
bool SetFields(_object* headers, bool fast, FieldText* fields);
// Brings core->fields up to date. `headers` counts its changes: only then its lines are written
// anew. False with an exception set.
bool RefreshFields(ClientSession* core);
// An "Authorization: Basic …" line of ("user", "password") or of requests' HTTPBasicAuth; "": it is
// something else.
std::string BasicAuthorization(_object* auth);

}  // namespace squall
