"""The small helpers of locust.util."""

import os
import tempfile
import unittest
from unittest import mock

from locust.util.cache import memoize
from locust.util.date import format_duration, format_safe_timestamp, format_utc_timestamp
from locust.util.directory import get_abspaths_in
from locust.util.exception_handler import retry
from locust.util.rounding import proper_round
from locust.util.url import is_url


class Util(unittest.TestCase):
    def test_rounding_takes_halves_up(self):
        self.assertEqual([proper_round(x) for x in (0.5, 1.5, 2.5, 6.9, 2.49)], [1, 2, 3, 7, 2])
        self.assertEqual(proper_round(2.125, 2), 2.13)

    def test_urls(self):
        for text in ("http://a", "https://a/b.py"):
            self.assertTrue(is_url(text), text)
        for text in ("a", "locustfile.py", "ftp://x", "http://", "https://[x"):
            self.assertFalse(is_url(text), text)

    def test_durations(self):
        for seconds, text in (
            (0, "0 seconds"),
            (1, "1 second"),
            (65, "1 minute and 5 seconds"),
            (3725, "1 hour, 2 minutes and 5 seconds"),
            (86400, "1 day"),
            (-3, "0 seconds"),
        ):
            self.assertEqual(format_duration(10, 10 + seconds), text)

    def test_timestamps(self):
        self.assertEqual(format_utc_timestamp(3.5), "1970-01-01T00:00:03Z")
        self.assertRegex(format_safe_timestamp(3.5), r"^(1970-01-01|1969-12-31)-\d\dh\d\d$")

    def test_files_below_a_directory(self):
        with tempfile.TemporaryDirectory() as root:
            os.mkdir(os.path.join(root, "sub"))
            for name in ("b.py", "a.txt", "sub/c.py"):
                with open(os.path.join(root, name), "w", encoding="utf-8"):
                    pass
            self.assertEqual(
                get_abspaths_in(root, ".py"),
                [os.path.join(root, "b.py"), os.path.join(root, "sub", "c.py")],
            )

    def test_retry_calls_again_after_each_delay(self):
        calls = mock.Mock(side_effect=[ValueError(1), ValueError(2), "done"], __name__="calls")
        with mock.patch("time.sleep") as sleep:
            self.assertEqual(retry(delays=(1, 3), exception=ValueError)(calls)(), "done")
        self.assertEqual([call.args for call in sleep.call_args_list], [(1,), (3,)])

    def test_retry_ends_with_the_last_exception(self):
        calls = mock.Mock(side_effect=ValueError("always"), __name__="calls")
        with mock.patch("time.sleep"), self.assertRaises(ValueError):
            retry(delays=(1,))(calls)()
        self.assertEqual(calls.call_count, 2)

    def test_memoize_keeps_a_result_for_its_time(self):
        function = mock.Mock(side_effect=[1, 2, 3], __name__="function")
        cached = memoize(timeout=10)(function)
        with mock.patch("locust.util.cache.time.monotonic") as now:
            now.return_value = 100.0
            self.assertEqual((cached(), cached()), (1, 1))
            now.return_value = 110.0
            self.assertEqual(cached(), 2)
            cached.clear_cache()
            self.assertEqual(cached(), 3)


if __name__ == "__main__":
    unittest.main()
