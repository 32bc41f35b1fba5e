"""The options themselves: names, environment variables, types and defaults as Locust has them."""

import argparse
import json
import os
import platform
import re
import sys

from .util.timespan import parse_timespan

LOGLEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

# What they are for in Locust, squall has not: dest -> option.
WITHOUT_EFFECT = {
    "web_host_display_name": "--web-host-display-name",
    "build_path": "--build-path",
    "web_base_path": "--web-base-path",
}


class ErrorRaisingAction(argparse.Action):
    """An option that is no more; `const` says what to use instead."""

    def __call__(self, parser, namespace, values, option_string=None):
        raise argparse.ArgumentError(self, self.const)


def timespan(text):
    """argparse type of a time span."""
    try:
        return parse_timespan(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def spawn_rate(text):
    """argparse type of --spawn-rate."""
    try:
        rate = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number > 0, not {text!r}") from None
    if not rate > 0 or rate == float("inf"):
        raise argparse.ArgumentTypeError("must be > 0")
    return rate


def positive_integer(text):
    """argparse type of --expect-workers."""
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"invalid int value: {text!r}") from None
    if number < 1:
        raise argparse.ArgumentTypeError(
            f"Invalid --expect-workers argument ({number}), must be a positive number"
        )
    return number


def user_config(text):
    """argparse type of --config-users: JSON, or the name of a file with it; gives a list."""
    try:
        if os.path.isfile(text):
            with open(text, encoding="utf-8") as file:
                text = file.read()
        settings = json.loads(text)
    except (ValueError, OSError) as error:
        raise argparse.ArgumentTypeError(
            f"The --config-users argument must be a valid JSON string or file: {error}"
        ) from error
    return settings if isinstance(settings, list) else [settings]


def split_tags(tags):
    """`a,b c` are three tags; None when the option was not given."""
    if tags is None:
        return None
    return [name for text in tags for name in re.split(r"[,\s]+", text) if name]


def version_text():
    """What --version prints."""
    import locust

    squall = getattr(sys.modules.get("_squall"), "version", "")
    maker = f"squall {squall}".strip()
    return f"locust {locust.__version__} ({maker}, Python {platform.python_version()})"


def add_locustfile_options(parser):
    """The options that decide which files are loaded."""
    parser.add_argument(
        "-f", "--locustfile", metavar="<filename>", default="locustfile.py",
        env_var="LOCUST_LOCUSTFILE",
        help="What to run: a Python file, several separated by commas, a directory, a package or "
        "an http(s) URL (default: locustfile.py)",
    )
    parser.add_argument(
        "--config", metavar="<filename>",
        help="One more file with options: 'key = value' lines, or TOML with [tool.locust]",
    )


def add_all(parser):
    """Every option, in the order of --help."""
    for add in (_add_common, _add_web_ui, _add_master, _add_worker, _add_tags, _add_statistics,
                _add_logging, _add_other, _add_user_classes):
        add(parser)


def _add_common(parser):
    group = parser.add_argument_group("Common options")
    group.add_argument("-h", "--help", action="help", help="print this text and exit")
    add_locustfile_options(group)
    group.add_argument(
        "-H", "--host", metavar="<base url>", env_var="LOCUST_HOST",
        help="Base of all relative URLs, such as https://shop.example.com; stronger than the "
        "host of a User class",
    )
    group.add_argument(
        "-u", "--users", dest="num_users", type=int, metavar="<int>", env_var="LOCUST_USERS",
        help="How many users there are when all are started",
    )
    group.add_argument(
        "-r", "--spawn-rate", type=spawn_rate, metavar="<float>", env_var="LOCUST_SPAWN_RATE",
        help="How many users are started per second",
    )
    group.add_argument(
        "-t", "--run-time", type=timespan, metavar="<time string>", env_var="LOCUST_RUN_TIME",
        help="Stop after this time: 300s, 20m, 3h, 1h30m ... (default: when you stop it)",
    )
    group.add_argument(
        "-l", "--list", dest="list_commands", action="store_true",
        help="Print the names of the User classes and exit",
    )
    group.add_argument(
        "--config-users", type=user_config, nargs="*", env_var="LOCUST_CONFIG_USERS",
        help="Attributes of User classes (host, weight, fixed_count, tasks ...) as JSON, in the "
        "argument or in a file",
    )


