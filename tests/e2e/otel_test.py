#!/usr/bin/python3
"""Spans and figures over OTLP, from the real programs to a receiver: as many as were sampled, with
the trace ids that the target saw, and no harm to the load when the collector is of no use."""
import contextlib
import json
import math
import os
import socket
import threading
import unittest
import urllib.request

import grpc

import fleet
import harness
from otlp_receiver import GrpcReceiver, HttpReceiver

PROTOCOLS = {"grpc": GrpcReceiver, "http": HttpReceiver}
CLIENT = 3
ERROR = 2
# What may stand in the environment of whoever runs the test.
CLEAN = {name: "" for name in os.environ if name.startswith("OTEL_")}


class OtelTest(fleet.FleetTest):
    def receiver(self, protocol, **options):
        receiver = PROTOCOLS[protocol](**options)
        self.addCleanup(receiver.stop)
        return receiver

    def traced_target(self, *flags):
        return self.target("--record-traceparents", "100000", *flags)

    @staticmethod
    def seen(target):
        url = target.url + "/traceparents"
        answer = json.load(urllib.request.urlopen(url, timeout=harness.PATIENCE))
        return answer["traceparents"], answer

    def requests_plan(self, target, iterations, steps=("get: /products/1", ), extra="", users=4):
        load = f"{{users: {users}, spawn_rate: 100, iterations: {iterations}}}"
        return self.plan(harness.one_task(load, *steps, base=target.url, extra=extra))

    def run_report(self, plan, *flags, codes=fleet.PASSED, environment=None):
        report = self.folder / "report.json"
        result, output, errors = self.squall(
            "run", plan, "--headless", "--quiet", "--json", report, *flags,
            environment={**CLEAN, **(environment or {})})
        self.assertIn(result, codes, f"{output[-3000:]}\n{errors[-2000:]}")
        return json.loads(report.read_text())

    def assert_all_accounted_for(self, traces):
        self.assertEqual(traces["sampled"],
                         traces["exported"] + traces["dropped"] + traces["failed"], traces)


