#!/usr/bin/python3
"""Counts test cases: `count_results.py DIR` prints "PASSED FAILED" for a ctest run.

DIR holds ctest.xml (ctest --output-junit) and one XML report per GoogleTest binary
(GTEST_OUTPUT=xml:DIR/). A ctest test that left a report counts by its cases, any other as one. A
skipped or disabled test passes nothing; with CI=true it counts as failed, so that a test that
quietly stopped running is seen; but for MAY_SKIP. Names of what did not pass go to stderr.
"""

import os
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


# ctest tests that say so themselves where the machine cannot run them: no Docker engine.
MAY_SKIP = ("docker",)


def gtest_cases(report):
    """Yields (name, 'passed' | 'failed' | 'skipped') for every case of a GoogleTest report."""
    for case in ElementTree.parse(report).iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        if case.find("failure") is not None:
            yield name, "failed"
        elif case.get("status") == "notrun" or case.get("result") in ("skipped", "suppressed"):
            yield name, "skipped"
        else:
            yield name, "passed"


def ctest_state(case):
    """ctest writes run, fail, notrun or disabled; a missing binary is 'fail' or 'notrun'."""
    status = case.get("status")
    if status == "run":
        return "passed"
    if status == "fail" or case.find("failure") is not None:
        return "failed"
    return "skipped"


def all_cases(directory):
    for test in ElementTree.parse(directory / "ctest.xml").iter("testcase"):
        name, state = test.get("name"), ctest_state(test)
        report = directory / f"{name}_test.xml"
        cases = list(gtest_cases(report)) if report.exists() else []
        yield from ((f"{name}: {case}", verdict) for case, verdict in cases)
        # A crash or a time-out after good cases leaves no failed case behind, but it failed.
        told_already = cases and (state != "failed" or any(v == "failed" for _, v in cases))
        if not told_already:
            yield name, state


def main(arguments):
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    skipped_is_failed = os.environ.get("CI") == "true"
    passed = failed = 0
    for name, state in all_cases(pathlib.Path(arguments[0])):
        if state == "passed":
            passed += 1
            continue
        print(f"{state}: {name}", file=sys.stderr)
        if state == "failed" or (skipped_is_failed and name not in MAY_SKIP):
            failed += 1
    print(passed, failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
