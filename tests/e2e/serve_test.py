#!/usr/bin/python3
"""squall serve, asked from a shell: runs on agents that have joined, and what is kept of them."""
import csv
import datetime
import json
import os
import subprocess
import unittest
import xml.etree.ElementTree

from fleet import FAILED, FleetTest
from harness import BIN, PATIENCE, by_the_clock, one_task, wait_for


def nanoseconds(text):
    """Of a time in protobuf's JSON."""
    whole, fraction = text.rstrip("Z").partition(".")[::2]
    seconds = datetime.datetime.fromisoformat(whole + "+00:00").timestamp()
    return int(seconds) * 10**9 + int(fraction.ljust(9, "0") or 0)


def users_at(line, seconds):
    """Of an agent's line in the report. It has values at the ends of its steps only, which are not
    those of the whole run's; a ramp is straight between them."""
    before = (0, 0)
    for start, length, users in zip(line["start_seconds"], line["length_seconds"], line["users"]):
        end = start + length
        if end >= seconds:
            part = (seconds - before[0]) / (end - before[0])
            return before[1] + part * (users - before[1])
        before = (end, users)
    raise AssertionError(f"the line ends at {before[0]} s, before {seconds} s")


class Split(FleetTest):
    USERS, RATE, SECONDS = 300, 30, 14

    def planned(self, seconds):
        return min(self.USERS, int(seconds * self.RATE) + 1) if seconds < self.SECONDS else 0

    def ramp(self):
        """(JSON report, started_at of the agents in ns, what they counted, what the target saw)"""
        target = self.target()
        serve = self.serve()
        agents = self.join(serve, "a", "b", "c")
        plan = self.plan(one_task(f"{{users: {self.USERS}, spawn_rate: {self.RATE}, "
                                  f"run_time: {self.SECONDS}s}}", "get: /delay/500",
                                  base=target.url))
        self.create(serve, plan, "ramp", "--agents-min", "3")
        wait_for(lambda: all("started_at" in agent.status() for agent in agents), "the start")
        starts = [nanoseconds(agent.status()["started_at"]) for agent in agents]
        report = self.conclude(serve, "ramp")
        counted = {name: agent.requests() for name, agent in zip("abc", agents)}
        return report, starts, counted, target.stats()["total"]

    @by_the_clock
    def test_three_agents_are_one_run(self):
        report, starts, counted, seen = self.ramp()
        self.assert_in_time(max(starts) - min(starts), 20_000_000, "ns around the agreed instant")

        # Nothing is counted twice, nothing is lost on the way.
        self.assertEqual({item["agent"]: item["totals"]["requests"] for item in report["agents"]},
                         counted)
        self.assertEqual(report["totals"]["requests"], sum(counted.values()))
        self.assertEqual(report["totals"]["requests"], seen)
        self.assertEqual(sum(point["requests"] for point in report["series"]), seen)
        self.assertEqual(report["warnings"], [])
        self.assertEqual(sum(item["load"]["users_started"] for item in report["agents"]),
                         self.USERS)

        # The target at every second, give or take what a tick brings: the figures of a step are
        # the agents' newest, which are not of one instant.
        lines = report["series_by_agent"]
        for point in report["series"]:
            end = point["start_seconds"] + point["length_seconds"]
            if end >= self.SECONDS:
                continue
            self.assertAlmostEqual(point["users"], self.planned(end), delta=self.RATE)
            if end <= self.USERS / self.RATE:  # the ramp; at its end the line has a bend
                self.assertAlmostEqual(sum(users_at(line, end) for line in lines),
                                       self.planned(end), delta=self.RATE)
        self.assertGreater(len(report["series"]), self.USERS / self.RATE / 2)
        for line in lines:  # exact, since both are of one instant
            for users, wanted in zip(line["users"], line["target_users"]):
                self.assertAlmostEqual(users, wanted, delta=self.RATE / 3)


