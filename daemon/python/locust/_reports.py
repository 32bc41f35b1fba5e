"""What happens at intervals while a test runs: samples of the statistics, use of the CPU, and an
agent's own data for the coordinator's listeners."""

import logging
import resource
import time

import gevent

from . import _native
from .log import greenlet_exception_logger
from .runners import CPU_WARNING_THRESHOLD, REPORT_MESSAGE, WorkerRunner
from .stats import stats_history

logger = logging.getLogger("locust.runners")

_SAMPLE_SECONDS = 1.0
_USAGE_SECONDS = 10.0


class Reports:
    """The greenlets of one runner; start() and stop() with each run."""

    def __init__(self, runner):
        self._runner = runner
        self._events = runner.environment.events
        self._greenlets = []

    def start(self):
        """Has no effect while they run."""
        if self._greenlets:
            return
        jobs = [self._sample, self._watch_usage, lambda: stats_history(self._runner)]
        if isinstance(self._runner, WorkerRunner):
            jobs.append(self._report)
        self._greenlets = [gevent.spawn(job) for job in jobs]
        for greenlet in self._greenlets:
            greenlet.link_exception(greenlet_exception_logger(logger))

    def stop(self):
        """Ends them; an agent reports once more, so that nothing is missing."""
        self.kill()
        if isinstance(self._runner, WorkerRunner):
            self._send_report()

    def kill(self):
        """Ends them as they are."""
        gevent.killall(self._greenlets, block=False)
        self._greenlets = []

    def _sample(self):
        while True:
            self._runner.stats.take_sample()
            gevent.sleep(_SAMPLE_SECONDS)

    def _report(self):
        from . import runners

        while True:
            gevent.sleep(runners.WORKER_REPORT_INTERVAL)
            self._send_report()

    def _send_report(self):
        data = {}
        self._events.report_to_master.fire(client_id=self._runner.client_id, data=data)
        report = {"data": data, "exceptions": self._runner.take_new_exceptions()}
        if data or report["exceptions"]:
            _native.note("message", {"type": REPORT_MESSAGE, "data": report, "client_id": None})

    def _watch_usage(self):
        while True:
            began, used = time.monotonic(), time.process_time()
            gevent.sleep(_USAGE_SECONDS)
            percent = 100 * (time.process_time() - used) / (time.monotonic() - began)
            self._runner.current_cpu_usage = percent
            self._runner.current_memory_usage = resident_bytes()
            self._events.usage_monitor.fire(
                environment=self._runner.environment,
                cpu_usage=percent,
                memory_usage=self._runner.current_memory_usage,
            )
            if percent > CPU_WARNING_THRESHOLD and not self._runner.cpu_warning_emitted:
                self._runner.cpu_warning_emitted = True
                logger.warning("The locustfile's process uses %.0f %% of a core", percent)
                self._events.cpu_warning.fire(
                    environment=self._runner.environment, cpu_usage=percent
                )


def resident_bytes():
    """How much memory this process has."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()
