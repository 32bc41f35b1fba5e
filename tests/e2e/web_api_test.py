#!/usr/bin/python3
"""docs/openapi.yaml against the running server: every operation is called, before, during and after
a run, and every reply must be one that the file describes. And what scripts for Locust do."""
import gzip
import json
import re
import unittest
import urllib.error
import urllib.parse
import urllib.request

import jsonschema
import yaml
from harness import PATIENCE, ROOT, one_task, wait_for
from page import PageTest

SPEC = yaml.safe_load((ROOT / "docs/openapi.yaml").read_text())
JSON = "application/json"


def resolve(node):
    while "$ref" in node:
        found = SPEC
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def operations():
    """{operationId: (method, path, operation)}"""
    return {operation["operationId"]: (method.upper(), path, operation)
            for path, item in SPEC["paths"].items()
            for method, operation in item.items() if method != "parameters"}


OPERATIONS = operations()


def check(schema, value):
    jsonschema.Draft202012Validator(
        schema, resolver=jsonschema.RefResolver("", SPEC)).validate(value)


def check_schema(name, value):
    check({"$ref": f"#/components/schemas/{name}"}, value)


class Reply:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def type(self):
        return (self.headers.get("Content-Type") or "").partition(";")[0]


class Client:
    """Calls operations by name and holds each reply against the file."""

    def __init__(self, url):
        self.url = url
        self.called = set()

    def send(self, method, path, body=None, headers=None):
        request = urllib.request.Request(self.url + path, body, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
                return Reply(reply.status, reply.headers, reply.read())
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, error.headers, error.read())

    def call(self, name, run_id="", body=None, form=None, headers=None, **query):
        method, path, operation = OPERATIONS[name]
        path = path.replace("{id}", urllib.parse.quote(run_id, safe=""))
        path += "?" + urllib.parse.urlencode(query) if query else ""
        headers = dict(headers or {})
        data = None
        if body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode(), JSON
        elif form is not None:
            data = urllib.parse.urlencode(form, doseq=True).encode()
        reply = self.send(method, path, data, headers)
        self.called.add(name)
        self.hold(name, operation, reply)
        return reply

    @staticmethod
    def hold(name, operation, reply):
        responses = operation["responses"]
        documented = responses.get(str(reply.status)) or responses.get("default")
        assert documented, f"{name}: {reply.status} is not documented: {reply.body[:500]}"
        documented = resolve(documented)
        if str(reply.status) not in responses:
            assert reply.status >= 400, f"{name}: {reply.status} is no error: {reply.body[:500]}"
        for header in documented.get("headers", {}):
            assert reply.headers.get(header), f"{name}: {header} must be there"
        content = documented.get("content")
        if not content:
            assert not reply.body, f"{name}: {reply.status} has no body: {reply.body[:500]}"
            return
        assert reply.type in content, f"{name}: {reply.type} is not documented"
        schema = content[reply.type]["schema"]
        if reply.type == JSON:
            check(schema, reply.json)
        elif reply.type != "text/event-stream":
            check(schema, reply.body.decode())


def events_of(text):
    """[(name, data)] of a stream."""
    events = []
    for block in text.split("\n\n"):
        lines = [line.partition(": ")[::2] for line in block.split("\n")
                 if line and not line.startswith(":")]
        if lines:
            data = "\n".join(value for name, value in lines if name == "data")
            events.append((dict(lines)["event"], json.loads(data)))
    return events


