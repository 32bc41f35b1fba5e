#!/usr/bin/python3
"""The metrics of real runs as a real Prometheus sees them: counters as in the report, percentiles
within a bucket of the report's, and a page that promtool has nothing to say about."""
import bisect
import gzip
import http.server
import json
import re
import signal
import socket
import subprocess
import threading
import unittest
import urllib.request

from fleet import FAILED, FleetTest
from harness import BIN, PATIENCE, ROOT, wait_for
from prometheus import Prometheus

BUCKETS = (0, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5,
           5, 7.5, 10, 30, 60, float("inf"))
INTERRUPTED = 130
TEXT = "text/plain;version=0.0.4"
OPEN = "application/openmetrics-text;version=1.0.0"

PLAN = """name: web shop
service: {{base_url: "{url}"}}
load_profile: {load}
users:
  - name: Buyer
    tasks:
      - name: shop
        steps:
          - {{get: {{path: /delay/3, name: quick}}}}
          - {{get: {{path: /delay/40, name: slow}}}}
          - {{get: {{path: /status/500, name: broken}}}}
"""

KUBECONFIG = """apiVersion: v1
kind: Config
current-context: fake
clusters: [{{name: fake, cluster: {{server: "{url}"}}}}]
users: [{{name: fake, user: {{}}}}]
contexts: [{{name: fake, context: {{cluster: fake, user: fake, namespace: default}}}}]
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def read(port, accept=TEXT):
    """(content type, text) of a page of metrics."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics",
                                     headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
        return reply.headers["Content-Type"], reply.read().decode()


def port_of(daemon):
    return int(re.search(r'"metrics_port":"(\d+)"', daemon.log()).group(1))


class MetricsTest(FleetTest):
    def shop(self, target, load):
        return self.plan(PLAN.format(url=target.url, load=load))

    def prometheus(self, **jobs):
        server = Prometheus(self.folder, {job: [f"127.0.0.1:{port}" for port in ports]
                                          for job, ports in jobs.items()})
        self.addCleanup(server.stop)
        return server

    def check_page(self, port):
        """promtool reads the text format; the other one has an end."""
        kind, text = read(port)
        self.assertEqual(kind, "text/plain; version=0.0.4; charset=utf-8")
        done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                              capture_output=True, timeout=PATIENCE, check=False)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))
        kind, text = read(port, OPEN)
        self.assertEqual(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8")
        self.assertTrue(text.endswith("# EOF\n"))
        return text

    def until_equal(self, wanted, ask, what):
        """The last scrape may still be a second away."""
        try:
            wait_for(lambda: ask() == wanted, what)
        except AssertionError:
            self.assertEqual(ask(), wanted, what)

    def assert_within_a_bucket(self, found, reported):
        """`found` lies in the bucket of `reported`, or in one beside it."""
        at = bisect.bisect_left(BUCKETS, reported)
        self.assertGreaterEqual(found, BUCKETS[max(0, at - 2)], reported)
        self.assertLessEqual(found, BUCKETS[min(len(BUCKETS) - 1, at + 1)], reported)


class Agents(MetricsTest):
    def test_what_prometheus_counts_is_what_the_report_says(self):
        target = self.target()
        agents = [self.squalld("--name", f"a-{i}") for i in range(3)]
        ports = [port_of(agent) for agent in agents]
        server = self.prometheus(squalld=ports)
        # The test ends the second one, when it has seen what there is to see.
        stages = "{stages: [{duration: 3s, users: 6, spawn_rate: 100}, {duration: 10m, users: 9}]}"
        report_file = self.folder / "report.json"
        process = self.start_squall("run", self.shop(target, stages), "--headless", "--quiet",
                                    "--agents", ",".join(agent.address for agent in agents),
                                    "--json", report_file)
        # While it goes on: three agents, the stages one after the other.
        wait_for(lambda: server.query("sum by (test) (squall_users)", "test").get("web shop") == 9,
                 "all users")
        self.assertEqual(set(server.query("squall_run_stage", "instance").values()), {2})
        self.assertEqual(server.value('count(squall_run_info{test="web shop"})'), 3)
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)
        self.assertEqual(process.returncode, INTERRUPTED)
        report = json.loads(report_file.read_text())
        entries = {entry["name"]: entry for entry in report["entries"]}
        self.assertEqual(set(entries), {"quick", "slow", "broken"})

        for metric, field in (("squall_requests_total", "requests"),
                              ("squall_failures_total", "failures"),
                              ("squall_sent_bytes_total", "bytes_sent"),
                              ("squall_received_bytes_total", "bytes_received"),
                              ("squall_request_duration_seconds_count", "requests")):
            self.until_equal({name: entry[field] for name, entry in entries.items()},
                             lambda metric=metric: server.query(f"sum by (name) ({metric})",
                                                                "name"), metric)
        classes = report["totals"]["status_classes"]
        self.until_equal(classes, lambda: server.query(
            "sum by (status_class) (squall_responses_total)", "status_class"), "classes of status")
        # All buckets of the run, since its counters began with 0.
        for percent in ("50", "95", "99"):
            found = server.query(
                f"histogram_quantile({int(percent) / 100}, "
                "sum by (name, le) (squall_request_duration_seconds_bucket))", "name")
            for name, entry in entries.items():
                self.assert_within_a_bucket(
                    found[name], entry["response_ms"]["percentiles"][percent] / 1000)
        for port in ports:
            self.check_page(port)
        self.assertEqual(server.query("squall_run_state == 1", "state"), {"finished": 1})
        # Our rules have seen it, too; the names are those of the dashboards.
        for record in ("test:squall_users:sum", "test:squall_requests:rate1m"):
            wait_for(lambda record=record: server.value(f"max_over_time({record}[2m])") or 0,
                     record)
        self.assertEqual(server.complaints(), [])


