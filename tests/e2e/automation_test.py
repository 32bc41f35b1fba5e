#!/usr/bin/python3
"""config/examples/automation.py: what a program needs to drive a run, for real."""
import subprocess
import unittest

from fleet import FleetTest
from harness import PATIENCE, ROOT, one_task

EXAMPLE = ROOT / "config/examples/automation.py"
LOAD = "{users: 4, spawn_rate: 1000}"


class AutomationTest(FleetTest):
    def automate(self, *arguments):
        """(exit code, output, errors)"""
        done = subprocess.run(["/usr/bin/python3", EXAMPLE, *map(str, arguments)], timeout=PATIENCE,
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def test_creates_watches_scales_stops_and_reports(self):
        target = self.target()
        token = self.write("token", "s3cret\n")
        serve = self.serve("--token-file", token)
        agent = self.squalld("--join", serve.address, "--join-token-file", token)
        agent.says("joined")
        plan = self.plan(one_task(LOAD, "get: /delay/20", base=target.url))
        code, output, errors = self.automate(plan, "--server", serve.address, "--token-file",
                                             token, "--users", 8, "--messages", 2)
        self.assertIn(code, (0, 1), errors)  # 1: INVALID on a machine with better things to do
        self.assertIn("scaled to 8 users", output)
        self.assertIn("\n  8 users", output)
        self.assertIn("because: seen enough", output)
        self.assertIn(f"{target.stats()['total']} requests, because", output)
        self.assertIn("| ", output)  # the Markdown report

    def test_says_what_is_wrong(self):
        plan = self.write("plan.yaml", "users: 3\n")
        code, _, errors = self.automate(plan, "--server", "127.0.0.1:1")
        self.assertEqual(code, 2)
        self.assertIn("127.0.0.1:1: UNAVAILABLE", errors)
        serve = self.serve()
        code, _, errors = self.automate(plan, "--server", serve.address)
        self.assertEqual(code, 2)
        self.assertIn("plan.yaml:1:8", errors)
        code, _, errors = self.automate(self.folder / "nowhere.yaml", "--server", serve.address)
        self.assertEqual(code, 2)
        self.assertIn("nowhere.yaml", errors)


if __name__ == "__main__":
    unittest.main()
