"""Trying again."""

import functools
import logging
import time

logger = logging.getLogger(__name__)


def retry(delays=(1, 3, 5), exception=Exception):
    """Calls the function again after each of `delays` (seconds); what it raises last stands."""

    def decorate(function):
        @functools.wraps(function)
        def call(*args, **kwargs):
            for delay in delays:
                try:
                    return function(*args, **kwargs)
                except exception as error:
                    logger.info("%s: again in %s s: %r", function.__name__, delay, error)
                    time.sleep(delay)
            return function(*args, **kwargs)

        return call

    return decorate
