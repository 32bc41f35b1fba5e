"""Response times as counts by milliseconds, and the percentiles of such counts."""


def bucket_response_time(response_time):
    """The step that Locust counts a response time in: two digits of it. 147 → 150."""
    for limit, digits in ((100, 0), (1000, -1), (10000, -2)):
        if response_time < limit:
            return int(round(response_time, digits))
    return int(round(response_time, -3))


def calculate_response_time_percentile(response_times, num_requests, percent):
    """The key of {milliseconds: count} that this part (0 to 1) of the requests did not exceed."""
    position = min(int(num_requests * percent), num_requests - 1)
    seen = 0
    for milliseconds in sorted(response_times):
        seen += response_times[milliseconds]
        if seen > position:
            return milliseconds
    return 0


class Histogram:
    """Counts by milliseconds, finer than Locust's; a value."""

    def __init__(self, pairs=()):
        self._counts = dict(pairs)
        self.count = sum(self._counts.values())

    def minus(self, earlier):
        """What has come since `earlier`, which may be None."""
        if earlier is None:
            return self
        before = earlier._counts
        return Histogram(
            (milliseconds, count - before.get(milliseconds, 0))
            for milliseconds, count in self._counts.items()
            if count > before.get(milliseconds, 0)
        )

    def percentile(self, percent):
        """Milliseconds; None without any request."""
        if not self.count:
            return None
        return calculate_response_time_percentile(self._counts, self.count, percent)

    def bounds(self):
        """The least and the greatest; (None, None) without any."""
        return (min(self._counts), max(self._counts)) if self._counts else (None, None)

    def buckets(self):
        """The same in Locust's steps."""
        steps = {}
        for milliseconds, count in self._counts.items():
            step = bucket_response_time(milliseconds)
            steps[step] = steps.get(step, 0) + count
        return steps
