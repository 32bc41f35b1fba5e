#!/usr/bin/python3
"""Figures that go to others while a run goes on: they are those of the report, whoever takes them,
and a receiver that does not changes nothing but a line."""
import collections
import json
import os
import unittest

from fleet import FAILED, PASSED, FleetTest, self_signed
from harness import BIN, PATIENCE, one_task
from prometheus import Prometheus
from receivers import HttpReceiver, InfluxDb, StatsdReceiver, parse_line

LOAD = "{users: 10, spawn_rate: 100, iterations: 400}"
# The pause comes first: a request that fails ends its task.
STEPS = ("think: 20ms", "get: {path: /products/1, name: one}",
         "get: {path: /status/500, name: 'bad, = name'}")


class SinksTest(FleetTest):
    def starts(self, server):
        self.addCleanup(server.stop)
        return server

    def shop(self, *outputs, load=LOAD):
        lines = "".join(f"    - {output}\n" for output in outputs)
        extra = f"outputs:\n  metrics:\n{lines}" if outputs else ""
        return self.plan(one_task(load, *STEPS, base=self.target().url, extra=extra))

    def counts(self, report):
        """{name: requests}"""
        return {entry["name"]: entry["requests"] for entry in report["entries"]}

    def run_on(self, agents, plan, *flags, codes=FAILED):
        """The JSON report of a run on these agents, and what was printed."""
        path = self.folder / "report.json"
        code, output, errors = self.squall("run", plan, "--headless", "--quiet", "--json", path,
                                           "--agents", ",".join(a.address for a in agents), *flags)
        self.assertIn(code, codes, output[-2000:] + errors[-2000:])
        return json.loads(path.read_text()), output + errors


