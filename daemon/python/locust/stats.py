"""Statistics as user code reads them: views of what the native recorder counts.

One process has one recorder, so all RequestStats show the same requests. In a coordinator they are
those of all agents. reset_all() and clear_all() remember where counting starts anew; nothing that
was recorded is lost to squall's own report.
"""

import hashlib
import json
import logging
import time
from collections import deque
from collections.abc import Mapping

import gevent

from . import _native
from ._response_times import Histogram
from ._response_times import bucket_response_time  # noqa: F401  (for users)
from ._response_times import calculate_response_time_percentile  # noqa: F401  (for users)

console_logger = logging.getLogger("locust.stats_logger")

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


class StatsEntry:
    """The statistics of one name and method, or of all ("Aggregated"), as they are now."""

    def __init__(self, stats, name, method, use_response_times_cache=False):
        self.stats = stats
        self.name = name
        self.method = method
        self.use_response_times_cache = use_response_times_cache

    @property
    def _key(self):
        return (self.name, self.method)

    @property
    def _row(self):
        return self.stats.row(self._key)

    @property
    def num_requests(self):
        return self._row.requests

    @property
    def num_none_requests(self):
        return 0

    @property
    def num_failures(self):
        return self._row.failures

    @property
    def total_response_time(self):
        return self._row.total_ms

    @property
    def min_response_time(self):
        return self._row.min_ms

    @property
    def max_response_time(self):
        return self._row.max_ms or 0

    @property
    def total_content_length(self):
        return self._row.bytes

    @property
    def start_time(self):
        return self._row.first or self.stats.started_at

    @property
    def last_request_timestamp(self):
        return self._row.last

    @property
    def response_times(self):
        """{milliseconds: count}, in Locust's steps."""
        return self.stats.histogram(self._key).buckets()

    @property
    def fail_ratio(self):
        row = self._row
        return row.failures / row.requests if row.requests else 0.0

    @property
    def avg_response_time(self):
        row = self._row
        return row.total_ms / row.requests if row.requests else 0

    @property
    def median_response_time(self):
        return self.get_response_time_percentile(0.5)

    @property
    def avg_content_length(self):
        row = self._row
        return row.bytes / row.requests if row.requests else 0

    @property
    def total_rps(self):
        return self._row.requests / self.stats.seconds() if self.stats.seconds() else 0.0

    @property
    def total_fail_per_sec(self):
        return self._row.failures / self.stats.seconds() if self.stats.seconds() else 0.0

    @property
    def current_rps(self):
        """Of the last ten seconds by the clock, so it falls when nothing is answered any more."""
        return self.stats.current_rates(self._key)[0]

    @property
    def current_fail_per_sec(self):
        return self.stats.current_rates(self._key)[1]

    def get_response_time_percentile(self, percent):
        """Milliseconds that this part (0 to 1) of the requests did not exceed; 0 without any."""
        return self.stats.percentile(self._key, percent) or 0

    def get_current_response_time_percentile(self, percent):
        """The same for the last ten seconds; None when they have no request."""
        return self.stats.current_percentile(self._key, percent)

    def log(self, response_time, content_length):
        """Counts a request."""
        self.stats.log_request(self.method, self.name, response_time, content_length)

    def log_error(self, error):
        """Counts a request that failed."""
        self.stats.log_error(self.method, self.name, error)

    def reset(self):
        """Counts anew from now on."""
        self.stats.reset_entry(self._key)

    def to_dict(self):
        """What the JSON report says of an entry."""
        names = (
            "name", "method", "last_request_timestamp", "start_time", "num_requests",
            "num_none_requests", "num_failures", "total_response_time", "max_response_time",
            "min_response_time", "total_content_length", "response_times",
        )
        return {name: getattr(self, name) for name in names}

    serialize = to_dict

    def __repr__(self):
        return f"<StatsEntry {self.method} {self.name}: {self.num_requests} requests>"


class StatsError:
    """One kind of failure of one name."""

    def __init__(self, method, name, error, occurrences=0, first_seen=None, last_seen=None):
        self.method = method
        self.name = name
        self.error = error
        self.occurrences = occurrences
        self.first_seen = first_seen
        self.last_seen = last_seen

    @classmethod
    def parse_error(cls, error):
        """The text that tells failures apart: object addresses are taken out."""
        text = error if isinstance(error, str) else repr(error)
        start = text.find("object at 0x")
        end = text.find(">", start)
        if start < 0 or end < 0:
            return text
        return f"{text[:start]}object at 0x....{text[end:]}"

    @classmethod
    def create_key(cls, method, name, error):
        """The key in RequestStats.errors."""
        text = f"{method}.{name}.{cls.parse_error(error)!r}"
        return hashlib.sha256(text.encode()).hexdigest()

    def to_name(self):
        """What the console's table says of it."""
        return f"{self.method} {self.name}: {self.error}"

    def to_dict(self):
        return dict(vars(self))

    serialize = to_dict


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

    def percentile(self, key, percent):
        if key in self._histograms_before or (
            key == self.total._key and self._histograms_before
        ):
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


def sort_stats(stats):
    """The values of {key: entry} in the order of the keys."""
    return [stats[key] for key in sorted(stats)]


def get_stats_summary(stats, current=True):
    """The lines of the table of requests."""
    from . import _tables

    return _tables.request_table(stats, current)


def get_percentile_stats_summary(stats):
    """The lines of the table of percentiles."""
    from . import _tables

    return _tables.percentile_table(stats)


def get_error_report_summary(stats):
    """The lines of the table of failures."""
    from . import _tables

    return _tables.error_table(stats)


def _print(lines):
    for line in lines:
        console_logger.info(line)


def print_stats(stats, current=True):
    """Prints the table of requests; like all tables on stderr, by the logger stats_logger."""
    _print(get_stats_summary(stats, current))


def print_percentile_stats(stats):
    """Prints the table of percentiles."""
    _print(get_percentile_stats_summary(stats))


def print_error_report(stats):
    """Prints the table of failures, if there are any."""
    _print(get_error_report_summary(stats))


def print_stats_json(stats):
    """Prints the entries as JSON on stdout."""
    print(json.dumps(stats.serialize_stats(), indent=4))


def stats_printer(stats):
    """A function for a greenlet of its own that prints the table of requests at intervals."""

    def print_forever():
        while True:
            print_stats(stats)
            gevent.sleep(CONSOLE_STATS_INTERVAL_SEC)

    return print_forever


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
