"""How an exception that a locustfile does not catch gets into the log and the results."""

import os
import traceback

import _squall

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def user_frames(tb):
    """The traceback from the first frame on that is not ours; None if all are."""
    while tb is not None and tb.tb_frame.f_code.co_filename.startswith(_PACKAGE):
        tb = tb.tb_next
    return tb


def one_line(error):
    """What the table of exceptions shows; the name of the type for one that says nothing."""
    return " ".join(str(error).split()) or type(error).__name__


def report_exception(logger, source, error):
    """Fires user_error, logs, and counts; `source` is the user or task set where it happened."""
    environment = getattr(source, "_user", source).environment
    if not getattr(environment, "catch_exceptions", True):
        raise error
    error.__traceback__ = user_frames(error.__traceback__)
    environment.events.user_error.fire(
        user_instance=source, exception=error, tb=error.__traceback__
    )
    _log_and_count(logger, error)


def report_loss(logger, user_class, error, with_traceback=True):
    """Logs and counts what a user of `user_class` has died of."""
    error.__traceback__ = user_frames(error.__traceback__) if with_traceback else None
    if with_traceback:
        logger.critical("A user of class %s is lost:", user_class.__name__)
        _log_and_count(logger, error)
    else:
        logger.error("%s", error)
        _squall.task_error(one_line(error))


def _log_and_count(logger, error):
    logger.error("%s\n%s", error, "".join(traceback.format_exception(error)))
    lines = [one_line(error) + "\n", *traceback.format_tb(error.__traceback__)]
    _squall.task_error("".join(lines).rstrip())
