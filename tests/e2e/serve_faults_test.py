#!/usr/bin/python3
"""squall serve on the bad day: agents and the coordinator itself killed, stopped, late, while a
run goes on."""
import os
import signal
import threading
import time
import unittest

from fleet import FleetTest
from harness import by_the_clock, one_task, wait_for
from reflection import error_of

USERS = 30
RECOVERY_SECONDS = 5  # of the run's own time
# Every user asks again at once; no answer is faster than this, so the load stays small.
STEP = "get: /delay/50"


class Watcher:
    """Asks the target again and again what it has seen: gaps in its load show."""

    def __init__(self, target):
        self.target = target
        # (when, how many requests by then)
        self.samples = [(time.monotonic(), target.stats()["total"])]
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()

    def _watch(self):
        while not self.done.wait(0.1):
            self.samples.append((time.monotonic(), self.target.stats()["total"]))

    def stop(self):
        self.done.set()
        self.thread.join()

    def counts(self):
        """How many requests came in each second since it watches, one after the other."""
        samples = list(self.samples)
        counts, (since, before) = [], samples[0]
        for when, total in samples:
            if when - since >= 1:
                counts.append(total - before)
                since, before = when, total
        return counts


def ends(line):
    return [start + length for start, length in zip(line["start_seconds"], line["length_seconds"])]


def value_at(line, name, seconds):
    """Of an agent's line in the report: what stood at the end of its last step up to `seconds`; 0
    before and after it."""
    known = [index for index, end in enumerate(ends(line)) if end <= seconds]
    return line[name][known[-1]] if known and seconds <= ends(line)[-1] + 1 else 0


class FaultTest(FleetTest):
    def begin(self, names, seconds, *flags, load="", **serve):
        """A run of some seconds on agents of these names, at full load."""
        self.shop = self.target()
        self.coordinator = self.serve(**serve)
        self.fleet = dict(zip(names, self.join(self.coordinator, *names)))
        self.text = one_task(load or "{users: %d, spawn_rate: 1000, run_time: %ds}"
                             % (USERS, seconds), STEP, base=self.shop.url)
        self.create(self.coordinator, self.plan(self.text), "run", "--agents-min", len(names),
                    *flags)
        if not load:
            self.wait_users(self.coordinator, "run", USERS)
            # Each of them has told something that must not be forgotten.
            wait_for(lambda: int(self.now()["requests"]) > 10 * USERS, "requests")

    def now(self):
        return self.run_now(self.coordinator, "run")["run"]

    def report(self):
        report = self.conclude(self.coordinator, "run")
        # Whatever happened: the whole is the sum of its parts, at every level.
        parts = [item["totals"]["requests"] for item in report["agents"]]
        self.assertEqual(report["totals"]["requests"], sum(parts))
        self.assertEqual(report["totals"]["requests"],
                         sum(point["requests"] for point in report["series"]))
        # The figures of one step are not of one instant, so that users who change hands just then
        # may be in it twice; never for longer.
        users = [point["users"] for point in report["series"]]
        self.assertTrue(all(min(pair) <= USERS for pair in zip(users, users[1:])), users)
        return report

    def assert_recovered(self, report, lost):
        """The others have its users within some seconds after its last word: as far as steps of a
        second can tell, so that what is known is when the first full step began."""
        lines = {line["agent"]: line for line in report["series_by_agent"]}
        gone = ends(lines.pop(lost))[-1]
        back = [begin for line in lines.values()
                for begin, end in zip(line["start_seconds"], ends(line)) if end > gone and
                sum(value_at(each, "users", end) for each in lines.values()) == USERS]
        self.assertTrue(back, f"{USERS} users are never back")
        self.assert_in_time(min(back), gone + RECOVERY_SECONDS, "seconds until all users are back")


