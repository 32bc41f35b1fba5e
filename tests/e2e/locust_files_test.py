"""Locustfiles of many styles give on Squall what they give on Locust: requests and failures by
name, texts of failures, lines printed, exit code (tests/golden/locust/runs; record_locust.py made
them). Where Locust is wrong, what must come stands here, with the reason."""
import concurrent.futures
import dataclasses
import json
import os
import unittest

import harness
import locust_cases
from locust_cases import CASES

BY_NAME = {case.name: case for case in CASES}
AT_ONCE = 2
# The exit code of a run that had too little CPU; the machine is to blame, not the file.
INVALID = 6

# What differs from Locust's outcome, in fields of it; None takes something away.
BETTER = {
    # Locust runs the block of a with-statement without catch_response not at all: LocustError.
    # Here the file works as it is written.
    "catalogue": {
        "requests": {"POST Sold_Out_Expected": [1, 0]},
        "failures": {"POST Buy_Sold_Out: HTTPError('409 Client Error: Conflict for url: "
                     "Buy_Sold_Out')": None,
                     "POST Buy_Sold_Out: sold nothing, status 409": 1,
                     "POST Sold_Out_Expected: HTTPError('409 Client Error: Conflict for url: "
                     "Sold_Out_Expected')": None},
    },
    # Locust takes "purchase,browse" for the name of one tag, which no task has.
    "catalogue_tags": {
        "requests": {"GET All_Goods": [1, 0], "POST Buy_Goods": [1, 0],
                     "POST Buy_Sold_Out": [1, 1], "POST Sold_Out_Expected": [1, 0]},
        "failures": {"POST Buy_Sold_Out: sold nothing, status 409": 1},
    },
    # Locust's HttpSession wants two more arguments: TypeError, no request, and yet exit code 0.
    # (The name is popped in the first attempt, so that the others go by their path.)
    "retry": {
        "exit_code": 1,
        "requests": {"GET first": [1, 0], "GET client's fault": [1, 1],
                     "GET server's fault": [1, 1], "GET /status/503": [3, 3]},
        "failures": {"GET client's fault: HTTPError(\"404 Client Error: Not Found for url: "
                     "client's fault\")": 1,
                     "GET server's fault: HTTPError(\"503 Server Error: Service Unavailable for "
                     "url: server's fault\")": 1,
                     "GET /status/503: HTTPError('503 Server Error: Service Unavailable for url: "
                     "/status/503')": 3},
        "output": ["[200, 404, 503]"],
    },
    # Locust's FastHttpUser follows the redirect in spite of allow_redirects=False.
    "fast_user": {"output": ["200 Laptop application/json 90 /products/1", "fast 2 x=1", "302",
                             '{"a": [1, 2]}', "200"]},
    # Locust forgets a request whose with-block is left by an exception, though it was made.
    "judged": {"requests": {"GET /products/4": [1, 0]}},
    # Locust is gone at once, without a table of what was done until then.
    "leaves_early": {"requests": {"GET last words": [1, 0]}},
}


def expected(name):
    outcome = json.loads((locust_cases.GOLDEN / f"{name}.json").read_text())
    for field, change in BETTER.get(name, {}).items():
        if isinstance(change, dict):
            merged = {**outcome[field], **change}
            change = {key: value for key, value in merged.items() if value is not None}
        outcome[field] = change
    return outcome


