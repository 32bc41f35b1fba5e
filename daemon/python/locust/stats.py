"""Statistics as user code reads them: views of what the native recorder counts.

One process has one recorder, so all RequestStats show the same requests. In a coordinator they are
those of all agents. reset_all() and clear_all() remember where counting starts anew; nothing that
was recorded is lost to squall's own report.
"""

import importlib
import time
from collections import deque
from collections.abc import Mapping

import gevent

from . import _native
from ._response_times import Histogram
from ._response_times import bucket_response_time  # noqa: F401  (for users)
from ._response_times import calculate_response_time_percentile  # noqa: F401  (for users)
from ._stats_entry import StatsEntry, StatsError

# Names of this module that live elsewhere.
_ELSEWHERE = {
    "StatsCSV": "_csv",
    "StatsCSVFileWriter": "_csv",
    "console_logger": "_tables",
    "get_error_report_summary": "_tables",
    "get_percentile_stats_summary": "_tables",
    "get_stats_summary": "_tables",
    "print_error_report": "_tables",
    "print_percentile_stats": "_tables",
    "print_stats": "_tables",
    "print_stats_json": "_tables",
    "stats_printer": "_tables",
}

# Programs overwrite these.
STATS_NAME_WIDTH = 80
STATS_TYPE_WIDTH = 8
CONSOLE_STATS_INTERVAL_SEC = 2
HISTORY_STATS_INTERVAL_SEC = 5
CSV_STATS_INTERVAL_SEC = 1
CSV_STATS_FLUSH_INTERVAL_SEC = 5
CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW = 10
CACHED_RESPONSE_TIMES_SIZE = CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW + 10
PERCENTILES_TO_REPORT = [0.50, 0.66, 0.75, 0.80, 0.90, 0.95, 0.98, 0.99, 0.999, 0.9999, 1.0]
PERCENTILES_TO_STATISTICS = [0.95, 0.99]
PERCENTILES_TO_CHART = [0.5, 0.95]
MODERN_UI_PERCENTILES_TO_CHART = PERCENTILES_TO_CHART

_WINDOW_SECONDS = 10
_SAMPLES = 2 * _WINDOW_SECONDS
# The recorder's row of a name: see _Row.
_EMPTY = (0, 0, 0.0, None, None, 0, None, None)


class RequestStatsAdditionError(Exception):
    """Statistics of different names were to be added."""


class _Row:
    """The numbers of one entry at one moment."""

    __slots__ = ("requests", "failures", "total_ms", "min_ms", "max_ms", "bytes", "first", "last")

    def __init__(self, values=_EMPTY):
        (self.requests, self.failures, self.total_ms, self.min_ms, self.max_ms, self.bytes,
         self.first, self.last) = values

    def add(self, other):
        self.requests += other.requests
        self.failures += other.failures
        self.total_ms += other.total_ms
        self.bytes += other.bytes
        self.min_ms = _combine(min, self.min_ms, other.min_ms)
        self.max_ms = _combine(max, self.max_ms, other.max_ms)
        self.first = _combine(min, self.first, other.first)
        self.last = _combine(max, self.last, other.last)

    def subtract(self, earlier):
        if earlier.requests > self.requests:
            return  # the recorder itself was reset since
        self.requests -= earlier.requests
        self.failures -= earlier.failures
        self.total_ms -= earlier.total_ms
        self.bytes -= earlier.bytes


def _combine(choose, left, right):
    if left is None or right is None:
        return right if left is None else left
    return choose(left, right)


def _read_rows():
    """{(name, method): _Row} of everything since the process began."""
    return {
        (name, method): _Row(values)
        for method, name, *values in _native.engine.stats_entries()
    }


def _read_histogram(key):
    method, name = (None, None) if key is None else (key[1], key[0])
    return Histogram(_native.engine.stats_histogram(method, name))


class _Entries(Mapping):
    """{(name, method): StatsEntry}; the entries are made when asked for."""

    def __init__(self, stats):
        self._stats = stats

    def __getitem__(self, key):
        if key not in self._stats.keys():
            raise KeyError(key)
        return StatsEntry(self._stats, *key)

    def __iter__(self):
        return iter(self._stats.keys())

    def __len__(self):
        return len(self._stats.keys())