class FiguresArrive(SinksTest):
    def test_influxdb_and_prometheus_have_those_of_the_report(self):
        influx = self.starts(InfluxDb(self.folder))
        prometheus = self.starts(Prometheus(self.folder, {}, "--web.enable-remote-write-receiver"))
        plan = self.shop(
            f'influxdb: {{url: "{influx.url}/write?db=squall", interval: 300ms, tags: {{env: x}}}}',
            f'prometheus_remote_write: {{url: "{prometheus.url}/api/v1/write", interval: 300ms}}')
        agents = [self.squalld("--name", name) for name in ("a-0", "a-1")]
        report, said = self.run_on(agents, plan)
        counts = self.counts(report)
        self.assertEqual(counts, {"one": 400, "bad, = name": 400})
        for agent in agents:
            agent.stop()  # which waits for the last reports
            self.assertNotIn("output failed", agent.log())
        self.assertNotIn("output", said)

        rows = influx.ask('SELECT sum(requests) AS new, sum(failures) AS bad FROM squall_requests '
                          'WHERE env = \'x\' AND test = \'e2e\' GROUP BY "name"')
        self.assertEqual({name: row["new"] for (name,), row in rows.items()}, counts)
        self.assertEqual(rows[("bad, = name",)]["bad"], 400)
        rows = influx.ask('SELECT last(requests_total) AS now FROM squall_requests '
                          'GROUP BY "agent", "name"')
        self.assertEqual(len(rows), 4)
        self.assertEqual(sum(row["now"] for row in rows.values()), 800)

        def by_name(metric):
            return prometheus.query(
                f'sum by (name) (last_over_time({metric}{{test="e2e"}}[10m]))', "name")
        self.assertEqual(by_name("squall_requests_total"), counts)
        self.assertEqual(by_name("squall_request_duration_seconds_count"), counts)
        # The run is over, and its series with it; the samples stay.
        self.assertEqual(prometheus.query("squall_target_users", "agent"), {})
        self.assertEqual(prometheus.query("count(count_over_time(squall_target_users[10m]))", "x"),
                         {"": 2})
        self.assertEqual(prometheus.query('{__name__=~"squall_.+"}', "__name__"), {})
        buckets = prometheus.query('last_over_time(squall_request_duration_seconds_bucket[10m])',
                                   "le")
        self.assertLessEqual({"1.0", "5.0", "+Inf"}, set(buckets))
        self.assertNotIn("1", buckets)
        found = prometheus.query("count by (instance, agent) "
                                 "(last_over_time(squall_requests_total[10m]))", "instance",
                                 "agent")
        self.assertEqual(sorted(found.values()), [2, 2])
        self.assertTrue(all(instance == agent for instance, agent in found), found)
        self.assertEqual(by_name('squall_failures_total'), {"one": 0, "bad, = name": 400})

    def test_statsd_and_json_lines_add_up_to_the_report(self):
        plain, tagged = self.starts(StatsdReceiver()), self.starts(StatsdReceiver())
        samples = self.folder / "samples.jsonl"
        plan = self.shop(f'statsd: {{address: "{tagged.address}", prefix: shop, interval: 200ms, '
                         'tags: {env: x}}')
        report = self.run_json(plan, "--out", f"statsd={plain.address}", "--out", f"json={samples}",
                               "--out", f"statsd={tagged.address}", code=1)  # as in the plan
        self.assertEqual(self.counts(report), {"one": 400, "bad, = name": 400})
        plain.take()
        tagged.take()
        self.assertEqual(plain.counters["squall.requests.GET.one"], 400)
        self.assertEqual(plain.counters["squall.failures.GET.bad____name"], 400)
        self.assertEqual(plain.counters["squall.iterations"], 400)
        self.assertEqual(plain.gauges["squall.local.users"], 0)
        by_name = collections.Counter()
        for key, value in tagged.counters.items():
            if key[0] == "shop.requests":
                self.assertRegex(
                    key[1], r"^env:x,run_id:[^,]+,test:e2e,agent:local,method:GET,name:")
                by_name[key[1].rpartition("name:")[2]] += value
        self.assertEqual(by_name, {"one": 400, "bad_ = name": 400})
        self.assertLessEqual(max(plain.sizes + tagged.sizes), 1432)

        lines = [json.loads(line) for line in samples.read_text().splitlines()]
        added = collections.Counter()
        for line in lines:
            self.assertEqual((line["test"], line["run_id"]), ("e2e", report["run"]["id"]))
            if line["type"] == "requests":
                added[line["name"]] += line["requests"]
        self.assertEqual(added, {"one": 400, "bad, = name": 400})
        self.assertEqual([line["last"] for line in lines if line["type"] == "load"][-1], True)

    def test_agents_of_a_server_send_their_own(self):
        statsd = self.starts(StatsdReceiver())
        serve = self.serve()
        agents = self.join(serve, "a-0", "a-1")
        plan = self.shop(f'statsd: "{statsd.address}"', f'json_lines: {self.folder / "no.jsonl"}')
        report = self.conclude(serve, self.create(serve, plan, "r-1"))
        self.assertEqual(self.counts(report), {"one": 400, "bad, = name": 400})
        for agent in agents:
            agent.stop()
        statsd.take()
        self.assertEqual(statsd.counters["squall.requests.GET.one"], 400)
        self.assertFalse((self.folder / "no.jsonl").exists(), "agents write no files")

    @unittest.skipUnless((BIN / "squall-python").exists(), "built without Python")
    def test_a_locustfile_has_outputs_too(self):
        statsd = self.starts(StatsdReceiver())
        target = self.target()
        samples = self.folder / "samples.jsonl"
        locustfile = self.write("locustfile.py", """
from locust import HttpUser, constant, task
class User(HttpUser):
    wait_time = constant(0.02)
    @task
    def one(self):
        self.client.get("/products/1", name="one")
""")
        code, output, errors = self.squall(
            "run", "-f", locustfile, "--headless", "-u", "5", "-r", "100", "-i", "100", "--host",
            target.url, "--out", f"statsd={statsd.address}", "--out", f"json={samples}")
        self.assertIn(code, PASSED, output + errors)
        statsd.take()
        self.assertEqual(statsd.counters["squall.requests.GET.one"], target.stats()["total"])
        lines = [json.loads(line) for line in samples.read_text().splitlines()]
        self.assertEqual(sum(line["requests"] for line in lines if line["type"] == "requests"),
                         target.stats()["total"])