class LocustFilesTest(harness.SquallTest):
    maxDiff = None

    def outcome_of(self, case):
        """What `locust` makes of a case, on a target of its own; and the standard error."""
        for _ in range(3):
            target = harness.Target(self.folder)
            try:
                outcome, errors = locust_cases.run([harness.BIN / "locust"], case, target.url)
            finally:
                target.stop()
            if outcome["exit_code"] != INVALID:
                return outcome, errors
        if harness.lacked_cpu(errors):  # its counts must be right all the same
            outcome["exit_code"] = expected(case.name)["exit_code"]
        return outcome, errors

    def test_each_file_gives_what_it_gives_on_locust(self):
        only = os.environ.get("SQUALL_LOCUST_CASES", "").split()
        cases = [case for case in CASES if not only or case.name in only]
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            for case, (outcome, errors) in zip(cases, pool.map(self.outcome_of, cases)):
                with self.subTest(case.name):
                    self.assertEqual(outcome, expected(case.name), errors[-3000:])

    def test_each_record_is_of_a_case(self):
        recorded = {path.stem for path in locust_cases.GOLDEN.glob("*.json")}
        self.assertEqual(recorded, set(BY_NAME))
        self.assertLessEqual(set(BETTER), recorded)

    def test_squall_run_gives_the_same(self):
        for name in ("with_token", "own_protocol", "nested_sets", "peak", "lifecycle"):
            with self.subTest(name):
                case, wanted = BY_NAME[name], expected(name)
                report = self.squall_run(case)
                self.assertEqual(report["run"]["exit_code"], wanted["exit_code"], report["verdict"])
                self.assertEqual({f"{entry['method']} {entry['name']}":
                                  [entry["requests"], entry["failures"]]
                                  for entry in report["entries"]}, wanted["requests"])
                self.assertEqual(sum(failure["count"] for failure in report["failures"]),
                                 sum(wanted["failures"].values()))

    def squall_run(self, case):
        path = self.folder / "report.json"
        for _ in range(3):
            code, _, errors = self.squall(
                "run", "-f", locust_cases.FOLDER / case.file, "--headless", "--quiet", "--json",
                path, *case.options, "-H", self.target().url)
            report = json.loads(path.read_text())
            self.assertEqual(report["run"]["exit_code"], code, errors)
            if code != INVALID:
                break
        return report

    def test_on_agents_each_process_has_its_own_module_and_the_data_beside_it(self):
        case = dataclasses.replace(
            BY_NAME["from_csv"], options=("-u", "4", "-r", "40", "-t", "4s", "--processes", "2"))
        outcome, errors = self.outcome_of(case)
        alone = expected("from_csv")
        # Two of the four persons, each of them twice.
        self.assertEqual(outcome["output"], sorted(
            2 * [line for line in alone["output"] if line.startswith(("Books", "Clothing"))]))
        self.assertEqual(outcome["requests"], {
            "GET /products?category=Books": [6, 0], "GET /products?category=Clothing": [4, 0],
            "GET in order": [4, 0], "POST /echo": [4, 0]}, errors[-3000:])
        self.assertEqual(outcome["exit_code"], 0)

    def test_the_hint_about_with_blocks_comes_once(self):
        outcome, errors = self.outcome_of(BY_NAME["catalogue"])
        self.assertEqual(outcome["exit_code"], 1)
        self.assertEqual(errors.count("catch_response"), 1, errors)

    def test_a_file_that_cannot_be_loaded_says_why_and_where(self):
        for text, *phrases in (
                ("from locust import User\nclass A(User:\n", "SyntaxError", 'broken.py", line 2'),
                ("import no_such_module_anywhere\n", "No module named 'no_such_module_anywhere'",
                 'broken.py", line 1'),
                ("from locust import User\n\ndef helper():\n    return 1 // 0\n\nhelper()\n",
                 "ZeroDivisionError", 'broken.py", line 4'),
                ("from locust import task\n", "No User class found!")):
            with self.subTest(phrases[0]):
                path = self.folder / "broken.py"
                path.write_text(text)
                case = locust_cases.Case("broken", path, ("-u", "1", "-t", "1s"))
                outcome, errors = locust_cases.run([harness.BIN / "locust"], case,
                                                   "http://127.0.0.1:1")
                self.assertEqual(outcome["exit_code"], 1, errors)
                self.assertEqual(outcome["requests"], {})
                for phrase in phrases:
                    self.assertIn(phrase, errors)


if __name__ == "__main__":
    unittest.main()
