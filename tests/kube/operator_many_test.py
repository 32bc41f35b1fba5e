#!/usr/bin/python3
"""Many LoadTests on one operator: at rest it writes nothing, and nobody waits for another."""
import os
import time
import urllib.error

from kube_case import main
from operator_case import OperatorTest, wait_for

AT_REST = 50
QUIET_SECONDS = int(os.environ.get("SQUALL_QUIET_SECONDS", "60"))
AT_ONCE = 200


class ManyTest(OperatorTest):
    operator_flags = ("--workers", "8")

    def make(self, prefix, count, **options):
        names = [f"{prefix}-{i}" for i in range(count)]
        for name in names:
            self.api.create(self.loadtests, self.a_test(name, **options))
        return names

    def phases(self):
        return {test["metadata"]["name"]: test.get("status", {}).get("phase")
                for test in self.api.call("GET", self.loadtests)["items"]}

    def wait_all(self, names, phase, patience):
        def done():
            phases = self.phases()
            return all(phases.get(name) == phase for name in names)

        try:
            wait_for(done, f"{len(names)} LoadTests to be {phase}", patience)
        except AssertionError as error:
            others = {n: p for n, p in self.phases().items() if n in names and p != phase}
            raise AssertionError(f"{error}: {others}") from None

    def writes(self):
        """What the operator has written, by its own count of requests."""
        total = 0
        for line in self.operator.get("/metrics", "metrics_port").splitlines():
            if line.startswith("rest_client_requests_total{") and 'method="GET"' not in line:
                total += float(line.rsplit(" ", 1)[1])
        return total

    @staticmethod
    def is_ready(operator):
        try:
            return operator.get("/readyz")
        except urllib.error.HTTPError:
            return None  # 503: not yet

    def test_1_finished_tests_cost_nothing(self):
        # Stopped before they begin: what is finished is finished, whatever it has done.
        names = self.make("rest", AT_REST, desiredState="Stopped")
        self.wait_all(names, "Succeeded", 120)
        self.operator.stop()
        operator = self.start_operator(*self.operator_flags)  # finds them all as they are
        type(self).operator = operator
        wait_for(lambda: self.is_ready(operator), "its caches")
        time.sleep(2)
        before = self.writes()
        time.sleep(QUIET_SECONDS)
        self.assertEqual(self.writes(), before)

    def test_2_many_at_once_all_complete(self):
        before = self.served()
        names = self.make("many", AT_ONCE, users=1, run_time="1s")
        # One that cannot start holds up none of the others.
        self.api.create(self.loadtests, self.a_test(
            "stuck", plan={"configMapRef": {"name": "never-there"}}))
        self.wait_all(names, "Succeeded", 1200)
        counted = sum(test["status"]["summary"]["requests"]
                      for test in self.api.call("GET", self.loadtests)["items"]
                      if test["metadata"]["name"] in names)
        self.assertEqual(counted, self.served() - before)
        self.assertEqual(self.condition("stuck", "PlanValid")["reason"], "ConfigMapNotFound")


if __name__ == "__main__":
    main()
