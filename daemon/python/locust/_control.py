"""How a runner gets its way: by notes to the process that started this one, or, in a program of
the user's own, by running the engine in this process."""

import functools
import logging

import gevent
from gevent.event import Event

from . import _native

logger = logging.getLogger("locust.runners")

# True in a process that squall has started to run a locustfile.
in_lane = False


def make_control(runner):
    """The right one of the two for this process."""
    return Notes() if in_lane else LibraryRun(runner)


class Notes:
    """Wishes of a run that another process is in charge of."""

    def change(self, users, spawn_rate, class_names):
        _native.note(
            "shape", {"users": users, "spawn_rate": spawn_rate, "user_classes": class_names}
        )

    def end_by_shape(self):
        _native.note("shape", {"stop": True})

    def stop(self):
        _native.note("stop", {})

    def quit(self):
        _native.note("quit", {})

    def send_message(self, message_type, data, client_id):
        _native.note("message", {"type": message_type, "data": data, "client_id": client_id})


class LibraryRun:
    """A run in a program that uses Environment and a LocalRunner. Any greenlet; never two runs at
    a time."""

    def __init__(self, runner):
        self._runner = runner
        self._events = None
        self._follower = None
        self._ended = Event()
        self._ended.set()
        self._quit = Event()
        self._stops = False
        self._quits_at_end = False

    def change(self, users, spawn_rate, class_names):
        """Starts the run when there is none."""
        if self._ended.is_set():
            self._begin()
        _native.engine.run_locally(users, float(spawn_rate))

    def _begin(self):
        from ._run_events import RunEvents

        environment = self._runner.environment
        environment._filter_tasks_by_tags()
        if self._events is None:
            self._events = RunEvents(environment)
            # runner.greenlet.join() is how such programs wait for quit().
            self._runner.greenlet.spawn(self._quit.wait)
        self._events.begin()
        classes = list(environment.user_classes)
        _native.set_classes(classes)
        _native.engine.set_spawner(functools.partial(self._spawn, classes))
        self._stops = self._quits_at_end = False
        self._ended.clear()
        if self._follower is None:
            self._follower = gevent.spawn(self._follow)

    def _spawn(self, classes, handle):
        from .user.users import spawn_user

        greenlet = spawn_user(self._runner.environment, classes, handle)
        self._runner.user_greenlets.add(greenlet)
        return greenlet

    def _follow(self):
        """The engine says what happens; there is no other who could."""
        while True:
            kind, payload = _native.engine.receive()
            if kind == "spawning_complete":
                self._events.spawned(payload["user_count"])
            elif kind == "finished":
                self._events.ended()
                _native.engine.report_finished()
                self._ended.set()
                if self._quits_at_end:
                    self._quit.set()
            elif kind == "closed":
                self._ended.set()
                return

    def end_by_shape(self):
        self.stop()

    def stop(self):
        """Returns when all users have ended and the listeners of test_stop were called; in a user
        or a listener, whose own end that would be, at once."""
        if self._ended.is_set():
            return
        if not self._stops:
            self._stops = True
            self._events.stopping()
            _native.engine.stop_locally()
        if not self._is_part_of_the_run(gevent.getcurrent()):
            self._ended.wait()

    def _is_part_of_the_run(self, greenlet):
        return greenlet is self._follower or greenlet in self._runner.user_greenlets

    def quit(self):
        """stop(), and when the run has ended those who wait for the runner's greenlet go on."""
        self._quits_at_end = True
        self.stop()
        if self._ended.is_set():
            self._quit.set()

    def send_message(self, message_type, data, client_id):
        raise RuntimeError("there is no other process that could get a message")
