#!/usr/bin/python3
"""Seeded chaos around LoadTests: two operators, agents that are real processes, and an API server
that breaks. Leaders are killed and stopped, agents likewise; requests fail in every way the fake
API server knows; people edit, scale, pause and delete. After every step the load must be what the
spec says, and at the end all must be told, tidy and quiet.

Each seed is one scenario. SQUALL_OPERATOR_CHAOS_SEEDS says how many (6 in CI, else 2), SQUALL_SEED
which is the first; a scenario that fails prints its seed and what it did, and

  SQUALL_OPERATOR_CHAOS_SEEDS=1 SQUALL_SEED=17 tests/kube/operator_chaos_test.py

does the same again, as far as the machine's timing lets it.
"""
import os
import pathlib
import random
import re
import signal
import sys
import tempfile
import time
import unittest
import urllib.request

import yaml

from control_plane import wait_for
from fake_plane import FakePlane
from kube_case import BIN
from kubelet import Kubelet
from operator_case import LEASE, Operator, Target

SEEDS = int(os.environ.get("SQUALL_OPERATOR_CHAOS_SEEDS") or
            (6 if os.environ.get("CI") == "true" else 2))
FIRST_SEED = int(os.environ.get("SQUALL_SEED") or 1)

NAMESPACE = "default"
LOADTESTS = f"/apis/squall.dev/v1alpha1/namespaces/{NAMESPACE}/loadtests"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
SETTLED = 30  # seconds until the load is what the spec says, on a busy machine with sanitizers
FINISHED = 90  # seconds until every test has ended
LEASE_SECONDS = 5  # LEASE's
QUIET_SECONDS = 3
OPERATORS = 2
AGENTS_MAX = 4

# Each is in force for a moment, and maybe while a step is made.
FAULTS = (
    *({"kind": "error", "code": code} for code in (401, 409, 410, 503)),
    {"kind": "error", "code": 429, "retryAfterSeconds": 1},
    {"kind": "error", "code": 500, "afterCommit": True},
    {"kind": "html", "code": 502},
    {"kind": "reset", "point": "request"},
    {"kind": "reset", "point": "headers"},
    {"kind": "reset", "point": "body"},
    {"kind": "reset", "afterCommit": True},
    # Of leases only: elsewhere a client waits for half a minute, as it should.
    {"kind": "stall", "path": "leases", "count": 2},
    {"kind": "delay", "delaySeconds": 1.5, "path": "leases"},
    {"kind": "delay", "delaySeconds": 0.3},
    {"kind": "watchError", "code": 410, "verb": "watch"},
    *({"kind": kind, "verb": "watch"}
      for kind in ("halfLine", "byteChunks", "mergedEvents", "duplicateEvent", "noBookmarks")),
)


class LoadUnderTest:
    """One LoadTest, and what is known of it."""

    def __init__(self, name, users, agents):
        self.name = name
        self.path = f"{LOADTESTS}/{name}"
        self.users = users
        self.agents = agents
        self.paused = False
        self.deleted = False

    def body(self, target, run_seconds, loss_policy):
        plan = {"name": self.name, "users": [{
            "name": "Visitor", "wait_time": {"between": [0.02, 0.05]},
            "tasks": [{"name": "browse", "steps": [{"get": "/products"}]}]}]}
        return {
            "apiVersion": "squall.dev/v1alpha1", "kind": "LoadTest",
            "metadata": {"name": self.name},
            "spec": {"plan": {"inline": yaml.safe_dump(plan)}, "target": {"host": target},
                     "profile": {"users": self.users, "spawnRate": 100,
                                 "runTime": f"{run_seconds}s", "gracefulStopSeconds": 10},
                     "agents": {"replicas": self.agents, "lossPolicy": loss_policy}}}