class LostAgents(FaultTest):
    @by_the_clock
    def test_two_take_over_for_one_that_is_killed(self):
        self.begin("abc", 20)
        self.fleet["b"].kill()
        self.wait_event(self.coordinator, "run", "agent 'b' was lost")
        self.wait_users(self.coordinator, "run", USERS)
        report = self.report()
        agents = {item["agent"]: item for item in report["agents"]}
        self.assertEqual({name: item["state"] for name, item in agents.items()},
                         {"a": "finished", "b": "failed", "c": "finished"})
        self.assertIn("agent 'b' was lost", " ".join(report["warnings"]))
        self.assertEqual(report["run"]["exit_code"], 5)
        self.assert_recovered(report, "b")
        # Its ten users have started anew elsewhere, and nobody else's.
        self.assertEqual({name: item["load"]["users_started"] for name, item in agents.items()},
                         {"a": 15, "b": 10, "c": 15})
        # What it had told stays; only what it had not come to tell is missing.
        self.assertGreater(agents["b"]["totals"]["requests"], USERS)
        self.assertLessEqual(report["totals"]["requests"], self.shop.stats()["total"])

    def test_one_that_was_frozen_is_stopped_when_it_wakes(self):
        self.begin("abc", 25)
        frozen = self.fleet["b"]
        frozen.signal(signal.SIGSTOP)
        self.wait_event(self.coordinator, "run", "agent 'b' was lost")
        self.wait_users(self.coordinator, "run", USERS)
        frozen.signal(signal.SIGCONT)
        self.wait_event(self.coordinator, "run", "agent 'b' is back and was stopped")
        frozen.says('"run finished","run_id":"run","detail":"others have taken over its part"')
        # Whoever still believes in the old order of things is told otherwise.
        with frozen.service() as agent:
            for method, request in (("Stop", {}), ("SetLoad", {"users": {"users": 1000}}),
                                    ("Resume", {})):
                code, words = error_of(lambda method=method, request=request: agent.call(
                    method, {"run_id": "run", "epoch": 1, **request}))
                self.assertEqual(code, "FAILED_PRECONDITION", words)
                self.assertRegex(words, r"epoch must be at least \d+, got 1")
        self.assertEqual(frozen.refused(), {"stale_epoch": 3})
        # It may help again, under another name, so that its first part keeps its own figures.
        self.wait_event(self.coordinator, "run", "agent 'b#2' joins")
        wait_for(lambda: int(frozen.status()["users"]) > 0, "users of b#2")
        report = self.report()
        agents = {item["agent"]: item for item in report["agents"]}
        self.assertEqual({name: item["state"] for name, item in agents.items()},
                         {"a": "finished", "b": "failed", "b#2": "finished", "c": "finished"})
        # What it did between its last word and its end was told after it woke: nothing is missing.
        self.assertEqual(report["totals"]["requests"], self.shop.stats()["total"])
        self.assertEqual(report["series"][-3]["users"], USERS)


