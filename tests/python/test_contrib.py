"""locust.contrib, but for FastHttpUser."""

import csv
import importlib
import os
import tempfile
import unittest
from unittest import mock

from fakes import Counted, Environment
from locust.contrib.csv_request_logger import CsvRequestLogger


class RequestLogger(unittest.TestCase):
    def setUp(self):
        Counted().start(self)
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = os.path.join(directory.name, "requests.csv")
        self.environment = Environment()
        self.logger = CsvRequestLogger(self.path)
        self.logger.register(self.environment)
        self.addCleanup(self.logger.close)

    def fire(self, **kwargs):
        self.environment.events.request.fire(request_type="GET", **kwargs)

    def rows(self):
        with open(self.path, newline="", encoding="utf-8") as file:
            return list(csv.reader(file))

    def test_a_row_for_each_request(self):
        self.fire(
            name="a,b",
            response_time=1.23456,
            response_length=3,
            response=mock.Mock(status_code=201),
            start_time=1.5,
        )
        self.fire(
            name="n",
            response_time=None,
            response_length=0,
            exception=ValueError("refused"),
            start_time=2.5,
        )
        self.environment.events.quitting.fire(environment=self.environment)
        self.assertEqual(
            self.rows(),
            [
                [
                    "timestamp",
                    "request_type",
                    "name",
                    "response_time_ms",
                    "response_length",
                    "status_code",
                    "exception",
                ],
                ["1.5", "GET", "a,b", "1.23", "3", "201", ""],
                ["2.5", "GET", "n", "", "0", "0", "refused"],
            ],
        )

    def test_after_the_end_nothing_is_written(self):
        self.logger.close()
        self.fire(name="late", response_time=1, response_length=1)
        self.assertEqual(len(self.rows()), 1)


class Missing(unittest.TestCase):
    def test_says_what_to_do(self):
        for name in "dns milvus mongodb mqtt oai postgres qdrant socketio".split():
            with self.assertRaisesRegex(ImportError, f"locust.contrib.{name} is not part"):
                importlib.import_module(f"locust.contrib.{name}")


if __name__ == "__main__":
    unittest.main()
