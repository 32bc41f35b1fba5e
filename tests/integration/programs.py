"""Starts Squall's programs on ports that the kernel picks, and stops them again.

SQUALL_PROGRAMS says where they are; without it, build/dev/bin.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / os.environ.get("SQUALL_PROGRAMS", "build/dev/bin")
START_SECONDS = 60  # a sanitizer on a busy machine


def wait_until(condition, what, seconds=START_SECONDS):
    """Returns what `condition` gives once it is true. A deadline, never a pace: tests that pass do
    not depend on it."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"must happen within {seconds} s: {what}")
        time.sleep(0.01)


def golden(test, name, actual):
    """Compares with tests/golden/NAME; SQUALL_UPDATE_GOLDEN=1 rewrites the file instead."""
    path = ROOT / "tests" / "golden" / name
    if os.environ.get("SQUALL_UPDATE_GOLDEN") == "1":
        path.parent.mkdir(exist_ok=True)
        path.write_text(actual)
    test.assertEqual(path.read_text(), actual, f"{path}; SQUALL_UPDATE_GOLDEN=1 rewrites it")


def http_get(url):
    """Returns (status, body as text)."""
    try:
        with urllib.request.urlopen(url, timeout=START_SECONDS) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Program:
    """A running program; killed at the end of the `with` block if it is still there."""

    def __init__(self, name, *arguments):
        self.directory = tempfile.TemporaryDirectory(prefix="squall_")
        self.port_file = pathlib.Path(self.directory.name) / "port"
        self.process = subprocess.Popen(
            [PROGRAMS / name, "--port-file", self.port_file, *arguments],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.lines = []  # of stderr
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stderr.close()
        self.directory.cleanup()

    @property
    def port(self):
        def read():
            if self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}: {self.lines}")
            return self.port_file.exists() and int(self.port_file.read_text())
        return wait_until(read, "the program listens")

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self, seconds=START_SECONDS):
        """Waits for the end; returns the exit code. All of stderr is in `lines` then."""
        code = self.process.wait(seconds)
        self._reader.join()
        return code


class Target(Program):
    """squall-target."""

    def __init__(self, *arguments):
        super().__init__("squall-target", "--listen", "127.0.0.1:0", *arguments)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def stats(self):
        return json.loads(http_get(self.url + "/stats")[1])

    def requests(self):
        """What it has seen by method and route, without our own questions."""
        return {route: count for route, count in self.stats()["requests"].items()
                if route != "GET /stats"}


class Squalld(Program):
    """squalld with its metrics, logging JSON."""

    def __init__(self, *arguments, listen="127.0.0.1:0"):
        super().__init__("squalld", "--listen", listen, "--metrics-listen", "127.0.0.1:0",
                         "--shards", "2", "--name", "agent-under-test", "--log-format", "json",
                         *arguments)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def events(self):
        return [json.loads(line) for line in list(self.lines)]

    def event(self, text):
        """The first log line that says `text`, once it is there."""
        def find():
            return next((event for event in self.events() if event["msg"] == text), None)
        return wait_until(find, f"the log says {text!r}")

    @property
    def http(self):
        return f"http://127.0.0.1:{self.event('serving')['metrics_port']}"

    def metrics(self):
        """{'squall_requests_total{method="GET",name="x"}': 3.0, …}"""
        status, text = http_get(self.http + "/metrics")
        assert status == 200, text
        samples = re.findall(r"^(?!#)(.+) (\S+)$", text, re.MULTILINE)
        assert len(samples) == len(dict(samples)), "every series must be there once"
        return {series: float(value) for series, value in samples}
