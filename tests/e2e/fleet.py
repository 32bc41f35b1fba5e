"""A coordinator that serves, agents that join it, and what one asks of them: for the tests of runs
on many machines. All of them are processes on loopback."""
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request

import grpc

from harness import BIN, PATIENCE, ROOT, SquallTest, wait_for

sys.path.append(str(ROOT / "tests/integration"))
from certificates import self_signed, signed  # noqa: E402, F401  (and its certificates)
from reflection import ReflectedService  # noqa: E402


# Exit codes of a run that went well, and of one with failed requests: on a machine with better
# things to do, the verdict on so short a run may also be INVALID.
PASSED, FAILED = (0, 6), (1, 6)


class Daemon:
    """A program of ours that listens: on a port that it picks, its JSON log in a file."""

    def __init__(self, folder, program, *arguments, listen="127.0.0.1:0", environment=None):
        name = f"{program[-1]}-{time.monotonic_ns()}"
        self.port_file = folder / f"{name}.port"
        self.log_file = folder / f"{name}.log"
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen(
                [str(BIN / program[0]), *program[1:], "--listen", listen, "--port-file",
                 str(self.port_file), "--log-format", "json", *map(str, arguments)],
                stdout=subprocess.DEVNULL, stderr=log,
                env={**os.environ, **(environment or {})})
        port = wait_for(self._port, name)
        self.address = f"127.0.0.1:{port}"

    def _port(self):
        if self.process.poll() is not None:
            raise AssertionError(f"ended with {self.process.returncode}: {self.log()}")
        return self.port_file.exists() and self.port_file.read_text().strip()

    def log(self):
        return self.log_file.read_text(errors="replace")

    def says(self, text):
        wait_for(lambda: text in self.log(), f"the log to say {text!r}")

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self):
        """Asks it to go and waits; whoever is still there then is killed."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.terminate()
            self.process.send_signal(signal.SIGCONT)
            self.process.wait(20)
        if self.process.poll() is None:
            self.kill()


class Squalld(Daemon):
    """An agent."""

    def __init__(self, folder, *flags, listen="127.0.0.1:0", environment=None):
        super().__init__(folder, ["squalld"], "--metrics-listen", "127.0.0.1:0", "--shards", "1",
                         *flags, listen=listen, environment=environment)

    def metrics(self):
        """{'squall_requests_total{method="GET",name="x"}': 3.0, …}"""
        port = re.search(r'"metrics_port":"(\d+)"', self.log()).group(1)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as reply:
            text = reply.read().decode()
        return {series: float(value)
                for series, value in re.findall(r"^(?!#)(.+) (\S+)$", text, re.MULTILINE)}

    def requests(self):
        """What it has counted in the run that it holds or held last."""
        return sum(value for series, value in self.metrics().items()
                   if series.startswith("squall_requests_total"))

    def refused(self):
        """{reason: how many calls were refused for it}, without those that none were."""
        return {series.split('"')[1]: value for series, value in self.metrics().items()
                if series.startswith("squall_agent_refused_calls_total") and value}

    @contextlib.contextmanager
    def service(self, *metadata):
        """AgentService, called as a coordinator does."""
        with grpc.insecure_channel(self.address) as channel:
            yield ReflectedService(channel, "squall.v1.AgentService", metadata)

    def status(self):
        with self.service() as agent:
            return agent.call("GetStatus")


class AgentTest(SquallTest):
    """Starts agents, and writes what they need."""

    def squalld(self, *flags, **options):
        squalld = Squalld(self.folder, *flags, **options)
        self.addCleanup(squalld.stop)
        return squalld

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path


class FleetTest(AgentTest):
    """Starts a `squall serve` too, and asks it as a person at a shell does."""

    def serve(self, *flags, store="runs.db", listen="127.0.0.1:0", web=""):
        serve = Daemon(self.folder, ["squall", "serve"], "--store", self.folder / store,
                       "--web-listen", web, "--metrics-listen", "127.0.0.1:0", *flags,
                       listen=listen)
        self.addCleanup(serve.stop)
        return serve

    def join(self, serve, *names, flags=()):
        """Agents that have joined, once the coordinator lists all of them."""
        agents = [self.squalld("--join", serve.address, "--name", name, *flags) for name in names]
        for name in names:
            wait_for(lambda name=name: name in self.agents(serve), f"agent {name}")
        return agents

    def ask(self, serve, command, *arguments, codes=(0,)):
        """What a client command prints."""
        result, output, errors = self.squall(command, *arguments, "--server", serve.address)
        self.assertIn(result, codes, f"{command} {arguments}: {output[-2000:]}\n{errors[-2000:]}")
        return output

    def refused(self, serve, command, *arguments, code=2, words=()):
        """The error of a client command that must fail."""
        result, output, errors = self.squall(command, *arguments, "--server", serve.address)
        self.assertEqual((result, output), (code, ""), errors)
        for word in words:
            self.assertIn(word, errors)
        self.assertEqual(errors.count("\n"), 1, errors)
        return errors

    def agents(self, serve):
        """{name: the run it takes part in, or ""}"""
        listed = json.loads(self.ask(serve, "agents", "--output", "json"))["agents"]
        return {item["agent"]["agent_id"]: item["run_id"] for item in listed}

    def create(self, serve, plan, run_id, *flags):
        """A run that nobody follows; returns as soon as it has been accepted."""
        self.ask(serve, "start", plan, "--id", run_id, "--detach", *flags)
        return run_id

    def run_now(self, serve, run_id):
        """{"run": …, "events": …} as the coordinator sees it now."""
        return json.loads(self.ask(serve, "status", run_id, "--output", "json"))

    def wait_users(self, serve, run_id, users):
        wait_for(lambda: int(self.run_now(serve, run_id)["run"]["users"]) == users,
                 f"{users} users")

    def wait_event(self, serve, run_id, words):
        def find():
            return [event["text"] for event in self.run_now(serve, run_id)["events"]
                    if words in event["text"]]
        return wait_for(find, f"event {words!r}")[0]

    def conclude(self, serve, run_id):
        """The JSON report of a run, once it is over."""
        over = ("RUN_STATE_FINISHED", "RUN_STATE_FAILED")
        wait_for(lambda: self.run_now(serve, run_id)["run"]["state"] in over, f"end of {run_id}")
        return json.loads(self.ask(serve, "report", run_id, "--format", "json"))
