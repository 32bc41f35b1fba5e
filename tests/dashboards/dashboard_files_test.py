#!/usr/bin/python3
"""config/dashboards is what Grafana imports as it is: the files are what scripts/dashboards writes,
the chart has the same ones, every query parses, and what it asks for is on a page of metrics."""
import json
import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "config/dashboards"
CHART = ROOT / "charts/squall/files"
RULES = ROOT / "config/prometheus/squall.rules.yaml"
LOADTEST_METRICS = ROOT / "operator/loadtest/load_test_metrics.cc"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
METRIC = re.compile(r"\b(?:squall|up|leader_election|controller_runtime|loadtest|workqueue|"
                    r"rest_client|process)(?:_[a-z_]+)?(?=[{\s\[)]|$)")
# What Grafana has to replace before Prometheus may see it.
PLACEHOLDERS = {"$window": "1m", "$namespace": ".*", "$test": ".*", "$agent": ".*", "$name": ".*",
                "$instance": ".*", "$loadtest": ".*"}


def dashboards():
    return {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


def queries(board):
    """Of panels and annotations."""
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield f"{board['title']}: {panel['title']}", target["expr"]
    for item in board["annotations"]["list"]:
        yield f"{board['title']}: {item['name']}", item["expr"]


def selectors(board):
    """Of the variables that ask Prometheus."""
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], re.fullmatch(r"label_values\((.*), (\w+)\)",
                                                 variable["query"]["query"])


def filled(text):
    for name, value in PLACEHOLDERS.items():
        text = text.replace(name, value)
    return text


class DashboardFiles(unittest.TestCase):
    def setUp(self):
        self.boards = dashboards()
        self.assertEqual(set(self.boards), {"fleet", "load-test", "operator"})

    def test_are_what_the_script_writes_and_the_chart_has_them(self):
        done = subprocess.run([ROOT / "scripts/dashboards", "--check"], capture_output=True,
                              text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for name in self.boards:
            self.assertEqual((FOLDER / f"{name}.json").read_bytes(),
                             (CHART / f"dashboards/{name}.json").read_bytes())
        self.assertEqual(RULES.read_bytes(), (CHART / RULES.name).read_bytes())

    def test_can_be_imported_anywhere(self):
        uids = [board["uid"] for board in self.boards.values()]
        titles = [board["title"] for board in self.boards.values()]
        self.assertEqual((len(set(uids)), len(set(titles))), (3, 3))
        for board in self.boards.values():
            self.assertIsNone(board["id"])
            self.assertNotIn("__inputs", board)
            self.assertLessEqual(len(board["uid"]), 40)
            self.assertEqual(board["templating"]["list"][0]["name"], "datasource")
            self.assertEqual(board["templating"]["list"][0]["type"], "datasource")
            for part in (*board["panels"], *board["annotations"]["list"],
                         *board["templating"]["list"]):
                if part.get("type") not in ("row", "datasource", "custom"):
                    self.assertEqual(part["datasource"], SOURCE)

    def test_panels_have_ids_a_place_a_unit_and_say_what_to_look_for(self):
        for board in self.boards.values():
            ids = [panel["id"] for panel in board["panels"]]
            self.assertEqual(ids, sorted(set(ids)))
            taken = set()
            for panel in board["panels"]:
                place = panel["gridPos"]
                cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                         for y in range(place["y"], place["y"] + place["h"])}
                self.assertFalse(cells & taken, panel["title"])
                self.assertLessEqual(place["x"] + place["w"], 24)
                taken |= cells
                if panel["type"] == "row":
                    continue
                self.assertRegex(panel["description"], r"[.?]$", panel["title"])
                self.assertTrue(panel["targets"] and all(t["expr"] for t in panel["targets"]))
                references = [target["refId"] for target in panel["targets"]]
                self.assertEqual(len(set(references)), len(references))
                if panel["type"] in ("timeseries", "stat"):
                    self.assertIn("unit", panel["fieldConfig"]["defaults"], panel["title"])

    def test_variables_find_series_without_the_label_too(self):
        for board in self.boards.values():
            names = {variable["name"] for variable in board["templating"]["list"]}
            for variable in board["templating"]["list"]:
                if variable["type"] == "query":
                    self.assertTrue(variable["multi"] and variable["includeAll"])
                    self.assertEqual(variable["allValue"], ".*")
            for place, query in queries(board):
                used = set(re.findall(r"\$(\w+)", query))
                self.assertLessEqual(used, names, place)
                self.assertEqual(set(re.findall(r'(\S+)"\$\w+"', query.replace("=~", " =~"))),
                                 {"=~"} if used - {"window"} else set(), place)

    def test_every_query_parses(self):
        rules = [{"record": "query", "expr": filled(query), "labels": {"n": f"{name}{at}"}}
                 for name, board in self.boards.items()
                 for at, (_, query) in enumerate(queries(board))]
        rules += [{"record": "query", "expr": filled(match.group(1)), "labels": {"n": name + at}}
                  for at, board in self.boards.items() for name, match in selectors(board)]
        self.assertGreater(len(rules), 100)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "queries.yaml")
            path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
            done = subprocess.run(["promtool", "check", "rules", path], timeout=60, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn(f"{len(rules)} rules found", done.stdout)

    def test_what_they_ask_for_is_on_a_page(self):
        there = {"up"}
        for page in (ROOT / "tests/golden/metrics").glob("*.txt"):
            there |= set(re.findall(r"^([a-z_]+)[{ ]", page.read_text(), re.MULTILINE))
        # Only with LoadTests, which the golden page is without.
        there |= set(re.findall(r'Gauge\(\s*"(loadtest_[a-z_]+)"', LOADTEST_METRICS.read_text()))
        for board in self.boards.values():
            asked = [*queries(board), *((name, match.group(1)) for name, match in selectors(board))]
            for place, query in asked:
                metrics = set(METRIC.findall(re.sub(r'"[^"]*"', "", query)))
                self.assertTrue(metrics, place)
                self.assertLessEqual(metrics, there, place)


if __name__ == "__main__":
    unittest.main(verbosity=2)
