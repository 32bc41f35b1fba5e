"""Logging as Locust's users know it: `[time] host/LEVEL/logger: text` on stderr or in a file."""

import logging
import logging.config
import socket
import sys
import traceback
from collections import deque

HOSTNAME = socket.gethostname().split(".", 1)[0]
_KEPT_LINES = 500

# True once an exception has reached nobody: in a greenlet of ours, or in an event listener.
unhandled_greenlet_exception = False

# The latest lines, formatted.
_latest = deque(maxlen=_KEPT_LINES)


class LogReader(logging.Handler):
    """Keeps the latest lines for get_logs()."""

    def emit(self, record):
        _latest.append(self.format(record))


def get_logs():
    """The latest lines of the log."""
    return list(_latest)


def setup_logging(loglevel, logfile=None):
    """Sends the root logger's records, of this level and above, to stderr or to the file."""
    level = loglevel.upper() if isinstance(loglevel, str) else loglevel
    if logfile:
        target = {"class": "logging.FileHandler", "filename": logfile, "formatter": "default"}
    else:
        target = {"class": "logging.StreamHandler", "formatter": "default"}
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "default": {
                    "format": f"[%(asctime)s] {HOSTNAME}/%(levelname)s/%(name)s: %(message)s"
                },
                "plain": {"format": "%(message)s"},
            },
            "handlers": {
                "target": target,
                "reader": {"class": "locust.log.LogReader", "formatter": "default"},
                "console": {"class": "logging.StreamHandler", "formatter": "plain"},
            },
            "loggers": {
                # Tables are to be read as they are.
                "locust.stats_logger": {
                    "handlers": ["console"],
                    "level": "INFO",
                    "propagate": False,
                },
            },
            "root": {"handlers": ["target", "reader"], "level": level},
        }
    )
    # These tell of each connection, which is of no use in a load test.
    for name in ("urllib3", "requests", "geventhttpclient"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
    sys.excepthook = _log_uncaught


def _log_uncaught(kind, error, trace):
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger("locust").critical("Unhandled exception", exc_info=(kind, error, trace))


def greenlet_exception_logger(logger, level=logging.CRITICAL):
    """A function for Greenlet.link_exception() that logs what ended the greenlet."""

    def log_exception(greenlet):
        global unhandled_greenlet_exception
        if greenlet.exc_info and issubclass(greenlet.exc_info[0], SystemExit):
            logger.log(min(logging.INFO, level), "sys.exit(%s) called", greenlet.exc_info[1])
            return
        unhandled_greenlet_exception = True
        text = "".join(traceback.format_exception(*greenlet.exc_info)).rstrip("\n")
        logger.log(level, "Unhandled exception in greenlet: %s\n%s", greenlet, text)

    return log_exception
