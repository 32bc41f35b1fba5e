"""What very old locustfiles use, and what to use instead."""

import warnings


def check_for_deprecated_task_set_attribute(namespace):
    """Warns of `task_set = …` on a user class, which has no effect."""
    task_set = namespace.get("task_set")
    if isinstance(task_set, type) and hasattr(task_set, "tasks"):
        warnings.warn(
            "task_set on a User class has no effect since Locust 1.0: write tasks = [TheTaskSet]",
            DeprecationWarning,
            stacklevel=4,
        )


def deprecated_locust_meta_class(deprecation_message):
    """A metaclass whose classes refuse to be subclassed."""

    class Renamed(type):
        def __new__(mcs, classname, bases, namespace):
            if bases:
                raise ImportError(deprecation_message)
            return super().__new__(mcs, classname, bases, namespace)

        def __call__(cls, *args, **kwargs):
            raise ImportError(deprecation_message)

    return Renamed


def _renamed(old, new):
    return deprecated_locust_meta_class(
        f"{old} is {new} since Locust 1.0: write `from locust import {new}` (and `tasks = [...]` "
        "for `task_set = ...`, `wait_time = between(1, 5)` for min_wait and max_wait)"
    )


class DeprecatedLocustClass(metaclass=_renamed("Locust", "User")):
    """Says that it is called User now."""


class DeprecatedHttpLocustClass(metaclass=_renamed("HttpLocust", "HttpUser")):
    """Says that it is called HttpUser now."""


class DeprecatedFastHttpLocustClass(metaclass=_renamed("FastHttpLocust", "FastHttpUser")):
    """Says that it is called FastHttpUser now."""
