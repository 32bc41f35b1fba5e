#!/usr/bin/python3
"""A Kubernetes control plane on loopback: etcd, kube-apiserver with RBAC and its own CA, and the
controllers that a LoadTest meets. No scheduler and no kubelet: kubelet.py stands in for both.

  with ControlPlane(folder) as plane:
      plane.kubectl("apply", "-f", "loadtest.yaml")

The LoadTest CRD is in it. As a program it prints its kubeconfig and stays until interrupted: for
trying things by hand. Logs, keys and data stay in the folder.
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import yaml

import pki
from kube_http import Api, ApiError

ROOT = pathlib.Path(__file__).resolve().parents[2]
CRD_FILE = ROOT / "charts/squall/files/loadtests.yaml"
PATIENCE = 120  # seconds: for what must happen by itself
# In front of a command: a test that is killed leaves nothing behind.
DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL")

# The rest would only look for pods, nodes and volumes that this control plane does not have.
CONTROLLERS = (
    "clusterrole-aggregation-controller", "deployment-controller", "disruption-controller",
    "garbage-collector-controller",
    "namespace-controller", "replicaset-controller", "resourcequota-controller",
    "root-ca-certificate-publisher-controller", "serviceaccount-controller",
    "ttl-after-finished-controller",
)

# Who wrote what, for the test that nothing is written at rest.
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"],
    "rules": [{"level": "None", "verbs": ["get", "list", "watch"]}, {"level": "Metadata"}],
}


class Missing(Exception):
    """The programs of a control plane are not here; says which and why."""


def programs():
    """{name: path}. Missing when one is not to be had; builds nothing."""
    printed = subprocess.run([ROOT / "tests/kube/build_tools", "--print"], capture_output=True,
                             text=True, check=False)
    folder = pathlib.Path(printed.stdout.strip())
    if printed.returncode:
        raise Missing(f"no kube-apiserver, kube-controller-manager, kubectl and helm in {folder}: "
                      "run tests/kube/build_tools, or set KUBEBUILDER_ASSETS")
    etcd = folder / "etcd" if (folder / "etcd").exists() else shutil.which("etcd")
    if not etcd:
        raise Missing("no etcd in PATH: run scripts/setup (Debian's etcd-server)")
    names = ("kube-apiserver", "kube-controller-manager", "kubectl", "helm")
    return {"etcd": pathlib.Path(etcd), **{name: folder / name for name in names}}


def wait_for(condition, what, patience=PATIENCE):
    """The first true value of condition(), tried again and again."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"waited {patience} s in vain for {what}")


