"""Results that are good for a while."""

import functools
import time


def memoize(timeout, dynamic_timeout=False):
    """Keeps the result of a function without arguments for `timeout` seconds.

    With `dynamic_timeout`, at least twice as long as the call took.
    """

    def decorate(function):
        good_until = 0.0
        result = None

        @functools.wraps(function)
        def call(*args, **kwargs):
            nonlocal good_until, result
            began = time.monotonic()
            if began >= good_until:
                result = function(*args, **kwargs)
                ended = time.monotonic()
                stays = max(timeout, 2 * (ended - began)) if dynamic_timeout else timeout
                good_until = ended + stays
            return result

        def clear_cache():
            nonlocal good_until
            good_until = 0.0

        call.clear_cache = clear_cache
        return call

    return decorate
