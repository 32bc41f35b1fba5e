"""A program with a web page, as a script talks to it: over HTTP, without a browser."""
import contextlib
import json
import os
import pty
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request

from harness import BIN, PATIENCE, SquallTest, wait_for


class Client:
    """What a script asks of a page."""

    def __init__(self, port):
        self.port = int(port)
        self.url = f"http://127.0.0.1:{self.port}"

    def call(self, method, path, body=None, headers=None):
        """(status, text)"""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data, {"Content-Type": "application/json", **(headers or {})},
            method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def ask(self, method, path, body=None, status=200):
        code, text = self.call(method, "/api/v1" + path, body)
        if code != status:
            raise AssertionError(f"{method} {path}: {code} {text}")
        return json.loads(text) if text else None

    def start(self, **request):
        """The run's name, or the status and the error's text when it could not be started."""
        code, text = self.call("POST", "/api/v1/runs", request)
        answer = json.loads(text)
        if code not in (200, 201):
            return code, answer["error"]["message"]
        return answer["id"]

    def runs(self):
        return self.ask("GET", "/runs")["runs"]

    def run(self, run_id):
        return self.ask("GET", f"/runs/{run_id}")

    def wait(self, run_id, condition, what):
        return wait_for(lambda: (lambda run: condition(run) and run)(self.run(run_id)), what)

    def wait_over(self, run_id):
        return self.wait(run_id, lambda run: run["state"] in ("finished", "failed"), "the end")

    def report(self, run_id):
        return json.loads(self.call("GET", f"/api/v1/runs/{run_id}/report?format=json")[1])


class Page(Client):
    """squall (or locust) with its page on a free port."""

    def __init__(self, folder, *arguments, program="squall", terminal=False, environment=None):
        port_file = folder / f"page-{time.monotonic_ns()}.port"
        leader, follower = pty.openpty() if terminal else (None, None)
        self.process = subprocess.Popen(
            [str(BIN / program), *map(str, arguments), "--web-port-file", str(port_file)],
            stdin=follower or subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env={**os.environ, "NO_COLOR": "1", **(environment or {})})
        if terminal:
            os.close(follower)
        self.terminal = leader
        self.texts = {"stdout": "", "stderr": ""}
        self.readers = [threading.Thread(target=self._read, args=(name,), daemon=True)
                        for name in self.texts]
        for reader in self.readers:
            reader.start()
        super().__init__(wait_for(lambda: self._port(port_file), "the page"))

    def _read(self, name):
        for line in getattr(self.process, name):
            self.texts[name] += line

    def _port(self, port_file):
        if self.process.poll() is not None:
            raise AssertionError(f"ended with {self.process.returncode}: {self.texts}")
        return port_file.exists() and port_file.read_text().strip()

    @property
    def errors(self):
        return self.texts["stderr"]

    @property
    def output(self):
        return self.texts["stdout"]

    def press_enter(self):
        os.write(self.terminal, b"\n")

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def end(self):
        """The exit code, once the program has ended."""
        self.process.wait(PATIENCE)
        for reader in self.readers:
            reader.join(PATIENCE)
        return self.process.returncode

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.end()
        for stream in (self.process.stdout, self.process.stderr):
            stream.close()
        if self.terminal is not None:
            with contextlib.suppress(OSError):
                os.close(self.terminal)


class PageTest(SquallTest):
    def page(self, *arguments, **options):
        page = Page(self.folder, *arguments, **options)
        self.addCleanup(page.kill)
        return page
