#!/usr/bin/python3
"""squall watch: the live table of a run elsewhere on a terminal, lines and JSON elsewhere."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unittest

from fleet import FAILED, PASSED, FleetTest
from harness import BIN, PATIENCE, one_task, wait_for

REDRAW = re.compile(rb"\x1b\[\d+A")


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, *arguments, columns=100, lines=30):
        self.leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.process = subprocess.Popen([str(BIN / "squall"), *map(str, arguments)],
                                        stdin=follower, stdout=follower, stderr=follower,
                                        env={**os.environ, "TERM": "xterm", "NO_COLOR": "1"})
        os.close(follower)
        self.seen = b""

    def read(self, condition, what):
        """Reads until it holds for what was seen, or the program has ended."""
        deadline = time.monotonic() + PATIENCE
        while not condition(self.seen):
            if time.monotonic() > deadline:
                raise AssertionError(f"waited in vain for {what}: {self.seen[-3000:]}")
            if select.select([self.leader], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self.leader, 65536)
                except OSError:  # the other end is closed
                    return

    def end(self):
        self.read(lambda seen: False, "the end")
        return self.process.wait(PATIENCE)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        os.close(self.leader)


class WatchTest(FleetTest):
    def setUp(self):
        super().setUp()
        self.shop = self.target()
        self.coordinator = self.serve()
        self.join(self.coordinator, "a", "b")

    def terminal(self, *arguments, **options):
        terminal = Terminal(*arguments, **options)
        self.addCleanup(terminal.close)
        return terminal

    def begin(self, load="{users: 6, spawn_rate: 1000}", step="get: /delay/20", extra=""):
        plan = self.plan(one_task(load, step, base=self.shop.url, extra=extra))
        return self.create(self.coordinator, plan, "shop", "--agents-min", 2)

    def watch(self, *flags):
        return ["watch", "shop", "--server", self.coordinator.address, *flags]

    def test_a_terminal_gets_the_live_table_and_the_verdict(self):
        self.begin(extra='thresholds: {response_time: "p(95) < 60s"}')
        for columns in (80, 200):
            terminal = self.terminal(*self.watch(), columns=columns)
            terminal.read(lambda seen: len(REDRAW.findall(seen)) > 2 and b"6/6 users" in seen,
                          "frames")
            text = terminal.seen.decode()
            for words in ("e2e", "GET /delay/20", "requests/s", "response_time: p(95) < 60s"):
                self.assertIn(words, text)
            for agent in "ab":
                self.assertRegex(text, rf"\n{agent} +running +3/3 ")
            for line in re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text).splitlines():
                self.assertLessEqual(len(line), columns)
            if columns == 80:
                terminal.process.send_signal(signal.SIGINT)
                self.assertEqual(terminal.end(), 130)
                self.assertIn(b"detached: run 'shop' goes on", terminal.seen)
        self.wait_users(self.coordinator, "shop", 6)
        self.ask(self.coordinator, "stop", "shop", "--reason", "seen enough")
        self.assertIn(terminal.end(), PASSED)
        self.assertIn(b"seen enough", terminal.seen)
        self.assertRegex(terminal.seen, rb"verdict   (PASS|INVALID)")

    def test_a_pipe_gets_lines_without_escape_codes(self):
        self.begin("{users: 2, spawn_rate: 1000, iterations: 200}", "get: /status/500")
        code, output, _ = self.squall(*self.watch())
        self.assertIn(code, FAILED)
        self.assertNotIn("\x1b", output)
        self.assertIn(" requests ", output)

    def test_json_is_an_object_a_line(self):
        self.begin("{users: 2, spawn_rate: 1000, iterations: 200}")
        code, output, _ = self.squall(*self.watch("--output", "json"))
        self.assertIn(code, PASSED)
        messages = [json.loads(line) for line in output.splitlines()]
        self.assertEqual(messages[-1]["run"]["requests"], "200")
        self.assertEqual(messages[-1]["run"]["state"], "RUN_STATE_FINISHED")

    def test_ctrl_c_leaves_a_run_alone(self):
        self.begin()
        process = self.start_squall(*self.watch())
        self.assertIn("running", wait_for(process.stdout.readline, "a line") +
                      process.stdout.readline() + process.stdout.readline())
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 130)
        self.assertIn("squall stop shop ends it", errors)
        self.wait_users(self.coordinator, "shop", 6)


if __name__ == "__main__":
    unittest.main(verbosity=2)
