"""A locustfile on several agents: what travels with it, who hears which event, who may say what to
whom, and Locust's words for it (--master, --worker and their environment)."""
import json
import os
import signal
import subprocess
import unittest

import harness

FILE = """
import os
from locust import HttpUser, constant, events, task
from names import NAMES
from locust.runners import MasterRunner, WorkerRunner

HERE = os.path.dirname(os.path.abspath(__file__))


def say(*words):
    print(*words, flush=True)


@events.init.add_listener
def on_init(environment, **kwargs):
    runner = environment.runner
    if isinstance(runner, MasterRunner):
        runner.register_message("count", lambda environment, msg, **_: say("heard", msg.data))
    if isinstance(runner, WorkerRunner):
        runner.register_message("hello", lambda environment, msg, **_: answer(runner, msg))


def answer(runner, msg):
    runner.send_message("count", msg.data + 1)


@events.test_start.add_listener
def on_start(environment, **kwargs):
    say("start of", type(environment.runner).__name__)


@events.spawning_complete.add_listener
def on_spawned(user_count, **kwargs):
    # A listener of the coordinator's: its runner can talk to all agents.
    for environment in ENVIRONMENTS:
        if isinstance(environment.runner, MasterRunner):
            say("spawned", user_count)
            environment.runner.send_message("hello", 41)


ENVIRONMENTS = []


@events.init.add_listener
def remember(environment, **kwargs):
    ENVIRONMENTS.append(environment)


@events.test_stop.add_listener
def on_stop(environment, **kwargs):
    if isinstance(environment.runner, MasterRunner):
        say("total", environment.stats.total.num_requests)


class Reader(HttpUser):
    wait_time = constant(0.05)

    @task
    def read(self):
        with open(os.path.join(HERE, "data.txt")) as file:
            self.client.get("/products", name=NAMES[0] + file.read().strip())
"""


class LocustAgentsTest(harness.SquallTest):
    def setUp(self):
        super().setUp()
        (self.folder / "test.py").write_text(FILE)
        (self.folder / "names.py").write_text('NAMES = ["read "]\n')
        (self.folder / "data.txt").write_text("all\n")
        self.shop = self.target()

    def locust(self, *arguments, environment=None):
        process = subprocess.Popen(
            [str(harness.BIN / "locust"), *map(str, arguments)], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, cwd=self.folder,
            env={**os.environ, **(environment or {})})
        self.addCleanup(self._reap, process)
        return process

    def check(self, output, report):
        """What must hold of a run with two agents: its coordinator's output, its JSON."""
        lines = output.splitlines()
        self.assertEqual(lines.count("spawned 4"), 1, output)
        self.assertEqual(lines.count("heard 42"), 2, output)
        self.assertEqual(len(report), 1)
        self.assertEqual(report[0]["name"], "read all")
        self.assertIn(f"total {report[0]['num_requests']}", lines)
        self.assertEqual(sum(self.shop.stats()["requests"].values()), report[0]["num_requests"])

    def test_processes_of_this_machine(self):
        master = self.locust("-f", "test.py", "--processes", "2", "-u", "4", "-r", "40", "-t", "3s",
                             "-H", self.shop.url, "--headless", "--only-summary", "--json-file",
                             "report")
        output, errors = master.communicate(timeout=harness.PATIENCE)
        self.assertEqual(master.returncode, 0, errors)
        self.assertIn("start of MasterRunner", output)
        self.check(output, json.loads((self.folder / "report.json").read_text()))

    def test_a_master_and_workers_as_the_environment_says(self):
        master = self.locust("-f", "test.py", "--master", "--master-bind-port", "0", "-u", "4",
                             "-r", "40", "-t", "3s", "-H", self.shop.url, "--headless",
                             "--only-summary", "--json-file", "report",
                             environment={"LOCUST_EXPECT_WORKERS": "2"})
        port = self.port_of(master)
        workers = [self.locust("-f", "-", environment={
            "LOCUST_MODE_WORKER": "1", "LOCUST_MASTER_NODE_HOST": "127.0.0.1",
            "LOCUST_MASTER_NODE_PORT": port}) for _ in range(2)]
        output, errors = master.communicate(timeout=harness.PATIENCE)
        self.assertEqual(master.returncode, 0, errors)
        self.check(output, json.loads((self.folder / "report.json").read_text()))
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
            told, _ = worker.communicate(timeout=harness.PATIENCE)
            self.assertIn("start of WorkerRunner", told)

    def port_of(self, master):
        """Of the line that says where workers may join."""
        for line in master.stderr:
            if "have joined at" in line:
                return line.rsplit(":", 1)[1].strip()
        self.fail("the master did not say where it listens")


if __name__ == "__main__":
    unittest.main()