class RequestStats:
    """All statistics: entries by (name, method), their total, failures, and the history."""

    def __init__(self, use_response_times_cache=True):
        self.use_response_times_cache = use_response_times_cache
        self.entries = _Entries(self)
        self.total = StatsEntry(self, "Aggregated", None)
        self.history = []
        self._rows_before = {}
        self._histograms_before = {}
        self._failures_before = {}
        self._samples = deque(maxlen=_SAMPLES)
        self.clear_all()

    @property
    def errors(self):
        """{key: StatsError}."""
        found = {}
        for method, name, reason, count, first, last in _native.engine.stats_failures():
            key = StatsError.create_key(method, name, reason)
            count -= self._failures_before.get(key, 0)
            if count > 0:
                found[key] = StatsError(method, name, reason, count, first, last)
        return found

    @property
    def num_requests(self):
        return self.total.num_requests

    @property
    def num_none_requests(self):
        return 0

    @property
    def num_failures(self):
        return self.total.num_failures

    @property
    def last_request_timestamp(self):
        return self.total.last_request_timestamp

    @property
    def start_time(self):
        return self.total.start_time

    def get(self, name, method):
        """The entry of a name; one without requests when there is none yet."""
        return StatsEntry(self, name, method)

    def log_request(self, method, name, response_time, content_length):
        """Counts a request that no client of ours has made."""
        _native.engine.record(method, name, response_time, content_length or 0, None)

    def log_error(self, method, name, error):
        """Counts one that failed. After log_request() of the same it is one request too many."""
        _native.engine.record(method, name, None, 0, StatsError.parse_error(error))

    def reset_all(self):
        """Counts anew from now on."""
        self.started_at = time.time()
        self._rows_before = _read_rows()
        self._histograms_before = {
            key: _read_histogram(key) for key in (None, *self._rows_before) if self._rows_before
        }
        self._failures_before = {
            StatsError.create_key(method, name, reason): count
            for method, name, reason, count, *_ in _native.engine.stats_failures()
        }
        self._samples.clear()

    def clear_all(self):
        """reset_all(), and the history is empty again."""
        self.reset_all()
        self.history = []

    def reset_entry(self, key):
        """Counts one name anew."""
        rows = _read_rows()
        if key in rows:
            self._rows_before[key] = rows[key]
            self._histograms_before[key] = _read_histogram(key)

    # What entries are made of.

    def _rows(self):
        rows = _read_rows()
        for key, before in self._rows_before.items():
            if key in rows:
                rows[key].subtract(before)
                if not rows[key].requests:
                    del rows[key]
        return rows

    def keys(self):
        return sorted(self._rows())

    def row(self, key):
        rows = self._rows()
        if key != self.total._key:
            return rows.get(key) or _Row()
        total = _Row()
        for row in rows.values():
            total.add(row)
        return total

    def seconds(self):
        """From the first request to the latest."""
        row = self.row(self.total._key)
        return row.last - max(row.first, self.started_at) if row.last else 0

    def histogram(self, key):
        key = None if key == self.total._key else key
        return _read_histogram(key).minus(self._histograms_before.get(key))

    def _was_reset(self, key):
        return key in self._histograms_before or (
            key == self.total._key and bool(self._histograms_before)
        )

    def bounds(self, key):
        """The least and the greatest response time; (None, None) without any."""
        if self._was_reset(key):
            return self.histogram(key).bounds()
        row = self.row(key)
        return row.min_ms, row.max_ms

    def percentile(self, key, percent):
        if self._was_reset(key):
            return self.histogram(key).percentile(percent)
        method, name = (None, None) if key == self.total._key else (key[1], key[0])
        return _native.engine.stats_percentile(method, name, percent)

    def take_sample(self):
        """Once a second, for what is said of the last ten."""
        counts = {key: (row.requests, row.failures) for key, row in self._rows().items()}
        counts[self.total._key] = tuple(map(sum, zip(*counts.values()))) or (0, 0)
        self._samples.append((time.time(), counts, self.histogram(self.total._key)))

    def _sample_before(self, now):
        """The latest sample that is older than the window, or the oldest there is."""
        older = [sample for sample in self._samples if sample[0] <= now - _WINDOW_SECONDS]
        return older[-1] if older else self._samples[0] if self._samples else None

    def current_rates(self, key):
        now = time.time()
        sample = self._sample_before(now)
        since, before = (self.started_at, (0, 0))
        if sample is not None:
            since, before = sample[0], sample[1].get(key, (0, 0))
        row = self.row(key)
        seconds = max(now - since, 1.0)
        return (row.requests - before[0]) / seconds, (row.failures - before[1]) / seconds

    def per_second(self, key, column):
        """{epoch second: count} of requests (column 0) or failures (1), as far as samples go."""
        found = {}
        # With a full deque nobody knows when the counts of the first sample came about.
        before = 0 if len(self._samples) < _SAMPLES else None
        for when, counts, _ in self._samples:
            count = counts.get(key, (0, 0))[column]
            if before is not None and count > before:
                found[int(when)] = found.get(int(when), 0) + count - before
            before = count
        return found

    def current_percentile(self, key, percent):
        sample = self._sample_before(time.time())
        if key != self.total._key or sample is None:
            return self.percentile(key, percent)
        recent = self.histogram(key).minus(sample[2])
        return recent.percentile(percent) if recent.count else None

    def serialize_stats(self):
        return [entry.to_dict() for entry in self.entries.values() if entry.num_requests]

    def serialize_errors(self):
        return {key: error.to_dict() for key, error in self.errors.items()}


def __getattr__(name):
    if name in _ELSEWHERE:
        return getattr(importlib.import_module(f".{_ELSEWHERE[name]}", __package__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def sort_stats(stats):
    """The values of {key: entry} in the order of the keys."""
    return [stats[key] for key in sorted(stats)]


def stats_history(runner):
    """Never returns: keeps runner.stats.history. For a greenlet of its own."""
    while True:
        stats = runner.stats
        if runner.state not in ("ready", "stopped"):
            total = stats.total
            row = {
                f"response_time_percentile_{percent}":
                    [_now(), total.get_current_response_time_percentile(percent) or 0]
                for percent in PERCENTILES_TO_CHART
            }
            row.update(
                time=_now(),
                current_rps=[_now(), total.current_rps],
                current_fail_per_sec=[_now(), total.current_fail_per_sec],
                total_avg_response_time=[_now(), total.avg_response_time],
                user_count=[_now(), runner.user_count],
            )
            stats.history.append(row)
        gevent.sleep(HISTORY_STATS_INTERVAL_SEC)


def _now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
