#!/usr/bin/python3
"""docs_test.py BIN_DIR: what the docs show must work with the programs as they are.

A fenced block right after `<!-- test: plan -->` is a whole plan and must be valid; the first one of
the README is run, too. Every file in config/plans must be valid on the sample plan it changes.
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"<!-- test: plan -->\n+```yaml\n(.*?)```", re.DOTALL)
SAMPLE = "config/plans/product-service.yaml"
BIN = pathlib.Path("build/dev/bin")


def squall(*arguments):
    return subprocess.run([BIN / "squall", *arguments], cwd=ROOT, capture_output=True, text=True,
                          timeout=60, check=False)


def pages():
    yield ROOT / "README.md"
    yield from sorted((ROOT / "docs").glob("**/*.md"))


class DocsTest(unittest.TestCase):
    def setUp(self):
        self._directory = tempfile.TemporaryDirectory()
        self.addCleanup(self._directory.cleanup)

    def write(self, text):
        path = pathlib.Path(self._directory.name) / "plan.yaml"
        path.write_text(text)
        return path

    def assert_passes(self, done):
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_plans_in_the_docs_are_valid(self):
        found = 0
        for page in pages():
            for text in BLOCK.findall(page.read_text()):
                found += 1
                with self.subTest(page.name, text=text):
                    self.assert_passes(squall("validate", self.write(text)))
        self.assertGreater(found, 0)

    def test_the_sample_plans_are_valid_on_top_of_the_first(self):
        self.assert_passes(squall("validate", SAMPLE))
        for path in sorted((ROOT / "config/plans").glob("*.yaml")):
            with self.subTest(path.name):
                self.assert_passes(squall("validate", SAMPLE, path))

    def test_the_first_plan_of_the_readme_runs(self):
        plan = self.write(BLOCK.search((ROOT / "README.md").read_text()).group(1))
        target = subprocess.Popen([BIN / "squall-target", "--listen", "127.0.0.1:0"], cwd=ROOT,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            host = re.search(r"http://[\d.]+:\d+", target.stdout.readline()).group()
            done = squall("run", plan, "--headless", "--host", host, "-t", "3s")
        finally:
            target.terminate()
            target.communicate(timeout=30)
        self.assert_passes(done)
        self.assertIn("Verdict: PASS", done.stdout)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        BIN = pathlib.Path(sys.argv.pop(1))
    unittest.main()
