#!/usr/bin/python3
"""Python users are started and stopped by the thousand, with requests in flight. Nothing may crash,
and the counts of the users' code, of the statistics and of the target must agree.

SQUALL_CHURN_SECONDS says how long; in the mean 1000 users come and as many go in each of them.
"""
import json
import os
import re
import unittest

from harness import PATIENCE, ROOT, SquallTest

SECONDS = int(os.environ.get("SQUALL_CHURN_SECONDS") or
              (60 if os.environ.get("CI") == "true" else 6))
USERS = 2000


class LocustChurnTest(SquallTest):
    def test_users_come_and_go_by_the_thousand(self):
        target = self.target("--latency", "1ms..50ms")
        report = self.folder / "report.json"
        code, output, errors = self.squall(
            "run", "-f", ROOT / "tests/e2e/locustfiles/churn.py", "--headless", "--host",
            target.url, "--json", report, patience=SECONDS + PATIENCE,
            environment={"CHURN_SECONDS": str(SECONDS), "CHURN_USERS": str(USERS)})
        tail = f"exit code {code}\n{output[-3000:]}\n{errors[-3000:]}"
        self.assertIn("churn: ", output, tail)
        seen = json.loads(re.search(r"churn: (.*)", output).group(1))
        totals = json.loads(report.read_text())["totals"]
        answered = target.stats()["total"]
        print(f"{seen} {totals['unfinished']} unfinished, {answered} answered")
        self.assertGreater(seen["started"], 0, tail)
        self.assertEqual(seen["started"], seen["stopped"], tail)
        self.assertEqual(totals["requests"], seen["total"], tail)
        self.assertEqual(totals["failures"], totals["unfinished"], tail)
        self.assertEqual(totals["requests"] - totals["unfinished"], seen["reported"], tail)
        # The target also sees what users have given up, which is nobody's result.
        self.assertLessEqual(seen["reported"], answered, tail)
        self.assertLessEqual(answered, totals["requests"] + seen["given up"], tail)


if __name__ == "__main__":
    unittest.main()
