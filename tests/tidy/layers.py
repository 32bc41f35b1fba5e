"""Keeps the floors apart: what a room includes must be declared in its DEPS, and arrows go down.

A wrong include compiles and links all the same (one include root, static libraries), so only this
check sees it. Input is build/<preset>/layers.txt, which squall_library() writes.
"""

import posixpath

from tables import FLOORS, FORBIDDEN, GENERATED, SIDEWAYS
from tree import Violation, includes


def parse(text):
    """'room: dep dep' lines -> {room: [dep]}."""
    rooms = {}
    for line in filter(None, text.split("\n")):
        room, _, deps = line.partition(":")
        rooms.setdefault(room.strip(), []).extend(deps.split())
    return rooms


def room_of(path, rooms):
    """The room that an included path belongs to, or None for what is not ours."""
    for prefix, room in GENERATED:
        if path.startswith(prefix):
            return room
    directory = posixpath.dirname(path)
    while directory and directory not in rooms:
        directory = posixpath.dirname(directory)
    return directory or None


def check(rooms, tree):
    yield from _declared(rooms)
    yield from _undeclared_includes(rooms, tree)
    yield from _cycles(rooms)
    yield from _forbidden(rooms)
    yield from _documented(rooms, tree)


def _cmake(room):
    return f"{room}/CMakeLists.txt"


def _declared(rooms):
    for room, deps in sorted(rooms.items()):
        if room not in FLOORS:
            yield Violation(_cmake(room), 1, f"{room} must have a floor in tests/tidy/tables.py")
            continue
        for dep in deps:
            if dep not in FLOORS:
                continue
            if FLOORS[dep] >= FLOORS[room] and (room, dep) not in SIDEWAYS:
                yield Violation(
                    _cmake(room), 1, f"{room} (floor {FLOORS[room]}) may not use {dep} "
                    f"(floor {FLOORS[dep]}): stairs only go down")


def _undeclared_includes(rooms, tree):
    for path, text in tree.matching(".h", ".cc"):
        own = room_of(path, rooms)
        if own is None or path.startswith("tests/"):
            continue
        for number, included, quoted in includes(text):
            other = room_of(included, rooms) if quoted or included.startswith("squall/") else None
            if other is not None and other != own and other not in rooms[own]:
                declared = " ".join(rooms[own]) or "nothing"
                yield Violation(path, number,
                                f"{own} may not include {other} (declared: {declared})")


def _cycles(rooms):
    """Takes away rooms that depend on nothing, again and again; what stays is a cycle."""
    left = {room: {dep for dep in deps if dep in rooms} for room, deps in rooms.items()}
    while True:
        leaves = {room for room, deps in left.items() if not deps}
        if not leaves:
            break
        left = {room: deps - leaves for room, deps in left.items() if room not in leaves}
    if left:
        yield Violation(_cmake(sorted(left)[0]), 1, f"cycle among: {', '.join(sorted(left))}")


def _reachable(rooms, start):
    seen, waiting = set(), list(rooms.get(start, ()))
    while waiting:
        room = waiting.pop()
        if room not in seen:
            seen.add(room)
            waiting.extend(rooms.get(room, ()))
    return seen


def _forbidden(rooms):
    for (room, dep), reason in FORBIDDEN.items():
        if dep in _reachable(rooms, room):
            yield Violation(_cmake(room), 1, f"{room} must not reach {dep}: {reason}")


def _documented(rooms, tree):
    page = "docs/architecture.md"
    for room in sorted(rooms):
        if f"`{room}`" not in tree.texts.get(page, ""):
            yield Violation(page, 1, f"must have a line for `{room}`")
