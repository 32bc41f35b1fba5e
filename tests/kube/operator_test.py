#!/usr/bin/python3
"""kubectl apply becomes load: LoadTests on a real API server, from the plan to the report."""
import json

from kube_case import main
from operator_case import OperatorTest


class RunTest(OperatorTest):
    def test_a_load_test_runs_and_leaves_nothing_but_itself_and_its_report(self):
        before = self.served()
        self.apply(self.test_of("first", users=4, agents=2))
        test = self.wait("first", "Complete")
        status = test["status"]
        self.assertEqual(status["phase"], "Succeeded")
        self.assertEqual(self.condition("first", "Passed")["status"], "True")
        self.assertEqual(status["summary"]["failures"], 0)
        self.assertGreater(status["summary"]["requests"], 0)
        self.assertEqual(status["summary"]["requests"], self.served() - before)


if __name__ == "__main__":
    main()
