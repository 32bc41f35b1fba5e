#!/usr/bin/python3
"""Every query of the dashboards, of panels, variables and annotations, is asked of a real
Prometheus that scrapes a real coordinator, its agents, and an operator with a LoadTest; each must
find data."""
import json
import os
import re
import sys
import unittest
import urllib.error
import urllib.request

from harness import BIN, PATIENCE, ROOT, wait_for

# fake_plane looks for it when it is imported.
os.environ["FAKE_KUBE_APISERVER"] = str(BIN.parent / "tests/bin/fake-kube-apiserver")
sys.path.append(str(ROOT / "tests/kube"))
from fake_plane import FakePlane  # noqa: E402
from fleet import FleetTest  # noqa: E402
from kubelet import Kubelet  # noqa: E402
from operator_case import LEASE, Operator  # noqa: E402
from prometheus import Prometheus  # noqa: E402

BOARDS = {path.stem: json.loads(path.read_text())
          for path in (ROOT / "config/dashboards").glob("*.json")}
NAMESPACE = "default"
LOADTESTS = f"/apis/squall.dev/v1alpha1/namespaces/{NAMESPACE}/loadtests"
WINDOW = "1m"
NOBODY = "127.0.0.1:9"  # where nothing listens

# Stages, a schedule (start delay), checks, failures; the receivers of spans and figures are not
# there, so both are lost and counted.
PLAN = """name: web shop
service: {{base_url: "{url}"}}
load_profile: {{stages: [{{duration: 3s, users: 6, spawn_rate: 100}}, {{duration: 10m, users: 9}}]}}
outputs:
  traces: {{endpoint: "http://127.0.0.1:9", protocol: http, sample: 1}}
  metrics:
    - influxdb: {{url: "http://127.0.0.1:9/write?db=squall", interval: 1s}}
    - statsd: {{address: "127.0.0.1:9", prefix: squall, interval: 1s}}
users:
  - name: Buyer
    wait_time: {{constant_pacing: 100ms}}
    tasks:
      - name: shop
        steps:
          - get: {{path: /products, name: list, checks: [{{status: 200}}]}}
          - get: {{path: /status/500, name: broken}}
"""

LOADTEST_PLAN = """name: browse
users:
  - name: Visitor
    wait_time: {constant: 50ms}
    tasks:
      - {name: browse, steps: [{get: /products}]}
"""


