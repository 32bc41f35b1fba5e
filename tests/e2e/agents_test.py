#!/usr/bin/python3
"""squall run --agents: one plan on several squalld, with what goes wrong between machines."""
import json
import os
import signal
import time
import unittest

from fleet import AgentTest, self_signed
from harness import PATIENCE, one_task, wait_for

USERS = 9
# Every user asks again at once; no answer is faster than this, so the load stays small.
STEP = "get: /delay/20"
CALL_SECONDS = 10  # how long squall waits for an agent that is not there
ENDLESS = "{users: %d, spawn_rate: 1000}" % USERS


class AgentsTest(AgentTest):
    def counted_plan(self, target, iterations=120):
        return self.plan(one_task(f"{{users: 6, spawn_rate: 1000, iterations: {iterations}}}",
                                  "get: /products/1", base=target.url))

    def refuse(self, target, agents, *flags, words=()):
        """A run that does not begin: exit code 5, the reason, and no load."""
        code, _, errors = self.squall("run", self.counted_plan(target), "--headless", "--agents",
                                      agents, *flags)
        self.assertEqual(code, 5, errors)
        for word in words:
            self.assertIn(word, errors)
        self.assertEqual(target.stats()["total"], 0)
        return errors

    def start(self, target, agents, *flags, load=ENDLESS):
        """An endless run in the background, once the target has seen load of it."""
        before = target.stats()["total"]
        plan = self.plan(one_task(load, STEP, base=target.url), "endless.yaml")
        process = self.start_squall("run", plan, "--headless", "--agents",
                                    ",".join(agent.address for agent in agents), "--json",
                                    self.folder / "endless.json", *flags)
        wait_for(lambda: process.poll() is not None or target.stats()["total"] > before + 3 * USERS,
                 "load")
        self.assertIsNone(process.poll(), "the run ended before its time")
        return process

    def finish(self, process, number=None):
        """(exit code, JSON report, standard error) of a run in the background."""
        if number is not None:
            process.send_signal(number)
        _, errors = process.communicate(timeout=PATIENCE)
        return process.returncode, json.loads((self.folder / "endless.json").read_text()), errors


class Together(AgentsTest):
    def test_counts_of_three_agents_equal_the_targets(self):
        target = self.target()
        agents = [self.squalld() for _ in range(3)]
        report = self.run_json(self.counted_plan(target, 301), "--agents",
                               ",".join(agent.address for agent in agents))
        self.assertEqual(report["totals"]["requests"], 301)
        self.assertEqual(target.stats()["total"], 301)
        self.assertEqual([item["agent"] for item in report["agents"]],
                         [agent.address for agent in agents])
        self.assertEqual(sum(item["totals"]["requests"] for item in report["agents"]), 301)
        self.assertTrue(all(item["totals"]["requests"] > 0 for item in report["agents"]))
        self.assertEqual(report["warnings"], [])

    def test_users_of_three_agents_add_up(self):
        target = self.target()
        agents = [self.squalld() for _ in range(3)]
        plan = self.plan(one_task("{users: 10, spawn_rate: 1000, run_time: 5s}", STEP,
                                  base=target.url))
        report = self.run_json(plan, "--agents", ",".join(agent.address for agent in agents))
        self.assertEqual(max(point["users"] for point in report["series"]), 10)
        self.assertEqual(sorted(item["load"]["users_started"] for item in report["agents"]),
                         [3, 3, 4])
        self.assertEqual(report["totals"]["requests"], target.stats()["total"])

    def test_an_agent_serves_one_run_after_another(self):
        target = self.target()
        agent = self.squalld()
        for _ in range(2):
            self.run_json(self.counted_plan(target), "--agents", agent.address)
        self.assertEqual(target.stats()["total"], 240)

    def test_ctrl_c_stops_every_agent_and_counts_every_answer(self):
        target = self.target()
        process = self.start(target, [self.squalld() for _ in range(2)])
        code, report, _ = self.finish(process, signal.SIGINT)
        self.assertEqual(code, 130)
        self.assertEqual(report["totals"]["requests"], target.stats()["total"])


