"""The control loop of the process that runs a locustfile (squall-python).

The process that started it decides; this one loads the test, says what it found, and from then on
does as the notes say: fires the events, lets the users start, asks the shape. All of it in the main
greenlet, so that the order of the events is that of the notes.
"""

import functools
import json
import logging
import os
import signal
import sys

import _squall

from . import _control, _description, _form, _native, log
from . import main as test_loader
from ._run_events import RunEvents
from .user.users import spawn_user

logger = logging.getLogger("locust.main")

_EXIT_LOST = 1
_EXIT_UNHANDLED = 2
_EXIT_INTERRUPTED = 130


def main(role, argv):
    """Runs the test as "local", "coordinator" or "agent"; gives the exit code of the process."""
    sys.argv = ["locust", *argv]
    _control.in_lane = True
    try:
        return _run(role, list(argv))
    except SystemExit as error:
        return _code_of(error)
    except KeyboardInterrupt:  # while it was loading
        return _EXIT_INTERRUPTED
    except test_loader.Exit as error:
        if error.message:
            print(error.message, file=sys.stderr)
        if role == "agent":
            refusal = error.message or "the locustfile ended its process"
            _send("refused", {"message": refusal, "code": error.code})
        return error.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _run(role, argv):
    if role != "agent":
        chosen = {}
        if argv and argv[-1] == _form.MARK:
            argv.pop()
            sys.argv = ["locust", *argv]
            _, chosen = _squall.receive()
        return Lane(role, test_loader.load(role, argv, chosen=chosen)).run()
    kind, order = _squall.receive()
    if kind != "load":
        return _EXIT_LOST
    if order.get("directory"):
        os.chdir(order["directory"])
    arguments, options = _description.split_agent_arguments(order.get("arguments", []))
    sys.argv = ["locust", *arguments]
    files = [os.path.abspath(path) for path in order["locustfiles"]]
    identity = {
        "client_id": order.get("agent_id", ""), "worker_index": order.get("worker_index", -1)
    }
    return Lane(role, test_loader.load(role, arguments, files, options, identity)).run()


def _send(kind, payload):
    _squall.send(kind, json.dumps(payload, default=str))


def _code_of(error):
    """What sys.exit(…) with this argument ends a program with; texts go to stderr."""
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    print(error.code, file=sys.stderr)
    return 1


class Lane:
    """One test in one process, from "loaded" to the end."""

    def __init__(self, role, test):
        self.role = role
        self.test = test
        self.environment = test.environment
        self.runner = test.environment.runner
        self._run_events = RunEvents(self.environment)
        self._exit_code = None
        self._left = False

    def run(self):
        """Follows the notes until the last; gives the exit code."""
        classes = list(self.environment.user_classes)
        _native.set_classes(classes)
        _squall.set_spawner(functools.partial(spawn_user, self.environment, classes))
        if self.environment.reset_stats:
            _squall.reset_at_spawning_complete()
        # From a terminal it comes to every process; the one that started us says what to do.
        signal.signal(signal.SIGINT, lambda *_: None)
        _send("loaded", _description.describe(self.test))
        while self._exit_code is None:
            try:
                kind, payload = _squall.receive()
                getattr(self, f"_on_{kind}", self._ignore)(payload)
            except SystemExit as error:
                self._leave(error)
        return self._exit_code

    def _ignore(self, payload):
        """For notes that are of no interest here."""

    def _leave(self, error):
        """User code has called sys.exit(): the run ends as it would by itself, but for the code."""
        code = _code_of(error)
        if self._left:
            return  # each user may have called it
        self._left = True
        logger.warning("sys.exit(%s) was called, which ends the run", code)
        if self.environment.process_exit_code is None:
            self.environment.process_exit_code = code
        _send("exit_code", {"code": code})
        self.runner.quit()

    # Notes, in the order in which a run has them.

    def _on_start(self, payload):
        self._on_test_start(payload)
        _squall.start_users()

    def _on_test_start(self, payload):
        self._run_events.begin()
        if self.environment.shape_class is not None:
            self.runner.start_shape()

    def _on_spawning_complete(self, payload):
        self._run_events.spawned(payload.get("user_count", self.runner.user_count))

    def _on_workers(self, payload):
        self.runner.update_workers(payload.get("workers", []))

    def _on_message(self, payload):
        self.runner.handle_message(
            payload.get("type"), payload.get("data"), payload.get("node_id", "")
        )

    def _on_classes(self, payload):
        _squall.set_allowed_classes(payload.get("user_classes"))

    def _on_stopping(self, payload):
        self._run_events.stopping()

    _on_test_stopping = _on_stopping

    def _on_finished(self, payload):
        self._run_events.ended()
        _squall.report_finished()

    def _on_test_stop(self, payload):
        self._run_events.ended()

    def _on_finish(self, payload):
        """The last of all: P has the outcome, and listeners may still change the code."""
        events = self.environment.events
        events.quitting.fire(reverse=True, environment=self.environment)
        code = self._final_code(payload.get("exit_code", 0))
        if self.role != "agent":
            logger.info("Shutting down (exit code %d)", code)
        _send("exit_code", {"code": code})
        events.quit.fire(exit_code=code)
        self._exit_code = code

    def _final_code(self, proposed):
        if self.environment.process_exit_code is not None:
            return self.environment.process_exit_code
        if proposed == 0 and log.unhandled_greenlet_exception:
            return _EXIT_UNHANDLED
        return proposed

    def _on_closed(self, payload):
        self._run_events.abandon()
        self._exit_code = _EXIT_LOST
