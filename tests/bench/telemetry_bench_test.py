#!/usr/bin/python3
"""scripts/bench telemetry in small: every way to watch a run is taken, and its cost is a number."""
import os
import pathlib
import tempfile
import unittest

import bench
import telemetry_bench

SQUALL = str(pathlib.Path(os.environ["SQUALL_BIN"], "squall"))


class TelemetryBenchTest(unittest.TestCase):
    def test_every_way_to_watch_a_run_is_measured(self):
        with tempfile.TemporaryDirectory(prefix="squall-bench-") as directory:
            os.chmod(directory, 0o755)
            nginx = bench.Nginx(directory)
            try:
                lines = telemetry_bench.bench(
                    lambda plan, flags: bench.run_squall(SQUALL, directory, plan, *flags), nginx,
                    bench.plan_of_gets, 1, 3, bench.free_port)
            finally:
                nginx.stop()
        rows = [line for line in lines if line.startswith("| ") and "µs" not in line]
        self.assertEqual(len(rows), 6, lines)
        self.assertTrue(all("%" in row for row in rows), rows)


if __name__ == "__main__":
    unittest.main()