class Kept(FleetTest):
    """One coordinator with two finished runs, whatever is asked of them then."""

    def setUp(self):
        super().setUp()
        self.shop = self.target()
        self.coordinator = self.serve()
        self.join(self.coordinator, "a", "b")
        self.counted = self.plan(one_task("{users: 4, spawn_rate: 1000, iterations: 100}",
                                          "get: /products/1", "get: /status/503",
                                          base=self.shop.url))

    def follow(self, run_id, *flags):
        return self.ask(self.coordinator, "start", self.counted, "--id", run_id, "--agents-min",
                        "2", *flags, codes=FAILED)  # half of its requests fail

    def test_it_lists_shows_compares_and_forgets_runs(self):
        followed = self.follow("first")
        self.assertTrue(followed.startswith("first\n"), followed)
        self.assertRegex(followed, "verdict   (FAIL|INVALID)")
        self.follow("second", "--iterations", "60")
        listed = json.loads(self.ask(self.coordinator, "status", "--output", "json"))["runs"]
        self.assertEqual([(run["run_id"], run["requests"], run["failures"]) for run in listed],
                         [("second", "120", "60"), ("first", "200", "100")])
        table = self.ask(self.coordinator, "status").splitlines()
        self.assertEqual([line.split()[0] for line in table], ["RUN", "second", "first"])
        self.assertIn("requests  200 (100 failed)", self.ask(self.coordinator, "status", "first"))

        compared = json.loads(self.ask(self.coordinator, "compare", "first", "second", "--output",
                                       "json"))
        self.assertEqual(compared["totals"]["requests"],
                         {"before": 200, "after": 120, "difference": -80, "percent": -40})
        self.assertIn("-40.0%", self.ask(self.coordinator, "compare", "first", "second"))

        self.ask(self.coordinator, "delete", "first")
        self.refused(self.coordinator, "status", "first", words=["'first'"])
        self.refused(self.coordinator, "compare", "first", "second", words=["'first'"])
        self.assertIn("second", self.ask(self.coordinator, "status"))

    def test_every_format_of_a_report(self):
        self.follow("shop")

        def report(name):
            return self.ask(self.coordinator, "report", "shop", "--format", name)

        data = json.loads(report("json"))
        self.assertEqual(data["run"]["id"], "shop")
        self.assertIn(data["run"]["exit_code"], FAILED)
        self.assertEqual(data["totals"]["requests"], self.shop.stats()["total"])
        self.assertIn("Aggregated", report("text"))
        suites = xml.etree.ElementTree.fromstring(report("junit"))
        self.assertEqual(suites.get("failures"), "1")  # the verdict
        self.assertIn("| `GET /products/1` | 100 |", report("markdown"))
        rows = {row["Name"]: row for row in csv.DictReader(report("csv").splitlines())}
        self.assertEqual(rows["Aggregated"]["Request Count"], "200")
        failures = list(csv.DictReader(report("csv-failures").splitlines()))
        self.assertEqual([(row["Name"], row["Occurrences"]) for row in failures],
                         [("/status/503", "100")])
        path = self.folder / "report.xml"
        self.assertEqual(self.ask(self.coordinator, "report", "shop", "--format", "junit",
                                  "--file", path), "")
        self.assertEqual(path.read_text(), report("junit"))

    def test_a_restart_forgets_nothing(self):
        self.follow("shop")
        before = self.ask(self.coordinator, "report", "shop", "--format", "json")
        self.coordinator.stop()
        again = self.serve(listen=self.coordinator.address)
        self.assertEqual(self.ask(again, "report", "shop", "--format", "json"), before)
        # The agents come back by themselves.
        wait_for(lambda: self.agents(again) == {"a": "", "b": ""}, "agents")

    def test_no_more_than_asked_for_is_kept(self):
        self.coordinator.stop()
        again = self.serve("--keep-runs", "2", listen=self.coordinator.address)
        wait_for(lambda: len(self.agents(again)) == 2, "agents")
        for number in range(4):
            self.ask(again, "start", self.counted, "--id", f"run-{number}", codes=FAILED)
        self.ask(again, "delete", "run-3")
        listed = json.loads(self.ask(again, "status", "--output", "json"))["runs"]
        self.assertEqual([run["run_id"] for run in listed], ["run-2"])


