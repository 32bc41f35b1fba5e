"""The greenlet that a user lives in, as the engine starts and ends it."""

import logging
import time

import gevent
from gevent import GreenletExit

from ..exception import LocustError, StopTest, StopUser
from ._report import report_loss

logger = logging.getLogger("locust.runners")

_STOP_AGAIN_SECONDS = 5  # all users may raise StopTest at once, and one is enough
_last_stop = (None, 0.0)  # runner, when


def spawn_user(environment, user_classes, handle):
    """Starts the greenlet of a new user, of the class that its handle says."""
    return gevent.spawn(_live, environment, user_classes[handle.class_index], handle)


def _live(environment, user_class, handle):
    try:
        if handle.begin():
            _make_user(environment, user_class, handle).run()
    except (GreenletExit, StopUser):
        pass
    except StopTest as stop:
        # From the constructor: no host, for one. A run that never began must not look like a
        # good one.
        report_loss(logger, user_class, stop, with_traceback=False)
        stop_run(environment, None)
    except SystemExit:
        raise  # gevent hands it to the program's own greenlet
    except BaseException as error:
        report_loss(logger, user_class, error)
    finally:
        handle.ended()


def _make_user(environment, user_class, handle):
    user = user_class.__new__(user_class, environment)
    user._handle = handle
    user._greenlet = gevent.getcurrent()
    user.__init__(environment)
    if not hasattr(user, "environment"):
        raise LocustError(
            f"Attribute 'environment' is missing on {user_class.__name__}: its __init__ must call "
            "super().__init__(environment)"
        )
    return user


def stop_run(environment, stop):
    """What StopTest is for: ends the run, and the program too if there is no web UI."""
    global _last_stop
    runner = getattr(environment, "runner", None)
    now = time.monotonic()
    if runner is _last_stop[0] and now - _last_stop[1] < _STOP_AGAIN_SECONDS:
        return
    _last_stop = (runner, now)
    if stop is not None:
        logger.info("StopTest: %s", stop)
    logger.warning("Stopping the run")
    if runner is not None:
        (runner.stop if getattr(environment, "web_ui", None) else runner.quit)()
