"""What it costs to be seen: squall alone, scraped by Prometheus's clock, traced, and reporting to
InfluxDB, in turn against one nginx, which is also the collector and the database. Used by bench.py.

CPU time of the whole process counts, with the threads that answer scrapes and send spans. A round
runs every way once, the plain one twice: what those two differ by is the noise of the machine.
"""
import os
import random
import re
import statistics
import threading
import time
import urllib.request

CONNECTIONS = 100
PLAIN = "nothing"
AGAIN = "nothing, once more"


class Scraper:
    """Reads a page once a second, as Prometheus does, from the first core."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}/metrics"
        self.pages = 0
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._scrape)
        self.thread.start()

    def _scrape(self):
        os.sched_setaffinity(0, {0})
        while not self.stopped.wait(1):
            try:
                with urllib.request.urlopen(self.url, timeout=5) as page:
                    text = page.read()
            except OSError:  # not listening yet, or no longer
                continue
            self.pages += b"squall_requests_total{" in text

    def stop(self):
        self.stopped.set()
        self.thread.join()
        return self.pages


def ways(collector):
    """{what watches the run: flags}"""
    tracing = ["--otel-endpoint", collector, "--otel-protocol", "http", "--otel-sample"]
    return {
        PLAIN: [],
        "metrics, scraped each second": ["--metrics-listen", "127.0.0.1:{port}"],
        "tracing, 1 % of the requests": [*tracing, "0.01"],
        "tracing, all requests": [*tracing, "1"],
        "InfluxDB, every 5 s": ["--out", f"influxdb={collector}/write"],
        AGAIN: [],
    }


def measure(run_squall, plan, flags, port):
    """One run: µs of CPU per request, and what the watchers got."""
    scraper = Scraper(port) if "--metrics-listen" in flags else None
    try:
        report, usage = run_squall(plan, [flag.format(port=port) for flag in flags])
    finally:
        pages = scraper.stop() if scraper else 0
    requests = report["totals"]["requests"]
    assert report["totals"]["failures"] == 0, report["failures"]
    return {"us": usage.cpu_seconds / requests * 1e6, "requests": requests, "pages": pages,
            "traces": report.get("traces") or {}}


def watched(way, rounds, seconds):
    """What shows that the way was really taken; one that was not would look cheap."""
    if way.startswith("metrics"):
        pages = min(item["pages"] for item in rounds)
        assert pages >= seconds - 2, f"only {pages} pages were scraped"
        return f"{pages} pages a run"
    if way.startswith("tracing"):
        sampled, exported = (sum(item["traces"][key] for item in rounds)
                             for key in ("sampled", "exported"))
        assert sampled > 0, "no request was sampled"
        return f"{sampled:,} spans, {100 * exported / sampled:.1f} % of them sent"
    return ""


def median_interval(values):
    """(median, low, high): where the median of many such rounds lies, 95 times of 100 (bootstrap,
    Efron 1979)."""
    draw = random.Random(1)
    medians = sorted(statistics.median(draw.choices(values, k=len(values))) for _ in range(2000))
    return statistics.median(values), medians[50], medians[-51]


def bench(run_squall, nginx, plan_for, rounds, seconds, free_port):
    collector, path = re.match(r"(http://[^/]+)(/.*)", nginx.url).groups()
    plan = plan_for(collector, path, CONNECTIONS, seconds)
    results = {way: [] for way in ways(collector)}
    for number in range(rounds):
        # There and back, so that a machine that slows down or warms up favours none.
        order = list(ways(collector).items())
        for way, flags in order if number % 2 == 0 else reversed(order):
            results[way].append(measure(run_squall, plan, flags, free_port()))
            time.sleep(0.2)
    lines = ["| watched by | µs of CPU per request | more than alone | 95 % interval | what came |",
             "|---|--:|--:|--:|---|"]
    for way, items in results.items():
        more = [100 * (item["us"] / (plain["us"] + again["us"]) * 2 - 1)
                for item, plain, again in zip(items, results[PLAIN], results[AGAIN])]
        middle, low, high = median_interval(more)
        cost = statistics.median(item["us"] for item in items)
        lines.append(f"| {way} | {cost:.2f} | {middle:+.1f} % | {low:+.1f} … {high:+.1f} % | "
                     f"{watched(way, items, seconds)} |")
    return ["## Being watched", "",
            f"{rounds} rounds of {seconds} s each, {CONNECTIONS} connections without a pause, one "
            "event loop; CPU time of the whole process per request, so that a thread which sends "
            "spans counts. Medians over the rounds, each against the mean of the two plain runs of "
            "the same round, its first and its last; the interval is that of the median "
            "(bootstrap). "
            "Spans go by OTLP over HTTP to the nginx that is the "
            "target, too, and figures to the same in InfluxDB's protocol.", "", *lines, ""]
