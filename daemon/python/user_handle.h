// `_squall.UserHandle`: what the Python code of one virtual user holds of its engine. All of it is
// nothing to call for others than locust.user and the client types. GIL held.
#pragma once

#include <cstdint>
#include <optional>

#include "daemon/base/clock.h"

struct _object;  // PyObject. NOLINT(readability-identifier-naming): the name is CPython's

namespace squall {

class PythonUser;

// The type object; a borrowed reference, nullptr with a Python exception set.
_object* UserHandleType();
// A new reference.
_object* MakeUserHandle(PythonUser* user);
// Its user is going away; what Python code still calls then has no effect.
void DetachUserHandle(_object* handle);

// False, with GreenletExit set, when the user is to stop now: ask before each request. A handle
// that is nullptr, None or detached is no hindrance.
bool MayGoOn(_object* handle);
// When the schedule wanted the next request of this user to start; given once.
std::optional<TimePoint> TakeIntendedStart(_object* handle);
// The user's number in the run; 0 for no handle.
uint64_t UserNumberOf(_object* handle);

}  // namespace squall
