"""What the tests of users put in place of the engine, and how they run a user to its end."""

import logging
import random
from unittest import mock

import _squall
import gevent
from locust import User
from locust.event import Events
from locust.exception import StopUser


class Handle:
    """A UserHandle that writes down what it is told."""

    def __init__(self, class_index=0, iterations=None, begins=True):
        self.class_index = class_index
        self.number = 0
        self.stopping = 0
        self.told = []
        self.pauses = []
        self.late = []
        self._iterations = iterations
        self._begins = begins

    def begin(self):
        return self._begins

    def begin_task(self):
        if self.stopping or self._iterations == 0:
            return False
        if self._iterations is not None:
            self._iterations -= 1
        self.told.append("begin")
        return True

    def end_task(self):
        self.told.append("end")

    def pause(self, seconds):
        self.pauses.append(seconds)
        gevent.sleep(0)
        if self.stopping:
            raise gevent.GreenletExit

    def begin_on_stop(self):
        self.told.append("on_stop")
        self.stopping = 0

    def intended(self, seconds_late):
        self.late.append(seconds_late)

    def ended(self):
        self.told.append("ended")


class Environment:
    """As much of an environment as a user needs."""

    def __init__(self, host=None):
        self.events = Events()
        self.host = host
        self.runner = mock.Mock()
        self.web_ui = None
        self.catch_exceptions = True


class Diary:
    """What happened in the life of a user, in order; ends it after so many entries."""

    def __init__(self, limit=20):
        self.entries = []
        self._limit = limit

    def __call__(self, entry):
        self.entries.append(entry)
        if len(self.entries) >= self._limit:
            raise StopUser

    def __str__(self):
        return " ".join(self.entries)


class Told:
    """Writes on_start and on_stop into the diary."""

    def on_start(self):
        self.diary(f"{type(self).__name__}<")

    def on_stop(self):
        diary = self.diary
        diary.entries.append(f">{type(self).__name__}")


def told(diary):
    """A base for a user or a set that writes into the diary."""
    return type("Told", (Told,), {"diary": staticmethod(diary)})


def visitor(diary, **members):
    """A user class that writes into the diary."""
    return type("Visitor", (told(diary), User), members)


class Counted:
    """What the native module is told, instead of the results of this process."""

    def __init__(self):
        self.requests = []
        self.task_errors = []
        self.listener = None

    def _listen(self, listener):
        self.listener = listener

    def start(self, case):
        """Until the end of the test case `case`."""
        functions = {
            "record": lambda *request: self.requests.append(request),
            "task_error": self.task_errors.append,
            "set_request_listener": self._listen,
        }
        for name, function in functions.items():
            patch = mock.patch.object(_squall, name, function)
            patch.start()
            case.addCleanup(patch.stop)
        return self


def run_user(user_class, environment=None, handle=None, seed=1):
    """Runs a user to its end in this greenlet and gives it back."""
    random.seed(seed)
    user = user_class(environment or Environment())
    user._handle = handle
    logging.disable(logging.CRITICAL)
    try:
        user.run()
    finally:
        logging.disable(logging.NOTSET)
    return user


def names(tasks):
    """A tree of tasks as text: a b Set(c d)."""
    return " ".join(
        f"{entry.__name__}({names(entry.tasks)})" if hasattr(entry, "tasks") else entry.__name__
        for entry in tasks
    )