class Collector:
    """Takes what OTLP over HTTP brings, and keeps the bytes."""

    def __init__(self):
        bodies = self.bodies = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                bodies.append(gzip.decompress(body) if "Content-Encoding" in self.headers else body)
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Exemplars(MetricsTest):
    def test_a_slow_bucket_leads_to_a_trace(self):
        collector = Collector()
        self.addCleanup(collector.stop)
        agents = [self.squalld() for _ in range(2)]
        server = self.prometheus(squalld=[port_of(agent) for agent in agents])
        plan = self.shop(self.target(), "{users: 4, spawn_rate: 100, iterations: 80}")
        code, _, errors = self.squall("run", plan, "--headless", "--quiet", "--agents",
                                      ",".join(agent.address for agent in agents),
                                      "--otel-endpoint", collector.url, "--otel-protocol", "http",
                                      "--otel-sample", "1")
        if "SQUALL_WITH_OTEL" in errors:
            self.skipTest("built without OpenTelemetry")
        self.assertIn(code, FAILED, errors)
        self.until_equal(240, lambda: server.value(
            'sum(squall_trace_spans_total{result="exported"})'), "exported spans")
        self.assertEqual(server.value('sum(squall_trace_spans_total{result="sampled"})'), 240)
        wait_for(lambda: server.exemplars('squall_request_duration_seconds_bucket{name="slow"}'),
                 "an exemplar")
        exemplars = server.exemplars('squall_request_duration_seconds_bucket{name="slow"}')
        received = b"".join(collector.bodies)
        for exemplar in exemplars:
            self.assertIn(bytes.fromhex(exemplar["labels"]["trace_id"]), received)
            self.assertGreaterEqual(float(exemplar["value"]), 0.04)
        self.assertEqual(server.complaints(), [])


