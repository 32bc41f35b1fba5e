"""One line of the statistics, and one line of the failures, as user code reads them."""

import hashlib


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
        return self.stats.bounds(self._key)[0]

    @property
    def max_response_time(self):
        return self.stats.bounds(self._key)[1] or 0

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

    @property
    def num_reqs_per_sec(self):
        """{epoch second: requests} of the last 20 seconds at most; Locust has it for the whole run.
        Counted once a second, so the second that goes on is not in it."""
        return self.stats.per_second(self._key, 0)

    @property
    def num_fail_per_sec(self):
        """The same of failures."""
        return self.stats.per_second(self._key, 1)

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
        """What the JSON report says of an entry, but for the counts of each second: here there are
        only those of the last ones."""
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
