#!/usr/bin/python3
"""Seeded chaos: agents are killed, stopped and started, the coordinator dies and comes back, the
load is scaled and paused; after every operation the run must be whole again.

Each seed is one scenario with real processes of its own. SQUALL_CHAOS_SEEDS says how many,
SQUALL_SEED which is the first; a scenario that fails prints its seed and what it did, and

  SQUALL_CHAOS_SEEDS=1 SQUALL_SEED=17 tests/e2e/chaos_test.py

does the same again. SQUALL_CHAOS_JOBS scenarios run at once.
"""
import atexit
import concurrent.futures
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import unittest

import grpc

from harness import BIN, PATIENCE, Target, one_task, wait_for
from stubs import Service, enum_name

SEEDS = int(os.environ.get("SQUALL_CHAOS_SEEDS") or
            (60 if os.environ.get("CI") == "true" else 12))
FIRST_SEED = int(os.environ.get("SQUALL_SEED") or 1)
# They mostly wait: 60 seeds take a good minute on two cores.
JOBS = int(os.environ.get("SQUALL_CHAOS_JOBS") or 14)

AGENT_TIMEOUT = 2.0  # seconds until a silent agent is lost
DELAY = 0.25  # seconds: how long each request of a user takes
NUMBERS = 1000  # user numbers whose owner is looked at
AGENTS_MAX = 5
# An agent that was lost more often than this is not taken back (roster.cc).
FREEZES_MAX = 3
RUN = "chaos"

_processes = set()


@atexit.register
def _kill_all():
    for process in _processes:
        process.kill()


class Program:
    """One of our programs, its log in a file."""

    def __init__(self, log_file, program, *arguments):
        self.log_file = log_file
        with open(log_file, "ab") as log:
            self.process = subprocess.Popen([str(BIN / program), *map(str, arguments)],
                                            stdout=subprocess.DEVNULL, stderr=log)
        _processes.add(self.process)

    def log(self):
        return self.log_file.read_text(errors="replace")

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)
        _processes.discard(self.process)


class Agent:
    """A squalld that joins, and what we know of it."""

    def __init__(self, folder, name, coordinator):
        self.name = name
        self.program = Program(folder / f"{name}.log", "squalld", "--listen", "127.0.0.1:0",
                               "--metrics-listen", "", "--shards", "1", "--name", name,
                               "--join", coordinator, "--port-file", folder / f"{name}.port")
        port_file = folder / f"{name}.port"
        self.port = wait_for(lambda: port_file.exists() and port_file.read_text().strip(), name)
        self.service = Service("AgentService", f"127.0.0.1:{self.port}")
        self.in_run = False  # has been seen with its share
        self.frozen_at = None
        self.freezes = 0
        self.epoch = 0

    def status(self):
        return self.service.call("GetStatus")

    def kill(self):
        self.program.kill()
        self.service.close()

    def freeze(self):
        self.program.process.send_signal(signal.SIGSTOP)
        self.frozen_at = time.monotonic()
        self.freezes += 1

    def thaw(self):
        self.program.process.send_signal(signal.SIGCONT)
        self.frozen_at = None


def owns(assignment, number):
    return any(number % part.modulus == part.residue for part in assignment.classes)