class Coordinators(MetricsTest):
    def test_serve_tells_of_its_runs_and_agents(self):
        target = self.target()
        serve = self.serve(web="127.0.0.1:0")
        port = port_of(serve)
        *agents, leaver = self.join(serve, "a-1", "a-2", "leaver")
        server = self.prometheus(squalld=[port_of(agent) for agent in agents], squall=[port])
        self.until_equal(3, lambda: server.value('squall_coordinator_agents{state="idle"}'),
                         "idle agents")
        plan = self.shop(target, "{users: 4, spawn_rate: 100}")
        self.create(serve, plan, "r-1")
        self.until_equal(4, lambda: server.value(
            'squall_coordinator_run_users{test="web shop",run_id="r-1"}'), "users")
        self.until_equal(3, lambda: server.value('squall_coordinator_agents{state="busy"}'),
                         "busy agents")
        leaver.process.terminate()  # as a pod that is scaled away: nothing to be woken for
        self.until_equal(2, lambda: server.value('squall_coordinator_agents{state="busy"}'),
                         "its leave")
        self.assertEqual(server.query("squall_coordinator_agents", "state"),
                         {"idle": 0, "busy": 2, "lost": 0})
        self.assertEqual(server.value('squall_coordinator_runs{state="running"}'), 1)
        self.assertEqual(set(server.query("squall_coordinator_snapshot_age_seconds", "agent")),
                         {"a-1", "a-2"})
        agents[0].kill()
        self.until_equal(1, lambda: server.value('squall_coordinator_agents{state="lost"}'), "loss")
        self.ask(serve, "stop", "r-1")
        self.until_equal(1, lambda: server.value("sum(squall_coordinator_runs_finished_total)"),
                         "the end")
        self.assertEqual(server.value("squall_coordinator_runs_started_total"), 1)
        self.assertIsNone(server.value("squall_coordinator_run_info"))
        self.assertGreater(server.value("squall_coordinator_store_bytes"), 0)
        self.assertGreater(server.value("squall_coordinator_store_writes_total"), 0)
        self.assertEqual(server.query('squall_requests_total{job="squall"}'), {},
                         "the agents tell that themselves")
        self.assertEqual(server.value('count(process_cpu_seconds_total)'), 2)
        self.assertEqual(set(server.query("squall_build_info", "job")), {"squalld", "squall"})
        self.check_page(port)
        self.assertEqual(server.complaints(), [])

    def test_serve_has_a_port_of_its_own_for_them(self):
        serve = self.serve()
        code, _, errors = self.squall("serve", "--listen", "127.0.0.1:0", "--store", ":memory:",
                                      "--web-listen", "", "--metrics-listen",
                                      f"127.0.0.1:{port_of(serve)}")
        self.assertEqual(code, 2)
        self.assertIn("--metrics-listen must be a free address", errors)
        code, _, errors = self.squall("serve", "--listen", "127.0.0.1:0", "--store", ":memory:",
                                      "--web-listen", "", "--metrics-listen", "0.0.0.0:0")
        self.assertEqual(code, 2)
        self.assertIn("--metrics-listen must be a loopback address", errors)