class LostCoordinator(FaultTest):
    def survive(self, end):
        """Ends the coordinator in the middle of a run and starts it again: what the target sees."""
        self.begin("abc", 20)
        before = {name: agent.status() for name, agent in self.fleet.items()}
        watcher = Watcher(self.shop)
        self.addCleanup(watcher.stop)
        end(self.coordinator)
        wait_for(lambda: len(watcher.counts()) > 3, "seconds without anybody")
        self.coordinator = self.serve(listen=self.coordinator.address)
        self.wait_users(self.coordinator, "run", USERS)
        after = {name: agent.status() for name, agent in self.fleet.items()}
        for name in "abc":
            self.assertEqual(after[name]["started_at"], before[name]["started_at"])
            self.assertGreater(int(after[name]["epoch"]), int(before[name]["epoch"]))
        wait_for(lambda: self.agents(self.coordinator) == dict.fromkeys("abc", "run"), "agents")
        watcher.stop()
        self.assertGreater(min(watcher.counts()), 0, watcher.counts())
        report = self.report()
        self.assertEqual(report["totals"]["requests"], self.shop.stats()["total"])
        self.assertEqual([item["load"]["users_started"] for item in report["agents"]],
                         [USERS // 3] * 3)
        self.assertEqual(report["warnings"], [])
        self.assertEqual(report["run"]["exit_code"], 0)
        # The load line has no hole, as long as there was nobody to draw it.
        points = report["series"]
        self.assertAlmostEqual(points[-1]["start_seconds"] + points[-1]["length_seconds"],
                               report["run"]["elapsed_seconds"], delta=1)
        for before, after in zip(points, points[1:]):
            self.assertAlmostEqual(before["start_seconds"] + before["length_seconds"],
                                   after["start_seconds"], places=3)
        for point in points[:-1]:
            self.assertGreater(point["requests"], 0, point)

    def test_a_run_survives_the_death_of_its_coordinator(self):
        self.survive(lambda coordinator: coordinator.kill())

    def test_a_run_survives_an_orderly_restart(self):
        self.survive(lambda coordinator: coordinator.stop())

    def test_what_was_asked_for_is_still_known_afterwards(self):
        self.begin("ab", 60)
        self.ask(self.coordinator, "scale", "run", "--users", "12")
        self.wait_users(self.coordinator, "run", 12)
        self.coordinator.kill()
        self.coordinator = self.serve(listen=self.coordinator.address)
        self.wait_users(self.coordinator, "run", 12)
        self.ask(self.coordinator, "scale", "run", "--reset")
        self.wait_users(self.coordinator, "run", USERS)
        self.ask(self.coordinator, "stop", "run", "--reason", "enough")
        report = self.report()
        self.assertEqual(report["run"]["stop_reason"], "enough")
        self.assertEqual(report["totals"]["requests"], self.shop.stats()["total"])

    def test_a_run_that_has_not_begun_does_not_begin_by_itself(self):
        serve = self.serve()
        plan = self.plan(one_task("{users: 1}", "get: /"))
        self.create(serve, plan, "waits")
        self.wait_event(serve, "waits", "waiting for agents")
        serve.kill()
        serve = self.serve(listen=serve.address)
        run = self.run_now(serve, "waits")
        self.assertEqual(run["run"]["state"], "RUN_STATE_FAILED")
        self.assertIn("before the run had begun", run["events"][-1]["text"])
        self.ask(serve, "delete", "waits")


class LateAgents(FaultTest):
    def test_one_that_comes_late_gets_its_share_at_the_spawn_rate(self):
        rate = 10
        self.begin("ab", 20, load="{users: %d, spawn_rate: %d, run_time: 20s}" % (USERS, rate))
        self.wait_users(self.coordinator, "run", USERS)
        (late,) = self.join(self.coordinator, "late")
        self.wait_event(self.coordinator, "run", "agent 'late' joins")
        wait_for(lambda: int(late.status()["users"]) == USERS // 3, "its share")
        report = self.report()
        self.assertEqual(report["totals"]["requests"], self.shop.stats()["total"])
        lines = {line["agent"]: line for line in report["series_by_agent"]}
        self.assertEqual(max(lines["late"]["users"]), USERS // 3)
        since = lines["late"]["start_seconds"][0]
        for point in report["series"]:
            end = point["start_seconds"] + point["length_seconds"]
            if since <= end < 20:  # figures of one step are not of one instant
                self.assertAlmostEqual(point["users"], USERS, delta=rate)
        full = [point["users"] for point in report["series"] if point["users"] == USERS]
        self.assertGreater(len(full), 3)
        # Those that stayed where they were were left alone.
        self.assertEqual({item["agent"]: item["load"]["users_started"]
                          for item in report["agents"]},
                         {"a": USERS // 2, "b": USERS // 2, "late": USERS // 3})

    def test_fixed_agents_stay_among_themselves(self):
        self.begin("ab", 60, "--fixed-agents")
        self.join(self.coordinator, "late")
        self.assertEqual(self.agents(self.coordinator), {"a": "run", "b": "run", "late": ""})
        self.ask(self.coordinator, "stop", "run")
        self.assertEqual([item["agent"] for item in self.report()["agents"]], ["a", "b"])


if __name__ == "__main__":
    os.environ.setdefault("NO_COLOR", "1")
    unittest.main(verbosity=2)
