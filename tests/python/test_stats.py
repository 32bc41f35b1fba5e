"""Statistics as user code reads them, fed through the recorder of this process."""

import csv
import json
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from locust import stats as stats_module
from locust.stats import (
    RequestStats,
    StatsError,
    bucket_response_time,
    calculate_response_time_percentile,
)

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "locust"


def golden(name):
    return json.loads((GOLDEN / f"{name}.json").read_text())


class PureTest(unittest.TestCase):
    def test_response_times_are_counted_in_locusts_steps(self):
        for row in golden("bucket_response_time"):
            with self.subTest(row["in"]):
                self.assertEqual(row["out"], bucket_response_time(row["in"]))

    def test_percentiles_of_counts_are_those_of_locust(self):
        for row in golden("percentiles"):
            counts = {int(key): count for key, count in row["histogram"].items()}
            for percent, expected in row["percentiles"].items():
                with self.subTest(percent, counts=counts):
                    self.assertEqual(
                        expected,
                        calculate_response_time_percentile(
                            counts, sum(counts.values()), float(percent)
                        ),
                    )

    def test_addresses_of_objects_do_not_tell_failures_apart(self):
        for row in golden("error_parse"):
            if not row["is_exc"]:
                self.assertEqual(row["parsed"], StatsError.parse_error(row["in"]))
        self.assertEqual("ValueError('v')", StatsError.parse_error(ValueError("v")))
        one, two = (f"<thing object at {address}>" for address in ("0x7f00", "0x7f01"))
        self.assertEqual(
            StatsError.create_key("GET", "/", one), StatsError.create_key("GET", "/", two)
        )


class TablesTest(unittest.TestCase):
    """The run whose tables Locust has printed in tables.txt."""

    @staticmethod
    def entry(method, name, counts, times, rates, percentiles):
        requests, failures = counts
        return SimpleNamespace(
            method=method, name=name, num_requests=requests, num_failures=failures,
            fail_ratio=failures / requests, avg_response_time=times[0],
            min_response_time=times[1], max_response_time=times[2],
            median_response_time=times[3], total_rps=rates[0], total_fail_per_sec=rates[1],
            get_response_time_percentile=dict(
                zip(stats_module.PERCENTILES_TO_REPORT, percentiles)
            ).get,
        )

    def setUp(self):
        text = "HTTPError('404 Client Error: Not Found for url: /status/404')"
        self.stats = SimpleNamespace(
            entries={
                ("/status/404", "GET"): self.entry(
                    "GET", "/status/404", (39, 39), (1.9, 1, 2, 2), (8.34, 8.34),
                    [2] * 4 + [3] * 7),
                ("/delay", "GET"): self.entry(
                    "GET", "/delay", (49, 0), (149.6, 148, 157.2, 150), (10.48, 0),
                    [150] * 6 + [160] * 5),
                ("/a", "GET"): self.entry(
                    "GET", "/a", (132, 0), (1.8, 1, 4, 2), (28.23, 0), [2] * 5 + [3, 4] + [5] * 4),
            },
            total=self.entry(
                "", "Aggregated", (220, 39), (34.4, 1, 157.2, 2), (47.05, 8.34),
                [2, 2, 3] + [150] * 5 + [160] * 3),
            errors={"key": StatsError("GET", "/status/404", text, 39)},
        )

    def test_they_look_like_locusts(self):
        lines = [
            *stats_module.get_stats_summary(self.stats, current=False),
            *stats_module.get_percentile_stats_summary(self.stats),
            *stats_module.get_error_report_summary(self.stats),
        ]
        self.assertEqual((GOLDEN / "tables.txt").read_text().splitlines(), lines[:-1])

    def test_they_are_printed_by_a_logger_of_their_own(self):
        with self.assertLogs("locust.stats_logger", "INFO") as logs:
            stats_module.print_error_report(self.stats)
        self.assertEqual("Error report", logs.records[0].getMessage())
        with self.assertNoLogs("locust.stats_logger", "INFO"):
            stats_module.print_error_report(SimpleNamespace(errors={}))


