"""The base of the tests of squall-operator on a real control plane: real operators, a target, and
agents that are real processes on loopback addresses of their own.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

import yaml

from control_plane import wait_for
from kube_case import BIN, ROOT, KubeTest
from kubelet import Kubelet

sys.path.insert(0, str(ROOT / "tests/e2e"))
from harness import Target  # noqa: E402  pylint: disable=wrong-import-position

SAMPLES = ROOT / "config/samples"
PATIENCE = 90  # seconds, for what must come by itself
# Short, so that tests of a lost leader are; the proportions are those of the defaults.
LEASE = ("--leader-elect", "--lease-duration", "5s", "--renew-deadline", "3s", "--retry-period",
         "500ms")


class Operator:
    """A squall-operator of its own, as the user of `kubeconfig`."""

    def __init__(self, kubeconfig, folder, namespace, *flags):
        self.log = pathlib.Path(tempfile.mkstemp(prefix="operator-", suffix=".log", dir=folder)[1])
        with open(self.log, "wb") as output:
            self.process = subprocess.Popen(
                [str(BIN / "squall-operator"), "--kubeconfig", str(kubeconfig), "--namespace",
                 namespace, "--metrics-listen", "127.0.0.1:0", "--health-listen", "127.0.0.1:0",
                 "--log-format", "json", "--agent-image", "squalld:test", *flags],
                stdout=output, stderr=subprocess.STDOUT)
        try:
            self.ready()
        except AssertionError:
            self.stop()
            raise

    def lines(self, text):
        """Log lines with this message."""
        found = []
        for line in self.log.read_text(errors="replace").splitlines():
            if line.startswith("{"):
                entry = json.loads(line)
                if entry.get("message", entry.get("msg")) == text:
                    found.append(entry)
        return found

    def ready(self):
        def serving():
            assert self.process.poll() is None, self.log.read_text()
            return self.lines("serving")

        self.serving = wait_for(serving, "the operator", PATIENCE)[0]

    def get(self, path, port="health_port"):
        url = f"http://127.0.0.1:{self.serving[port]}{path}"
        return urllib.request.urlopen(url, timeout=PATIENCE).read().decode()

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """Ends it if it still runs; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(PATIENCE)


class OperatorTest(KubeTest):
    """A namespace with an operator, a kubelet and a target for each class."""

    operator_flags = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = cls.plane.folder / f"test-{cls.namespace}"
        cls.folder.mkdir()
        cls.kubelet = cls.enterClassContext(Kubelet(cls.plane, BIN))
        cls.target = Target(cls.folder)
        cls.addClassCleanup(cls.target.stop)
        cls.operators = []
        cls.addClassCleanup(lambda: [operator.stop() for operator in cls.operators])
        cls.operator = cls.start_operator(*cls.operator_flags)

    @classmethod
    def start_operator(cls, *flags):
        operator = Operator(cls.plane.kubeconfig, cls.folder, cls.namespace, *flags)
        cls.operators.append(operator)
        return operator

    def tearDown(self):
        for operator in self.operators:
            for word in ("AddressSanitizer", "runtime error:", "check failed", "ThreadSanitizer"):
                self.assertNotIn(word, operator.log.read_text(errors="replace"))

    def a_test(self, name, users=4, run_time="5s", replicas=1, agents=None, **spec):
        """A LoadTest of one class of users that browses the target."""
        plan = {"name": name, "users": [{
            "name": "Visitor", "wait_time": {"constant": 0.05},
            "tasks": [{"name": "browse", "steps": [{"get": "/products"}]}]}]}
        spec.setdefault("profile", {"users": users, "spawnRate": 100, "runTime": run_time})
        spec.setdefault("plan", {"inline": yaml.safe_dump(plan)})
        spec["agents"] = {"replicas": replicas, **(agents or {})}
        return {"apiVersion": "squall.dev/v1alpha1", "kind": "LoadTest", "metadata": {"name": name},
                "spec": {"target": {"host": self.target.url}, **spec}}

    def apply(self, loadtest):
        self.kubectl("apply", "-f", "-", stdin=json.dumps(loadtest))

    def sample(self, name):
        """config/samples/NAME.yaml, all its objects, aimed at the target."""
        text = (SAMPLES / f"{name}.yaml").read_text()
        return text.replace("http://127.0.0.1:8082", self.target.url)

    def get(self, name):
        return self.api.find(f"{self.loadtests}/{name}")

    def condition(self, name, kind):
        status = (self.get(name) or {}).get("status", {})
        return next((c for c in status.get("conditions", []) if c["type"] == kind), {})

    def wait(self, name, kind, status="True", patience=PATIENCE):
        """The LoadTest once its condition has this status."""
        try:
            wait_for(lambda: self.condition(name, kind).get("status") == status,
                     f"{kind}={status} of {name}", patience)
        except AssertionError as error:
            raise AssertionError(self.explain(name, error)) from None
        return self.get(name)

    def wait_phase(self, name, *phases, patience=PATIENCE):
        try:
            wait_for(lambda: (self.get(name) or {}).get("status", {}).get("phase") in phases,
                     f"{name} to be {phases}", patience)
        except AssertionError as error:
            raise AssertionError(self.explain(name, error)) from None
        return self.get(name)

    def explain(self, name, error):
        logs = "\n".join(operator.log.read_text(errors="replace")[-3000:]
                         for operator in self.operators)
        return f"{error}\n{json.dumps(self.get(name), indent=1)[-6000:]}\n{logs}"

    def pods(self, name):
        found = self.api.call(
            "GET", f"/api/v1/namespaces/{self.namespace}/pods?labelSelector=squall.dev/load-test%3D"
            + name)
        return sorted(found["items"], key=lambda pod: pod["metadata"]["name"])

    def children(self, name):
        """Names of what the test owns and should not outlive it."""
        found = []
        for kind in ("pods", "services", "secrets"):
            items = self.api.call("GET", f"/api/v1/namespaces/{self.namespace}/{kind}")["items"]
            found += [f"{kind}/{item['metadata']['name']}" for item in items
                      if item["metadata"]["name"].startswith(f"{name}-")]
        return found

    def served(self):
        """Requests that the target has counted."""
        return self.target.stats()["total"]

    @staticmethod
    def sleep(seconds):
        time.sleep(seconds)


__all__ = ["LEASE", "Operator", "OperatorTest", "PATIENCE", "os", "signal", "wait_for"]