class Spans(OtelTest):
    def test_have_the_trace_ids_that_the_target_saw(self):
        for protocol in PROTOCOLS:
            with self.subTest(protocol):
                target = self.traced_target()
                receiver = self.receiver(protocol)
                report = self.run_report(self.requests_plan(target, 600), "--otel-endpoint",
                                         receiver.url, "--otel-protocol", protocol)
                self.assertEqual(target.stats()["total"], 600)
                self.assertEqual(len(receiver.spans), 600)
                headers, _ = self.seen(target)
                self.assertEqual(
                    sorted(headers),
                    sorted(f"00-{span.trace_id}-{span.span_id}-01" for span in receiver.spans))
                self.assertEqual(len({span.trace_id for span in receiver.spans}), 600)
                self.assertEqual(report["traces"], {"sampled": 600, "exported": 600,
                                                    "dropped": 0, "failed": 0})

    def test_follow_the_semantic_conventions(self):
        target = self.traced_target()
        receiver = self.receiver("grpc")
        self.run_report(self.requests_plan(target, 1, users=1), "--otel-endpoint", receiver.url,
                        environment={"OTEL_RESOURCE_ATTRIBUTES": "team=shop,service.name=ignored",
                                     "OTEL_SERVICE_NAME": "load"})
        span, = receiver.spans
        self.assertEqual(span.name, "GET /products/1")
        self.assertEqual(span.kind, CLIENT)
        self.assertEqual(span.parent, "")
        self.assertEqual(span.status, 0)
        self.assertLess(span.begin, span.end)
        self.assertEqual(span.events, ["first byte"])
        expected = {"http.request.method": "GET", "url.full": f"{target.url}/products/1",
                    "server.address": "127.0.0.1",
                    "server.port": target.port, "http.response.status_code": 200,
                    "network.protocol.version": "1.1", "squall.request.name": "/products/1"}
        self.assertEqual({name: span.attributes.get(name) for name in expected}, expected)
        self.assertNotIn("error.type", span.attributes)
        self.assertGreater(span.attributes["http.response.body.size"], 0)
        resource = span.resource
        self.assertEqual(resource["service.name"], "load")
        self.assertEqual(resource["team"], "shop")
        self.assertEqual(resource["squall.test"], "e2e")
        self.assertTrue(resource["squall.run.id"])
        self.assertTrue(resource["service.instance.id"])
        self.assertTrue(resource["service.version"])

    def test_of_failures_say_why(self):
        target = self.traced_target()
        receiver = self.receiver("http")
        for step in ("get: /status/503", "get: /drop"):  # a failure ends the task
            plan = self.requests_plan(target, 3, steps=(step, ), users=1)
            self.run_report(plan, "--otel-endpoint", receiver.url, "--otel-protocol", "http",
                            codes=fleet.FAILED)
        refused = [span for span in receiver.spans if "/status/503" in span.name]
        dropped = [span for span in receiver.spans if "/drop" in span.name]
        self.assertEqual((len(refused), len(dropped)), (3, 3))
        for span in refused:
            self.assertEqual((span.status, span.attributes["error.type"]), (ERROR, "503"))
            self.assertIn("503", span.reason)
        for span in dropped:
            self.assertEqual(span.status, ERROR)
            self.assertTrue(span.reason)
            self.assertNotIn("http.response.status_code", span.attributes)
            self.assertTrue(span.attributes["error.type"])

    def test_are_as_many_as_the_share_says(self):
        target = self.traced_target()
        requests, share = 8000, 0.1
        allowed = 3 * math.sqrt(requests * share * (1 - share))
        for _ in range(2):  # three sigmas are left by one run in 370
            receiver = self.receiver("grpc")
            report = self.run_report(self.requests_plan(target, requests), "--otel-endpoint",
                                     receiver.url, "--otel-sample", share)
            sampled = report["traces"]["sampled"]
            self.assertEqual(len(receiver.spans), sampled)
            if abs(sampled - requests * share) <= allowed:
                break
        else:
            self.fail(f"{sampled} spans of {requests} requests at {share}")
        headers, answer = self.seen(target)
        self.assertEqual(answer["malformed"], 0)
        self.assertLessEqual({f"00-{span.trace_id}-{span.span_id}-01" for span in receiver.spans},
                             set(headers))

    def test_come_from_every_agent(self):
        target = self.traced_target()
        receiver = self.receiver("grpc")
        report = self.run_report(self.requests_plan(target, 900, users=6), "--processes", 3,
                                 "--otel-endpoint", receiver.url)
        self.assertEqual(len(receiver.spans), 900)
        self.assertEqual(report["traces"]["exported"], 900)
        self.assertEqual(len({span.resource["service.instance.id"] for span in receiver.spans}), 3)
        self.assertEqual(len({span.resource["squall.run.id"] for span in receiver.spans}), 1)
        self.assertEqual(len({span.trace_id for span in receiver.spans}), 900)