class ApiTest(PageTest):
    def setUp(self):
        super().setUp()
        self.shop = self.target()
        plan = self.plan(one_task(
            "{stages: [{duration: 1h, users: 4, spawn_rate: 1000}]}",
            "get: {path: /products/1, headers: {Authorization: Bearer hunter2}}",
            "get: /products/999999", base=self.shop.url,
            extra="thresholds: {response_time: p(95) < 30s}"))
        self.program = self.page("run", plan, "--web-port", 0)
        self.client = Client(self.program.url)
        self.call = self.client.call

    def start(self, **body):
        return self.call("startRun", body=body).json["id"]

    def counted(self, run):
        return wait_for(lambda: (reply := self.call("getRun", run).json)["requests"] > 50 and reply,
                        "requests")

    def wait_over(self, run):
        return wait_for(lambda: (reply := self.call("getRun", run).json)["state"] == "finished"
                        and reply, "the end")

    def stop(self, run):
        self.assertEqual(self.call("stopRun", run, body={"reason": "enough"}).status, 200)
        return self.wait_over(run)


PIECES = ("getRun", "getView", "getStats", "getFailures", "getExceptions", "getRunAgents",
          "getTasks", "getHeat", "getPoints", "getEvents")
LOCUST_JSON = ("locustRequests", "locustExceptions", "locustTasks", "locustLogs",
               "locustWorkerCount")
LOCUST_FILES = ("locustRequestsCsv", "locustFailuresCsv", "locustHistoryCsv",
                "locustExceptionsCsv", "locustReport")


class EveryOperation(ApiTest):
    def test_each_reply_is_as_documented(self):
        self.before_a_run()
        run = self.start(users=3)
        self.during(run)
        self.stop(run)
        self.after(run)
        self.assertEqual(set(OPERATIONS) - self.client.called, set(), "not called by this test")

    def expect(self, status, *names, **arguments):
        for name in names:
            with self.subTest(name):
                self.assertEqual(self.call(name, **arguments).status, status)

    @staticmethod
    def report_formats():
        parameters = SPEC["paths"]["/api/v1/runs/{id}/report"]["parameters"]
        return next(item["schema"]["enum"] for item in parameters if item.get("name") == "format")

    def before_a_run(self):
        self.expect(200, "healthz", "getServer", "listAgents", "listRuns", "locustStop",
                    "locustReset", *LOCUST_JSON)
        self.expect(404, *PIECES, "streamRun", "getReport", "stopRun", "deleteRun", run_id="nobody")
        self.expect(404, "compareRuns", base="nobody", run="nobody")
        self.expect(404, *LOCUST_FILES)
        self.expect(501, "locustUser")

    def during(self, run):
        self.counted(run)
        self.expect(200, *PIECES, run_id=run)
        for change in ({"users": 5, "spawn_rate": 100}, {"clear": True}, {"paused": True},
                       {"paused": False},
                       {"stages": [{"duration_seconds": 3600, "users": 4, "spawn_rate": 50}]}):
            with self.subTest(change):
                self.assertEqual(self.call("changeRun", run, body=change).status, 200)
        self.expect(409, "deleteRun", run_id=run)
        self.expect(200, "locustReset", *LOCUST_JSON, *LOCUST_FILES)
        self.expect(200, "locustSwarm", form={"user_count": 6, "spawn_rate": 100})
        self.expect(200, "listRuns", limit=1, state="running", plan="e2e")
        self.expect(429, "startRun", body={})  # one at a time

    def after(self, run):
        self.expect(200, *PIECES, "streamRun", run_id=run)
        self.expect(200, *LOCUST_JSON, *LOCUST_FILES)
        for format_name in self.report_formats():
            with self.subTest(format_name):
                self.assertEqual(self.call("getReport", run, format=format_name).status, 200)
        self.expect(200, "compareRuns", base=run, run=run)
        self.expect(409, "changeRun", run_id=run, body={"users": 1})
        self.expect(204, "deleteRun", run_id=run)
        self.expect(404, "getRun", run_id=run)