class Refusals(FleetTest):
    def test_what_cannot_be_is_said(self):
        target = self.target()
        serve = self.serve()
        (agent,) = self.join(serve, "a")
        endless = self.plan(one_task("{users: 2, spawn_rate: 1000}", "get: /delay/20",
                                     base=target.url))
        self.create(serve, endless, "endless")
        self.wait_users(serve, "endless", 2)
        for command, *arguments in (("status", "nope"), ("watch", "nope"), ("stop", "nope"),
                                    ("pause", "nope"), ("resume", "nope"), ("delete", "nope"),
                                    ("scale", "nope", "--users", "3"), ("report", "nope"),
                                    ("compare", "endless", "nope")):
            with self.subTest(command):
                self.refused(serve, command, *arguments, words=["'nope'", "not in the store"])
        self.refused(serve, "delete", "endless", words=["'endless'", "running", "stop it first"])
        self.refused(serve, "start", endless, "--id", "endless", words=["'endless'", "new"])
        self.refused(serve, "start", endless, "--id", "two words", code=3,
                     words=["run_id must be", "'two words'"])
        self.refused(serve, "scale", "endless", words=["--users"])
        # A run whose name was taken has not touched the one that has it …
        self.assertEqual(self.agents(serve), {"a": "endless"})
        # … and its agents are nobody else's.
        code, output, _ = self.squall("start", endless, "--id", "late", "--agents-wait", "1s",
                                      "--server", serve.address)
        self.assertEqual(code, 5)
        self.assertIn("0 of 1 agents came within 1s", output)
        self.ask(serve, "stop", "endless", "--reason", "enough")
        report = self.conclude(serve, "endless")
        self.assertEqual(report["run"]["stop_reason"], "enough")
        self.assertEqual(report["totals"]["requests"], target.stats()["total"])
        self.refused(serve, "stop", "endless", words=["'endless' is over"])
        self.assertIsNone(agent.process.poll())

    def test_a_bad_plan_is_refused_before_anything_happens(self):
        serve = self.serve()
        broken = self.plan(one_task("{users: 2, spwan_rate: 1}", "get: /"))
        code, _, errors = self.squall("start", broken, "--server", serve.address)
        self.assertEqual(code, 3)
        self.assertIn("spawn_rate", errors)
        fine = self.plan(one_task("{users: 2}", "get: /"))
        self.assertIn("can be run", self.ask(serve, "start", fine, "--dry-run"))
        self.refused(serve, "start", fine, "--tags", "none-of-them", "--dry-run", code=3,
                     words=["none-of-them"])
        self.assertEqual(json.loads(self.ask(serve, "status", "--output", "json"))["runs"], [])

    def start_second(self, *flags):
        done = subprocess.run([str(BIN / "squall"), "serve", "--web-listen", "",
                               *map(str, flags)], timeout=PATIENCE,
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.returncode, done.stderr

    def test_a_second_coordinator_has_neither_its_store_nor_its_port(self):
        serve = self.serve()
        code, errors = self.start_second("--listen", "127.0.0.1:0", "--store",
                                         self.folder / "runs.db")
        self.assertEqual(code, 2)
        self.assertIn(f"process {serve.process.pid} has it open", errors)
        code, errors = self.start_second("--listen", serve.address, "--store", ":memory:")
        self.assertEqual(code, 2)
        self.assertIn(f"'{serve.address}'", errors)
        self.assertIn("in use", errors)

    def test_nobody_there_is_said(self):
        code, _, errors = self.squall("status", "--server", "127.0.0.1:1")
        self.assertEqual(code, 5)
        self.assertIn("127.0.0.1:1: no answer; is squall serve running there?", errors)


class Together(FleetTest):
    def test_two_runs_at_once_on_agents_of_their_own(self):
        first_target, second_target = self.target(), self.target()
        serve = self.serve()
        self.join(serve, "a", "b")
        load = "{users: 4, spawn_rate: 1000}"
        first = self.plan(one_task(load, "get: /delay/20", base=first_target.url), "first.yaml")
        second = self.plan(one_task(load, "get: /delay/20", base=second_target.url), "second.yaml")
        self.create(serve, first, "first", "--agents-min", "2", "--fixed-agents")
        self.wait_users(serve, "first", 4)
        self.create(serve, second, "second", "--agents-min", "2")
        self.wait_event(serve, "second", "waiting for agents: 0 of 2")
        self.join(serve, "c", "d")
        self.wait_users(serve, "second", 4)
        self.assertEqual(self.agents(serve),
                         {"a": "first", "b": "first", "c": "second", "d": "second"})
        for run_id, target in (("first", first_target), ("second", second_target)):
            self.ask(serve, "stop", run_id)
            report = self.conclude(serve, run_id)
            self.assertEqual(report["totals"]["requests"], target.stats()["total"])
            self.assertGreater(report["totals"]["requests"], 0)
        wait_for(lambda: set(self.agents(serve).values()) == {""}, "idle agents")

    def test_agents_share_the_arrival_rate_that_is_asked_for(self):
        target = self.target()
        serve = self.serve()
        self.join(serve, "a", "b")
        users = self.plan(one_task("{users: 4, run_time: 3s}", "get: /products/1", base=target.url))
        arrivals = self.plan(one_task("{arrival: {stages: [{duration: 3s, rate: 5}]}}",
                                      "get: /products/1", base=target.url), name="arrivals.yaml")
        for plan, run_id in ((users, "users"), (arrivals, "arrivals")):
            self.create(serve, plan, run_id, "--agents-min", "2", "--arrival-rate", "40")
            report = self.conclude(serve, run_id)
            self.assertEqual(report["load"]["iterations"], 120)
        self.assertEqual(target.stats()["total"], 240)
        for rate in ("-1", "1e9"):
            self.refused(serve, "start", users, "--arrival-rate", rate, code=3,
                         words=["load.arrival_rate must be"])

    def test_scale_pause_and_resume_a_run(self):
        target = self.target()
        serve = self.serve()
        self.join(serve, "a", "b")
        plan = self.plan(one_task("{users: 4, spawn_rate: 1000}", "get: /delay/20",
                                  base=target.url))
        self.create(serve, plan, "live", "--agents-min", "2")
        self.wait_users(serve, "live", 4)
        self.ask(serve, "scale", "live", "--users", "9")
        self.wait_users(serve, "live", 9)
        self.refused(serve, "scale", "live", "--arrival-factor", "2", code=3,
                     words=["set users instead"])
        self.ask(serve, "pause", "live")
        wait_for(lambda: self.run_now(serve, "live")["run"]["state"] == "RUN_STATE_PAUSED", "pause")
        seen = wait_for(lambda: self.still(target), "silence")
        self.ask(serve, "resume", "live")
        wait_for(lambda: target.stats()["total"] > seen, "load")
        self.ask(serve, "scale", "live", "--reset")
        self.wait_users(serve, "live", 4)
        self.refused(serve, "stages", "live", "60m:6", "5 users", code=3,
                     words=["DURATION:USERS"])
        self.ask(serve, "stages", "live", "60m:6", "60m:2:1")
        self.wait_users(serve, "live", 6)
        self.ask(serve, "stop", "live", "--now")
        report = self.conclude(serve, "live")
        self.assertEqual(max(point["users"] for point in report["series"]), 9)

    @staticmethod
    def still(target):
        """What the target has seen, if nothing is under way."""
        first = target.stats()
        second = target.stats()
        return first["requests"] == second["requests"] and second["total"]


if __name__ == "__main__":
    os.environ.setdefault("NO_COLOR", "1")
    unittest.main(verbosity=2)
