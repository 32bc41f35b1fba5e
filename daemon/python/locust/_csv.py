"""CSV files with Locust's columns, for programs that use Environment themselves; the command line
has squall's own writer, in C++."""

import csv
import time

import gevent

from . import stats as settings

_TOTALS = (
    ("Median Response Time", "median_response_time"),
    ("Average Response Time", "avg_response_time"),
    ("Min Response Time", "min_response_time"),
    ("Max Response Time", "max_response_time"),
    ("Average Content Size", "avg_content_length"),
)


class StatsCSV:
    """Writes the statistics of an environment to csv.writer objects."""

    def __init__(self, environment, percentiles_to_report):
        self.environment = environment
        self.percentiles_to_report = percentiles_to_report
        titles = [f"{100 * percent:.6f}".rstrip("0").rstrip(".") + "%"
                  for percent in percentiles_to_report]
        self.requests_csv_columns = [
            "Type", "Name", "Request Count", "Failure Count", *(title for title, _ in _TOTALS),
            "Requests/s", "Failures/s", *titles,
        ]
        self.stats_history_csv_columns = [
            "Timestamp", "User Count", "Type", "Name", "Requests/s", "Failures/s", *titles,
            "Total Request Count", "Total Failure Count",
            *(f"Total {title}" for title, _ in _TOTALS),
        ]
        self.failures_columns = [
            "Method", "Name", "Error", "Occurrences", "First Seen", "Last Seen",
        ]
        self.exceptions_columns = ["Count", "Message", "Traceback", "Nodes"]

    def requests_csv(self, csv_writer):
        """One row for each name, and the total."""
        csv_writer.writerow(self.requests_csv_columns)
        for entry in self._entries(full=True):
            csv_writer.writerow([
                entry.method, entry.name, entry.num_requests, entry.num_failures,
                *_totals(entry), entry.total_rps, entry.total_fail_per_sec,
                *self._percentiles(entry, entry.get_response_time_percentile),
            ])

    def stats_history_rows(self, csv_writer, full_history):
        """The rows of this moment, without the header."""
        now = int(time.time())
        for entry in self._entries(full_history):
            csv_writer.writerow([
                now, self.environment.runner.user_count, entry.method, entry.name,
                f"{entry.current_rps:.6f}", f"{entry.current_fail_per_sec:.6f}",
                *self._percentiles(entry, entry.get_current_response_time_percentile),
                entry.num_requests, entry.num_failures, *_totals(entry),
            ])

    def failures_csv(self, csv_writer):
        """One row for each kind of failure."""
        csv_writer.writerow(self.failures_columns)
        for error in self.environment.stats.errors.values():
            csv_writer.writerow([
                error.method, error.name, error.error, error.occurrences,
                _utc(error.first_seen), _utc(error.last_seen),
            ])

    def exceptions_csv(self, csv_writer):
        """One row for each exception of tasks."""
        csv_writer.writerow(self.exceptions_columns)
        for row in self.environment.runner.exceptions.values():
            nodes = ", ".join(sorted(row["nodes"]))
            csv_writer.writerow([row["count"], row["msg"], row["traceback"], nodes])

    def _entries(self, full):
        stats = self.environment.stats
        names = settings.sort_stats(stats.entries) if full else []
        return [*names, stats.total]

    def _percentiles(self, entry, percentile):
        if not entry.num_requests:
            return ["N/A"] * len(self.percentiles_to_report)
        values = map(percentile, self.percentiles_to_report)
        return ["N/A" if value is None else int(value) for value in values]


class StatsCSVFileWriter(StatsCSV):
    """Keeps the four files of --csv up to date; stats_writer is for a greenlet of its own."""

    def __init__(self, environment, percentiles_to_report, base_filepath, full_history=False):
        super().__init__(environment, percentiles_to_report)
        self.base_filepath = base_filepath
        self.full_history = full_history
        self._history = open(  # closed by close_files()
            self._path("stats_history"), "w", newline="", encoding="utf-8"
        )
        csv.writer(self._history).writerow(self.stats_history_csv_columns)

    def __call__(self):
        self.stats_writer()

    def stats_writer(self):
        """Never returns."""
        while True:
            self.write()
            gevent.sleep(settings.CSV_STATS_INTERVAL_SEC)

    def write(self):
        """Brings all files up to date."""
        self.stats_history_rows(csv.writer(self._history), self.full_history)
        self._history.flush()
        for name, fill in (
            ("stats", self.requests_csv),
            ("failures", self.failures_csv),
            ("exceptions", self.exceptions_csv),
        ):
            with open(self._path(name), "w", newline="", encoding="utf-8") as file:
                fill(csv.writer(file))

    def close_files(self):
        """Writes a last time, so that no request is missing, and closes what is open."""
        self.write()
        self._history.close()

    def _path(self, kind):
        return f"{self.base_filepath}_{kind}.csv"


def _totals(entry):
    return [getattr(entry, attribute) or 0 for _, attribute in _TOTALS]


def _utc(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