class WhatRepliesSay(ApiTest):
    def test_the_api_has_the_figures_of_the_report(self):
        run = self.start(users=3)
        self.counted(run)
        over = self.stop(run)
        report = self.call("getReport", run).json
        totals = report["totals"]
        self.assertEqual((over["requests"], over["failures"], over["verdict"]),
                         (totals["requests"], totals["failures"], report["verdict"]["verdict"]))
        stats = self.call("getStats", run).json
        rows = {row[stats["columns"].index("name")]: row for row in stats["rows"]}
        requests = stats["columns"].index("requests")
        self.assertEqual({name: row[requests] for name, row in rows.items()},
                         {entry["name"]: entry["requests"] for entry in report["entries"]})
        points = self.call("getPoints", run).json
        self.assertEqual(sum(points["requests"]), totals["requests"])
        locust = self.call("locustRequests").json
        self.assertEqual(locust["stats"][-1]["num_requests"], totals["requests"])
        self.assertEqual(locust["state"], "stopped")
        # The target saw what was counted.
        self.assertEqual(self.shop.stats()["total"], totals["requests"])

    def test_a_secret_of_the_plan_is_in_no_reply(self):
        run = self.start(users=3)
        self.counted(run)
        for stage in ("during", "after"):
            for name in ("getServer", "listRuns", *PIECES, *LOCUST_JSON, *LOCUST_FILES):
                reply = self.call(name, run if name in PIECES else "")
                self.assertNotIn(b"hunter2", reply.body, f"{name} {stage}")
            if stage == "during":
                self.stop(run)

    def test_an_unchanged_table_is_not_sent_twice(self):
        run = self.start(users=3)
        self.counted(run)
        self.stop(run)
        for name in ("getStats", "getView", "getHeat"):
            first = self.call(name, run)
            again = self.call(name, run, headers={"If-None-Match": first.headers["ETag"]})
            self.assertEqual((again.status, again.body), (304, b""))
        packed = self.call("getView", run).body
        reply = self.client.send("GET", f"/api/v1/runs/{run}/view",
                                 headers={"Accept-Encoding": "gzip"})
        self.assertEqual(reply.headers["Content-Encoding"], "gzip")
        self.assertEqual(gzip.decompress(reply.body), packed)

    def test_points_go_on_where_the_page_ends(self):
        run = self.start(users=3)
        points = wait_for(lambda: len((reply := self.call("getPoints", run).json)["start"]) > 2
                          and reply, "three points")
        known = len(points["start"])
        more = self.call("getPoints", run, known=known, step=points["length"][0]).json
        self.assertEqual(more["from"], known - 1)
        self.assertEqual(more["start"][0], points["start"][-1])
        # The first point of another length: all again.
        self.assertEqual(self.call("getPoints", run, known=known, step=77).json["from"], 0)

    def test_wrong_requests_say_what_is_right(self):
        for body, message in (
                ({"user": 3}, "the body must have no field 'user', did you mean 'users'?"),
                ({"users": -1}, "users must be a whole number from 0 to 1000000000, got -1"),
                ({"plan": "nothing"}, None), ([], None), ("{", None)):
            reply = self.call("startRun", body=body)
            self.assertEqual(reply.status, 400, body)
            if message:
                self.assertEqual(reply.json["error"]["message"], message)
        reply = self.client.send("POST", "/api/v1/runs", b"{}", {"Content-Type": "text/plain"})
        self.assertEqual(reply.status, 415)
        check_schema("Error", reply.json)
        reply = self.client.send("PUT", "/api/v1/runs")
        self.assertEqual((reply.status, reply.headers["Allow"]), (405, "GET, HEAD, POST"))
        self.assertEqual(self.call("listRuns").json["runs"], [])

    def test_a_load_of_the_other_model_is_refused(self):
        run = self.start(users=3)
        self.counted(run)
        reply = self.call("changeRun", run, body={"arrival_factor": 2})
        self.assertEqual(reply.status, 400)
        self.assertEqual(reply.json["error"]["message"],
                         "arrival_factor must not be set in a run with a number of users; "
                         "set users instead")
        self.stop(run)
        self.assertIs(self.call("getRun", run).json["overridden"], False)

    def test_a_run_starts_with_the_arrival_rate_that_is_asked_for(self):
        plan = self.plan(one_task("{arrival: {stages: [{duration: 1h, rate: 50}]}}", "get: /",
                                  base=self.shop.url))
        client = Client(self.page("run", plan, "--web-port", 0).url)
        self.assertEqual(client.call("getServer").json["plans"][0]["arrival_rate"], 50)
        for body in ({"arrival_rate": 80, "users": 3}, {"arrival_rate": 0},
                     {"arrival_rate": 80, "stages": [{"duration_seconds": 60, "users": 4}]}):
            self.assertEqual(client.call("startRun", body=body).status, 400, body)
        run = client.call("startRun", body={"arrival_rate": 80}).json["id"]
        wait_for(lambda: client.call("getRun", run).json["target_rate"] == 80, "the rate")
        self.assertEqual(client.call("getRun", run).json["planned"][0]["rate"], 80)
        self.assertEqual(client.call("stopRun", run, body={}).status, 200)

    def test_users_do_not_take_the_place_of_arrivals(self):
        plan = self.plan(one_task("{arrival: {stages: [{duration: 1h, rate: 50}]}}", "get: /",
                                  base=self.shop.url))
        client = Client(self.page("run", plan, "--web-port", 0).url)
        run = client.call("startRun", body={}).json["id"]
        wait_for(lambda: client.call("getRun", run).json["requests"] > 0, "requests")
        for change in ({"users": 9},
                       {"stages": [{"duration_seconds": 60, "users": 4, "spawn_rate": 50}]}):
            self.assertEqual(client.call("changeRun", run, body=change).status, 400, change)
        answer = client.call("locustSwarm", form={"user_count": 9, "spawn_rate": 10}).json
        self.assertIs(answer["success"], False)
        self.assertIn("set arrival_factor instead", answer["message"])
        self.assertEqual(client.call("changeRun", run, body={"arrival_factor": 2}).status, 200)
        self.assertEqual(client.call("stopRun", run, body={}).status, 200)

    def test_a_foreign_page_changes_nothing_by_locusts_endpoints_either(self):
        run = self.start(users=3)
        self.counted(run)
        foreign = {"Origin": "http://evil.test"}
        for method, path, body in (("GET", "/stop", None), ("GET", "/stats/reset", None),
                                   ("POST", "/swarm", b"user_count=9"),
                                   ("POST", f"/api/v1/runs/{run}/stop", b"")):
            self.assertEqual(self.client.send(method, path, body, foreign).status, 403, path)
        silent = {"User-Agent": "Mozilla/5.0", "Accept": "image/avif,image/webp,*/*"}
        for path in ("/stop", "/stats/reset"):
            self.assertEqual(self.client.send("GET", path, headers=silent).status, 403, path)
        self.assertEqual(self.call("getRun", run).json["state"], "running")

    def test_a_report_is_a_file_that_cannot_reach_the_server(self):
        run = self.start(users=3)
        self.counted(run)
        self.stop(run)
        reply = self.call("getReport", run, format="html")
        self.assertRegex(reply.headers["Content-Disposition"],
                         r'^attachment; filename="e2e_\d{4}-\d\d-\d\d-\d{4}\.html"$')
        self.assertIn("sandbox", reply.headers["Content-Security-Policy"])
        self.assertNotIn("allow-same-origin", reply.headers["Content-Security-Policy"])
        shown = self.call("locustReport")
        self.assertTrue(shown.headers["Content-Disposition"].startswith("inline"))
        self.assertIn("sandbox", shown.headers["Content-Security-Policy"])