def _add_web_ui(parser):
    group = parser.add_argument_group(
        "Web UI options",
        "The page is there unless --headless is given; a login comes from --web-token-file or "
        "--web-auth-file",
    )
    group.add_argument(
        "--web-host", metavar="<ip>", default="", env_var="LOCUST_WEB_HOST",
        help="Address of the page (default: 127.0.0.1); \"*\" is every address, and needs a login "
        "or --insecure",
    )
    group.add_argument(
        "--web-host-display-name", type=str, env_var="LOCUST_WEB_HOST_DISPLAY_NAME",
        help=argparse.SUPPRESS,
    )
    group.add_argument(
        "--web-port", "-P", type=int, metavar="<port number>", default=8089,
        env_var="LOCUST_WEB_PORT", help="Port of the page (default: 8089); 0: one that is free",
    )
    group.add_argument(
        "--headless", action="store_true", env_var="LOCUST_HEADLESS",
        help="No page: the run starts at once, and the process ends with it",
    )
    group.add_argument(
        "--autostart", action="store_true", env_var="LOCUST_AUTOSTART",
        help="Start at once, with the page",
    )
    group.add_argument(
        "--autoquit", type=int, metavar="<seconds>", default=-1, env_var="LOCUST_AUTOQUIT",
        help="With --autostart: end so many seconds after the run",
    )
    group.add_argument(
        "--headful", action="store_true", env_var="LOCUST_HEADFUL", help=argparse.SUPPRESS
    )
    group.add_argument(
        "--web-auth", type=str, action=ErrorRaisingAction, env_var="LOCUST_WEB_AUTH",
        const="The --web-auth parameter has been replaced with --web-login",
        help=argparse.SUPPRESS,
    )
    group.add_argument(
        "--web-login", action="store_true", env_var="LOCUST_WEB_LOGIN",
        help="Locust's login of user code; here --web-token-file or --web-auth-file",
    )
    group.add_argument(
        "--tls-cert", metavar="<filename>", default="", env_var="LOCUST_TLS_CERT",
        help="Certificate (PEM): the page is served by https",
    )
    group.add_argument(
        "--tls-key", metavar="<filename>", default="", env_var="LOCUST_TLS_KEY",
        help="Its private key",
    )
    group.add_argument(
        "--class-picker", action="store_true", env_var="LOCUST_USERCLASS_PICKER",
        help="Without effect: the page always lets you choose",
    )
    group.add_argument(
        "--build-path", type=str, default="", env_var="LOCUST_BUILD_PATH", help=argparse.SUPPRESS
    )
    group.add_argument(
        "--legacy-ui", nargs=0, default=False, action=ErrorRaisingAction,
        const="--legacy-ui is no longer supported, remove the parameter to continue",
        env_var="LOCUST_LEGACY_UI", help=argparse.SUPPRESS,
    )
    group.add_argument(
        "--web-base-path", type=str, metavar="<path>", default="", env_var="LOCUST_WEB_BASE_PATH",
        help="Without effect: the page is at /",
    )


def _add_master(parser):
    group = parser.add_argument_group(
        "Master options", "For a run whose users are on other machines or in other processes"
    )
    group.add_argument(
        "--master", action="store_true", env_var="LOCUST_MODE_MASTER",
        help="Coordinate workers that connect; run no users here",
    )
    group.add_argument(
        "--master-bind-host", metavar="<ip>", default="*", env_var="LOCUST_MASTER_BIND_HOST",
        help="Address on which workers are awaited (default: 127.0.0.1); another one needs TLS and "
        "a token, or --insecure",
    )
    group.add_argument(
        "--master-bind-port", type=int, metavar="<port number>", default=5557,
        env_var="LOCUST_MASTER_BIND_PORT", help="Port on which workers are awaited (default: 5557)",
    )
    group.add_argument(
        "--expect-workers", type=positive_integer, metavar="<int>", default=1,
        env_var="LOCUST_EXPECT_WORKERS",
        help="Start when this many workers are there (default: 1)",
    )
    group.add_argument(
        "--expect-workers-max-wait", type=int, metavar="<int>", default=0,
        env_var="LOCUST_EXPECT_WORKERS_MAX_WAIT",
        help="Seconds after which to give up waiting for them (default: never)",
    )
    group.add_argument(
        "--enable-rebalancing", action="store_true",
        help="Accepted; users are always moved when workers come or go",
    )
    group.add_argument(
        "--expect-slaves", nargs=0, action=ErrorRaisingAction,
        const="The --expect-slaves parameter has been renamed --expect-workers",
        help=argparse.SUPPRESS,
    )


def _add_worker(parser):
    group = parser.add_argument_group("Worker options")
    group.add_argument(
        "--worker", action="store_true", env_var="LOCUST_MODE_WORKER",
        help="Run users for a master; '--locustfile -' takes its locustfile",
    )
    group.add_argument(
        "--processes", type=int, metavar="<int>", env_var="LOCUST_PROCESSES",
        help="Run the users in this many processes on this machine (-1: one per core); not with "
        "--worker",
    )
    group.add_argument(
        "--slave", nargs=0, action=ErrorRaisingAction,
        const="The --slave parameter has been renamed --worker", help=argparse.SUPPRESS,
    )
    group.add_argument(
        "--master-host", metavar="<hostname>", default="127.0.0.1",
        env_var="LOCUST_MASTER_NODE_HOST", help="Where the master is (default: 127.0.0.1)",
    )
    group.add_argument(
        "--master-port", type=int, metavar="<port number>", default=5557,
        env_var="LOCUST_MASTER_NODE_PORT", help="The master's port (default: 5557)",
    )


