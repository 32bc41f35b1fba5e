#!/usr/bin/python3
"""scripts/bench locust in small, without Locust: what it measures must be there and make sense."""
import os
import pathlib
import socket
import tempfile
import threading
import time
import unittest

import bench
import locust_bench
from wire_clock import WireClock

SQUALL = [str(pathlib.Path(os.environ["SQUALL_BIN"], "squall")), "run"]
DELAY = 0.03  # seconds that the slow server takes


def serve_slowly(listener):
    connection, _ = listener.accept()
    with connection:
        while connection.recv(1000):
            time.sleep(DELAY)
            connection.sendall(b"done")


class LocustBenchTest(unittest.TestCase):
    def run_on_nginx(self, measure, *arguments):
        with tempfile.TemporaryDirectory(prefix="squall-bench-") as directory:
            os.chmod(directory, 0o755)
            nginx = bench.Nginx(directory)
            try:
                return measure(SQUALL, locust_bench.Server(nginx, directory), *arguments)
            finally:
                nginx.stop()

    def test_every_kind_of_task_of_the_locustfile_can_be_measured(self):
        for user_class in ("HttpGet", "FastCheck", "HttpPost"):
            self.assertGreater(self.run_on_nginx(locust_bench.measure_cost, user_class, 1), 0)

    def test_the_memory_of_a_user_is_counted(self):
        self.assertGreater(self.run_on_nginx(locust_bench.measure_memory, "FastIdle", 10), 1024)

    def test_paced_users_are_seen_on_the_wire(self):
        try:
            figures = self.run_on_nginx(locust_bench.measure_latency, "FastPaced", 1)
        except PermissionError:
            self.skipTest("needs CAP_NET_RAW")
        for percentiles in figures["wire"], figures["reported"], figures["due"]:
            self.assertGreater(percentiles["99"], 0)

    def test_the_wire_clock_sees_how_long_a_server_takes(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        threading.Thread(target=serve_slowly, args=(listener,), daemon=True).start()
        try:
            wire = WireClock(listener.getsockname()[1], b"first")
        except PermissionError:
            self.skipTest("needs CAP_NET_RAW")
        wire.start()
        with socket.create_connection(listener.getsockname()) as client:
            for request in b"first", b"other", b"first":
                client.sendall(request)
                client.recv(100)
        times = wire.stop()
        self.assertEqual(len(times), 2)
        self.assertGreaterEqual(times[0], DELAY * 1000)


if __name__ == "__main__":
    unittest.main()