class Stream(ApiTest):
    def test_tells_a_whole_run(self):
        run = self.start(users=3, run_time_seconds=4)
        events = events_of(self.call("streamRun", run).body.decode())
        names = [name for name, _ in events]
        self.assertEqual(names[0], "run")
        self.assertEqual(names[-1], "end")
        self.assertEqual(names.count("end"), 1)
        self.assertGreaterEqual(names.count("run"), 3)
        line, numbers, version = [], [], 0
        for name, data in events:
            if name == "run":
                check_schema("Run", data)
            elif name == "points":
                check_schema("Points", data)
                line[data["from"]:] = zip(data["start"], data["requests"])
            elif name == "events":
                check({"type": "array", "items": {"$ref": "#/components/schemas/RunEvent"}}, data)
                numbers += [event["number"] for event in data]
            elif name == "tables":
                self.assertGreaterEqual(data["version"], version)
                version = data["version"]
        # No event twice, and a line without a gap: what a page has made of it is what there is.
        self.assertEqual(numbers, sorted(set(numbers)))
        points = self.call("getPoints", run).json
        starts = [start for start, _ in line]
        self.assertEqual(starts, points["start"][:len(starts)])
        self.assertLessEqual(len(points["start"]) - len(starts), 2)
        self.assertEqual(line[:-1], list(zip(points["start"], points["requests"]))[:len(line) - 1])

    def test_ends_at_once_when_the_run_is_over(self):
        run = self.start(users=3)
        self.counted(run)
        self.stop(run)
        known = len(self.call("getEvents", run).json)
        reply = self.call("streamRun", run, events=known)
        self.assertEqual(events_of(reply.body.decode()), [("end", {})])
        self.assertEqual(reply.type, "text/event-stream")