class Losses(AgentsTest):
    def test_the_others_take_over_for_an_agent_that_is_killed(self):
        target = self.target()
        agents = [self.squalld() for _ in range(3)]
        process = self.start(target, agents, load="{users: %d, spawn_rate: 1000, run_time: 15s}"
                             % USERS)
        agents[1].kill()
        code, report, errors = self.finish(process)
        self.assertEqual(code, 5, errors)
        self.assertIn(f"agent '{agents[1].address}' was lost", errors)
        self.assertIn(f"agent '{agents[1].address}' was lost", " ".join(report["warnings"]))
        self.assertEqual([item["state"] for item in report["agents"]],
                         ["finished", "failed", "finished"])
        full = [point["users"] for point in report["series"]]
        self.assertLessEqual(max(full), USERS, "the dead agent's users are still counted")
        # Its three users have started anew elsewhere.
        started = [item["load"]["users_started"] for item in report["agents"]]
        self.assertEqual(started[0] + started[2], USERS)
        self.assertEqual(full[-3], USERS)
        self.assertLessEqual(report["totals"]["requests"], target.stats()["total"])

    def test_without_any_agent_left_the_run_ends(self):
        target = self.target()
        agents = [self.squalld() for _ in range(2)]
        process = self.start(target, agents)
        for agent in agents:
            agent.kill()
        code, report, errors = self.finish(process)
        self.assertEqual(code, 5, errors)
        self.assertEqual(len(report["warnings"]), 2)

    def test_sigterm_drains_an_agent_and_the_report_says_so(self):
        target = self.target()
        agents = [self.squalld() for _ in range(2)]
        process = self.start(target, agents, load="{users: %d, spawn_rate: 1000, run_time: 15s}"
                             % USERS)
        agents[0].process.send_signal(signal.SIGTERM)
        self.assertEqual(agents[0].process.wait(PATIENCE), 0, agents[0].log())
        code, report, errors = self.finish(process)
        self.assertIn(code, (0, 6), errors)
        self.assertEqual(report["agents"][0]["stop_reason"], "agent is shutting down")
        self.assertIn(f"agent '{agents[0].address}' left before the end: agent is shutting down",
                      report["warnings"])
        # Nothing is lost: it said goodbye with its last answer counted.
        self.assertEqual(report["totals"]["requests"], target.stats()["total"])
        self.assertEqual(report["series"][-3]["users"], USERS)


class Refusals(AgentsTest):
    def test_an_agent_that_is_not_there(self):
        target = self.target()
        began = time.monotonic()
        self.refuse(target, "127.0.0.1:1", words=["127.0.0.1:1", "is squalld running there?"])
        self.assertLess(time.monotonic() - began, CALL_SECONDS + 20)

    def test_one_missing_agent_does_not_leave_the_others_waiting(self):
        target = self.target()
        agent = self.squalld()
        self.refuse(target, f"{agent.address},127.0.0.1:1", words=["127.0.0.1:1"])
        self.run_json(self.counted_plan(target), "--agents", agent.address)

    def test_a_second_coordinator_is_told_who_holds_the_agent(self):
        target = self.target()
        agent = self.squalld()
        process = self.start(target, [agent])
        code, _, errors = self.squall("run", self.counted_plan(target), "--headless", "--agents",
                                      agent.address)
        self.assertEqual(code, 5, errors)
        self.assertIn(f"held by squall run (process {process.pid})", errors)
        code, report, _ = self.finish(process, signal.SIGINT)  # the first one has noticed nothing
        self.assertEqual(code, 130)
        self.assertEqual(report["totals"]["requests"], target.stats()["total"])

    def test_flags_that_cannot_be_are_usage_errors(self):
        plan = self.plan(one_task("{users: 1}", "get: /"))
        for flags, word in ((["--agents", "127.0.0.1:1,127.0.0.1:1"], "once"),
                            (["--agents", "127.0.0.1:1", "--agent-ca", "no-such.pem"],
                             "no-such.pem"),
                            (["--agents", "127.0.0.1:1", "--agent-token-file", "no-such-token"],
                             "no-such-token")):
            code, _, errors = self.squall("run", plan, "--headless", *flags)
            self.assertEqual(code, 2, errors)
            self.assertIn(word, errors)


class Secrets(AgentsTest):
    def test_a_token_is_asked_for_and_the_right_one_works(self):
        target = self.target()
        token = self.write("token", "correct-horse-battery-staple\n")
        wrong = self.write("wrong", "incorrect-horse-battery-staple\n")
        agent = self.squalld("--token-file", token)
        self.refuse(target, agent.address, words=["authorization"])
        errors = self.refuse(target, agent.address, "--agent-token-file", wrong,
                             words=["authorization"])
        self.assertNotIn("horse", errors)
        self.run_json(self.counted_plan(target), "--agents", agent.address, "--agent-token-file",
                      token)
        self.assertEqual(target.stats()["total"], 120)
        self.assertNotIn("horse", agent.log())

    def test_tls_with_the_agents_ca(self):
        target = self.target()
        certificate, key = self_signed(self.folder, "agent")
        stranger, _ = self_signed(self.folder, "stranger")
        agent = self.squalld("--tls-cert", certificate, "--tls-key", key)
        self.refuse(target, agent.address, words=[agent.address])  # in the clear
        self.refuse(target, agent.address, "--agent-ca", stranger, words=[agent.address])
        self.run_json(self.counted_plan(target), "--agents", agent.address, "--agent-ca",
                      certificate)
        self.assertEqual(target.stats()["total"], 120)

    def test_mutual_tls(self):
        target = self.target()
        certificate, key = self_signed(self.folder, "agent")
        ours, our_key = self_signed(self.folder, "coordinator")
        agent = self.squalld("--tls-cert", certificate, "--tls-key", key, "--client-ca", ours)
        self.refuse(target, agent.address, "--agent-ca", certificate, words=[agent.address])
        self.run_json(self.counted_plan(target), "--agents", agent.address, "--agent-ca",
                      certificate, "--agent-cert", ours, "--agent-key", our_key)
        self.assertEqual(target.stats()["total"], 120)


if __name__ == "__main__":
    os.environ.setdefault("NO_COLOR", "1")
    unittest.main(verbosity=2)
