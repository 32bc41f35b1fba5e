"""The tables of requests, percentiles and failures as texts; squall's own report makes them too,
in C++. Here they are for programs that use Environment themselves."""

import json
import logging

import gevent

from . import stats as settings

console_logger = logging.getLogger("locust.stats_logger")
_COLUMN = 7


def get_stats_summary(stats, current=True):
    """The lines of the table of requests; rates of now, or of the whole run."""
    name_width = _name_width() - 4
    kind_width = settings.STATS_TYPE_WIDTH
    line = (
        f"{'-' * kind_width}|{'-' * name_width}|-------|-------------|-------|-------|-------"
        "|-------|--------|-----------"
    )
    rows = [_request_row(entry, current, name_width) for entry in _sorted_entries(stats)]
    header = (
        f"{'Type':<{kind_width}} {'Name':<{name_width}} {'# reqs':>7} {'# fails':>12} |"
        f"{'Avg':>7} {'Min':>7} {'Max':>7} {'Med':>6} | {'req/s':>7} {'failures/s':>11}"
    )
    return [header, line, *rows, line, _request_row(stats.total, current, name_width), ""]


def _request_row(entry, current, name_width):
    requests, failures = entry.num_requests, entry.num_failures
    failed = f"{failures}({100 * entry.fail_ratio:.2f}%)"
    rate = entry.current_rps if current else entry.total_rps
    fail_rate = entry.current_fail_per_sec if current else entry.total_fail_per_sec
    return (
        f"{_first_columns(entry, name_width)} {requests:>7} {failed:>12} |"
        f"{int(entry.avg_response_time):>7} {int(entry.min_response_time or 0):>7} "
        f"{int(entry.max_response_time):>7} {int(entry.median_response_time):>6} | "
        f"{rate:>7.2f} {fail_rate:>11.2f}"
    )


def get_percentile_stats_summary(stats):
    """The lines of the table of response time percentiles."""
    name_width = _name_width()
    percents = settings.PERCENTILES_TO_REPORT
    line = "|".join(
        ["-" * settings.STATS_TYPE_WIDTH, "-" * name_width, "-" * 8, *["------"] * len(percents)]
    )
    titles = "".join(f"{_percent_text(percent):>{_COLUMN}}" for percent in percents)
    header = f"{'Type':<{settings.STATS_TYPE_WIDTH}} {'Name':<{name_width}}  {titles} # reqs"
    rows = [_percentile_row(entry, name_width) for entry in _sorted_entries(stats)]
    return [
        "Response time percentiles (approximated)", header, line, *rows, line,
        _percentile_row(stats.total, name_width) if rows else "", "",
    ]


def _percentile_row(entry, name_width):
    cells = "".join(
        f"{round(entry.get_response_time_percentile(percent)):>{_COLUMN}}"
        for percent in settings.PERCENTILES_TO_REPORT
    )
    return f"{_first_columns(entry, name_width)}  {cells} {entry.num_requests:>6}"


def get_error_report_summary(stats):
    """The lines of the table of failures; none when nothing has failed."""
    errors = sorted(stats.errors.values(), key=lambda error: -error.occurrences)
    if not errors:
        return []
    line = f"{'-' * 18}|{'-' * (_name_width() + 61)}"
    rows = [f"{error.occurrences:<18} {error.to_name():<100}" for error in errors]
    return ["Error report", f"{'# occurrences':<18} {'Error':<100}", line, *rows, line, ""]


def _sorted_entries(stats):
    return [entry for _, entry in sorted(stats.entries.items()) if entry.num_requests]


def _first_columns(entry, name_width):
    kind = entry.method or ""
    return f"{kind:<{settings.STATS_TYPE_WIDTH}} {entry.name[:name_width]:<{name_width}}"


def _name_width():
    return settings.STATS_NAME_WIDTH


def _percent_text(percent):
    return f"{100 * percent:.6f}".rstrip("0").rstrip(".") + "%"


def print_stats(stats, current=True):
    """Prints the table of requests; like all tables on stderr, by a logger of their own."""
    _print(get_stats_summary(stats, current))


def print_percentile_stats(stats):
    """Prints the table of percentiles."""
    _print(get_percentile_stats_summary(stats))


def print_error_report(stats):
    """Prints the table of failures, if there are any."""
    _print(get_error_report_summary(stats))


def _print(lines):
    for line in lines:
        console_logger.info(line)


def print_stats_json(stats):
    """Prints the entries as JSON on stdout."""
    print(json.dumps(stats.serialize_stats(), indent=4))


def stats_printer(stats):
    """A function for a greenlet of its own that prints the table of requests at intervals."""

    def print_forever():
        while True:
            print_stats(stats)
            gevent.sleep(settings.CONSOLE_STATS_INTERVAL_SEC)

    return print_forever