class OneCommand(MetricsTest):
    """squall run with --metrics-listen."""

    def run_with_page(self, target, *flags):
        port = free_port()
        plan = self.shop(target, "{users: 4, spawn_rate: 100, iterations: 40}")
        self.start_squall("run", plan, "--web-port", "0", "--autostart", "--quiet",
                          "--metrics-listen", f"127.0.0.1:{port}", *flags)
        wait_for(lambda: self.listens(port), "its page")
        return port

    @staticmethod
    def listens(port):
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    def figures(self, port):
        return {series: float(value)
                for series, value in re.findall(r"^(?!#)(.+) (\S+)$", read(port)[1], re.MULTILINE)}

    def check_load(self, port):
        request = 'squall_requests_total{test="web shop",method="GET",name="%s"}'
        for name in ("quick", "slow", "broken"):
            self.until_equal(40, lambda name=name: self.figures(port).get(request % name), name)
        self.until_equal(1, lambda: self.figures(port)['squall_run_state{test="web shop",'
                                                       'state="finished"}'], "the end")
        figures = self.figures(port)
        self.assertEqual(figures["squall_coordinator_runs_started_total"], 1)
        self.assertEqual(sum(value for series, value in figures.items()
                             if series.startswith("squall_coordinator_runs_finished_total")), 1)
        self.check_page(port)

    def test_shows_the_load_of_its_own_agent(self):
        self.check_load(self.run_with_page(self.target()))

    def test_shows_the_load_of_its_processes_together(self):
        self.check_load(self.run_with_page(self.target(), "--processes", "2"))

    def test_leaves_the_load_to_agents_that_have_pages(self):
        agent = self.squalld()
        port = self.run_with_page(self.target(), "--agents", agent.address)
        self.until_equal(1, lambda: sum(
            value for series, value in self.figures(port).items()
            if series.startswith("squall_coordinator_runs_finished_total")), "the end")
        self.assertNotIn("squall_requests_total", read(port)[1])
        self.assertEqual(agent.requests(), 120)

    def test_without_a_web_page_it_serves_while_the_run_goes_on(self):
        port = free_port()
        plan = self.shop(self.target(), "{users: 4, spawn_rate: 100}")
        process = self.start_squall("run", plan, "--headless", "--quiet", "--metrics-listen",
                                    f"127.0.0.1:{port}")
        wait_for(lambda: self.listens(port), "its page")
        wait_for(lambda: self.figures(port).get(
            'squall_users{test="web shop",user_class="Buyer"}') == 4, "users")
        self.assertEqual(self.figures(port)["squall_coordinator_runs_started_total"], 1)
        self.check_page(port)
        process.terminate()
        _, errors = process.communicate(timeout=PATIENCE)
        self.assertIn(f"metrics on http://127.0.0.1:{port}/metrics", errors)

    def test_other_machines_are_let_in_only_on_purpose(self):
        code, _, errors = self.squall("run", self.shop(self.target(), "{users: 1}"), "--headless",
                                      "--metrics-listen", "0.0.0.0:0")
        self.assertEqual(code, 2)
        self.assertIn("--metrics-listen must be a loopback address unless", errors)


class Operators(MetricsTest):
    def test_the_operator_tells_of_itself(self):
        fake = BIN.parent / "tests/bin/fake-kube-apiserver"
        url_file = self.folder / "api-server.url"
        api_server = self.start(fake, "--port-file", url_file, "--crd",
                                ROOT / "charts/squall/files/loadtests.yaml")
        wait_for(lambda: api_server.poll() is not None or url_file.exists(), "the API server")
        kubeconfig = self.write("kubeconfig", KUBECONFIG.format(url=url_file.read_text().strip()))
        log = self.folder / "operator.log"
        self.start(BIN / "squall-operator", "--kubeconfig", kubeconfig, "--namespace", "default",
                   "--metrics-listen", "127.0.0.1:0", "--health-listen", "127.0.0.1:0",
                   "--web-listen", "", "--agent-image", "squalld:test", "--log-format", "json",
                   log=log)
        wait_for(lambda: '"metrics_port"' in log.read_text(), "the operator")
        port = int(re.search(r'"metrics_port":"(\d+)"', log.read_text()).group(1))
        server = self.prometheus(operator=[port])
        self.until_equal({"operator": 1}, lambda: server.query(
            'sum by (job) (loadtest_watch_relists_total{resource="loadtests",reason="start"})',
            "job"), "the first list")
        self.assertEqual(server.query("squall_build_info", "job"), {"operator": 1})
        self.assertGreater(server.value("process_resident_memory_bytes"), 1e6)
        self.assertEqual(server.complaints(), [])
        self.assertTrue(read(port, OPEN)[1].endswith("# EOF\n"))

    def start(self, program, *arguments, log=None):
        with open(log or self.folder / f"{program.name}.log", "wb") as output:
            process = subprocess.Popen([str(program), *map(str, arguments)], stdout=output,
                                       stderr=subprocess.STDOUT)
        self.addCleanup(process.wait, PATIENCE)
        self.addCleanup(process.terminate)
        return process


if __name__ == "__main__":
    unittest.main(verbosity=2)
