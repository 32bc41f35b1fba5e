"""Task sets, and the loop that runs their tasks."""

import logging
import random
import time
from random import getrandbits
from types import FunctionType

import _squall
from gevent import GreenletExit, Timeout

from ..exception import (
    InterruptTaskSet,
    LocustError,
    MissingWaitTimeError,
    RescheduleTask,
    RescheduleTaskImmediately,
    StopTest,
    StopUser,
)
from ._declare import collect_tasks, equal_task_weights, task
from ._report import report_exception
from ._tags import filter_tasks_by_tags, tag
from .wait_time import no_wait

__all__ = (
    "DefaultTaskSet",
    "TaskSet",
    "equal_task_weights",
    "filter_tasks_by_tags",
    "tag",
    "task",
)

logger = logging.getLogger(__name__)

# What a task may raise without its user having been stopped. SystemExit ends the whole program.
FAILURES = (Exception, Timeout)
# What a user does, as `User._state` tells.
LOCUST_STATE_RUNNING = "running"
LOCUST_STATE_WAITING = "waiting"
LOCUST_STATE_STOPPING = "stopping"


class NoTasksError(LocustError):
    """A user or task set without tasks: its user cannot go on."""


class TaskSetMeta(type):
    """Gives a class its flat list of tasks."""

    def __new__(mcs, classname, bases, namespace):
        namespace["tasks"] = collect_tasks(bases, namespace)
        return super().__new__(mcs, classname, bases, namespace)