class CsvTest(unittest.TestCase):
    def setUp(self):
        self.stats = RequestStats()
        self.environment = SimpleNamespace(stats=self.stats, runner=SimpleNamespace(
            user_count=3,
            exceptions={1: {"count": 2, "msg": "m", "traceback": "t\nu", "nodes": {"b", "a"}}},
        ))
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.base = Path(directory.name, "run")

    def rows(self, kind):
        data = Path(f"{self.base}_{kind}.csv").read_bytes().decode()
        self.assertTrue(data.endswith("\r\n"))
        return list(csv.DictReader(data.splitlines(keepends=True)))

    def test_the_files_have_locusts_columns_and_all_requests(self):
        writer = stats_module.StatsCSVFileWriter(
            self.environment, stats_module.PERCENTILES_TO_REPORT, str(self.base), True
        )
        writer.write()
        self.stats.log_request("GET", "/csv", 20, 5)
        self.stats.log_error("POST", "/csv", "bad")
        writer.close_files()
        get, post, total = self.rows("stats")
        self.assertEqual(("GET", "/csv", "1", "0"), tuple(get.values())[:4])
        self.assertEqual(("POST", "/csv", "1", "1"), tuple(post.values())[:4])
        self.assertEqual(("", "Aggregated", "2", "1"), tuple(total.values())[:4])
        self.assertEqual("20", get["99.99%"])
        self.assertEqual(("Type", "Name", "Request Count", "Failure Count",
                          "Median Response Time", "Average Response Time", "Min Response Time",
                          "Max Response Time", "Average Content Size", "Requests/s", "Failures/s",
                          "50%", "66%", "75%", "80%", "90%", "95%", "98%", "99%", "99.9%",
                          "99.99%", "100%"), tuple(get))
        history = self.rows("stats_history")
        self.assertEqual(["Aggregated", "/csv", "/csv", "Aggregated"],
                         [row["Name"] for row in history])
        self.assertEqual("N/A", history[0]["50%"])
        self.assertEqual(("3", "2"), (history[3]["User Count"], history[3]["Total Request Count"]))
        failure, = self.rows("failures")
        self.assertEqual(("POST", "/csv", "bad", "1"), tuple(failure.values())[:4])
        self.assertRegex(failure["First Seen"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(
            [{"Count": "2", "Message": "m", "Traceback": "t\nu", "Nodes": "a, b"}],
            self.rows("exceptions"),
        )


class RequestStatsTest(unittest.TestCase):
    def setUp(self):
        self.stats = RequestStats()

    def test_requests_are_counted_by_name_and_in_total(self):
        for milliseconds in (10, 20, 30):
            self.stats.log_request("GET", "/counted", milliseconds, 100)
        self.stats.log_request("POST", "/counted", 60, 0)
        entry = self.stats.get("/counted", "GET")
        self.assertEqual(3, entry.num_requests)
        self.assertEqual(60, entry.total_response_time)
        self.assertEqual(20, entry.avg_response_time)
        self.assertEqual((10, 30), (entry.min_response_time, entry.max_response_time))
        self.assertEqual(100, entry.avg_content_length)
        self.assertAlmostEqual(20, entry.median_response_time, delta=0.2)
        total = self.stats.total
        self.assertEqual((4, 0, 0.0), (total.num_requests, total.num_failures, total.fail_ratio))
        self.assertEqual(30, total.avg_response_time)
        self.assertEqual("Aggregated", total.name)
        self.assertIn(("/counted", "POST"), self.stats.entries)
        self.assertEqual(1, self.stats.entries["/counted", "POST"].num_requests)
        self.assertNotIn(("/never", "GET"), self.stats.entries)

    def test_a_name_without_requests_has_zeros(self):
        entry = self.stats.get("/nothing", "GET")
        self.assertEqual(0, entry.num_requests)
        self.assertEqual(0, entry.avg_response_time)
        self.assertEqual(0, entry.get_response_time_percentile(0.99))
        self.assertEqual(0, entry.fail_ratio)
        self.assertIsNone(entry.min_response_time)
        self.assertEqual(0.0, entry.total_rps)

    def test_failures_are_counted_by_their_text(self):
        self.stats.log_error("GET", "/failing", ValueError("x"))
        self.stats.log_error("GET", "/failing", ValueError("x"))
        self.stats.log_error("GET", "/failing", "other")
        self.assertEqual(3, self.stats.get("/failing", "GET").num_failures)
        by_text = {error.error: error for error in self.stats.errors.values()}
        self.assertEqual({"ValueError('x')": 2, "other": 1},
                         {text: error.occurrences for text, error in by_text.items()})
        self.assertEqual("GET /failing: other", by_text["other"].to_name())

    def test_what_was_before_a_reset_does_not_count(self):
        self.stats.log_request("GET", "/reset", 500, 10)
        self.stats.log_error("GET", "/reset", "before")
        self.stats.reset_all()
        self.assertEqual(0, self.stats.total.num_requests)
        self.assertEqual({}, self.stats.errors)
        self.assertEqual(0, len(self.stats.entries))
        self.stats.log_request("GET", "/reset", 7, 10)
        entry = self.stats.get("/reset", "GET")
        self.assertEqual((1, 0), (entry.num_requests, entry.num_failures))
        self.assertAlmostEqual(7, entry.avg_response_time, places=3)
        self.assertAlmostEqual(7, entry.get_response_time_percentile(0.99), delta=0.1)
        self.assertAlmostEqual(7, entry.max_response_time, delta=0.1)
        self.assertAlmostEqual(7, self.stats.total.min_response_time, delta=0.1)
        self.assertAlmostEqual(7, self.stats.total.get_response_time_percentile(1.0), delta=0.1)

    def test_clear_all_also_forgets_the_history(self):
        self.stats.history.append({"user_count": 1})
        self.stats.clear_all()
        self.assertEqual([], self.stats.history)

    def test_one_entry_can_be_reset(self):
        self.stats.log_request("GET", "/one", 5, 0)
        self.stats.log_request("GET", "/two", 5, 0)
        self.stats.get("/one", "GET").reset()
        self.assertEqual(0, self.stats.get("/one", "GET").num_requests)
        self.assertEqual(1, self.stats.total.num_requests)

    def test_current_rates_are_of_the_last_ten_seconds_by_the_clock(self):
        clock = mock.patch.object(stats_module.time, "time", side_effect=lambda: self.now)
        self.now = 1000.0
        with clock:
            self.stats.reset_all()
            for second in range(20):
                self.now = 1000.0 + second
                self.stats.take_sample()
                if second < 10:
                    self.stats.log_request("GET", "/rate", 20 + second, 0)
                    self.stats.log_request("GET", "/rate", 20 + second, 0)
            self.now = 1010.0
            # The window begins with the first sample.
            self.assertEqual(2.0, self.stats.total.current_rps)
            self.now = 1015.0
            self.assertEqual(1.0, self.stats.total.current_rps)
            self.now = 1025.0
            self.assertEqual(0.0, self.stats.total.current_rps)
            self.assertEqual(0.0, self.stats.total.current_fail_per_sec)
            self.assertIsNone(self.stats.total.get_current_response_time_percentile(0.5))

    def test_counts_of_each_second_are_those_of_the_last_twenty(self):
        with mock.patch.object(stats_module.time, "time", side_effect=lambda: self.now):
            self.now = 1000.0
            self.stats.reset_all()
            entry = self.stats.get("/second", "GET")
            self.assertEqual({}, entry.num_reqs_per_sec)
            for second in range(1, 31):
                self.now = 1000.9 + second
                if second % 2:
                    self.stats.log_request("GET", "/second", 20, 0)
                    self.stats.log_error("GET", "/second", "bad")
                self.stats.take_sample()
                if second == 3:
                    self.assertEqual({1001: 2, 1003: 2}, entry.num_reqs_per_sec)
                    self.assertEqual({1001: 1, 1003: 1}, entry.num_fail_per_sec)
                    self.assertEqual({1001: 2, 1003: 2}, self.stats.total.num_reqs_per_sec)
        self.assertEqual({second: 2 for second in range(1013, 1031, 2)}, entry.num_reqs_per_sec)
        self.assertNotIn("num_reqs_per_sec", entry.to_dict())


if __name__ == "__main__":
    unittest.main()
