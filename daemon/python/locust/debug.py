"""run_single_user(): one user in this process, for a debugger or to look at its requests."""

import os
import sys
from datetime import datetime, timezone

from . import argument_parser, events
from .env import Environment
from .event import error_text
from .log import setup_logging

_running = False


class PrintListener:
    """Prints a line for each request of an environment."""

    def __init__(
        self,
        env,
        include_length=False,
        include_time=False,
        include_context=False,
        include_payload=False,
    ):
        self.include_length = include_length
        self.include_time = include_time
        self.include_context = include_context
        self.include_payload = include_payload
        env.events.request.add_listener(self.on_request)
        self._print_row(
            "time", "type", "name", "resp_ms", "length", "exception", "context", "payload"
        )

    def on_request(
        self,
        request_type,
        name,
        response_time,
        response_length,
        exception,
        context=None,
        start_time=None,
        response=None,
        **_kwargs,
    ):
        began = datetime.fromtimestamp(start_time, timezone.utc) if start_time else None
        text = error_text(exception) if exception else ""
        if exception is not None and getattr(response, "text", None):
            text += " " + " ".join(response.text.split())
        self._print_row(
            (began or datetime.now(timezone.utc)).isoformat(" ", "milliseconds"),
            request_type,
            name,
            "" if response_time is None else round(response_time),
            response_length,
            text,
            context or "",
            getattr(getattr(response, "request", None), "body", None) or "",
        )

    def _print_row(self, when, kind, name, took, length, error, context, payload):
        columns = [f"{when:<29}"] if self.include_time else []
        columns += [kind, f"{name:<50}", f"{took!s:<7}"]
        if self.include_length:
            columns.append(f"{length!s:<7}")
        columns.append(f"{error:<9}")
        if self.include_context:
            columns.append(str(context))
        if self.include_payload:
            columns.append(str(payload))
        print("\t".join(columns), flush=True)


def run_single_user(
    user_class,
    include_length=False,
    include_time=False,
    include_context=False,
    include_payload=False,
    loglevel="WARNING",
):
    """Runs one user of `user_class` until it stops or is interrupted, and prints its requests.

    The program's arguments are read as those of a run, so that --host and options of the
    locustfile work. `loglevel` None leaves logging alone.
    """
    global _running
    if _running:
        return  # the locustfile imports, or runs, itself
    _running = True
    if loglevel:
        setup_logging(loglevel)
    options = argument_parser.parse_options(sys.argv[1:])
    environment = Environment(
        events=events,
        host=options.host,
        locustfile=os.path.basename(sys.argv[0]),
        parsed_options=options,
        user_classes=[user_class],
    )
    PrintListener(
        environment,
        include_length=include_length,
        include_time=include_time,
        include_context=include_context,
        include_payload=include_payload,
    )
    if environment.host:
        user_class.host = environment.host
    try:
        _live(environment, user_class)
    except KeyboardInterrupt:
        pass
    finally:
        _running = False


def _live(environment, user_class):
    events.init.fire(environment=environment, runner=None, web_ui=None)
    user = user_class(environment)
    environment.single_user_instance = user
    events.test_start.fire(environment=environment)
    try:
        user.run()
    finally:
        events.test_stop.fire(environment=environment)
