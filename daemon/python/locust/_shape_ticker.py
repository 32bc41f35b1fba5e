"""Asks a LoadTestShape once a second and tells the coordinator of its changes."""

import logging
import time

import gevent

from . import log
from .util.load_locustfile import users_traceback

logger = logging.getLogger("locust.runners")
_INTERVAL_SECONDS = 1.0


class ShapeTicker:
    """One for a run; its greenlet calls run()."""

    def __init__(self, runner):
        self._runner = runner
        self._shape = runner.environment.shape_class
        self._last = None

    def run(self):
        """Returns when the shape has ended the run, or failed."""
        logger.info("Shape worker starting")
        self._shape.reset_time()
        while True:
            began = time.monotonic()
            try:
                state = self._validated(self._shape.tick())
            except Exception as error:
                self._fail(error)
                return
            if state is None:
                logger.info("Shape test stopping")
                self._runner.control.end_by_shape()
                return
            if state != self._last:
                self._last = self._runner.shape_last_tick = state
                self._tell(*state)
            gevent.sleep(max(_INTERVAL_SECONDS - (time.monotonic() - began), 0))

    def _validated(self, state):
        if state is None:
            return None
        if not isinstance(state, (tuple, list)) or len(state) not in (2, 3):
            raise ValueError(
                f"tick() must return (users, spawn_rate), (users, spawn_rate, user_classes) or "
                f"None, not {state!r}"
            )
        users, rate = int(state[0]), float(state[1])
        if users < 0 or not rate > 0 and users != self._runner.target_user_count:
            raise ValueError(f"tick() must return users >= 0 and a spawn rate > 0, not {state!r}")
        classes = state[2] if len(state) == 3 and state[2] else None
        return users, rate, None if classes is None else tuple(classes)

    def _tell(self, users, rate, classes):
        logger.info("Shape test updating to %d users at %.2f spawn rate", users, rate)
        names = None if classes is None else [cls.__name__ for cls in classes]
        self._runner.change(users, rate, names)

    def _fail(self, error):
        log.unhandled_greenlet_exception = True
        logger.critical("tick() of the shape failed, which ends the run\n%s",
                        users_traceback(error))
        self._runner.quit()
