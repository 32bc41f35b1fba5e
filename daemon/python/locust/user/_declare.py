"""Which tasks a class has, from what stands in its body."""

import inspect
import logging

from ..exception import LocustError

logger = logging.getLogger("locust.user.task")


def task(weight=1):
    """Makes a task of a method or of a nested TaskSet: `@task` or `@task(weight)`.

    A task of weight 3 is chosen three times as often as one of weight 1.
    """
    if callable(weight):
        return _mark_as_task(weight, 1)
    return lambda target: _mark_as_task(target, weight)


def _mark_as_task(target, weight):
    name = getattr(target, "__name__", "")
    check_task_name(name, "@task")
    target.locust_task_weight = weight
    return target


def check_task_name(name, decorator):
    """Refuses a name that the loop itself uses, warns of one that it calls by itself."""
    if name == "run":
        raise LocustError(
            f"{decorator} on a method named run: run() is the loop of a user or task set, and "
            "must not be a task; rename the method"
        )
    if name in ("on_start", "on_stop"):
        logger.warning(
            "%s on %s: it is called as a task, and when the user %s too",
            decorator,
            name,
            name[3:] + "s",
        )


def declared_weight(member):
    """The weight that @task gave to a member of a class; None: it is no task."""
    return inspect.getattr_static(member, "locust_task_weight", None)


def expand_tasks(tasks):
    """`tasks` as locustfiles write it (list, dict, pairs with weights) as a flat list."""
    if isinstance(tasks, dict):
        tasks = tasks.items()
    flat = []
    for entry in tasks:
        if isinstance(entry, tuple):
            entry, weight = entry
            flat.extend([entry] * weight)
        else:
            flat.append(entry)
    return flat


def collect_tasks(bases, namespace):
    """All tasks of a class in the making: its bases', its `tasks`, its decorated members."""
    tasks = []
    for base in bases:
        tasks.extend(getattr(base, "tasks", None) or ())
    tasks.extend(expand_tasks(namespace.get("tasks") or ()))
    for member in namespace.values():
        weight = declared_weight(member)
        if weight:
            tasks.extend([member] * weight)
    return tasks


def equal_task_weights(holder):
    """Makes each function that is a task of `holder`, or of a set below it, equally likely."""
    holder.tasks = _equal_tasks(holder, {})


def _equal_tasks(holder, done):
    if holder not in done:
        done[holder] = equal = []
        for entry in dict.fromkeys(holder.tasks):
            nested = getattr(entry, "tasks", None)
            # A set stands for as many tasks as it has.
            equal.extend([entry] * (len(_equal_tasks(entry, done)) if nested else 1))
        holder.tasks = equal
    return done[holder]