class WhoAsks(OtelTest):
    def spans_with(self, *flags, environment=None, outputs=None):
        """(spans of the first receiver, of the second): {0} and {1} are their addresses."""
        target = self.traced_target()
        receivers = [self.receiver("grpc"), self.receiver("grpc")]
        urls = [receiver.url for receiver in receivers]
        extra = "" if outputs is None else f"outputs: {outputs.replace('URL', urls[0])}"
        self.run_report(
            self.requests_plan(target, 20, extra=extra),
            *(flag.replace("URL", urls[1]) for flag in flags),
            environment={name: text.replace("URL", urls[0])
                         for name, text in (environment or {}).items()})
        return [len(receiver.spans) for receiver in receivers]

    def test_one_variable_alone_turns_traces_on(self):
        self.assertEqual(self.spans_with(environment={"OTEL_ENDPOINT": "URL"}), [20, 0])
        self.assertEqual(self.spans_with(environment={"OTEL_EXPORTER_OTLP_ENDPOINT": "URL"}),
                         [20, 0])

    def test_the_environment_can_turn_them_off_again(self):
        self.assertEqual(self.spans_with(environment={
            "OTEL_ENDPOINT": "URL", "OTEL_TRACES_SAMPLER": "always_off"}), [0, 0])
        self.assertEqual(self.spans_with(environment={
            "OTEL_ENDPOINT": "URL", "OTEL_SDK_DISABLED": "true"}), [0, 0])

    def test_flags_win_over_the_plan(self):
        traces = "{traces: {endpoint: \"URL\"}}"
        self.assertEqual(self.spans_with(outputs=traces), [20, 0])
        self.assertEqual(self.spans_with("--otel-endpoint", "URL", outputs=traces), [0, 20])
        self.assertEqual(self.spans_with("--otel-sample", "0", outputs=traces), [0, 0])

    def test_agents_send_of_their_own_accord_where_the_plan_says_nothing(self):
        target = self.traced_target()
        receiver = self.receiver("grpc")
        agent = self.squalld("--otel-endpoint", receiver.url, "--otel-sample", "1")
        self.run_report(self.requests_plan(target, 30), "--agents", agent.address)
        harness.wait_for(lambda: len(receiver.spans) == 30, "the spans of the agent")

    def test_a_sample_of_nothing_reaches_agents_with_an_environment_of_their_own(self):
        target = self.traced_target()
        receiver = self.receiver("grpc")
        agent = self.squalld("--allow-output", "none", environment={
            **CLEAN, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url})
        off = "outputs: {traces: {endpoint: \"http://127.0.0.1:9\", sample: 0}}"
        for flags, extra, spans in ((("--otel-sample", 0), "", 0), ((), off, 0), ((), "", 20)):
            with self.subTest(flags=flags, extra=extra):
                report = self.run_report(self.requests_plan(target, 20, extra=extra), "--agents",
                                         agent.address, *flags)
                self.assertEqual(report.get("traces", {}).get("sampled", 0), spans)
                self.assertEqual(len(receiver.spans), spans)
        code, output, errors = self.squall("inspect", self.requests_plan(target, 20, extra=off),
                                           environment=CLEAN)
        self.assertEqual(code, 0, errors)
        self.assertNotIn("Traces", output)

    def test_the_name_of_the_service_goes_to_the_agents(self):
        target = self.traced_target()
        receiver = self.receiver("grpc")
        agent = self.squalld(environment=CLEAN)
        self.run_report(self.requests_plan(target, 5), "--agents", agent.address, "--otel-endpoint",
                        receiver.url, "--otel-metrics", environment={"OTEL_SERVICE_NAME": "load"})
        points = [point for report in receiver.reports for point in report]
        self.assertEqual({sent.resource["service.name"] for sent in receiver.spans + points},
                         {"load"})

    def test_headers_reach_the_collector_and_nobody_else(self):
        target = self.traced_target()
        for protocol in PROTOCOLS:
            receiver = self.receiver(protocol)
            code, output, errors = self.squall(
                "run", self.requests_plan(target, 5), "--headless", "--otel-endpoint",
                receiver.url, "--otel-protocol", protocol,
                environment={**CLEAN, "OTEL_EXPORTER_OTLP_HEADERS": "x-api-key=hunter%202"})
            self.assertIn(code, fleet.PASSED, errors)
            self.assertEqual(receiver.headers[0]["x-api-key"], "hunter 2")
            self.assertNotIn("hunter", output + errors)

    def test_what_cannot_be_is_said_on_one_line(self):
        for flags, environment, words in (
            ((), {"OTEL_TRACES_SAMPLER": "coin"}, "OTEL_TRACES_SAMPLER must be"),
            ((), {"OTEL_EXPORTER_OTLP_PROTOCOL": "carrier-pigeon"}, "must be grpc or"),
            (("--otel-sample", "0.5"), {}, "--otel-sample must have somewhere to send to"),
            (("--otel-endpoint", "ftp://x"), {}, "--otel-endpoint must start with"),
        ):
            code, _, errors = self.squall("run", harness.PRODUCT_PLAN, "--headless", *flags,
                                          environment={**CLEAN, **environment})
            self.assertEqual(code, 2, errors)
            self.assertIn(words, errors)
            self.assertEqual(len(errors.strip().splitlines()), 1, errors)


    def test_what_others_may_have_set_is_a_warning(self):
        target = self.traced_target()
        receiver = self.receiver("http")
        for environment, spans, said in (
            ({"OTEL_TRACES_EXPORTER": "zipkin"}, 0, ["OTEL_TRACES_EXPORTER 'zipkin' is taken for"]),
            ({"OTEL_METRICS_EXPORTER": "prometheus"}, 5, ["OTEL_METRICS_EXPORTER 'prometheus'"]),
            ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, 5, ["OTEL_EXPORTER_OTLP_PROTOCOL"]),
            ({"OTEL_TRACES_SAMPLER": "xray"}, 5, ["OTEL_TRACES_SAMPLER 'xray' is taken for"]),
        ):
            with self.subTest(environment):
                receiver.spans.clear()
                code, _, errors = self.squall(
                    "run", self.requests_plan(target, 5), "--headless", "--quiet", environment={
                        **CLEAN, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
                        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, **environment})
                self.assertIn(code, fleet.PASSED, errors)
                self.assertEqual(len(receiver.spans), spans)
                warnings = [line for line in errors.splitlines() if "OTEL_" in line]
                self.assertEqual(len(warnings), len(said), errors)
                for line, words in zip(warnings, said):
                    self.assertTrue(line.startswith(f"warning: {words}"), line)

    def test_where_nothing_is_sent_variables_are_not_checked(self):
        target = self.target()
        nonsense = {**CLEAN, "OTEL_TRACES_SAMPLER": "coin", "OTEL_TRACES_EXPORTER": "pigeon",
                    "OTEL_EXPORTER_OTLP_PROTOCOL": "pigeon", "OTEL_ENDPOINT": "ftp://x"}
        agent = self.squalld("--no-otel-defaults", environment=nonsense)
        for where in ((), ("--agents", agent.address), ("--processes", 1)):
            with self.subTest(where):
                self.run_report(self.requests_plan(target, 5), "--otel-sample", 0, *where,
                                environment=nonsense)
        if (harness.BIN / "squall-python").exists():
            script = self.write("locustfile.py", "from locust import HttpUser, task\n"
                                "class Buyer(HttpUser):\n"
                                "    @task\n"
                                "    def look(self):\n"
                                "        self.client.get('/products/1')\n")
            code, output, errors = self.squall(
                "run", "-f", script, "--headless", "--host", target.url, "-i", 5, "--otel-sample",
                0, environment=nonsense)
            self.assertIn(code, fleet.PASSED, output + errors)