class Scenario:
    """What one seed does."""

    def __init__(self, seed, folder):
        self.random = random.Random(seed)
        self.folder = pathlib.Path(folder)
        self.seed = seed
        self.plane = FakePlane(folder, seed)
        self.operators = []
        self.killed = set()  # operators that this test killed
        self.tests = []
        self.did = []
        self.agents_harmed = False
        self.began = time.monotonic()

    def note(self, text):
        self.did.append(f"{time.monotonic() - self.began:5.1f} s  {text}")

    # -- what is there --------------------------------------------------------------------------

    def start_operator(self):
        """Not there afterwards when the API server refuses it: then it says why, and ends."""
        try:
            self.operators.append(
                Operator(self.plane.kubeconfig, self.folder, NAMESPACE, *LEASE,
                         "--leader-election-namespace", NAMESPACE))
        except AssertionError as error:
            if "cannot start" not in str(error):
                raise
            self.note("an operator could not start")

    def supervise(self):
        """What a Deployment does: an operator that has ended, as one that lost its lease, comes
        back. None may end by a signal that was not ours."""
        for operator in list(self.operators):
            code = operator.process.poll()
            if code is None:
                continue
            text = operator.log.read_text(errors="replace")
            if code < 0 and operator not in self.killed or has_finding(text):
                raise AssertionError(f"an operator ended with {code}:\n{text[-4000:]}")
            self.operators.remove(operator)
            self.note(f"an operator ended with {code}")
        for _ in range(len(self.operators), OPERATORS):
            self.start_operator()

    def leader(self):
        """Whose identity the lease has; None for nobody that runs."""
        leases = self.plane.api.get(
            f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases")["items"]
        holders = [lease["spec"].get("holderIdentity") for lease in leases]
        for operator in self.operators:
            if any(line.get("identity") in holders for line in operator.lines("leading")):
                return operator
        return None

    def get(self, test):
        return self.plane.api.find(test.path) or {}

    def condition(self, test, kind):
        return next((c["status"] for c in self.get(test).get("status", {}).get("conditions", [])
                     if c["type"] == kind), "Unknown")

    def over(self, test):
        return "True" in (self.condition(test, "Complete"), self.condition(test, "Failed"))

    def running(self):
        return [test for test in self.tests if not test.deleted and not self.over(test)]

    def pods(self, test):
        """Names of the agents that run."""
        return sorted(pod["metadata"]["name"] for pod in self.plane.api.get(PODS)["items"]
                      if pod["metadata"]["name"].startswith(f"{test.name}-")
                      and pod.get("status", {}).get("phase") == "Running"
                      and "deletionTimestamp" not in pod["metadata"])

    def users(self, test):
        """The sum of what the agents say they have."""
        total = 0
        for name in self.pods(test):
            try:
                url = f"http://{self.kubelet.address(name)}:9646/metrics"
                text = urllib.request.urlopen(url, timeout=2).read().decode()
            except (OSError, AssertionError):
                continue  # it has just gone
            total += sum(float(value) for value in re.findall(r"^squall_users(?:{.*})? (\S+)$",
                                                              text, re.MULTILINE))
        return int(total)

    # -- steps ----------------------------------------------------------------------------------

    def kill_leader(self):
        leader = self.leader()
        if leader is not None:
            self.note("kill the leader")
            self.killed.add(leader)
            leader.signal(signal.SIGKILL)
            leader.process.wait()

    def freeze_leader(self):
        leader = self.leader()
        if leader is not None:
            seconds = LEASE_SECONDS + self.random.uniform(0.5, 2)
            self.note(f"stop the leader for {seconds:.1f} s")
            leader.signal(signal.SIGSTOP)
            time.sleep(seconds)
            leader.signal(signal.SIGCONT)

    def an_agent(self):
        """A running one of a test that can spare it; None when there is none."""
        names = [name for test in self.running() if len(self.pods(test)) > 1
                 for name in self.pods(test)]
        return self.random.choice(names) if names else None

    def kill_agent(self):
        name = self.an_agent()
        if name is not None:
            self.note(f"kill {name}")
            self.agents_harmed = True
            self.kubelet.kill(name)

    def freeze_agent(self):
        name = self.an_agent()
        if name is not None:
            seconds = self.random.uniform(1, 5)
            self.note(f"stop {name} for {seconds:.1f} s")
            self.agents_harmed = True
            self.kubelet.signal(name, signal.SIGSTOP)
            time.sleep(seconds)
            self.kubelet.signal(name, signal.SIGCONT)

    def break_api(self):
        # Never 1: the test's own requests, tried again and again, must get through.
        fault = {**self.random.choice(FAULTS), "probability": self.random.choice((0.3, 0.5, 0.8))}
        self.note(f"break the API server: {fault}")
        if self.random.random() < 0.3:
            self.note("compact")
            self.plane.compact()
        self.plane.break_with(fault)
        time.sleep(self.random.uniform(0.3, 1.5))
        if self.random.random() < 0.5:
            self.random.choice((self.kill_leader, self.edit_users, self.scale, self.pause))()
            self.supervise()
            time.sleep(self.random.uniform(0.1, 1))
        self.plane.heal()

    def edit(self, test, **spec):
        self.plane.api.merge(test.path, {"spec": spec})

    def a_test(self):
        tests = self.running()
        return self.random.choice(tests) if tests else None

    def edit_users(self):
        test = self.a_test()
        if test is not None:
            test.users = self.random.randint(1, 12)
            self.note(f"{test.name}: {test.users} users")
            self.edit(test, profile={"override": {"users": test.users, "spawnRate": 100}})

    def scale(self):
        test = self.a_test()
        if test is not None:
            test.agents = self.random.randint(1, AGENTS_MAX)
            self.note(f"{test.name}: {test.agents} agents")
            self.edit(test, agents={"replicas": test.agents})

    def pause(self):
        test = self.a_test()
        if test is not None:
            test.paused = not test.paused
            state = "Paused" if test.paused else "Running"
            self.note(f"{test.name}: {state}")
            self.edit(test, desiredState=state)

    def delete(self):
        tests = self.running()
        if len(tests) > 1:
            test = self.random.choice(tests)
            self.note(f"delete {test.name}")
            test.deleted = True
            self.plane.api.delete(test.path)

    def step(self):
        kinds = {self.break_api: 6, self.kill_leader: 2, self.freeze_leader: 1, self.kill_agent: 1,
                 self.freeze_agent: 1, self.edit_users: 3, self.scale: 2, self.pause: 2,
                 self.delete: 1}
        self.random.choices(list(kinds), list(kinds.values()))[0]()
        self.supervise()
        for test in self.tests:
            self.settle(test)

    def nothing_is_served(self):
        before = self.target.stats()["total"]
        time.sleep(0.3)  # more than ten users need for their next requests
        return self.target.stats()["total"] == before

    def settle(self, test):
        """Waits until its load is what its spec says."""
        wanted = 0 if test.deleted else test.users

        def settled():
            self.supervise()
            if test.paused and not test.deleted:  # its users stay, and do nothing
                return len(self.tests) > 1 or self.nothing_is_served() or self.over(test)
            return self.users(test) == wanted or (not test.deleted and self.over(test))

        try:
            wait_for(settled, f"{wanted} users of {test.name}", SETTLED)
        except AssertionError as error:
            raise AssertionError(f"{error}; there are {self.users(test)} on {self.pods(test)}"
                                 ) from None

    # -- the end --------------------------------------------------------------------------------

    def finish(self):
        for test in self.running():
            if test.paused:
                test.paused = False
                self.edit(test, desiredState="Running")

        def done():
            self.supervise()
            return all(not self.get(test) if test.deleted else self.over(test)
                       for test in self.tests)

        wait_for(done, "all tests to end", FINISHED)
        wait_for(lambda: not self.plane.api.get(PODS)["items"], "no pod to be left", SETTLED)
        wait_for(lambda: not self.kubelet.processes(), "no agent to be left", SETTLED)
        for test in self.tests:
            if not test.deleted:
                wait_for(lambda test=test: self.converged(test), f"{test.name} to be told",
                         SETTLED)

    def converged(self, test):
        found = self.get(test)
        return (found["status"]["observedGeneration"] == found["metadata"]["generation"]
                and not found["metadata"].get("finalizers"))

    def check_quiet(self):
        """Leaders renew their lease; nothing else is written at rest."""
        wait_for(lambda: self.leader() is not None, "a leader", SETTLED)
        time.sleep(2)  # for what the last change has set off
        self.plane.writes()
        time.sleep(QUIET_SECONDS)
        written = self.plane.writes("leases")
        assert not written, f"at rest there were writes: {written}"

    def check_told(self, test):
        status = self.get(test)["status"]
        told = [self.condition(test, kind) for kind in ("Complete", "Failed")]
        assert told.count("True") == 1, f"{test.name}: {status}"
        assert self.agents_harmed or told[0] == "True", f"{test.name}: {status}"
        requests = status.get("summary", {}).get("requests", 0)
        if len(self.tests) > 1:  # the target counts them together
            return
        served = self.target.stats()["total"]
        if self.agents_harmed:
            assert 0 < requests <= served, f"{requests} told, {served} served"
        else:
            assert requests == served, f"{requests} told, {served} served"

    # -- all of it ------------------------------------------------------------------------------

    def run(self):
        with self.plane, Kubelet(self.plane, BIN) as self.kubelet:
            self.target = Target(self.folder)
            try:
                self.supervise()
                self.act()
            finally:
                for operator in self.operators:
                    operator.signal(signal.SIGCONT)
                    operator.stop()
                self.target.stop()
        for log in self.folder.rglob("*.log"):
            text = log.read_text(errors="replace")
            assert not has_finding(text), f"{log.name}:\n{text[-4000:]}"

    def act(self):
        for number in range(self.random.choice((1, 1, 2))):
            test = LoadUnderTest(f"chaos-{number}", 6, self.random.randint(2, 3))
            self.tests.append(test)
            run_seconds = self.random.randint(12, 20)
            policy = self.random.choice(("Redistribute", "Replace"))
            self.note(f"{test.name}: {test.agents} agents, {run_seconds} s, {policy}")
            self.plane.api.create(LOADTESTS, test.body(self.target.url, run_seconds, policy))
        for test in self.tests:
            self.settle(test)
        assert len(self.running()) == len(self.tests), [self.get(test) for test in self.tests]
        self.note("the load is on")
        stop_at = time.monotonic() + 12
        while time.monotonic() < stop_at and self.running():
            time.sleep(self.random.uniform(0.5, 2))
            self.step()
        self.note("the end")
        self.finish()
        for test in self.tests:
            if not test.deleted:
                self.check_told(test)
        self.check_quiet()

    def explain(self):
        """What it did, and what is left of it."""
        parts = [f"seed {self.seed}:", *self.did]
        for log in sorted(self.folder.glob("operator-*.log"), key=os.path.getmtime):
            parts += [f"--- {log.name}", log.read_text(errors="replace")[-3000:]]
        return "\n".join(parts)


def has_finding(log):
    return any(word in log for word in ("AddressSanitizer", "runtime error:", "check failed",
                                        "LeakSanitizer", "ThreadSanitizer"))


class ChaosTest(unittest.TestCase):
    def test_load_tests_survive_it(self):
        for seed in range(FIRST_SEED, FIRST_SEED + SEEDS):
            with self.subTest(seed=seed), tempfile.TemporaryDirectory(
                    prefix="squall-chaos-") as folder:
                began = time.monotonic()
                scenario = Scenario(seed, folder)
                try:
                    scenario.run()
                except Exception as error:
                    raise AssertionError(scenario.explain()) from error
                print(f"seed {seed}: {len(scenario.did)} notes, "
                      f"{time.monotonic() - began:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    unittest.main()