def free_ports(count):
    """Ports that were free a moment ago: none of these programs can pick one and tell."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for listener in sockets:
            listener.bind(("127.0.0.1", 0))
        return [listener.getsockname()[1] for listener in sockets]


class ControlPlane:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.programs = programs()
        self.processes = []
        self.etcd_port, self.etcd_peer_port, self.port, controllers = free_ports(4)
        self.controllers_port = controllers
        self.address = f"127.0.0.1:{self.port}"
        self.server = f"https://{self.address}"

    def __enter__(self):
        for name in ("pki", "logs", "etcd"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.authority = pki.authority(self.folder / "pki")
        self.ca = self.authority[0]
        self.service_account_keys = pki.signing_key(self.folder / "pki")
        try:
            self._start_etcd()
            self._start_api_server()
            self.kubeconfig = self.kubeconfig_of("admin", ["system:masters"])
            self.api = self.api_of("admin")
            wait_for(self._ready, "the API server")
            # Controllers that have not found a kind look for it again only after half a minute.
            self.install_crd()
            self._start_controllers()
            wait_for(lambda: self.api.find("/api/v1/namespaces/default/serviceaccounts/default"),
                     "the controllers")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        """Ends every process that it started, the last one first."""
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in reversed(self.processes):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(PATIENCE)

    # -- the programs ---------------------------------------------------------------------------

    def _start(self, name, *arguments):
        with open(self.folder / "logs" / f"{name}.log", "ab") as log:
            self.processes.append(subprocess.Popen(
                [*DIES_WITH_US, self.programs[name], *map(str, arguments)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True))

    def _start_etcd(self):
        client = f"http://127.0.0.1:{self.etcd_port}"
        peer = f"http://127.0.0.1:{self.etcd_peer_port}"
        self._start("etcd", "--name", "test", "--data-dir", self.folder / "etcd",
                    "--listen-client-urls", client, "--advertise-client-urls", client,
                    "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                    "--initial-cluster", f"test={peer}", "--log-level", "warn")

    def _start_api_server(self):
        certificate, key = pki.issue(
            self.folder / "pki", self.authority, "server", "kube-apiserver",
            hosts="IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc")
        signing, public = self.service_account_keys
        policy = self.folder / "pki/audit-policy.yaml"
        policy.write_text(json.dumps(AUDIT_POLICY))
        self._start(
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{self.etcd_port}",
            "--bind-address=127.0.0.1", f"--secure-port={self.port}",
            f"--tls-cert-file={certificate}", f"--tls-private-key-file={key}",
            f"--client-ca-file={self.ca}",
            f"--service-account-issuer={self.server}/",
            f"--service-account-key-file={public}",
            f"--service-account-signing-key-file={signing}",
            "--service-cluster-ip-range=10.0.0.0/24", "--endpoint-reconciler-type=none",
            "--authorization-mode=RBAC", "--allow-privileged=true", "--profiling=false",
            f"--audit-policy-file={policy}", f"--audit-log-path={self.folder / 'logs/audit.log'}")

    def _start_controllers(self):
        self._start(
            "kube-controller-manager",
            f"--kubeconfig={self.kubeconfig_of('controllers', ['system:masters'])}",
            f"--service-account-private-key-file={self.service_account_keys[0]}",
            f"--root-ca-file={self.ca}", "--use-service-account-credentials=false",
            "--leader-elect=false", "--bind-address=127.0.0.1",
            f"--secure-port={self.controllers_port}", f"--controllers={','.join(CONTROLLERS)}")

    def _ready(self):
        for process in self.processes:
            if process.poll() is not None:
                raise AssertionError(f"{process.args} ended with {process.returncode}; "
                                     f"the log is in {self.folder}/logs")
        with contextlib.suppress(OSError, ApiError):
            return (self.api.get("/readyz") == "ok" and
                    self.api.find("/api/v1/namespaces/default"))
        return False

    # -- ways in --------------------------------------------------------------------------------

    def certificate_of(self, user, groups=()):
        name = user.replace(":", "-")
        made = self.folder / "pki" / f"{name}.crt", self.folder / "pki" / f"{name}.key"
        if not made[0].exists():
            made = pki.issue(self.folder / "pki", self.authority, name, user, groups)
        return made

    def api_of(self, user, groups=()):
        """A kube_http.Api as `user`, who shows a certificate."""
        return Api(self.address, self.ca, self.certificate_of(user, groups))

    def kubeconfig_of(self, user, groups=()):
        """A kubeconfig file with the certificate of `user`."""
        certificate, key = self.certificate_of(user, groups)
        return self._write_kubeconfig(user.replace(":", "-"), {
            "client-certificate": str(certificate), "client-key": str(key)})

    def kubeconfig_of_service_account(self, namespace, name, seconds=86400):
        """A kubeconfig file whose token file can be written anew: <kubeconfig>.token."""
        path = self.folder / f"{namespace}-{name}.kubeconfig"
        token_file = path.with_suffix(".kubeconfig.token")
        token_file.write_text(self.token_of(namespace, name, seconds))
        return self._write_kubeconfig(f"{namespace}-{name}", {"tokenFile": str(token_file)},
                                      namespace)

    def token_of(self, namespace, name, seconds=86400, bound=None):
        """A token of a service account; `bound` is its boundObjectRef."""
        spec = {"expirationSeconds": seconds, **({"boundObjectRef": bound} if bound else {})}
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        answer = self.api.create(path, {"apiVersion": "authentication.k8s.io/v1",
                                        "kind": "TokenRequest", "spec": spec})
        return answer["status"]["token"]

    def _write_kubeconfig(self, name, user, namespace="default"):
        path = self.folder / f"{name}.kubeconfig"
        path.write_text(self.kubeconfig_text(user, namespace))
        return path

    def kubeconfig_text(self, user, namespace="default"):
        """`user` is the map with the credentials."""
        return yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": self.server,
                                                      "certificate-authority": str(self.ca)}}],
            "users": [{"name": "test", "user": user}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test",
                                                      "namespace": namespace}}],
        })

    # -- what tests do --------------------------------------------------------------------------

    def run(self, program, *arguments, stdin=None, kubeconfig=None):
        """Runs kubectl or helm to its end: a CompletedProcess with text."""
        environment = {**os.environ, "KUBECONFIG": str(kubeconfig or self.kubeconfig),
                       "HELM_CACHE_HOME": str(self.folder / "helm/cache"),
                       "HELM_CONFIG_HOME": str(self.folder / "helm/config"),
                       "HELM_DATA_HOME": str(self.folder / "helm/data"),
                       "KUBECACHEDIR": str(self.folder / "kubectl")}
        return subprocess.run([self.programs[program], *map(str, arguments)], input=stdin,
                              text=True, capture_output=True, env=environment, timeout=600,
                              check=False)

    def kubectl(self, *arguments, **options):
        """What kubectl prints; AssertionError when it fails."""
        done = self.run("kubectl", *arguments, **options)
        if done.returncode:
            raise AssertionError(f"kubectl {' '.join(map(str, arguments))}: {done.stdout}\n"
                                 f"{done.stderr}")
        return done.stdout

    def helm(self, *arguments, **options):
        """What helm prints; AssertionError when it fails."""
        done = self.run("helm", *arguments, **options)
        if done.returncode:
            raise AssertionError(f"helm {' '.join(map(str, arguments))}: {done.stderr}")
        return done.stdout

    def install_crd(self):
        """The LoadTest CRD, once the API server serves it."""
        self.kubectl("apply", "--server-side", "-f", CRD_FILE)
        self.wait_for_crd()

    def wait_for_crd(self):
        # Its condition Established comes before every handler knows of it.
        wait_for(lambda: self.run("kubectl", "get", "loadtests").returncode == 0, "LoadTests")

    def namespace(self, name, labels=None):
        """A new namespace with its service account, as restricted as a careful cluster's."""
        labels = {"pod-security.kubernetes.io/enforce": "restricted", **(labels or {})}
        self.api.create("/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
        wait_for(lambda: self.api.find(f"/api/v1/namespaces/{name}/serviceaccounts/default"),
                 f"the service account of namespace {name}")
        return name

    def writes(self, user=""):
        """Requests so far that wrote something, in order: (user, verb, path). Only those whose user
        starts with `user`."""
        found = []
        for line in (self.folder / "logs/audit.log").read_text().splitlines():
            event = json.loads(line)
            if event["user"]["username"].startswith(user):
                found.append((event["user"]["username"], event["verb"], event["requestURI"]))
        return found


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="squall-kube-"))
    with ControlPlane(folder) as plane:
        print(f"export KUBECONFIG={plane.kubeconfig}")
        print(f"export PATH=$PATH:{plane.programs['kubectl'].parent}", flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    sys.exit(main())
