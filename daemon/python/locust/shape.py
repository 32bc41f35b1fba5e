"""Load that follows a function of time."""

import time
from abc import ABCMeta, abstractmethod


class LoadTestShapeMeta(ABCMeta):
    """A subclass is abstract only if it says so itself."""

    def __new__(mcs, classname, bases, namespace):
        namespace.setdefault("abstract", False)
        return super().__new__(mcs, classname, bases, namespace)


class LoadTestShape(metaclass=LoadTestShapeMeta):
    """Subclass it, once in a locustfile, and say in tick() how many users there are to be.

    With `use_common_options`, --users, --spawn-rate and --run-time may be given as well; tick()
    finds them in self.runner.environment.parsed_options.
    """

    runner = None
    abstract = True
    use_common_options = False

    def __init__(self):
        self.start_time = time.perf_counter()

    def reset_time(self):
        """Begins to count the run time anew."""
        self.start_time = time.perf_counter()

    def get_run_time(self):
        """Seconds since the run began."""
        return time.perf_counter() - self.start_time

    def get_current_user_count(self):
        """How many users run now."""
        return self.runner.user_count

    @abstractmethod
    def tick(self):
        """Called once a second: (users, spawn_rate), or None to end the run.

        With a list of user classes as a third element, only those are spawned.
        """