class RecordingProxy:
    """Notes what it is asked for, and does nothing of it."""

    def __init__(self):
        self.asked = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.environment = {name: url for name in (
            "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "grpc_proxy")}
        self.environment |= {"no_proxy": "", "NO_PROXY": "", "no_grpc_proxy": ""}
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                with connection, contextlib.suppress(OSError):
                    connection.settimeout(harness.PATIENCE)
                    self.asked.append(connection.recv(65536))
                    connection.sendall(b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n")

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Proxies(OtelTest):
    """Those of the environment would get the spans, and the secret headers with them."""

    def setUp(self):
        super().setUp()
        self.proxy = RecordingProxy()
        self.addCleanup(self.proxy.stop)
        self.environment = {**CLEAN, **self.proxy.environment,
                            "OTEL_EXPORTER_OTLP_HEADERS": "x-api-key=secret"}

    def test_are_not_used_by_a_run_on_this_machine(self):
        for protocol in PROTOCOLS:
            with self.subTest(protocol):
                target = self.traced_target()
                receiver = self.receiver(protocol)
                self.run_report(self.requests_plan(target, 20), "--otel-endpoint", receiver.url,
                                "--otel-protocol", protocol, "--otel-metrics",
                                environment=self.environment)
                self.assertEqual(self.proxy.asked, [])
                self.assertEqual(len(receiver.spans), 20)
                self.assertGreater(len(receiver.reports), 0)

    def test_are_not_used_by_agents_whose_plan_names_a_collector(self):
        for protocol in PROTOCOLS:
            with self.subTest(protocol):
                target = self.traced_target()
                receiver = self.receiver(protocol)
                agent = self.squalld(environment=self.environment)
                self.run_report(self.requests_plan(target, 20), "--agents", agent.address,
                                "--otel-endpoint", receiver.url, "--otel-protocol", protocol)
                self.assertEqual(self.proxy.asked, [])
                self.assertEqual(len(receiver.spans), 20)

    @unittest.skipUnless((harness.BIN / "squall-python").exists(), "built without Python")
    def test_are_left_to_a_locustfile_but_not_used_for_its_spans(self):
        script = self.write("locustfile.py", """
import os
from locust import HttpUser, task
print("its proxy:", os.environ.get("http_proxy"), flush=True)
class Buyer(HttpUser):
    @task
    def look(self):
        self.client.get("/products/1")
""")
        self.write("locust.conf", "otel = true\n")  # not known before the file has been loaded
        for protocol in PROTOCOLS:
            for flags in ((), ("--otel", ), ("--processes", 1)):
                with self.subTest(protocol, flags=flags):
                    target = self.traced_target()
                    receiver = self.receiver(protocol)
                    code, output, errors = self.squall(
                        "run", "-f", script, "--headless", "--host", target.url, "-i", 10, *flags,
                        cwd=self.folder, environment={
                            **self.environment, "OTEL_ENDPOINT": receiver.url,
                            "OTEL_EXPORTER_OTLP_PROTOCOL":
                                "grpc" if protocol == "grpc" else "http/protobuf",
                            "OTEL_TRACES_EXPORTER": "" if flags else "none"})
                    self.assertIn(code, fleet.PASSED, output + errors)
                    self.assertEqual(self.proxy.asked, [])
                    self.assertEqual(len(receiver.spans), 10)
                    self.assertIn(f"its proxy: {self.proxy.environment['http_proxy']}",
                                  output + errors)


class Certificates(OtelTest):
    def test_of_a_ca_that_the_plan_names_are_trusted_and_others_are_not(self):
        certificate, key = fleet.self_signed(self.folder, "collector")
        for protocol in PROTOCOLS:
            for ca, taken in ((f", ca_file: {certificate}", 20), ("", 0)):
                with self.subTest(protocol, ca=bool(ca)):
                    target = self.traced_target()
                    receiver = self.receiver(protocol, tls=(certificate, key))
                    report = self.run_report(self.requests_plan(
                        target, 20, extra=f"outputs: {{traces: {{endpoint: \"{receiver.url}\", "
                                          f"protocol: {protocol}{ca}}}}}"))
                    self.assertEqual(len(receiver.spans), taken)
                    self.assertEqual(report["traces"]["exported"], taken)


class UselessCollectors(OtelTest):
    def outcome(self, url, protocol):
        target = self.traced_target()
        report = self.run_report(self.requests_plan(target, 2000), "--otel-endpoint", url,
                                 "--otel-protocol", protocol,
                                 environment={"OTEL_EXPORTER_OTLP_TIMEOUT": "1000"})
        self.assertEqual(target.stats()["total"], 2000)
        traces = report["traces"]
        self.assertEqual(traces["sampled"], 2000)
        self.assertEqual(traces["exported"], 0)
        self.assert_all_accounted_for(traces)
        return traces

    def test_one_that_is_down_costs_no_request(self):
        with socket.socket() as held:  # bound and not listening: refused
            held.bind(("127.0.0.1", 0))
            for protocol in PROTOCOLS:
                with self.subTest(protocol):
                    self.outcome(f"http://127.0.0.1:{held.getsockname()[1]}", protocol)

    def test_what_is_said_of_one_leaves_out_its_path(self):
        target = self.traced_target()
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{held.getsockname()[1]}"
            report = self.folder / "report.json"
            code, output, errors = self.squall(
                "run", self.requests_plan(target, 50), "--headless", "--json", report,
                "--otel-endpoint", url + "/hunter2", "--otel-metrics",
                environment=CLEAN)
        self.assertIn(code, fleet.PASSED, errors)
        self.assertIn(f"spans do not reach {url}: ", errors)
        self.assertNotIn("hunter2", output + errors + report.read_text())
        self.assertNotRegex(errors, r"after \d+ m")

    def test_one_that_hangs_costs_no_request(self):
        for protocol in PROTOCOLS:
            with self.subTest(protocol):
                self.outcome(self.receiver(protocol, hang=True).url, protocol)

    def test_one_that_refuses_is_counted(self):
        for protocol, answer in (("grpc", grpc.StatusCode.UNAVAILABLE),
                                 ("grpc", grpc.StatusCode.PERMISSION_DENIED), ("http", 404),
                                 ("http", 500)):
            with self.subTest(answer):
                receiver = self.receiver(protocol, refuse=answer)
                traces = self.outcome(receiver.url, protocol)
                self.assertGreater(traces["failed"], 0)
                self.assertGreater(receiver.calls, 0)


class Compression(OtelTest):
    def test_that_http_does_not_have_does_no_harm(self):
        """An error that the library logged was taken for a failure, and each batch sent anew."""
        for protocol in PROTOCOLS:
            with self.subTest(protocol):
                target = self.traced_target()
                receiver = self.receiver(protocol)
                code, output, errors = self.squall(
                    "run", self.requests_plan(target, 100), "--headless", "--otel-endpoint",
                    receiver.url, "--otel-protocol", protocol, "--otel-metrics",
                    environment={**CLEAN, "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"})
                self.assertIn(code, fleet.PASSED, output + errors)
                self.assertEqual(len(receiver.spans), 100)
                self.assertGreater(len(receiver.reports), 0)
                self.assertEqual(errors.count("COMPRESSION 'gzip' is heeded over gRPC alone"),
                                 1 if protocol == "http" else 0, errors)
                self.assertNotIn("do not reach", errors)


class Figures(OtelTest):
    def test_equal_the_report(self):
        for protocol in PROTOCOLS:
            with self.subTest(protocol):
                target = self.traced_target()
                receiver = self.receiver(protocol)
                report = self.run_report(
                    self.requests_plan(target, 300, steps=("get: /products/1", "get: /status/503")),
                    "--otel-endpoint", receiver.url, "--otel-protocol", protocol, "--otel-metrics",
                    "--otel-sample", "0", codes=fleet.FAILED)
                self.assertEqual(receiver.spans, [])
                self.assertNotIn("traces", report)
                last = {}
                for point in receiver.reports[-1]:
                    key = (point.metric, point.attributes.get("name"),
                           point.attributes.get("status_class"))
                    last[key] = point
                requests = last["squall.requests", "/products/1", None]
                self.assertEqual(requests.value, 300)
                self.assertTrue(requests.monotonic and requests.cumulative)
                self.assertEqual(last["squall.failures", "/status/503", None].value, 300)
                self.assertEqual(last["squall.responses", None, "5xx"].value, 300)
                times = last["squall.request.duration", "/products/1", None]
                self.assertEqual((times.count, sum(times.buckets), times.unit), (300, 300, "s"))
                self.assertEqual(len(times.buckets), len(times.bounds) + 1)
                self.assertEqual(requests.attributes["test"], "e2e")
                self.assertTrue(requests.resource["service.instance.id"])

    def test_come_only_when_asked_for(self):
        target = self.traced_target()
        receiver = self.receiver("grpc")
        self.run_report(self.requests_plan(target, 5), environment={"OTEL_ENDPOINT": receiver.url})
        self.assertEqual(receiver.reports, [])
        self.run_report(self.requests_plan(target, 5),
                        environment={"OTEL_ENDPOINT": receiver.url,
                                     "OTEL_METRICS_EXPORTER": "otlp",
                                     "OTEL_TRACES_EXPORTER": "none"})
        self.assertEqual(len(receiver.spans), 5)  # of the first run
        self.assertGreater(len(receiver.reports), 0)


@unittest.skipUnless((harness.BIN / "squall-python").exists(), "built without Python")
class Locustfiles(OtelTest):
    def test_have_spans_too(self):
        target = self.traced_target()
        receiver = self.receiver("grpc")
        script = self.folder / "locustfile.py"
        script.write_text(
            "from locust import HttpUser, task\n"
            "class Buyer(HttpUser):\n"
            "    @task\n"
            "    def look(self):\n"
            "        self.client.get('/products/1', name='look')\n"
            "        self.client.get('/status/503', name='fail')\n"
            "        self.client.get('/status/404?page=1&token=hunter2')\n")
        report = self.folder / "report.json"
        code, output, errors = self.squall(
            "run", "-f", script, "--headless", "--host", target.url, "-u", 2, "-r", 2, "-i", 50,
            "--json", report, "--otel", environment={**CLEAN, "OTEL_ENDPOINT": receiver.url})
        self.assertIn(code, fleet.FAILED, output + errors)
        headers, _ = self.seen(target)
        self.assertEqual(len(receiver.spans), target.stats()["total"])
        self.assertEqual(sorted(headers), sorted(f"00-{span.trace_id}-{span.span_id}-01"
                                                 for span in receiver.spans))
        self.assertIn("GET /status/404?page=1&token=REDACTED", {s.name for s in receiver.spans})
        self.assertNotIn("hunter2", repr(receiver.spans))
        failed = [span for span in receiver.spans if span.name == "GET fail"]
        self.assertEqual(len(failed), 50)
        self.assertEqual({span.status for span in failed}, {ERROR})
        self.assert_all_accounted_for(json.loads(report.read_text())["traces"])

    def test_end_well_where_a_collector_hangs(self):
        target = self.traced_target()
        script = self.folder / "locustfile.py"
        script.write_text("from locust import HttpUser, constant, task\n"
                          "class Buyer(HttpUser):\n"
                          "    wait_time = constant(0.01)\n"
                          "    @task\n"
                          "    def look(self):\n"
                          "        self.client.get('/products/1')\n")
        report = self.folder / "report.json"
        # Longer than a locustfile's process may be silent while it stops.
        code, output, errors = self.squall(
            "run", "-f", script, "--headless", "--host", target.url, "-u", 2, "-r", 2, "-t", "1s",
            "--json", report, "--otel",
            environment={**CLEAN, "OTEL_ENDPOINT": self.receiver("grpc", hang=True).url,
                         "OTEL_EXPORTER_OTLP_TIMEOUT": "8000"})
        self.assertIn(code, fleet.PASSED, output + errors)
        traces = json.loads(report.read_text())["traces"]
        self.assertEqual(traces["sampled"], target.stats()["total"])
        self.assertEqual(traces["exported"], 0)
        self.assert_all_accounted_for(traces)


if __name__ == "__main__":
    unittest.main()