class Dashboards(FleetTest):
    def test_every_query_finds_data(self):
        serve, agents = self.fleet()
        operators, pods = self.cluster()
        server = Prometheus(
            self.folder,
            {"squalld": [*map(self.page_of, agents), NOBODY], "squall": [self.page_of(serve)],
             "squall/squall-agents": pods,
             "squall-operator": [f"127.0.0.1:{each.serving['metrics_port']}"
                                 for each in operators]},
            labels={"squall/squall-agents": {"namespace": NAMESPACE,
                                             "squall_dev_load_test": "browse"},
                    "squall-operator": {"namespace": "squall-system"}})
        self.addCleanup(server.stop)
        self.server = server
        self.make_trouble(agents)
        for what in ('squall_coordinator_agents{state="lost"}',
                     # A series that is new has a rate from its second scrape on.
                     "1 + rate(rest_client_request_retries_total[1m])",
                     'increase(squall_trace_spans_total{result="failed"}[1m])',
                     'increase(squall_output_reports_total{result="failed"}[1m])',
                     "increase(controller_runtime_reconcile_time_seconds_count[1m])",
                     "increase(workqueue_work_duration_seconds_count[1m])",
                     "loadtest_threshold_passed"):
            wait_for(lambda what=what: server.value(f"sum({what})"), what)
        for name, board in sorted(BOARDS.items()):
            with self.subTest(name):
                self.check(board)
        self.check_replicas()
        self.check_silent_pages()
        self.check_choice("load-test", {"namespace": NAMESPACE, "test": "browse"}, "web shop")

    # -- what is scraped ------------------------------------------------------------------------

    def fleet(self):
        """A coordinator, three agents, and a run that goes on."""
        self.web_port = self.folder / "web.port"
        serve = self.serve("--web-port-file", self.web_port, web="127.0.0.1:0")
        agents = self.join(serve, "a-1", "a-2", "a-3")
        self.create(serve, self.plan(PLAN.format(url=self.target().url)), "r-1")
        return serve, agents

    def cluster(self):
        """Two replicas of an operator, and the pages of the agents of its LoadTest."""
        plane = self.enterContext(FakePlane(self.folder))
        self.plane = plane
        kubelet = self.enterContext(Kubelet(plane, BIN))
        operators = []
        for _ in range(2):
            operators.append(Operator(plane.kubeconfig, self.folder, NAMESPACE, *LEASE,
                                      "--leader-election-namespace", NAMESPACE))
            self.addCleanup(operators[-1].stop)
            wait_for(lambda: operators[0].lines("leading"), "the first to lead")
        plane.api.create(LOADTESTS, {
            "apiVersion": "squall.dev/v1alpha1", "kind": "LoadTest", "metadata": {"name": "browse"},
            "spec": {"plan": {"inline": LOADTEST_PLAN}, "target": {"host": self.target().url},
                     "profile": {"users": 4, "spawnRate": 100, "runTime": "10m"},
                     "agents": {"replicas": 2}, "results": {"summaryPeriodSeconds": 5},
                     "thresholds": [{"name": "few-fail", "metric": "FailureRatio",
                                     "operator": "LessThan", "value": "1%"}]}})
        wait_for(lambda: (plane.api.find(f"{LOADTESTS}/browse") or {}).get("status", {})
                 .get("phase") == "Running", "the LoadTest to run")
        names = [pod["metadata"]["name"] for pod in
                 plane.api.get(f"/api/v1/namespaces/{NAMESPACE}/pods")["items"]]
        self.assertEqual(len(names), 2)
        return operators, [f"{kubelet.address(name)}:9646" for name in names]

    @staticmethod
    def page_of(daemon):
        return "127.0.0.1:" + re.search(r'"metrics_port":"(\d+)"', daemon.log()).group(1)

    def make_trouble(self, agents):
        """An agent dies, a browser asks for what is not there, someone edits the LoadTest, and the
        API server is busy for a moment."""
        wait_for(lambda: self.server.value('sum(squall_run_stage{test="web shop"})') == 6,
                 "the second stage of all")
        agents[2].kill()
        port = self.web_port.read_text().strip()
        with self.assertRaises(urllib.error.HTTPError) as found:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/none", timeout=PATIENCE)
        self.assertEqual(found.exception.code, 404)
        self.plane.api.merge(f"{LOADTESTS}/browse", {"spec": {"profile": {
            "override": {"users": 6, "spawnRate": 100}}}})
        # Only the operator writes there; it tries again.
        self.plane.break_with({"kind": "error", "code": 429, "retryAfterSeconds": 1, "count": 2,
                               "path": "browse/status"})

    # -- what is asked --------------------------------------------------------------------------

    def check(self, board):
        values = self.variables(board)
        missing = []
        for panel in board["panels"]:
            for target in panel.get("targets", ()):
                if not self.finds(self.filled(target["expr"], values),
                                  target.get("instant", False)):
                    missing.append(f"{panel['title']}: {target['expr']}")
        for item in board["annotations"]["list"]:
            if not self.finds(self.filled(item["expr"], values), False):
                missing.append(f"{item['name']}: {item['expr']}")
        self.assertEqual(missing, [])

    def check_replicas(self):
        """Both are there, and yet there is one LoadTest with two agents."""
        board = BOARDS["operator"]
        values = self.variables(board)
        self.assertEqual(self.server.value('count(up{job="squall-operator"} == 1)'), 2)
        self.assertEqual(self.server.value("count(loadtest_agents{state='desired'})"), 1)
        for title, label, wanted in (("LoadTests running", None, 1), ("By phase", "Running", 1),
                                     ("Agents", "desired", 2), ("Leaders", None, 1)):
            panel, = (panel for panel in board["panels"] if panel["title"] == title)
            expression = self.filled(panel["targets"][0]["expr"], values)
            found = self.server.ask("query", query=expression)["result"]
            numbers = [float(series["value"][1]) for series in found
                       if label is None or label in series["metric"].values()]
            self.assertEqual(numbers, [wanted], title)

    def check_silent_pages(self):
        """The agent that was killed is missed; what a configuration names and never ran is not."""
        self.assertEqual(self.server.value('count(up{job="squalld"} == 0)'), 2)
        panel, = (panel for panel in BOARDS["fleet"]["panels"]
                  if panel["title"] == "Pages that do not answer")
        self.assertEqual(self.server.value(panel["targets"][0]["expr"]), 1)

    def check_choice(self, name, chosen, other):
        """One test in one namespace: its series and none of another's."""
        values = {**self.variables(BOARDS[name]), **chosen}
        panel, = (panel for panel in BOARDS[name]["panels"] if panel["title"] == "Stage")
        found = self.server.query(self.filled(panel["targets"][0]["expr"], values), "test")
        self.assertEqual(set(found), {chosen["test"]})
        self.assertNotIn(other, found)

    def variables(self, board):
        """{name: what Grafana puts for All}; each must have something to choose from, and the query
        of a later one may use an earlier one."""
        values = {"window": WINDOW}
        for variable in board["templating"]["list"]:
            if variable["type"] != "query":
                continue
            selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)",
                                           variable["query"]["query"]).groups()
            found = self.server.ask(f"label/{label}/values",
                                    **{"match[]": self.filled(selector, values)})
            self.assertTrue(found, f"{board['title']}: {variable['name']}")
            values[variable["name"]] = variable["allValue"]
        return values

    @staticmethod
    def filled(text, values):
        return re.sub(r"\$(\w+)", lambda match: values[match.group(1)], text)

    def finds(self, expression, instant):
        """Whether there is a number in it, somewhere in the last minutes for a graph."""
        if instant:
            found = self.server.ask("query", query=expression)["result"]
            numbers = [series["value"][1] for series in found]
        else:
            end = float(self.server.ask("query", query="time()")["result"][1])
            found = self.server.ask("query_range", query=expression, start=end - 120, end=end,
                                    step=1)["result"]
            numbers = [value for series in found for _, value in series["values"]]
        return any(number != "NaN" for number in numbers)


if __name__ == "__main__":
    unittest.main(verbosity=2)
