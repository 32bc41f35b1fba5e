"""What every end-to-end test needs: the real programs, a target on a free port, an own folder.

Programs are found in SQUALL_BIN (ctest sets it). Every process is ended by the handle that started
it; every wait has a bound, generous enough for a sanitizer on a busy machine.
"""
import contextlib
import csv
import functools
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import time
import traceback
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("SQUALL_BIN", ROOT / "build/dev/bin"))
PRODUCT_PLAN = str(ROOT / "config/plans/product-service.yaml")
PATIENCE = 120  # seconds: for what must end by itself


class Target:
    """A squall-target of its own on a free port."""

    def __init__(self, folder, *flags):
        port_file = pathlib.Path(folder, f"target-{time.monotonic_ns()}.port")
        self.process = subprocess.Popen(
            [str(BIN / "squall-target"), "--listen", "127.0.0.1:0", "--port-file", str(port_file),
             *flags], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.port = int(wait_for(lambda: port_file.exists() and port_file.read_text().strip()))
        self.url = f"http://127.0.0.1:{self.port}"

    def stats(self):
        return json.load(urllib.request.urlopen(self.url + "/stats", timeout=PATIENCE))

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE)


class ScriptedServer:
    """Answers every request on a connection with the same bytes, then maybe closes: a target that
    misbehaves in a way that a correct server cannot."""

    def __init__(self, answer, close=True):
        self.answer = answer
        self.close = close
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        with connection, contextlib.suppress(OSError):
            connection.settimeout(PATIENCE)
            while connection.recv(65536):
                for piece in self.answer():
                    connection.sendall(piece)
                if self.close:
                    return

    def stop(self):
        self.listener.close()


def wait_for(condition, what="condition"):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {PATIENCE} s in vain for {what}")


class TooLate(AssertionError):
    """Something held, but not within its time."""


def by_the_clock(test):
    """For a test that asks for something within a time: a machine that was busy elsewhere just then
    gets two more tries. Only TooLate is tried again."""
    @functools.wraps(test)
    def tried(self):
        for _ in range(2):
            try:
                return test(self)
            except TooLate:
                traceback.print_exc()
                self.doCleanups()
                self.setUp()
        return test(self)
    return tried


class SquallTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="squall-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def assert_in_time(self, value, limit, what):
        if value > limit:
            raise TooLate(f"{what}: {value}, must be at most {limit}")

    def target(self, *flags):
        target = Target(self.folder, *flags)
        self.addCleanup(target.stop)
        return target

    def scripted(self, answer, close=True):
        server = ScriptedServer(answer, close)
        self.addCleanup(server.stop)
        return server

    def squall(self, *arguments, environment=None, stdin=None, patience=PATIENCE, **popen):
        """Runs squall to its end: (exit code, standard output, standard error)."""
        process = subprocess.run([str(BIN / "squall"), *map(str, arguments)], input=stdin,
                                 capture_output=True, text=True, timeout=patience,
                                 env={**os.environ, "NO_COLOR": "1", **(environment or {})},
                                 **popen)
        for word in ("AddressSanitizer", "runtime error:", "check failed", "ThreadSanitizer"):
            self.assertNotIn(word, process.stderr)
        self.assertGreaterEqual(process.returncode, 0, "killed: " + process.stderr[-2000:])
        return process.returncode, process.stdout, process.stderr

    def start_squall(self, *arguments):
        process = subprocess.Popen([str(BIN / "squall"), *map(str, arguments)],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self._reap, process)
        return process

    @staticmethod
    def _reap(process):
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate(timeout=PATIENCE)

    def plan(self, text, name="plan.yaml"):
        path = self.folder / name
        path.write_text(text)
        return path

    def run_json(self, plan, *arguments, code=0, **options):
        """A quiet run; its JSON report, after checking the exit code."""
        report = self.folder / "report.json"
        result, output, errors = self.squall("run", plan, "--headless", "--quiet", "--json", report,
                                             *arguments, **options)
        self.assertEqual(result, code, f"{output[-3000:]}\n{errors[-2000:]}")
        return json.loads(report.read_text())


def read_csv(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def lacked_cpu(said):
    """Whether a verdict is INVALID because the machine was busy with something else."""
    return "short of CPU" in said or "waited for a CPU" in said


def one_task(load, *steps, base="http://127.0.0.1:1", extra=""):
    """A plan with one user class and one task."""
    lines = "\n".join(f"          - {step}" for step in steps)
    return f"""name: e2e
service: {{base_url: "{base}"}}
load_profile: {load}
{extra}
users:
  - name: User
    tasks:
      - name: task
        steps:
{lines}
"""
