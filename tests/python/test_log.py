"""The log: its format, its level, and where it goes."""

import contextlib
import io
import logging
import sys
import tempfile
import unittest
from pathlib import Path

from locust import log

LINE = r"^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\] [^/. ]+/WARNING/shop.users: no stock\n$"


class LogTest(unittest.TestCase):
    def setUp(self):
        root = logging.getLogger()
        for name, value in (("handlers", list(root.handlers)), ("level", root.level)):
            self.addCleanup(setattr, root, name, value)
        self.addCleanup(setattr, sys, "excepthook", sys.excepthook)
        self.stderr = io.StringIO()

    def set_up(self, *arguments):
        with contextlib.redirect_stderr(self.stderr):
            log.setup_logging(*arguments)

    def test_lines_name_time_host_level_and_logger(self):
        self.set_up("INFO")
        logging.getLogger("shop.users").warning("no %s", "stock")
        self.assertRegex(self.stderr.getvalue(), LINE)

    def test_the_level_is_a_floor(self):
        self.set_up("warning")
        logging.getLogger("shop").info("hidden")
        logging.getLogger("shop").error("shown")
        self.assertNotIn("hidden", self.stderr.getvalue())
        self.assertIn("shown", self.stderr.getvalue())

    def test_a_logfile_takes_all_but_the_tables(self):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "run.log")
            self.set_up("INFO", str(path))
            logging.getLogger("shop").info("text")
            logging.getLogger("locust.stats_logger").info("table")
            written = path.read_text()
            logging.getLogger().handlers[0].close()
        self.assertIn("/INFO/shop: text\n", written)
        self.assertNotIn("table", written)
        self.assertEqual("table\n", self.stderr.getvalue())

    def test_the_latest_lines_are_kept(self):
        self.set_up("INFO")
        for number in range(600):
            logging.getLogger("shop").info("line %d", number)
        self.assertEqual(500, len(log.get_logs()))
        self.assertTrue(log.get_logs()[-1].endswith("/INFO/shop: line 599"))

    def test_libraries_do_not_tell_of_each_connection(self):
        self.set_up("DEBUG")
        logging.getLogger("urllib3.connectionpool").debug("Starting new connection")
        self.assertEqual("", self.stderr.getvalue())

    def test_an_exception_that_ends_the_program_is_logged(self):
        self.set_up("INFO")
        try:
            raise ValueError("x")
        except ValueError as error:
            sys.excepthook(type(error), error, error.__traceback__)
        self.assertIn("/CRITICAL/locust: Unhandled exception\nTraceback", self.stderr.getvalue())


if __name__ == "__main__":
    unittest.main()