def _add_tags(parser):
    group = parser.add_argument_group("Tag options", "Names as in the decorator @tag('name')")
    group.add_argument(
        "-T", "--tags", nargs="*", metavar="<tag>", env_var="LOCUST_TAGS",
        help="Run only tasks that have one of these tags; separated by spaces or commas",
    )
    group.add_argument(
        "-E", "--exclude-tags", nargs="*", metavar="<tag>", env_var="LOCUST_EXCLUDE_TAGS",
        help="Run only tasks that have none of these tags; separated by spaces or commas",
    )


def _add_statistics(parser):
    group = parser.add_argument_group("Request statistics options")
    group.add_argument(
        "--csv", dest="csv_prefix", metavar="<filename>", env_var="LOCUST_CSV",
        help="Write <filename>_stats.csv, _stats_history.csv, _failures.csv and _exceptions.csv",
    )
    group.add_argument(
        "--csv-full-history", dest="stats_history_enabled", action="store_true",
        env_var="LOCUST_CSV_FULL_HISTORY",
        help="With --csv: the history has rows for every name, not only for the total",
    )
    group.add_argument(
        "--print-stats", action="store_true", env_var="LOCUST_PRINT_STATS",
        help="Print the table of requests now and then: what every run does",
    )
    group.add_argument(
        "--only-summary", action="store_true", env_var="LOCUST_ONLY_SUMMARY",
        help="Print the table of requests only at the end",
    )
    group.add_argument(
        "--reset-stats", action="store_true", env_var="LOCUST_RESET_STATS",
        help="Keep requests made before all users were started out of the results",
    )
    group.add_argument(
        "--html", dest="html_file", metavar="<filename>", env_var="LOCUST_HTML",
        help="Write a report as one HTML file; {u}, {r} and {t} in its name become users, spawn "
        "rate and run time",
    )
    group.add_argument(
        "--json", action="store_true", help="Print the results as JSON on stdout at the end"
    )
    group.add_argument(
        "--json-file", metavar="<filename>", help="Write the results as <filename>.json at the end"
    )


def _add_logging(parser):
    group = parser.add_argument_group("Logging options")
    group.add_argument(
        "--skip-log-setup", action="store_true", env_var="LOCUST_SKIP_LOG_SETUP",
        help="Leave Python's logging as the locustfile sets it up",
    )
    group.add_argument(
        "--loglevel", "-L", type=str.upper, choices=LOGLEVELS, metavar="<level>", default="INFO",
        env_var="LOCUST_LOGLEVEL",
        help="DEBUG, INFO, WARNING, ERROR or CRITICAL (default: INFO)",
    )
    group.add_argument(
        "--logfile", metavar="<filename>", env_var="LOCUST_LOGFILE",
        help="Log to this file (default: stderr)",
    )


def _add_other(parser):
    group = parser.add_argument_group("Other options")
    group.add_argument(
        "--show-task-ratio", action="store_true",
        help="Print how often each task runs in relation to the others, and exit",
    )
    group.add_argument(
        "--show-task-ratio-json", action="store_true", help="The same as JSON, and exit"
    )
    group.add_argument(
        "--version", "-V", action="version", version=version_text(),
        help="print the version and exit",
    )
    group.add_argument(
        "--exit-code-on-error", type=int, metavar="<int>", default=1,
        env_var="LOCUST_EXIT_CODE_ON_ERROR",
        help="Exit code when a request or a task failed (default: 1)",
    )
    group.add_argument(
        "-s", "--stop-timeout", type=timespan, metavar="<seconds>", default="0",
        env_var="LOCUST_STOP_TIMEOUT",
        help="How long users may finish their task at the end (default: 0, cut off at once)",
    )
    group.add_argument(
        "--equal-weights", action="store_true",
        help="As many users of each class, whatever their weights",
    )
    group.add_argument(
        "--profile", type=str, metavar="<name>", help="Sets environment.profile, for your own code"
    )
    group.add_argument(
        "--otel", action="store_true", env_var="LOCUST_ENABLE_OPENTELEMETRY",
        help="Send a span for each request to OTEL_EXPORTER_OTLP_ENDPOINT, or to "
        "http://localhost:4317",
    )
    group.add_argument(
        "-i", "--iterations", type=int, metavar="<int>", env_var="LOCUST_ITERATIONS",
        help="End after this many tasks of all users together",
    )
    parser.note_own_options("-i", "--iterations")


def _add_user_classes(parser):
    group = parser.add_argument_group("User classes")
    group.add_argument(
        "user_classes", nargs="*", metavar="<UserClass1 UserClass2>", default=[],
        help="Names of the User classes to run, after all options (default: all of them, or those "
        "in LOCUST_USER_CLASSES)",
    )
