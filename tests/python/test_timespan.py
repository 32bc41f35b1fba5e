"""Time spans of the command line, against what Locust makes of them."""

import json
import unittest
from pathlib import Path

from locust.util.timespan import parse_timespan

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "locust" / "timespan.json"


class TimespanTest(unittest.TestCase):
    def test_texts_mean_what_they_mean_to_locust(self):
        for row in json.loads(GOLDEN.read_text()):
            with self.subTest(row["in"]):
                if "out" in row:
                    self.assertEqual(row["out"], parse_timespan(row["in"]))
                    continue
                with self.assertRaises(ValueError) as caught:
                    parse_timespan(row["in"])
                self.assertEqual(row["error"], str(caught.exception))


if __name__ == "__main__":
    unittest.main()
