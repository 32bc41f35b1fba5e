#!/usr/bin/python3
"""The other commands, and what a person or a pipe gets to see."""
import json
import os
import pty
import re
import select
import subprocess
import time
import unittest

from harness import BIN, PATIENCE, PRODUCT_PLAN, ROOT, SquallTest, one_task


class Commands(SquallTest):
    def test_every_plan_in_config_is_valid(self):
        base = ROOT / "config/plans/product-service.yaml"
        for plan in sorted((ROOT / "config/plans").glob("*.yaml")):
            files = [plan] if plan == base else [base, plan]
            code, output, errors = self.squall("validate", *files)
            self.assertEqual(code, 0, f"{plan}: {errors}")
            self.assertIn("valid", output)

    def test_inspect_tells_load_and_ratios(self):
        code, output, _ = self.squall("inspect", PRODUCT_PLAN, "-u", "40", "-r", "4", "-t", "1m")
        self.assertEqual(code, 0)
        for words in ("40 users", "1m", "browse_products"):
            self.assertIn(words, output)
        data = json.loads(self.squall("inspect", PRODUCT_PLAN, "--output", "json")[1])
        self.assertIn("browse_products", [task["name"] for task in data["users"][0]["tasks"]])

    def test_schema_is_json(self):
        schema = json.loads(self.squall("schema")[1])
        self.assertIn("load_profile", schema["properties"])

    def test_version(self):
        self.assertRegex(self.squall("version")[1], r"^squall \d+\.\d+\.\d+\n$")
        self.assertEqual(self.squall("--version")[0], 0)

    def test_completion_is_a_script(self):
        script = self.squall("completion", "bash")[1]
        self.assertEqual(subprocess.run(["bash", "-n"], input=script, text=True).returncode, 0)
        self.assertIn("validate", script)
        self.assertIn("complete -c squall", self.squall("completion", "fish")[1])
        self.assertEqual(self.squall("completion", "csh")[0], 2)

    def test_help_names_the_exit_codes(self):
        self.assertIn("130 interrupted", self.squall("--help")[1])

    def test_demo_passes(self):
        code, output, errors = self.squall("demo", "-t", "3s", "--headless")
        self.assertEqual(code, 0, errors)
        self.assertIn("Verdict: PASS", output)

    def test_target_is_squall_target(self):
        self.assertIn("squall-target", self.squall("target", "--help")[1])

    def test_once_shows_every_task_and_no_secret(self):
        target = self.target()
        plan = self.plan(one_task(
            "{users: 5, run_time: 60s}", "get: /bearer", base=target.url).replace(
                '"}', '", auth: {bearer: demo-token}}', 1))
        code, output, errors = self.squall("run", plan, "--once")
        self.assertEqual(code, 0, errors)
        self.assertIn("task User.task", output)
        self.assertIn("Authorization: (hidden)", output)
        self.assertNotIn("demo-token", output + errors)
        self.assertEqual(target.stats()["total"], 1)

    def test_standard_input_and_pure_json_output(self):
        target = self.target()
        text = one_task("{users: 1, iterations: 2}", "get: /products/1", base=target.url)
        code, output, _ = self.squall("run", "-", "--headless", "--output", "json", stdin=text)
        self.assertIn(code, (0, 6))
        self.assertEqual(json.loads(output)["totals"]["requests"], 2)

    def test_iterations_end_a_run_and_that_is_said(self):
        plan = self.plan(one_task("{users: 1, iterations: 2}", "get: /products/1",
                                  base=self.target().url))
        _, inspected, _ = self.squall("inspect", plan)
        _, output, errors = self.squall("run", plan, "--headless")
        self.assertIn("until the iterations are done", inspected)
        self.assertIn("until they are done", output + errors)
        self.assertNotIn("until stopped", inspected + output + errors)

    def test_a_pipe_gets_no_escape_codes(self):
        target = self.target()
        _, output, errors = self.squall("run", PRODUCT_PLAN, "--headless", "-t", "3s", "--host",
                                        target.url, environment={"NO_COLOR": ""})
        self.assertNotIn("\x1b", output + errors)

    def test_a_terminal_gets_a_live_table(self):
        target = self.target()
        leader, follower = pty.openpty()
        process = subprocess.Popen([str(BIN / "squall"), "run", PRODUCT_PLAN, "--headless", "-t",
                                    "3s", "--host", target.url],
                                   stdout=follower, stderr=follower, stdin=follower,
                                   env={**os.environ, "TERM": "xterm"})
        os.close(follower)
        seen = b""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if select.select([leader], [], [], 0.2)[0]:
                try:
                    piece = os.read(leader, 65536)
                except OSError:
                    break
                seen += piece
            elif process.poll() is not None:
                break
        self.assertIn(process.wait(PATIENCE), (0, 6))
        os.close(leader)
        self.assertTrue(re.search(rb"\x1b\[\d+A", seen), "the frame is never redrawn in place")
        self.assertIn(b"Verdict", seen)


if __name__ == "__main__":
    unittest.main(verbosity=2)
