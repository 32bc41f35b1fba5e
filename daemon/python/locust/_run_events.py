"""What happens on this side when a run begins, is spawned, stops and has ended."""

import logging

from ._reports import Reports
from .runners import (
    STATE_RUNNING,
    STATE_SPAWNING,
    STATE_STOPPED,
    STATE_STOPPING,
    WorkerRunner,
)

logger = logging.getLogger("locust.runners")


class RunEvents:
    """Fires the events of one test's runs, each once for a run, and keeps what goes with them."""

    def __init__(self, environment):
        self._environment = environment
        self._runner = environment.runner
        self._reports = Reports(self._runner)
        self._runs = 0
        self._stopping = False

    def begin(self):
        """Before the users start."""
        if self._runs:
            self._runner.stats.clear_all()
            self._runner.exceptions.clear()
        self._runs += 1
        self._stopping = False
        self._environment.events.test_start.fire(environment=self._environment)
        if self._environment.host is not None:
            for user_class in self._environment.user_classes:
                user_class.host = self._environment.host
        self._runner.set_state(STATE_SPAWNING)
        self._reports.start()

    def spawned(self, user_count):
        """All users of the ramp are there."""
        if self._environment.reset_stats:
            logger.info("Resetting stats")
            self._runner.stats.reset_all()
        self._runner.set_state(STATE_RUNNING)
        if not isinstance(self._runner, WorkerRunner):
            self._runner.log_all_spawned(user_count)
        self._environment.events.spawning_complete.fire(user_count=user_count)

    def stopping(self):
        """Before the users end."""
        self._runner.stop_shape()
        if not self._stopping:
            self._stopping = True
            self._runner.set_state(STATE_STOPPING)
            self._environment.events.test_stopping.fire(environment=self._environment)

    def ended(self):
        """No user is left."""
        self.stopping()
        self._runner.set_state(STATE_STOPPED)
        self._environment.events.test_stop.fire(environment=self._environment)
        self._reports.stop()

    def abandon(self):
        """The process ends without a run's end."""
        self._reports.kill()