class Scenario:
    """One run, and what happens to it. The operations follow from the seed alone, as far as the
    agents that they strike are there."""

    def __init__(self, seed, folder):
        self.random = random.Random(seed)
        self.folder = folder
        self.began = time.monotonic()
        self.history = []
        # A loopback address of its own: nobody takes the port while the coordinator is away.
        self.host = f"127.7.{seed // 250 % 250}.{seed % 250 + 1}"
        self.coordinator = None
        self.service = None
        self.address = f"{self.host}:0"
        self.target = None
        self.agents = []
        self.names = 0
        self.killed = []
        self.lost = set()  # names that the report must have among its losses
        self.lost_margin = 0.0  # requests that nobody may have heard of
        self.users = self.random.randint(12, 40)
        self.paused = False
        self.requests = 0
        self.load = None  # (when it grew last, what the target had seen)
        self.settled_at = self.began

    def note(self, text):
        self.history.append(f"{time.monotonic() - self.began:6.2f} s  {text}")

    # The parts.

    def start_coordinator(self):
        port_file = self.folder / "serve.port"
        port_file.unlink(missing_ok=True)
        self.coordinator = Program(self.folder / "serve.log", "squall", "serve", "--listen",
                                   self.address, "--store", self.folder / "runs.db",
                                   "--web-listen", "", "--metrics-listen", "",
                                   "--agent-timeout", f"{AGENT_TIMEOUT}s",
                                   "--port-file", port_file)
        port = wait_for(lambda: self.coordinator.process.poll() is not None or
                        port_file.exists() and port_file.read_text().strip(), "squall serve")
        assert port is not True, f"squall serve ended: {self.coordinator.log()[-2000:]}"
        self.address = f"{self.host}:{port}"
        self.service = Service("RunService", self.address)

    def kill_coordinator(self):
        self.coordinator.kill()
        self.coordinator = None
        self.service.close()

    def add_agent(self):
        self.names += 1
        self.agents.append(Agent(self.folder, f"a{self.names}", self.address))
        return self.agents[-1]

    def awake(self):
        return [agent for agent in self.agents if agent.frozen_at is None]

    # The operations. Each says what it does.

    def op_kill(self, agent):
        share = sum(owns(agent.status().assignment, number) for number in range(self.users))
        # What it has done since the coordinator surely had its snapshot in the store.
        self.lost_margin += (share + 1) / DELAY * (time.monotonic() - self.settled_at + 5)
        agent.kill()
        self.agents.remove(agent)
        self.killed.append(agent)
        self.lost.add(agent.name)

    def op_freeze(self, agent):
        agent.freeze()

    def op_join(self):
        self.add_agent()

    def op_restart(self, away):
        self.kill_coordinator()
        until = time.monotonic() + away
        while time.monotonic() < until:
            time.sleep(0.1)
            self.watch_load()
        self.start_coordinator()

    def op_scale(self, users):
        self.users = users
        self.change(users={"users": users, "spawn_rate": 1000})

    def op_pause(self):
        self.paused = True
        self.load = None
        self.change(paused=True)

    def op_resume(self):
        self.paused = False
        self.change(paused=False)

    def change(self, **what):
        """Waits for a coordinator that has only just come back."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.service.call("UpdateRun", run_id=RUN, **what)
                return
            except grpc.RpcError as error:
                if time.monotonic() > deadline:
                    raise AssertionError(f"UpdateRun {what}: {error.details()}") from error
                time.sleep(0.05)

    def draw(self):
        """The next operation: (its words, what does it)."""
        kinds = ["restart", "scale", "resume" if self.paused else "pause"]
        strikable = [agent for agent in self.awake() if agent.in_run]
        if len(strikable) > 1:
            kinds += ["kill", "freeze"]
        if len(self.agents) < AGENTS_MAX:
            kinds.append("join")
        kind = self.random.choice(kinds)
        if kind in ("kill", "freeze"):
            agent = self.random.choice(strikable)
            if kind == "freeze" and agent.freezes == FREEZES_MAX:
                kind = "kill"
            return f"{kind} {agent.name}", lambda: getattr(self, f"op_{kind}")(agent)
        if kind == "restart":
            away = self.random.uniform(0.2, 2.5)
            return f"kill the coordinator, back after {away:.1f} s", lambda: self.op_restart(away)
        if kind == "scale":
            users = self.random.choice([n for n in range(12, 41) if n != self.users])
            return f"scale to {users} users", lambda: self.op_scale(users)
        return kind, getattr(self, f"op_{kind}")

    # What must hold.

    def watch_load(self):
        """While the run is not paused, not a second goes by without a request."""
        if self.paused:
            return
        total = self.target.stats()["total"]
        now = time.monotonic()
        if self.load is None or total > self.load[1]:
            self.load = (now, total)
        assert now - self.load[0] < 1, f"no load for {now - self.load[0]:.2f} s"

    def ask_run(self):
        try:
            return self.service.call("GetRun", run_id=RUN).run
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.UNAVAILABLE, error.details()
            return None

    def unsettled(self):
        """What is not as it should be (yet); None when all is. Raises for what must never be."""
        for program in [self.coordinator, *(agent.program for agent in self.agents)]:
            assert program.process.poll() is None, f"it ended: {program.log()[-2000:]}"
        self.watch_load()
        awake = self.awake()
        statuses = [agent.status() for agent in awake]
        run = self.ask_run()
        if run is None:
            return "the coordinator does not answer"
        assert run.requests >= self.requests, f"{run.requests} requests, {self.requests} before"
        self.requests = run.requests
        wanted = "PAUSED" if self.paused else "RUNNING"
        for agent, status in zip(awake, statuses):
            state = enum_name("RunState", status.state)
            if status.run_id != RUN or state != wanted:
                return f"{agent.name} is {state} with run '{status.run_id}'"
            assert status.epoch >= agent.epoch, f"{agent.name}: epoch {agent.epoch} fell"
            agent.epoch = status.epoch
        return self.unsettled_shares(awake, statuses) or self.unsettled_run(run, wanted)

    def unsettled_shares(self, awake, statuses):
        if len({status.epoch for status in statuses}) > 1:
            return f"epochs {[status.epoch for status in statuses]}"
        for number in range(NUMBERS):
            owners = [agent.name for agent, status in zip(awake, statuses)
                      if owns(status.assignment, number)]
            if len(owners) != 1:
                return f"user {number} is run by {owners}"
        for agent, status in zip(awake, statuses):
            if not status.assignment.classes:
                return f"{agent.name} has no share"
            share = sum(owns(status.assignment, number) for number in range(self.users))
            # In a pause users neither start nor leave.
            if not self.paused and status.users != share:
                return f"{agent.name} runs {status.users} users, its share is {share}"
        return None

    def unsettled_run(self, run, wanted):
        state = enum_name("RunState", run.state)
        if state != wanted:
            return f"the run is {state}"
        if not self.paused and run.users != self.users:
            return f"the run has {run.users} users, not {self.users}"
        return None

    def settle(self):
        deadline = time.monotonic() + PATIENCE
        while (complaint := self.unsettled()) is not None:
            assert time.monotonic() < deadline, f"after {PATIENCE} s: {complaint}"
            time.sleep(0.1)
        for agent in self.awake():
            agent.in_run = True
        self.settled_at = time.monotonic()
        self.note("settled")

    # From the start to the report.

    def play(self):
        self.target = Target(self.folder)
        _processes.add(self.target.process)
        self.start_coordinator()
        count = self.random.randint(2, 4)
        for _ in range(count):
            self.add_agent()
        plan = one_task(f"{{users: {self.users}, spawn_rate: 1000}}",
                        f"get: /delay/{int(DELAY * 1000)}", base=self.target.url)
        self.service.call("CreateRun", run_id=RUN, agents_min=count,
                          text={"files": [{"name": "plan.yaml", "content": plan}]})
        self.note(f"{self.users} users on {count} agents")
        self.settle()
        for _ in range(self.random.randint(4, 6)):
            self.step()
        if self.paused:
            self.note("resume")
            self.op_resume()
            self.settle()
        self.check_report(self.stop())

    def step(self):
        """One operation, or two in a row, and what it takes to be whole again."""
        for number in range(self.random.choice([1, 1, 1, 2])):
            if number > 0:
                time.sleep(self.random.uniform(0.05, 1))
            words, act = self.draw()
            self.note(words)
            act()
        frozen = [agent for agent in self.agents if agent.frozen_at is not None]
        if frozen:
            if self.random.random() < 0.5:  # until others have taken over
                self.settle()
                self.lost.update(agent.name for agent in frozen)
            else:
                time.sleep(self.random.uniform(0.1, 1.5 * AGENT_TIMEOUT))
            for agent in frozen:
                self.note(f"thaw {agent.name}")
                agent.thaw()
        self.settle()

    def stop(self):
        self.note("stop")
        self.service.call("StopRun", run_id=RUN, reason="the test is over")
        wait_for(lambda: enum_name("RunState", self.ask_run().state) == "FINISHED", "the end")
        return json.loads(self.service.call("GetReport", run_id=RUN).content)

    def check_report(self, report):
        seen = self.target.stats()["total"]
        totals = report["totals"]
        counted, cut = totals["requests"], totals["unfinished"]
        warnings = "\n".join(report["warnings"])
        self.note(f"{counted} requests, {cut} of them cut; the target saw {seen}")
        assert report["run"]["state"] == "finished", report["run"]
        assert report["run"]["stop_reason"] == "the test is over", report["run"]
        assert counted >= self.requests, f"{counted} requests, {self.requests} were there before"
        assert totals["failures"] == cut, f"{totals['failures']} failures: {report['failures']}"
        for name in self.lost:
            assert re.search(rf"agent '{name}(#\d+)?' was lost", warnings), \
                f"{name} is not named: {warnings}"
        if not re.search(r"was lost", warnings):
            assert cut == 0, "cut off though nobody was lost"
        # A request that was cut may have reached the target or not.
        assert counted - cut <= seen, f"{counted} requests, {cut} cut; the target saw only {seen}"
        assert seen <= counted + self.lost_margin, \
            f"{seen - counted} requests are missing, at most {self.lost_margin:.0f} may"

    def close(self):
        for agent in self.agents:
            agent.kill()
        if self.coordinator is not None:
            self.kill_coordinator()
        if self.target is not None:
            self.target.process.kill()
            self.target.process.wait(PATIENCE)
            _processes.discard(self.target.process)


def play(seed):
    """None, or what went wrong and how it came to that."""
    with tempfile.TemporaryDirectory(prefix=f"squall-chaos-{seed}-") as folder:
        scenario = Scenario(seed, pathlib.Path(folder))
        try:
            scenario.play()
            return None
        except Exception as error:  # whatever it is, the other seeds go on
            where = "" if isinstance(error, AssertionError) else traceback.format_exc()
            log = pathlib.Path(folder, "serve.log")
            return "\n".join([f"seed {seed}: {error}", *scenario.history, where,
                              *(log.read_text().splitlines()[-40:] if log.exists() else [])])
        finally:
            scenario.close()


class Chaos(unittest.TestCase):
    def test_the_run_is_whole_after_every_operation(self):
        self.assertGreater(SEEDS, 0)
        seeds = range(FIRST_SEED, FIRST_SEED + SEEDS)
        failed = []
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            for seed, problem in zip(seeds, pool.map(play, seeds)):
                if problem is not None:
                    failed.append(seed)
                    print(problem, file=sys.stderr, flush=True)
        self.assertEqual(failed, [], f"of {SEEDS} seeds from {FIRST_SEED} on")


if __name__ == "__main__":
    unittest.main(verbosity=2)
