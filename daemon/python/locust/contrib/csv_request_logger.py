"""Every request as a line of a CSV file."""

import csv
import time

_COLUMNS = (
    "timestamp",
    "request_type",
    "name",
    "response_time_ms",
    "response_length",
    "status_code",
    "exception",
)


class CsvRequestLogger:
    """In a listener of init: `CsvRequestLogger("requests.csv").register(environment)`.

    What the file had before is lost. It is written out every `flush_interval` seconds and at the
    end of the run.
    """

    def __init__(self, filepath, *, flush_interval=1):
        self.filepath = filepath
        self.flush_interval = flush_interval
        self._file = None
        self._writer = None
        self._flushed_at = 0.0

    def register(self, environment):
        """Begins to write the requests of `environment`."""
        self._open()
        environment.events.request.add_listener(self._on_request)
        environment.events.quitting.add_listener(self._on_quitting)

    def close(self):
        """Writes out what is left; requests that come later are ignored."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self):
        self.close()
        self._file = open(self.filepath, "w", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file)
        self._writer.writerow(_COLUMNS)
        self._flush(time.monotonic())

    def _flush(self, now):
        self._file.flush()
        self._flushed_at = now

    def _on_request(
        self,
        request_type,
        name,
        response_time,
        response_length,
        exception=None,
        response=None,
        start_time=None,
        **_kwargs,
    ):
        if self._file is None:
            return
        self._writer.writerow(
            (
                time.time() if start_time is None else start_time,
                request_type,
                name,
                "" if response_time is None else round(response_time, 2),
                response_length,
                _status_code(response),
                "" if exception is None else exception,
            )
        )
        now = time.monotonic()
        if now - self._flushed_at >= self.flush_interval:
            self._flush(now)

    def _on_quitting(self, **_kwargs):
        self.close()


def _status_code(response):
    """0: there is no reply, or it is not one of HTTP."""
    return getattr(response, "status_code", None) or 0