class LocustScripts(ApiTest):
    """What people have written against Locust's web port."""

    def stats(self):
        return self.call("locustRequests").json

    def test_swarm_watch_scale_reset_stop(self):
        self.assertEqual(self.stats()["state"], "ready")
        answer = self.call("locustSwarm", form={"user_count": 3, "spawn_rate": 10,
                                                "host": self.shop.url}).json
        self.assertEqual(answer, {"success": True, "message": "Swarming started",
                                  "host": self.shop.url})
        wait_for(lambda: self.stats()["user_count"] == 3, "three users")
        self.call("locustSwarm", form={"user_count": 6, "spawn_rate": 100})
        wait_for(lambda: self.stats()["user_count"] == 6, "six users")
        self.assertEqual(self.stats()["state"], "running")

        before = self.stats()["stats"][-1]["num_requests"]
        self.assertGreater(before, 0)
        self.assertEqual(self.client.send("GET", "/stats/reset").body, b"ok")
        wait_for(lambda: 0 < self.stats()["stats"][-1]["num_requests"], "requests since the reset")
        self.assertEqual(self.stats()["errors"][0]["method"], "GET")

        self.assertEqual(self.call("locustStop").json["success"], True)
        wait_for(lambda: self.stats()["state"] == "stopped", "the end")
        final = self.stats()
        self.assertEqual(final["user_count"], 0)
        # Results are of the whole run: a reset loses nothing.
        self.assertEqual(final["stats"][-1]["num_requests"], self.shop.stats()["total"])
        csv = self.call("locustRequestsCsv").body.decode()
        self.assertTrue(csv.startswith("Type,Name,Request Count,Failure Count"))
        self.assertIn(f",Aggregated,{self.shop.stats()['total']},", csv)

    def test_what_cannot_be_started_says_so(self):
        answer = self.call("locustSwarm", form={"user_count": "many"}).json
        self.assertIs(answer["success"], False)
        self.assertRegex(answer["message"], "user_count must be a whole number")
        answer = self.call("locustSwarm", form={"user_count": 1, "run_time": "soon"}).json
        self.assertRegex(answer["message"], "run_time must be a time span")
        self.assertEqual(self.stats()["state"], "ready")


class TheFile(unittest.TestCase):
    def test_every_schema_is_one(self):
        for schema in SPEC["components"]["schemas"].values():
            jsonschema.Draft202012Validator.check_schema(schema)

    def test_every_path_parameter_is_declared(self):
        for path, item in SPEC["paths"].items():
            declared = {resolve(parameter)["name"] for parameter in item.get("parameters", ())
                        if resolve(parameter)["in"] == "path"}
            self.assertEqual(declared, set(re.findall(r"{(\w+)}", path)), path)


if __name__ == "__main__":
    unittest.main()