class ReceiversFail(SinksTest):
    def failures(self, agent, text):
        """What the agent's log says of it, in order."""
        return [said for line in agent.log().splitlines() if text in line
                for said in ("output failed", "last report not sent") if said in line]

    def test_the_last_report_is_tried_again(self):
        # The run is over before an interval is: there is no other report.
        receiver = self.starts(HttpReceiver(lambda number: 503 if number < 3 else 204))
        agent = self.squalld()
        report, _ = self.run_on([agent], self.shop(
            f'influxdb: {{url: "{receiver.url}", interval: 100ms}}',
            load="{users: 10, spawn_rate: 100, iterations: 10}"))
        agent.stop()
        rows = [parse_line(line) for body in receiver.bodies() for line in body.splitlines()]
        added = collections.Counter()
        for measurement, tags, fields, _ in rows:
            if measurement == "squall_requests":
                added[tags["name"]] += fields["requests"]
        self.assertEqual(added, self.counts(report))
        self.assertNotIn("last report not sent", agent.log())

    def test_a_second_signal_does_not_wait_for_the_last_reports(self):
        silent = self.starts(HttpReceiver(lambda number: None))
        agent = self.squalld()
        self.run_on([agent], self.shop(f'influxdb: {{url: "{silent.url}", interval: 1h}}'))
        agent.process.terminate()
        agent.says('"stopped"')  # the drain is over
        agent.process.terminate()
        self.assertEqual(agent.process.wait(PATIENCE), 130)
        self.assertIn("stopped at once by a second signal", agent.log())

    def test_they_never_change_the_load_and_are_said_once(self):
        gone = HttpReceiver()
        gone.stop()
        silent = self.starts(HttpReceiver(lambda number: None))
        broken = self.starts(HttpReceiver(lambda number: 500))
        picky = self.starts(HttpReceiver(lambda number: 400))
        outputs = [f'influxdb: {{url: "{server.url}/write?p=hunter2", interval: 100ms}}'
                   for server in (gone, silent, broken, picky)]
        outputs += ['statsd: {address: "127.0.0.1:1", interval: 100ms}',
                    f'prometheus_remote_write: {{url: "{broken.url}/w", interval: 100ms, '
                    'headers: {X-Key: hunter2}}']
        agent = self.squalld()
        report, said = self.run_on([agent], self.shop(*outputs, load="{users: 10, spawn_rate: 100, "
                                                      "iterations: 1000}"))
        self.assertEqual(self.counts(report), {"one": 1000, "bad, = name": 1000})
        warnings = [text for text in report["verdict"]["warnings"] if text.startswith("output ")]
        texts = (f"output influxdb {gone.url}: takes no connections",
                 f"output influxdb {broken.url}: answered 500",
                 f"output influxdb {picky.url}: answered 400",
                 "output statsd 127.0.0.1:1: nobody listens there",
                 f"output remote_write {broken.url}: answered 500")
        for text in texts:
            self.assertEqual(warnings.count(text), 1, warnings)
        metrics = agent.metrics()

        def failed(kind):
            return sum(value for series, value in metrics.items()
                       if series.startswith("squall_output_reports_total")
                       and f'output="{kind}"' in series and 'result="failed"' in series)
        self.assertGreaterEqual(failed("influxdb"), 3)
        self.assertGreaterEqual(failed("statsd"), 1)
        self.assertGreaterEqual(failed("remote_write"), 1)
        agent.stop()
        for text in (*texts, f"output influxdb {silent.url}: does not answer in time"):
            self.assertEqual(self.failures(agent, text), ["output failed", "last report not sent"])
        page = json.dumps(report) + said + agent.log()
        self.assertNotIn("hunter2", page)

    def test_what_was_missed_comes_with_the_next_report(self):
        receiver = self.starts(HttpReceiver(lambda number: 503 if number in (1, 2, 3, 6) else 204))
        agent = self.squalld()
        plan = self.shop(f'influxdb: {{url: "{receiver.url}", interval: 100ms}}',
                         load="{users: 10, spawn_rate: 100, iterations: 1000}")
        report, _ = self.run_on([agent], plan)
        agent.stop()
        added = collections.Counter()
        for body in receiver.bodies():
            for line in body.splitlines():
                measurement, tags, fields, _ = parse_line(line)
                if measurement == "squall_requests":
                    added[tags["name"]] += fields["requests"]
        self.assertEqual(added, self.counts(report))
        self.assertEqual(agent.log().count("output works again"), 2)
        self.assertIn("3 reports had failed", agent.log())

    def test_a_certificate_is_checked(self):
        cert, key = self_signed(self.folder, "receiver")
        receiver = self.starts(HttpReceiver(certificate=(cert, key)))
        url = receiver.url
        self.run_json(self.shop(f'influxdb: {{url: "{url}", interval: 100ms, headers: '
                                f'{{X-Key: "${{KEY}}"}}, ca_file: {cert}}}'), code=1,
                      environment={"KEY": "k-1"})
        self.assertIn("X-Key: k-1\r\n", receiver.requests[0][0])
        taken = len(receiver.requests)
        report = self.run_json(self.shop(f'influxdb: {{url: "{url}", interval: 100ms}}'), code=1)
        self.assertEqual(len(receiver.requests), taken)
        self.assertIn("certificate", " ".join(report["verdict"]["warnings"]))


