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
        self.assertGreaterEqual(figures["agents"], 20)
        self.assertGreater(figures["requests"], 0)
        self.assertEqual(figures["response_count"], figures["requests"])
        # A machine that stands still for seconds loses agents, which come back and count anew.
        if figures["lost"] == 0:
            self.assertEqual(figures["requests"], sent["requests"])
        self.assertGreater(figures["cpu_seconds"], 0)
        self.assertGreater(figures["age_ms"]["max"], 0)


if __name__ == "__main__":
    unittest.main()
