"""A task set where each task says which ones may come next, and how likely they are."""

import logging
import random

from ..exception import LocustError
from ._declare import check_task_name
from ._tags import tags_of
from .task import TaskSet, TaskSetMeta

logger = logging.getLogger(__name__)


class NoMarkovTasksError(LocustError):
    """A chain without a task."""


class InvalidTransitionError(LocustError):
    """A transition to something that is not there."""


class NonMarkovTaskTransitionError(LocustError):
    """A transition to something that has no transitions."""


class MarkovTaskTagError(LocustError):
    """A tag in a chain, which would break without the tasks that are filtered out."""


def transition(func_name, weight=1):
    """After this task `func_name` may come: `@transition("checkout", weight=2)`."""
    return transitions({func_name: weight})


def transitions(weights):
    """Several at once: a dict of weights, or a list of names and of (name, weight)."""
    if isinstance(weights, dict):
        weights = list(weights.items())
    names = []
    for entry in weights:
        name, weight = (entry, 1) if isinstance(entry, str) else entry
        names.extend([name] * weight)

    def mark(function):
        check_task_name(function.__name__, "@transition")
        function.transitions = getattr(function, "transitions", []) + names
        return function

    return mark


class MarkovTaskSetMeta(TaskSetMeta):
    """Checks the chain when the class is made."""

    def __new__(mcs, classname, bases, namespace):
        namespace.setdefault("abstract", False)
        made = super().__new__(mcs, classname, bases, namespace)
        made.is_markov = True
        if not namespace["abstract"]:
            made.current = _check_chain(made, namespace)
        return made


def _check_chain(markov, namespace):
    """The first task of a chain that is found to be sound."""
    tasks = [member for member in namespace.values() if hasattr(member, "transitions")]
    if not tasks:
        raise NoMarkovTasksError(
            f"No Markov tasks defined in class {markov.__name__}: decorate some with @transition "
            "or @transitions"
        )
    for task in tasks:
        _check_transitions(markov, task)
        _check_tags(markov, task)
    missed = {task.__name__ for task in tasks} - _reachable(markov, tasks[0])
    if missed:
        logger.warning(
            "Markov tasks of class %s that cannot be reached from %s: %s",
            markov.__name__,
            tasks[0].__name__,
            ", ".join(sorted(missed)),
        )
    return tasks[0]


def _check_transitions(markov, task):
    for name in task.transitions:
        target = getattr(markov, name, None)
        if target is None:
            raise InvalidTransitionError(
                f"Transition from {task.__name__} to {name}: class {markov.__name__} has no such "
                "task"
            )
        if not hasattr(target, "transitions"):
            raise NonMarkovTaskTransitionError(
                f"Transition from {task.__name__} to {name}: {markov.__name__}.{name} must have "
                "transitions of its own"
            )


def _check_tags(markov, task):
    tags = tags_of(task)
    if tags:
        raise MarkovTaskTagError(
            f"{markov.__name__}.{task.__name__} must not have tags ({', '.join(sorted(tags))}): "
            "filtering would break the chain of a MarkovTaskSet"
        )


def _reachable(markov, first):
    seen = set()
    ahead = [first.__name__]
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            ahead.extend(getattr(markov, name).transitions)
    return seen


class MarkovTaskSet(TaskSet, metaclass=MarkovTaskSetMeta):
    """Begins with the task that is declared first, and goes on by the transitions."""

    abstract = True

    def get_next_task(self):
        task = self.current
        following = task.transitions
        if following:
            self.current = getattr(type(self), random.choice(following))
        return task
