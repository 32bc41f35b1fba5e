"""Hooks that locustfiles listen to, and `events`, which has them all."""

import logging
import time
from contextlib import contextmanager

import _squall
import gevent

from . import log
from .exception import (
    InterruptTaskSet,
    RescheduleTask,
    RescheduleTaskImmediately,
    StopTest,
    StopUser,
)

# What a listener may raise to steer the user whose greenlet it runs in.
CONTROL_FLOW = (
    StopUser,
    StopTest,
    RescheduleTask,
    RescheduleTaskImmediately,
    InterruptTaskSet,
)


def error_text(error):
    """The text that failures are counted by."""
    return error if isinstance(error, str) else repr(error)


class EventHook:
    """Calls its listeners, with keyword arguments, in the order in which they came."""

    def __init__(self):
        self._handlers = []

    def add_listener(self, handler):
        """Also a decorator."""
        self._handlers.append(handler)
        return handler

    def remove_listener(self, handler):
        self._handlers.remove(handler)

    def fire(self, *, reverse=False, **kwargs):
        """Calls all listeners. One that raises does not keep the next from being called."""
        if self._handlers:
            self._call_listeners(reverse, kwargs)

    def _call_listeners(self, reverse, kwargs):
        handlers = list(self._handlers)
        if reverse:
            handlers.reverse()
        for handler in handlers:
            try:
                handler(**kwargs)
            except CONTROL_FLOW:
                raise
            except Exception:
                logging.getLogger(__name__).exception("Uncaught exception in event handler:")
                log.unhandled_greenlet_exception = True

    @contextmanager
    def measure(self, request_type, name, response_length=0, context=None):
        """Times its block and fires. The block may change what it gets: the arguments to come.

        An exception of the block is what the request failed with, and ends there; a gevent.Timeout
        goes on to its owner. Nothing is fired when the user is stopped meanwhile.
        """
        meta = {
            "request_type": request_type,
            "name": name,
            "response_length": response_length,
            "context": context or {},
            "exception": None,
            "start_time": time.time(),
        }
        begin = time.perf_counter()
        timeout = None
        try:
            yield meta
        except gevent.Timeout as error:
            timeout = meta["exception"] = error
        except Exception as error:
            meta["exception"] = error
        meta["response_time"] = (time.perf_counter() - begin) * 1000
        self.fire(**meta)
        if timeout is not None:
            raise timeout


class RequestEventHook(EventHook):
    """`events.request`: firing it counts a request.

    Requests of our own clients are counted before they come here, and only their listeners are
    called.
    """

    def add_listener(self, handler):
        super().add_listener(handler)
        self._tell_clients()
        return handler

    def remove_listener(self, handler):
        super().remove_listener(handler)
        self._tell_clients()

    def fire(
        self,
        *,
        request_type,
        name,
        response_time=None,
        response_length=0,
        exception=None,
        reverse=False,
        **kwargs,
    ):
        _squall.record(
            str(request_type),
            str(name),
            response_time,
            response_length or 0,
            error_text(exception) if exception else None,
        )
        if self._handlers:
            kwargs["request_type"] = request_type
            kwargs["name"] = name
            kwargs["response_time"] = response_time
            kwargs["response_length"] = response_length
            kwargs["exception"] = exception
            self._call_listeners(reverse, kwargs)

    def notify(self, **kwargs):
        """Calls the listeners for a request that has been counted."""
        self._call_listeners(False, kwargs)

    def _tell_clients(self):
        _squall.set_request_listener(self.notify if self._handlers else None)


class DeprecatedEventHook(EventHook):
    """A hook that nobody fires any more; whoever listens to it is told so."""

    def __init__(self, message):
        super().__init__()
        self._message = message

    def add_listener(self, handler):
        logging.getLogger(__name__).warning(self._message)
        return super().add_listener(handler)


class Events:
    """One hook for each thing that happens in a run.

    init_command_line_parser  parser                before the arguments are parsed
    init                      environment, runner, web_ui
    test_start, test_stop     environment           on each node
    test_stopping             environment           before the users are stopped
    quitting                  environment           the place to set process_exit_code
    quit                      exit_code             the last of all
    request                   request_type, name, response_time (ms), response_length, exception,
                              context, response, start_time, url
    user_error                user_instance, exception, tb
    spawning_complete         user_count
    reset_stats
    report_to_master          client_id, data       on an agent; data may be changed
    worker_report             client_id, data       on the coordinator
    worker_connect            client_id             on the coordinator
    cpu_warning               environment, cpu_usage
    usage_monitor             environment, cpu_usage, memory_usage
    heartbeat_sent, heartbeat_received              client_id, timestamp
    """

    def __init__(self):
        self.request = RequestEventHook()
        self.user_error = EventHook()
        self.report_to_master = EventHook()
        self.worker_report = EventHook()
        self.worker_connect = EventHook()
        self.spawning_complete = EventHook()
        self.quitting = EventHook()
        self.quit = EventHook()
        self.init = EventHook()
        self.init_command_line_parser = EventHook()
        self.test_start = EventHook()
        self.test_stopping = EventHook()
        self.test_stop = EventHook()
        self.reset_stats = EventHook()
        self.cpu_warning = EventHook()
        self.heartbeat_sent = EventHook()
        self.heartbeat_received = EventHook()
        self.usage_monitor = EventHook()
