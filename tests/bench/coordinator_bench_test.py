#!/usr/bin/python3
"""scripts/bench coordinator in small: simulated agents must be taken for real ones."""
import os
import tempfile
import unittest

import coordinator_bench


class CoordinatorBenchTest(unittest.TestCase):
    def test_every_request_of_twenty_simulated_agents_is_counted(self):
        with tempfile.TemporaryDirectory(prefix="squall-bench-") as directory:
            figures, sent = coordinator_bench.measure(os.environ["SQUALL_BENCH"], directory,
                                                      count=20, seconds=3)
        self.assertEqual(figures["agents"], 20)
        self.assertEqual(figures["lost"], 0)
        self.assertGreater(sent["requests"], 0)
        self.assertEqual(figures["requests"], sent["requests"])
        self.assertEqual(figures["response_count"], sent["requests"])
        self.assertGreater(figures["cpu_seconds"], 0)
        self.assertGreater(figures["age_ms"]["max"], 0)


if __name__ == "__main__":
    unittest.main()
