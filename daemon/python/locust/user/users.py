"""Users: what a locustfile subclasses, and how one lives from its start to its end."""

import logging
import time

import _squall
import gevent
from gevent import GreenletExit

from ..clients import HttpSession
from ..exception import (
    InterruptTaskSet,
    LocustError,
    RescheduleTask,
    RescheduleTaskImmediately,
    StopTest,
    StopUser,
)
from ..util.deprecation import check_for_deprecated_task_set_attribute
from ._declare import collect_tasks
from ._life import spawn_user, stop_run
from ._report import report_exception
from .task import (
    FAILURES,
    LOCUST_STATE_RUNNING,
    LOCUST_STATE_STOPPING,
    LOCUST_STATE_WAITING,
    DefaultTaskSet,
)
from .wait_time import constant

logger = logging.getLogger(__name__)

__all__ = ("HttpUser", "PytestUser", "User", "UserMeta", "missing_host", "spawn_user")


class UserMeta(type):
    """Gives a class its tasks; a subclass is abstract only if it says so itself."""

    def __new__(mcs, classname, bases, namespace):
        check_for_deprecated_task_set_attribute(namespace)
        namespace["tasks"] = collect_tasks(bases, namespace)
        namespace.setdefault("abstract", False)
        return super().__new__(mcs, classname, bases, namespace)


class User(metaclass=UserMeta):
    """One simulated user. Subclass it and give it tasks; HttpUser has an HTTP client as well."""

    abstract = True
    host = None
    tasks = []
    wait_time = constant(0)
    wait_function = None
    min_wait = None  # milliseconds; for old locustfiles, where there is no wait_time
    max_wait = None
    weight = 1
    fixed_count = 0

    _handle = None  # of the engine, in a run
    _greenlet = None
    _due = None  # when the next task was to begin, if its wait_time has a schedule
    _turn = -1  # of the loop, when this user last gave way

    def __init__(self, environment):
        super().__init__()
        self.environment = environment
        self._state = None
        self._taskset_instance = None
        self._cp_last_run = time.perf_counter()
        self._cp_last_wait_time = 0

    def on_start(self):
        """Called when the user starts."""

    def on_stop(self):
        """Called when the user stops."""

    def context(self):
        """More for the `context` of each request event."""
        return {}

    def run(self):
        """The whole life, in the greenlet of the user."""
        self._state = LOCUST_STATE_RUNNING
        self._taskset_instance = DefaultTaskSet(self)
        try:
            self._start_and_run()
        except (StopUser, GreenletExit):
            self._stop_in(self)
        except StopTest as stop:
            self._begin_on_stop()
            stop_run(self.environment, stop)
            self._stop_in(self)

    def _start_and_run(self):
        try:
            self.on_start()
        except (StopUser, StopTest):
            raise
        except KeyboardInterrupt as error:
            report_exception(logger, self, error)
            raise StopTest("KeyboardInterrupt in on_start") from error
        except FAILURES as error:
            # As in Locust, the user is gone and not replaced, and has no on_stop.
            report_exception(logger, self, error)
            return
        try:
            self._taskset_instance.run()
        except (StopUser, StopTest):
            raise
        except (RescheduleTask, RescheduleTaskImmediately) as error:
            if not isinstance(error.__cause__, InterruptTaskSet):
                raise
            wrong = LocustError(
                f"interrupt() in a task of {type(self).__name__}, which is in no TaskSet: the user "
                "stops; raise StopUser if that is what you want"
            ).with_traceback(error.__cause__.__traceback__)
            report_exception(logger, self, wrong)
            raise StopUser from None

    def wait(self):
        """Waits as wait_time says."""
        self._taskset_instance.wait()

    def start(self, group):
        """Runs the user in a new greenlet of `group`."""
        self._greenlet = group.spawn(self.run)
        self._group = group
        return self._greenlet

    def stop(self, force=False):
        """Stops the user after its task, or at once if it waits or with `force`: then True."""
        if force or self._state is LOCUST_STATE_WAITING:
            if self._greenlet is not None:
                self._greenlet.kill(block=False)
            return True
        if self._state is LOCUST_STATE_RUNNING:
            self._state = LOCUST_STATE_STOPPING
            return False
        raise LocustError(f"stop() of a user that is {self._state or 'not running'}")

    @property
    def group(self):
        """The greenlets of all users."""
        own = getattr(self, "_group", None)
        return own or getattr(getattr(self.environment, "runner", None), "user_greenlets", None)

    @property
    def greenlet(self):
        """The greenlet that it runs in."""
        return self._greenlet

    @classmethod
    def json(cls):
        """What --config-users can change."""
        return {
            "host": cls.host,
            "weight": cls.weight,
            "fixed_count": cls.fixed_count,
            "tasks": [entry.__name__ for entry in cls.tasks],
        }

    @classmethod
    def fullname(cls):
        """The name with all packages and classes around it."""
        return f"{cls.__module__}.{cls.__qualname__}"

    def _brackets(self):
        """What the loop calls before and after each task."""
        if self._handle is None:
            return _always, _nothing
        return self._handle.begin_task, self._handle.end_task

    def _is_stopping(self):
        return self._handle is not None and self._handle.stopping != 0

    def _begin_on_stop(self):
        if self._handle is not None:
            self._handle.begin_on_stop()

    def _stop_in(self, part):
        """Calls on_stop of the user, or of a set that it is in."""
        self._begin_on_stop()
        try:
            part.on_stop()
        except (StopUser, StopTest, InterruptTaskSet):
            pass  # it stops already
        except FAILURES as error:
            report_exception(logger, part, error)

    def _pause(self, seconds):
        if seconds <= 0:
            self._give_way_if_due()
        elif self._handle is None:
            gevent.sleep(seconds)
        else:
            self._handle.pause(seconds)

    def _give_way_if_due(self):
        now = _squall.turn()
        if now == self._turn:
            self._give_way()
        else:
            self._turn = now

    def _give_way(self):
        """Lets the loop turn, so that no user keeps the others from running."""
        gevent.sleep(0)
        self._turn = _squall.turn()

    def _set_due(self, when):
        self._due = when


def _always():
    return True


def _nothing():
    pass


class HttpUser(User):
    """A user with an HTTP client, `self.client`, that is used like a session of requests."""

    abstract = True
    pool_manager = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.host is None:
            raise StopTest(missing_host(self))
        self.client = HttpSession(
            base_url=self.host,
            request_event=self.environment.events.request,
            user=self,
            pool_manager=self.pool_manager,
        )
        self.client.trust_env = False


def missing_host(user):
    return (
        "You must specify the base host: with --host, or as the host attribute of "
        f"{type(user).__name__}"
    )


class PytestUser(User):
    """A user that runs a test function of pytest. Not available: see the message."""

    abstract = True

    def run(self):
        raise LocustError("test functions of pytest as users are not supported: write a User class")
