"""The locustfiles of tests/e2e/locustfiles, how each is run, and how to read what a run tells.

record_locust.py runs them on Locust and keeps the outcome in tests/golden/locust/runs;
locust_files_test.py runs them on Squall and compares. The files do the same in every run: each
user has a list of things to do, and the last one ends the run (locustfiles/parting.py), or the
shape does.
"""
import dataclasses
import os
import pathlib
import re
import subprocess

FOLDER = pathlib.Path(__file__).parent / "locustfiles"
GOLDEN = pathlib.Path(__file__).parents[1] / "golden/locust/runs"
# Longer than any of the runs; for a run that would not end by itself.
LIMIT = 60


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    file: str
    options: tuple = ("-u", "1")
    # "{target}" is the address of squall-target.
    environment: dict = dataclasses.field(default_factory=dict)
    host: bool = True
    # Lines of the standard output in any order: those of users that run at the same time.
    unordered: bool = False


def users(number, *more):
    return ("-u", str(number), "-r", str(number), *more)


CASES = [
    Case("basic", "shop_basic.py"),
    Case("catalogue", "shop_catalogue.py"),
    Case("catalogue_tags", "shop_catalogue.py", users(1, "-t", "1s", "--tags", "purchase,browse")),
    Case("stages", "shop_stages.py", ()),
    Case("peak", "shop_peak.py", ()),
    Case("stress", "shop_stress.py", ()),
    Case("soak", "shop_soak.py", ()),
    Case("spike", "shop_spike.py", ()),
    Case("tally", "shop_tally.py", users(3)),
    Case("retry", "shop_retry.py", users(1, "-t", "1s")),
    Case("prices", "shop_prices.py", users(2)),
    Case("settings", "shop_settings.py", users(2), {"PRODUCT_SERVICE_URL": "{target}"}, False),
    Case("tracing", "tracing/locustfile.py", users(1, "-t", "1s"),
         {"OTEL_ENDPOINT": "http://collector:4317"}),
    Case("nested_sets", "nested_sets.py", users(2), unordered=True),
    Case("in_sequence", "in_sequence.py", users(2)),
    Case("state_machine", "state_machine.py", users(2)),
    Case("shape_of_classes", "shape_of_classes.py", ("-u", "2", "-r", "20")),
    Case("lifecycle", "lifecycle.py"),
    Case("own_protocol", "own_protocol.py", users(2)),
    Case("from_csv", "from_csv.py", users(4), unordered=True),
    Case("with_token", "with_token.py", users(2)),
    Case("side_by_side", "side_by_side.py", users(2), unordered=True),
    Case("sleepers", "sleepers.py", ("-u", "3", "-r", "100")),
    Case("plain_requests", "plain_requests.py"),
    Case("tagged", "tagged.py", users(2)),
    Case("tagged_read", "tagged.py", users(2, "--tags", "read")),
    Case("tagged_without", "tagged.py",
         users(2, "--tags", "read", "admin", "--exclude-tags", "slow")),
    Case("two_classes", "two_classes.py", users(7)),
    Case("one_of_two_classes", "two_classes.py", users(3, "Buyer")),
    Case("fast_user", "fast_user.py"),
    Case("judged", "judged.py"),
    Case("paced", "paced.py", users(3)),
    # Locust only ends with -t: its quit() in a user of several hangs.
    Case("quit_at_total", "quit_at_total.py", users(4, "-t", "2s")),
    Case("stops_itself", "stops_itself.py", users(4, "-t", "1s")),
    Case("own_argument", "own_argument.py", users(2, "--category", "Books", "--loud"),
         {"SHOP_TIMES": "3"}),
    Case("mistakes", "mistakes.py", users(2)),
    Case("mistakes_forgiven", "mistakes.py", users(1, "--exit-code-on-error", "0")),
    Case("session_ways", "session_ways.py"),
    Case("leaves_early", "leaves_early.py", users(1, "-t", "2s")),
    Case("in_context", "in_context.py"),
    Case("by_chance", "by_chance.py"),
    Case("statistics", "statistics.py"),
    Case("noisy_listeners", "noisy_listeners.py"),
    Case("inherited", "inherited.py", users(2)),
    Case("slow_to_stop", "slow_to_stop.py", users(2, "-t", "1s", "--stop-timeout", "10")),
    Case("two_files", "two_classes.py,in_sequence.py", users(4, "Buyer", "PayingCustomer")),
    Case("listed", "two_classes.py,state_machine.py", ("--list",)),
    Case("task_ratio", "tagged.py,two_classes.py", users(7, "--show-task-ratio")),
    Case("environment_options", "shop_prices.py", (),
         {"LOCUST_USERS": "2", "LOCUST_SPAWN_RATE": "5", "LOCUST_HOST": "{target}",
          "LOCUST_RUN_TIME": "50", "LOCUST_EXIT_CODE_ON_ERROR": "9"}, False),
]

ROW = re.compile(r"^(\S*) +(\S.*?) +(\d+) +(\d+)\([\d.]+%\) \|")
ERROR = re.compile(r"^(\d+) +(\S.*?)\s*$")


def run(program, case, target_url):
    """Runs a case to its end. Gives the outcome as a value for JSON (the exit code, [requests,
    failures] by "method name", occurrences by failure, the lines printed), and the standard
    error."""
    files = ",".join(str(FOLDER / name) for name in str(case.file).split(","))
    command = [*map(str, program), "-f", files, "--headless", "--only-summary",
               *case.options]
    if case.host:
        command += ["-H", target_url]
    environment = {key: value.format(target=target_url) for key, value in case.environment.items()}
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                           timeout=LIMIT, check=False,
                           env={**os.environ, "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1",
                                **environment})
    lines = ended.stdout.replace(target_url, "{target}").splitlines()
    port = target_url.rpartition(":")[2]
    if case.unordered:
        lines.sort()
    errors = ended.stderr.replace(target_url, "{target}").replace(f"port={port}", "port={port}")
    return {"exit_code": ended.returncode, "requests": read_requests(errors),
            "failures": read_failures(errors), "output": lines}, ended.stderr


def read_requests(text):
    """The last table of requests."""
    last = text.rfind("# reqs      # fails")
    counts = {}
    for line in text[last:].splitlines()[2:] if last >= 0 else ():
        row = ROW.match(line)
        if row:
            counts[f"{row[1]} {row[2]}"] = [int(row[3]), int(row[4])]
        elif line.startswith("---"):
            break
    return dict(sorted(counts.items()))


def read_failures(text):
    """The last table of errors: its rows are between two lines of dashes."""
    last = text.rfind("Error report")
    failures = {}
    for line in text[last:].splitlines()[3:] if last >= 0 else ():
        row = ERROR.match(line)
        if not row:
            break
        failures[row[2]] = int(row[1])
    return dict(sorted(failures.items()))