class OutputsAreRefused(SinksTest):
    def refused_line(self, code, *arguments):
        result, _, errors = self.squall("run", self.shop(), "--headless", *arguments)
        self.assertEqual(result, code, errors)
        return errors

    def test_flags_say_what_to_write(self):
        for out, words in (("influx=http://h", "did you mean 'influxdb'?"),
                           ("statsd=h", "must be host:port"),
                           ("json", "must say where to, as in json=samples.jsonl")):
            self.assertIn(words, self.refused_line(2, "--out", out))
        self.assertIn("must be a file that can be written",
                      self.refused_line(2, "--out", "json=/no/such/place"))
        many = [word for port in range(1, 18) for word in ("--out", f"statsd=127.0.0.1:{port}")]
        self.assertIn("outputs must be at most 16", self.refused_line(2, *many))

    def test_an_agent_sends_nowhere_that_it_is_not_allowed_to(self):
        receiver = self.starts(HttpReceiver())
        plan = self.shop(f'influxdb: "{receiver.url}"')
        target = plan.read_text().split('"http://')[1].split('"')[0]
        host = receiver.url.rpartition("/")[2]
        closed = self.squalld("--allow-target", target)
        code, _, errors = self.squall("run", plan, "--headless", "--agents", closed.address)
        self.assertNotIn(code, (*PASSED, *FAILED), errors)
        self.assertIn("--allow-output", errors)
        self.assertEqual(receiver.requests, [])
        for allowed in (host, "any"):
            self.run_on([self.squalld("--allow-target", target, "--allow-output", allowed)], plan)
        self.assertGreaterEqual(len(receiver.requests), 2)
        # What the agent itself was told to send to is no plan's choice.
        self.run_on([self.squalld("--allow-target", target, "--otel-endpoint",
                                  "http://127.0.0.1:1", "--otel-sample", "0")],
                    self.plan(plan.read_text().split("outputs:")[0] +
                              "users:" + plan.read_text().split("users:")[-1], "bare.yaml"))
        none = self.squalld("--allow-output", "none")
        code, _, errors = self.squall("run", plan, "--headless", "--agents", none.address)
        self.assertIn("--allow-output", errors)

    def test_inspect_shows_where_figures_go_without_secrets(self):
        plan = self.shop('influxdb: "http://h:8086/write?db=a&p=hunter2"')
        _, output, _ = self.squall("inspect", plan)
        self.assertIn("Metrics   influxdb http://h:8086, every 5s\n", output)
        data = json.loads(self.squall("inspect", plan, "--output", "json")[1])
        self.assertEqual(data["outputs"]["metrics"],
                         [{"kind": "influxdb", "to": "http://h:8086", "interval_seconds": 5}])


if __name__ == "__main__":
    os.environ["NO_COLOR"] = "1"
    unittest.main()
