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

    def change(self, users, spawn_rate, class_names):
        """Starts the run when there is none."""
        if self._ended.is_set():
            self._begin()
        _native.engine.run_locally(users, float(spawn_rate))

    def _begin(self):
        from ._run_events import RunEvents
        from .user.users import spawn_user

        environment = self._runner.environment
        environment._filter_tasks_by_tags()
        if self._events is None:
            self._events = RunEvents(environment)
            # runner.greenlet.join() is how such programs wait for quit().
            self._runner.greenlet.spawn(self._quit.wait)
        self._events.begin()
        classes = list(environment.user_classes)
        _native.set_classes(classes)
        _native.engine.set_spawner(functools.partial(spawn_user, environment, classes))
        self._ended.clear()
        if self._follower is None:
            self._follower = gevent.spawn(self._follow)

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
            elif kind == "closed":
                self._ended.set()
                return

    def end_by_shape(self):
        self.stop()

    def stop(self):
        """Returns when all users have ended and the listeners of test_stop were called."""
        if self._ended.is_set():
            return
        self._events.stopping()
        _native.engine.stop_locally()
        self._ended.wait()

    def quit(self):
        """stop(), and those who wait for the runner's greenlet go on."""
        self.stop()
        self._quit.set()

    def send_message(self, message_type, data, client_id):
        raise RuntimeError("there is no other process that could get a message")
