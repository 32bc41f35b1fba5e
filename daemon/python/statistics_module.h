// The part of `_squall` that is about statistics. GIL held.
#pragma once

struct _object;  // PyObject. NOLINT(readability-identifier-naming): the name is CPython's

namespace squall {

class Lane;

void set_statistics_lane(Lane* lane);
// False with an exception set.
bool AddStatisticsFunctions(_object* module);
// {class name: users}; a new reference.
_object* UsersByClassOf(Lane& lane);

}  // namespace squall
