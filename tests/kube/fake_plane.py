"""The fake API server (tests/support/kube) in the place of a ControlPlane: for the Kubelet and the
operators of tests that want an API server which breaks on demand, and neither etcd nor Go.
"""
import contextlib
import http.client
import os
import pathlib
import subprocess
import threading
import time

import yaml

from control_plane import CRD_FILE, wait_for
from kube_http import Api, ApiError

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("FAKE_KUBE_APISERVER",
                                      ROOT / "build/dev/tests/bin/fake-kube-apiserver"))
PATIENCE = 30  # seconds
OUTLASTED = 8  # seconds: no fault of a test stays longer
# What a fault may answer in the place of the truth.
FAULTY = (401, 409, 410, 429, 500, 502, 503)


class PatientApi(Api):
    """Over plain HTTP, and outlasts the faults: they are for operators, not for the test."""

    def __init__(self, address):  # pylint: disable=super-init-not-called
        self.address = address
        self.token = None
        self.local = threading.local()
        self.watching = set()

    def _connect(self, timeout):
        return http.client.HTTPConnection(self.address, timeout=min(timeout, 5))

    def call(self, method, path, body=None, content_type="application/json"):
        deadline = time.monotonic() + OUTLASTED
        while True:
            try:
                return super().call(method, path, body, content_type)
            except ApiError as error:
                if error.code not in FAULTY or time.monotonic() > deadline:
                    raise
            except (http.client.HTTPException, OSError):
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.1)

    def create(self, path, body):
        # There is no scheduler to tell; the Kubelet is all there is.
        return None if path.endswith("/binding") else super().create(path, body)

    def watch(self, path, query, seconds):
        # Short, so that a watch which a fault has taken is not missed for long.
        return super().watch(path, query, min(seconds, 3))


class FakePlane:
    """with FakePlane(folder, seed) as plane: …; what of a ControlPlane the Kubelet needs."""

    def __init__(self, folder, seed=1):
        self.folder = pathlib.Path(folder)
        self.seed = seed

    def __enter__(self):
        port_file = self.folder / "api-server.url"
        with open(self.folder / "api-server.log", "wb") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "--port-file", port_file, "--crd", CRD_FILE, "--seed", str(self.seed),
                 "--bookmark-seconds", "0.5", "--garbage-collector"],
                stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_for(lambda: port_file.exists() or self.process.poll() is not None,
                     "the fake API server", PATIENCE)
            self.server = port_file.read_text().strip()
        except BaseException:
            self.__exit__()
            raise
        self.address = self.server.rsplit("/", 1)[1]
        self.api = PatientApi(self.address)
        self.kubeconfig = self.folder / "kubeconfig"
        self.kubeconfig.write_text(self.kubeconfig_text({}))
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        try:
            self.exit_code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.exit_code = self.process.wait(PATIENCE)

    def kubeconfig_text(self, user, namespace="default"):
        return yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "fake",
            "clusters": [{"name": "fake", "cluster": {"server": self.server}}],
            "users": [{"name": "fake", "user": user}],
            "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "fake",
                                                      "namespace": namespace}}]})

    # -- faults and counts: past all faults ------------------------------------------------------

    def break_with(self, *faults):
        self.api.create("/_faults", list(faults))

    def heal(self):
        self.api.call("DELETE", "/_faults")

    def compact(self):
        self.api.create("/_compact", {})

    def writes(self, *besides):
        """Since the last call: [request with verb, resource, code and count], but of `besides`."""
        counted = self.api.call("DELETE", "/_requests")["requests"]
        return [request for request in counted
                if request["verb"] not in ("get", "list", "watch")
                and request["resource"] not in besides]
