#!/usr/bin/python3
"""The counts that scripts/test prints must not hide a crash, a time-out or a skipped test."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "count_results.py"


def ctest_xml(*tests):
    cases = "".join(f'<testcase name="{name}" status="{status}"/>' for name, status in tests)
    return f"<testsuite>{cases}</testsuite>"


def gtest_xml(*cases):
    bodies = {
        "passed": '<testcase classname="T" name="{}" status="run" result="completed"/>',
        "failed": '<testcase classname="T" name="{}" status="run"><failure/></testcase>',
        "skipped": '<testcase classname="T" name="{}" status="run" result="skipped"/>',
    }
    inner = "".join(bodies[state].format(name) for name, state in cases)
    return f"<testsuites><testsuite>{inner}</testsuite></testsuites>"


class CountResultsTest(unittest.TestCase):
    def count(self, files, ci=False):
        with tempfile.TemporaryDirectory() as directory:
            for name, text in files.items():
                (pathlib.Path(directory) / name).write_text(text)
            environment = dict(os.environ, CI="true" if ci else "")
            done = subprocess.run([sys.executable, SCRIPT, directory], env=environment, text=True,
                                  capture_output=True, check=False)
        return done.stdout.strip(), done.returncode

    def test_gtest_cases_count_one_by_one_and_plain_tests_as_one(self):
        files = {"ctest.xml": ctest_xml(("daemon_plan", "run"), ("tool", "run")),
                 "daemon_plan_test.xml": gtest_xml(("A", "passed"), ("B", "passed"))}
        self.assertEqual(self.count(files), ("3 0", 0))

    def test_failed_cases(self):
        files = {"ctest.xml": ctest_xml(("daemon_plan", "fail")),
                 "daemon_plan_test.xml": gtest_xml(("A", "passed"), ("B", "failed"))}
        self.assertEqual(self.count(files), ("1 1", 1))

    def test_a_crash_leaves_no_report_and_counts_as_failed(self):
        self.assertEqual(self.count({"ctest.xml": ctest_xml(("daemon_plan", "fail"))}), ("0 1", 1))

    def test_a_leak_after_good_cases_counts_as_failed(self):
        files = {"ctest.xml": ctest_xml(("daemon_plan", "fail")),
                 "daemon_plan_test.xml": gtest_xml(("A", "passed"))}
        self.assertEqual(self.count(files), ("1 1", 1))

    def test_skipped_cases_and_tests_fail_in_ci_only(self):
        files = {"ctest.xml": ctest_xml(("daemon_plan", "run"), ("tool", "notrun")),
                 "daemon_plan_test.xml": gtest_xml(("A", "passed"), ("B", "skipped"))}
        self.assertEqual(self.count(files), ("1 0", 0))
        self.assertEqual(self.count(files, ci=True), ("1 2", 1))

    def test_what_needs_a_docker_engine_may_be_skipped_but_not_fail(self):
        self.assertEqual(self.count({"ctest.xml": ctest_xml(("docker", "notrun"))}, ci=True),
                         ("0 0", 0))
        self.assertEqual(self.count({"ctest.xml": ctest_xml(("docker", "fail"))}, ci=True),
                         ("0 1", 1))


if __name__ == "__main__":
    unittest.main()
