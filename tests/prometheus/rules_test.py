#!/usr/bin/python3
"""config/prometheus is what Prometheus takes: promtool checks the configuration, the rules and
their tests, and reads the golden pages; what the rules ask for is on one of those pages."""
import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONFIG = ROOT / "config/prometheus"
RULES = CONFIG / "squall.rules.yaml"
CHART = ROOT / "tests/golden/chart/monitoring.yaml"
CHART_TESTS = ROOT / "tests/prometheus/chart.rules.test.yaml"
PAGES = sorted((ROOT / "tests/golden/metrics").glob("*.txt"))
# Of Prometheus itself, and of a scrape.
FOREIGN = {"up"}
# client-go and controller-runtime chose these names; stock dashboards want them as they are.
ACCEPTED = re.compile(r"^(workqueue|controller_runtime|rest_client|leader_election)_")

# Their names begin so; recorded ones have a level before and an operation behind.
METRIC = re.compile(r"\b(?:[a-z_]+:)?(?:squall|up|leader_election|controller_runtime|loadtest|"
                    r"workqueue)[a-z_]*(?::[a-z0-9_]+)?\b")


def promtool(*arguments, stdin=None):
    return subprocess.run(["promtool", *map(str, arguments)], input=stdin, text=True, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


def rules():
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"]
            for rule in group["rules"]]


def series_of(page):
    """Names of the series on a page."""
    return set(re.findall(r"^([a-z_]+)[{ ]", page.read_text(), re.MULTILINE))


class RulesTest(unittest.TestCase):
    def assert_passes(self, done):
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_the_configuration_is_valid(self):
        self.assert_passes(promtool("check", "config", CONFIG / "prometheus.yml"))

    def test_the_rules_are_valid(self):
        done = promtool("check", "rules", RULES)
        self.assert_passes(done)
        self.assertNotIn("duplicate", done.stdout)

    def test_the_rules_do_what_their_tests_say(self):
        self.assert_passes(promtool("test", "rules", CONFIG / "squall.rules.test.yaml"))

    def test_the_chart_s_own_alerts_do_what_their_tests_say(self):
        """Of the chart as it is rendered in tests/golden: the operator's alerts are there alone."""
        rule, = (item for item in yaml.safe_load_all(CHART.read_text())
                 if item and item["kind"] == "PrometheusRule")
        groups = [group for group in rule["spec"]["groups"] if group["name"] == "squall.operator"]
        self.assertEqual(len(groups), 1)
        with tempfile.TemporaryDirectory() as folder:
            rules_file = pathlib.Path(folder, "chart.rules.yaml")
            rules_file.write_text(yaml.safe_dump({"groups": groups}))
            tests = pathlib.Path(folder, CHART_TESTS.name)
            tests.write_text(CHART_TESTS.read_text())
            self.assert_passes(promtool("test", "rules", tests))
        told = {case["alertname"]
                for test in yaml.safe_load(CHART_TESTS.read_text())["tests"]
                for case in test.get("alert_rule_test", ()) if case["exp_alerts"]}
        self.assertEqual({alert["alert"] for alert in groups[0]["rules"]}, told)

    def test_a_prometheus_without_a_program_of_ours_raises_no_alert(self):
        """The configuration as it stands names programs that need not run: three scrapes on, and
        as long after them as an alert waits at most."""
        jobs = {job["job_name"]: job for job in
                yaml.safe_load((CONFIG / "prometheus.yml").read_text())["scrape_configs"]}
        self.assertNotIn("static_configs", jobs["squall-operator"])
        series = [{"series": f'up{{job="{name}",instance="{target}"}}', "values": "0x400"}
                  for name, job in jobs.items() for group in job.get("static_configs", ())
                  for target in group["targets"]]
        self.assertEqual(len(series), 3)
        alerts = [{"eval_time": f"{minutes}m", "alertname": rule["alert"], "exp_alerts": []}
                  for rule in rules() if "alert" in rule for minutes in (2, 20, 90)]
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "none.test.yaml")
            file.write_text(yaml.safe_dump({
                "rule_files": [str(RULES)], "evaluation_interval": "15s",
                "tests": [{"interval": "15s", "input_series": series, "alert_rule_test": alerts}]}))
            self.assert_passes(promtool("test", "rules", file))

    def test_every_alert_has_a_test(self):
        tests = yaml.safe_load((CONFIG / "squall.rules.test.yaml").read_text())["tests"]
        tested = {case["alertname"] for test in tests for case in test.get("alert_rule_test", ())
                  if case["exp_alerts"]}
        self.assertEqual({rule["alert"] for rule in rules() if "alert" in rule}, tested)

    def test_every_alert_says_how_bad_it_is_and_in_a_sentence_what(self):
        for rule in rules():
            if "alert" in rule:
                self.assertIn(rule["labels"]["severity"], ("info", "warning", "critical"))
                self.assertTrue(rule["annotations"]["summary"].endswith("."), rule["alert"])

    def test_what_the_rules_ask_for_is_on_a_page(self):
        there = FOREIGN.union(*map(series_of, PAGES))
        recorded = {rule["record"] for rule in rules() if "record" in rule}
        for rule in rules():
            asked = set(METRIC.findall(re.sub(r'"[^"]*"', "", rule["expr"])))
            self.assertTrue(asked, rule)
            self.assertLessEqual(asked - recorded, there, rule["expr"])

    def test_the_pages_are_as_prometheus_wants_them(self):
        self.assertEqual([page.stem for page in PAGES], ["agent", "coordinator", "operator"])
        for page in PAGES:
            done = promtool("check", "metrics", stdin=page.read_text())
            faults = [line for line in done.stdout.splitlines() if not ACCEPTED.match(line)]
            self.assertEqual(faults, [], page.name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