class TaskSet(metaclass=TaskSetMeta):
    """Tasks that belong together, itself a task of a user or of another set.

    It goes on until interrupt() is called, or the user stops.
    """

    tasks = []
    min_wait = None
    max_wait = None
    wait_function = None

    def __init__(self, parent):
        self._task_queue = []
        self._parent = parent
        self._user = user = parent._user if isinstance(parent, TaskSet) else parent
        self._cp_last_run = time.perf_counter()
        self._cp_last_wait_time = 0
        if not self.min_wait:
            self.min_wait = user.min_wait
        if not self.max_wait:
            self.max_wait = user.max_wait

    @property
    def user(self):
        """The user that runs this set."""
        return self._user

    @property
    def parent(self):
        """The set that this one is a task of; the user if there is none."""
        return self._parent

    @property
    def client(self):
        """The client of the user."""
        return self._user.client

    def on_start(self):
        """Called when the set begins."""

    def on_stop(self):
        """Called when the set ends, and when the user stops in it."""

    def interrupt(self, reschedule=True):
        """Leaves the set; with `reschedule` the parent's next task comes without a wait."""
        raise InterruptTaskSet(reschedule)

    def schedule_task(self, task_callable, first=False):
        """Puts a task into the queue, which goes before what get_next_task says."""
        if first:
            self._task_queue.insert(0, task_callable)
        else:
            self._task_queue.append(task_callable)

    def get_next_task(self):
        """Chooses one of the tasks; may be overridden."""
        return random.choice(self.tasks or self._refuse())

    def execute_next_task(self):
        """Takes the first task of the queue and runs it."""
        self.execute_task(self._task_queue.pop(0))

    def execute_task(self, task):
        """Runs a task: a function, a method of this object, or a nested set."""
        _execute(task, self)

    def wait_time(self):
        """Seconds until the next task; may be overridden by a method or by an attribute."""
        user = self._user
        if user.wait_time:
            return user.wait_time()
        if self.min_wait is not None and self.max_wait is not None:
            return random.randint(self.min_wait, self.max_wait) / 1000
        raise MissingWaitTimeError(
            f"{type(user).__name__} must have a wait_time, e.g. wait_time = between(1, 5)"
        )

    def wait(self):
        """Waits as wait_time says."""
        user = self._user
        if user._state is LOCUST_STATE_STOPPING:
            raise StopUser
        seconds = self.wait_time()
        user._state = LOCUST_STATE_WAITING
        self._sleep(seconds)
        if user._state is LOCUST_STATE_STOPPING:
            raise StopUser
        user._state = LOCUST_STATE_RUNNING
        due = user._due
        if due is not None:
            user._due = None
            if user._handle is not None:
                user._handle.intended(max(0.0, time.perf_counter() - due))

    def _sleep(self, seconds):
        self._user._pause(seconds)

    def _set_due(self, when):
        self._user._due = when

    def run(self):
        """Runs tasks, from on_start to on_stop. Ends with an exception, always."""
        try:
            self.on_start()
        except InterruptTaskSet as interrupt:
            raise _after(interrupt) from interrupt
        try:
            self._run_tasks()
        except (StopUser, StopTest, GreenletExit):
            self._user._stop_in(self)
            raise
        except InterruptTaskSet as interrupt:
            self._leave()
            raise _after(interrupt) from interrupt

    def _leave(self):
        try:
            self.on_stop()
        except InterruptTaskSet:
            pass  # it is what happens already

    def _run_tasks(self):
        """What becomes of the exceptions that end tasks."""
        rounds = self._plain_rounds if self._is_plain() else self._overridden_rounds
        failed = False
        wait_first = False
        while True:
            try:
                if wait_first:
                    self.wait()
                    wait_first = failed = False
                rounds()
            except RescheduleTaskImmediately:
                self._user._give_way()
            except RescheduleTask:
                wait_first = True
            except (InterruptTaskSet, StopUser, StopTest):
                raise
            except NoTasksError as error:
                report_exception(logger, self, error)
                raise StopUser from error
            except KeyboardInterrupt as error:
                if self._user._handle is None:
                    raise
                report_exception(logger, self, error)
                raise StopTest("KeyboardInterrupt in a task") from error
            except FAILURES as error:
                report_exception(logger, self, error)
                if failed:
                    raise StopUser from error  # not even the wait after a failure works
                failed = wait_first = True

    def _is_plain(self):
        """Whether the methods that the loop does without are still ours."""
        return (
            getattr(self.execute_next_task, "__func__", None) is _OWN_EXECUTE_NEXT_TASK
            and getattr(self.execute_task, "__func__", None) in _OWN_EXECUTE_TASK
        )

    def _plain_rounds(self):
        """Task, wait, task, wait: the hot loop, 0.3 µs a round beside the task and the engine."""
        user = self._user
        by_user = type(self) is DefaultTaskSet  # which user code cannot change
        holder = user if isinstance(self, DefaultTaskSet) else self
        begin_task, end_task = user._brackets()
        queue = self._task_queue
        turn = _squall.turn
        choose = self.get_next_task
        own_choice = getattr(choose, "__func__", None) in _OWN_GET_NEXT_TASK
        own_wait = getattr(self.wait, "__func__", None) is _OWN_WAIT
        while True:
            if not queue and own_choice:
                # As random.choice does it: one who seeds `random` gets the same sequence.
                tasks = holder.tasks
                count = len(tasks) or self._refuse()
                bits = count.bit_length()
                index = getrandbits(bits)
                while index >= count:
                    index = getrandbits(bits)
                task = tasks[index]
            else:
                if not queue:
                    queue.append(choose())
                task = queue.pop(0)
            if user._state is LOCUST_STATE_STOPPING:
                raise StopUser
            if type(task) is FunctionType:
                if not begin_task():
                    raise StopUser
                try:
                    task(holder)
                except FAILURES:
                    end_task()
                    raise
                end_task()
            else:
                self._run_unusual(task, begin_task, end_task)
            if (
                own_wait
                and getattr(user.wait_time, "__func__", None) is no_wait
                and (by_user or getattr(self.wait_time, "__func__", None) is _OWN_WAIT_TIME)
            ):
                # Others have had their turn if the task has waited for anything.
                now = turn()
                if now == user._turn:
                    user._give_way()
                else:
                    user._turn = now
            else:
                self.wait()

    def _overridden_rounds(self):
        """The same for a set with execute_task or execute_next_task of its own."""
        user = self._user
        begin_task, end_task = user._brackets()
        queue = self._task_queue
        while True:
            if not queue:
                self.schedule_task(self.get_next_task())
            if user._state is LOCUST_STATE_STOPPING:
                raise StopUser
            self._run_unusual(queue[0], begin_task, end_task, self.execute_next_task)
            self.wait()

    def _run_unusual(self, task, begin_task, end_task, execute=None):
        """A nested set brackets its own tasks; anything else is a task of this set."""
        if isinstance(task, TaskSetMeta):
            if self._user._is_stopping():
                raise StopUser
            execute() if execute else self.execute_task(task)
            return
        if not begin_task():
            raise StopUser
        try:
            execute() if execute else self.execute_task(task)
        except FAILURES:
            end_task()
            raise
        end_task()

    def _refuse(self):
        raise NoTasksError(
            f"No tasks defined on {type(self).__name__}: use the @task decorator, or set the "
            "'tasks' attribute"
        )


def _execute(task, target):
    if isinstance(task, TaskSetMeta):
        task(target).run()
    elif getattr(task, "__self__", None) is target:
        task()
    else:
        task(target)


def _after(interrupt):
    """How the parent goes on after interrupt()."""
    return RescheduleTaskImmediately() if interrupt.reschedule else RescheduleTask()


class DefaultTaskSet(TaskSet):
    """Runs the tasks that stand on the user itself; they are called with the user."""

    def get_next_task(self):
        return random.choice(self._user.tasks or self._refuse())

    def execute_task(self, task):
        _execute(task, self._user)

    def _refuse(self):
        raise NoTasksError(
            f"No tasks defined on {type(self._user).__name__}: use the @task decorator, set the "
            "'tasks' attribute, or mark it with abstract = True if it is to be subclassed only"
        )


_OWN_EXECUTE_NEXT_TASK = TaskSet.execute_next_task
_OWN_EXECUTE_TASK = (TaskSet.execute_task, DefaultTaskSet.execute_task)
_OWN_GET_NEXT_TASK = (TaskSet.get_next_task, DefaultTaskSet.get_next_task)
_OWN_WAIT = TaskSet.wait
_OWN_WAIT_TIME = TaskSet.wait_time
