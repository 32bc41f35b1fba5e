#!/usr/bin/python3
"""squall run with agents that join, and with processes of its own; Locust's words for both."""
import json
import pathlib
import signal
import socket
import subprocess
import unittest

from fleet import PASSED, FleetTest
from harness import BIN, PATIENCE, one_task, wait_for

STEP = "get: /delay/20"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def children_of(pid):
    """Processes whose parent is `pid`."""
    children = []
    for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            children.append(int(status.parent.name))
    return children


def alive(pid):
    try:
        return "\nState:\tZ" not in pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


class RunAgentsTest(FleetTest):
    def finite(self, target, iterations=60):
        return self.plan(one_task(f"{{users: 6, spawn_rate: 1000, iterations: {iterations}}}",
                                  STEP, base=target.url))

    def endless(self, target):
        return self.plan(one_task("{users: 6, spawn_rate: 1000}", STEP, base=target.url),
                         "endless.yaml")

    def report(self):
        return json.loads((self.folder / "report.json").read_text())

    def run_to_end(self, *arguments):
        return self.squall(*arguments, "--headless", "--json", self.folder / "report.json")


class Processes(RunAgentsTest):
    def test_share_the_run(self):
        target = self.target()
        code, _, errors = self.run_to_end("run", self.finite(target), "--processes", 2)
        self.assertIn(code, PASSED, errors)
        self.assertEqual(self.report()["totals"]["requests"], 60)
        self.assertEqual(target.stats()["total"], 60)
        self.assertEqual(sorted(item["agent"] for item in self.report()["agents"]),
                         ["local-0", "local-1"])

    def test_minus_one_is_one_for_each_core(self):
        target = self.target()
        code, _, errors = self.run_to_end("run", self.finite(target), "--processes", -1)
        self.assertIn(code, PASSED, errors)
        cores = len(pathlib.Path("/proc/cpuinfo").read_text().split("processor\t")) - 1
        self.assertEqual(len(self.report()["agents"]), cores)

    def test_end_with_the_run_that_is_interrupted(self):
        target = self.target()
        process = self.start_squall("run", self.endless(target), "--headless", "--processes", 2,
                                    "--json", self.folder / "report.json")
        wait_for(lambda: target.stats()["total"] > 30, "load")
        children = children_of(process.pid)
        self.assertEqual(len(children), 2)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 130)
        self.assertEqual(self.report()["totals"]["requests"], target.stats()["total"])
        self.assertTrue(self.report()["run"]["interrupted"])
        wait_for(lambda: not any(map(alive, children)), "the end of the children")

    def test_end_when_their_parent_is_killed(self):
        target = self.target()
        process = self.start_squall("run", self.endless(target), "--headless", "--processes", 2)
        wait_for(lambda: target.stats()["total"] > 30, "load")
        children = children_of(process.pid)
        process.kill()
        process.communicate(timeout=PATIENCE)
        wait_for(lambda: not any(map(alive, children)), "the end of the children")


class Expected(RunAgentsTest):
    def test_too_few_are_said_after_the_wait(self):
        target = self.target()
        port = free_port()
        for name in ("a", "b"):
            self.squalld("--join", f"127.0.0.1:{port}", "--name", name)
        code, _, errors = self.run_to_end(
            "run", self.finite(target), "--expect-agents", 3, "--join-listen",
            f"127.0.0.1:{port}", "--expect-agents-max-wait", "8s")
        self.assertEqual(code, 5, errors)
        self.assertIn("2 of 3 agents came within 8s", errors)
        self.assertEqual(target.stats()["total"], 0)

    def test_an_interrupted_wait_ends_at_once(self):
        target = self.target()
        process = self.start_squall("run", self.finite(target), "--headless", "--expect-agents",
                                    2, "--join-listen", f"127.0.0.1:{free_port()}")
        self.assertIn("waiting for agents: 0 of 2", process.stderr.readline())
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 130)


class LocustsWords(RunAgentsTest):
    def test_master_and_worker(self):
        target = self.target()
        port = free_port()
        worker = subprocess.Popen(
            [str(BIN / "squall"), "-f", "locustfile.yaml", "--worker", "--master-host=127.0.0.1",
             f"--master-port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(worker.wait, PATIENCE)
        self.addCleanup(worker.terminate)
        code, _, errors = self.run_to_end(
            "-f", self.finite(target), "--master", f"--host={target.url}",
            f"--master-bind-port={port}", "--expect-workers=1")
        self.assertIn(code, PASSED, errors)
        self.assertEqual(self.report()["totals"]["requests"], target.stats()["total"])
        self.assertEqual(len(self.report()["agents"]), 1)


if __name__ == "__main__":
    unittest.main()
