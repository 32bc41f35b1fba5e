"""A kubelet and a scheduler for tests: every pod becomes real processes of this machine.

Each pod has a loopback address of its own (127.x.y.z), its volumes are folders, its containers the
programs of that name in `programs`, whatever the image; its status is what a kubelet would report.
Pods end like in a cluster: by themselves, or with SIGTERM, the grace period and SIGKILL.

Faults are by pod name. Before the pod is there:
  kubelet.fault("t-agent-0", UNSCHEDULABLE)     until heal("t-agent-0")
  kubelet.fault("t-agent-0", IMAGE_PULL)        likewise
and while it runs kill(), oom_kill() and signal().
"""
import contextlib
import datetime
import http.client
import itertools
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time
import traceback
import urllib.parse
import urllib.request

from control_plane import DIES_WITH_US
from kube_http import ApiError
from pod_spec import NotReady, PodSpec

NODE = "loopback"
UNSCHEDULABLE = "Unschedulable"
IMAGE_PULL = "ErrImagePull"
TICK = 0.05  # seconds between two looks at a pod
RETRY = 0.5  # seconds between two tries at what was not there


def _now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Container:
    """A process, and what its containerStatus says."""

    def __init__(self, spec, pod):
        self.spec = spec
        self.pod = pod
        self.process = None
        self.started = None
        self.restarts = 0
        self.ready = False
        self.reason = None  # of an end that was not the program's own
        self.code = None    # how it had ended at the last look; what is reported

    def start(self):
        command, environment = self.pod.files.command(self.spec, self.pod.kubelet.programs)
        log = self.pod.kubelet.log_file(self.pod.namespace, self.pod.name, self.spec["name"])
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                [*DIES_WITH_US, *command], env=environment, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True, cwd=self.pod.files.folder)
        self.started = _now()
        self.reason = None
        self.code = None
        self.ready = False

    def exit_code(self):
        """None while it runs; 128 and the signal for one that was killed, as a runtime says it."""
        code = None if self.process is None else self.process.poll()
        return 128 - code if code is not None and code < 0 else code

    def look(self):
        self.code = self.exit_code()
        return self.code

    def signal(self, number, reason=None):
        if self.process is not None and self.process.poll() is None:
            self.reason = reason
            self.process.send_signal(number)

    def probe(self):
        """Whether it takes work; a container that is asked nothing does as soon as it runs."""
        if self.exit_code() is not None or self.process is None:
            return False
        probe = self.spec.get("readinessProbe", {})
        if "httpGet" in probe:
            wanted = probe["httpGet"]
            url = f"http://{self.pod.address}:{self._port(wanted['port'])}{wanted.get('path', '/')}"
            with contextlib.suppress(OSError, http.client.HTTPException):
                return urllib.request.urlopen(url, timeout=2).status < 400
            return False
        for kind in ("tcpSocket", "grpc"):
            if kind in probe:
                with contextlib.suppress(OSError):
                    address = (self.pod.address, self._port(probe[kind]["port"]))
                    socket.create_connection(address, timeout=2).close()
                    return True
                return False
        return True

    def _port(self, port):
        named = {item.get("name"): item["containerPort"] for item in self.spec.get("ports", [])}
        return named.get(port, port)

    def status(self, waiting=None):
        code = self.code
        if waiting or self.process is None:
            state = {"waiting": waiting or {"reason": "ContainerCreating"}}
        elif code is None:
            state = {"running": {"startedAt": self.started}}
        else:
            reason = self.reason or ("Error" if code else "Completed")
            state = {"terminated": {"exitCode": code, "reason": reason, "finishedAt": _now(),
                                    "startedAt": self.started}}
        return {"name": self.spec["name"], "image": self.spec.get("image", ""), "imageID": "test",
                "ready": self.ready, "restartCount": self.restarts, "state": state,
                "started": "running" in state}


class Pod(threading.Thread):
    """One pod from its first sight to its end."""

    def __init__(self, kubelet, pod):
        super().__init__(daemon=True)
        self.kubelet = kubelet
        self.pod = pod
        self.name = pod["metadata"]["name"]  # of the thread, too
        self.namespace = pod["metadata"]["namespace"]
        self.uid = pod["metadata"]["uid"]
        self.path = f"/api/v1/namespaces/{self.namespace}/pods/{self.name}"
        self.address = kubelet.next_address()
        folder = kubelet.folder / "pods" / self.uid
        self.files = PodSpec(kubelet.plane, pod, self.address, folder)
        self.containers = [Container(spec, self) for spec in pod["spec"]["containers"]]
        self.deleted = threading.Event()  # deletionTimestamp is set
        self.gone = threading.Event()     # the object is not there any more
        self.written = None               # the last status, without its times

    def run(self):
        try:
            if self._schedule() and self._create() and self._init():
                self._live()
            self._end()
        except ApiError as error:
            if error.code != 404:  # deleted by force meanwhile
                traceback.print_exc()
        finally:
            for container in self.containers:
                container.signal(signal.SIGKILL)
                if container.process is not None:
                    container.process.wait()
            self.kubelet.forget(self)
            self.kubelet.plane.api.close()

    def _over(self):
        return self.deleted.is_set() or self.gone.is_set() or self.kubelet.stopping.is_set()

    def _while_fault(self, fault, report):
        while self.kubelet.fault_of(self.name) == fault:
            report()
            if self.deleted.wait(RETRY) or self._over():
                return False
        return not self._over()

    def _schedule(self):
        message = "0/1 nodes are available: 1 Insufficient cpu."
        if not self._while_fault(UNSCHEDULABLE, lambda: self._write("Pending", conditions={
                "PodScheduled": ("False", "Unschedulable", message)})):
            return False
        if "nodeName" not in self.pod["spec"]:
            self.kubelet.plane.api.create(self.path + "/binding", {
                "apiVersion": "v1", "kind": "Binding", "metadata": {"name": self.name},
                "target": {"apiVersion": "v1", "kind": "Node", "name": NODE}})
            self.pod["spec"]["nodeName"] = NODE
        return True

    def _create(self):
        """Pulls the image and makes the volumes."""
        reasons = itertools.chain(["ErrImagePull"], itertools.repeat("ImagePullBackOff"))
        if not self._while_fault(IMAGE_PULL, lambda: self._write("Pending", waiting={
                "reason": next(reasons), "message": "the image is not there: a test wants it so"})):
            return False
        while not self._over():
            try:
                self.files.make_volumes()
                return True
            except NotReady as problem:
                self._write("Pending", waiting={"reason": "ContainerCreating",
                                                "message": str(problem)})
            self.deleted.wait(RETRY)
        return False

    def _start(self, container):
        """False when it could not be, as for a Secret that its environment needs."""
        try:
            container.start()
            return True
        except NotReady as problem:
            self._write("Pending", waiting={"reason": "CreateContainerConfigError",
                                            "message": str(problem)})
            self.deleted.wait(RETRY)
            return False

    def _init(self):
        for spec in self.pod["spec"].get("initContainers", []):
            container = Container(spec, self)
            while not self._start(container):
                if self._over():
                    return False
            while container.exit_code() is None:
                if self._over():
                    container.signal(signal.SIGKILL)
                    return False
                time.sleep(TICK)
            if container.exit_code():
                self._write("Failed")
                return False
        return True

    def _live(self):
        """Until every container has ended for good, or the pod is to go."""
        for container in self.containers:
            while not self._start(container):
                if self._over():
                    return
        restart = self.pod["spec"].get("restartPolicy", "Always")
        while not self._over():
            for container in self.containers:
                container.ready = container.probe()
            codes = [container.look() for container in self.containers]
            if None not in codes and restart == "Never":
                self._write("Failed" if any(codes) else "Succeeded")
                return
            self._write("Running")
            for container, code in zip(self.containers, codes):
                if code is not None and restart == "Always":
                    self.deleted.wait(RETRY)
                    container.restarts += 1
                    container.start()
            self.deleted.wait(TICK)

    def _end(self):
        """Waits for the deletion of a pod that is over, and carries it out."""
        while not self._over():
            self.deleted.wait(RETRY)
        if self.kubelet.stopping.is_set() or self.gone.is_set():
            return
        grace = self.pod["metadata"].get("deletionGracePeriodSeconds", 30)
        for container in self.containers:
            container.signal(signal.SIGTERM)
        deadline = time.monotonic() + grace
        while (any(container.process and container.exit_code() is None
                   for container in self.containers) and time.monotonic() < deadline
               and not self.gone.is_set()):
            time.sleep(TICK)
        for container in self.containers:
            container.signal(signal.SIGKILL)
            if container.process is not None:
                container.process.wait()
        started = [container for container in self.containers if container.process]
        failed = any([container.look() for container in started])
        self._write("Failed" if failed else "Succeeded" if started else "Pending")
        self.kubelet.plane.api.delete(self.path, gracePeriodSeconds=0,
                                      preconditions={"uid": self.uid})

    def _write(self, phase, waiting=None, conditions=None):
        """The status, unless it says what it said before."""
        ready = phase == "Running" and all(container.ready for container in self.containers)
        told = {"PodScheduled": ("True", "", ""), **(conditions or {})}
        scheduled = told["PodScheduled"][0] == "True"
        if scheduled:
            told["Initialized"] = ("True", "", "")
            told["ContainersReady"] = told["Ready"] = (str(ready), "", "")
        key = (phase, str(waiting), str(told), [
            (item.restarts, item.code, item.process is None) for item in self.containers])
        if key == self.written:
            return
        status = {"phase": phase, "conditions": [
            {"type": name, "status": value, "reason": reason, "message": message,
             "lastTransitionTime": _now()} for name, (value, reason, message) in told.items()]}
        if scheduled:
            status.update(podIP=self.address, podIPs=[{"ip": self.address}], hostIP="127.0.0.1",
                          startTime=self.pod["metadata"]["creationTimestamp"],
                          containerStatuses=[item.status(waiting) for item in self.containers])
        self.kubelet.plane.api.merge(self.path + "/status", {"status": status})
        self.written = key


class Kubelet:
    """Serves every pod of a ControlPlane: with Kubelet(plane, programs): …"""

    def __init__(self, plane, programs):
        self.plane = plane
        self.programs = pathlib.Path(programs)
        self.folder = plane.folder / "kubelet"
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._pods = {}    # uid: Pod
        self._faults = {}  # pod name: fault
        # Another test at the same time has addresses of its own.
        self._addresses = itertools.count(((os.getpid() % 250 + 2) << 16) + 2)

    def __enter__(self):
        (self.folder / "logs").mkdir(parents=True, exist_ok=True)
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        return self

    def __exit__(self, *_):
        """Kills what runs; the pods' objects stay as they are."""
        self.stopping.set()
        self.plane.api.stop_watches()
        self._watcher.join(30)
        for pod in list(self._pods.values()):
            pod.join(30)

    # -- for tests ------------------------------------------------------------------------------

    def fault(self, name, fault):
        self._faults[name] = fault

    def heal(self, name):
        self._faults.pop(name, None)

    def fault_of(self, name):
        return self._faults.get(name)

    def signal(self, name, number, reason=None):
        """To every process of a pod."""
        for pod in self._named(name):
            for container in pod.containers:
                container.signal(number, reason)

    def kill(self, name):
        self.signal(name, signal.SIGKILL)

    def oom_kill(self, name):
        self.signal(name, signal.SIGKILL, "OOMKilled")

    def address(self, name):
        """The address of a pod that is there."""
        return self._named(name)[0].address

    def processes(self):
        """How many processes of pods run."""
        return sum(container.process is not None and container.exit_code() is None
                   for pod in list(self._pods.values()) for container in pod.containers)

    def log(self, namespace, name, container):
        """What a container has written so far."""
        return self.log_file(namespace, name, container).read_text(errors="replace")

    def _named(self, name):
        found = [pod for pod in list(self._pods.values()) if pod.name == name]
        if not found:
            raise AssertionError(f"no pod {name}; there are "
                                 f"{sorted(pod.name for pod in self._pods.values())}")
        return found

    # -- for pods -------------------------------------------------------------------------------

    def log_file(self, namespace, name, container):
        return self.folder / "logs" / f"{namespace}-{name}-{container}.log"

    def next_address(self):
        number = next(self._addresses)
        return f"127.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"

    def forget(self, pod):
        with self._lock:
            self._pods.pop(pod.uid, None)

    # -- the watch ------------------------------------------------------------------------------

    def _watch(self):
        while not self.stopping.is_set():
            try:
                listed = self.plane.api.get("/api/v1/pods")
                version = listed["metadata"]["resourceVersion"]
                present = {pod["metadata"]["uid"] for pod in listed["items"]}
                for pod in listed["items"]:
                    self._see(pod)
                for uid, pod in list(self._pods.items()):
                    if uid not in present:
                        pod.gone.set()
                        pod.deleted.set()
                query = urllib.parse.urlencode({"resourceVersion": version})
                for kind, pod in self.plane.api.watch("/api/v1/pods", query, seconds=300):
                    if kind != "BOOKMARK":
                        self._see(pod, gone=kind == "DELETED")
                    if self.stopping.is_set():
                        break
            except (ApiError, OSError, http.client.HTTPException, ValueError):
                self.stopping.wait(RETRY)  # the API server is away, or the watch too old
        self.plane.api.close()

    def _see(self, pod, gone=False):
        uid = pod["metadata"]["uid"]
        with self._lock:
            known = self._pods.get(uid)
            ended = pod.get("status", {}).get("phase") in ("Succeeded", "Failed")
            if known is None and not gone and not ended:
                known = self._pods[uid] = Pod(self, pod)
                known.start()
        if known is None:
            return
        if gone:
            known.gone.set()
        if "deletionTimestamp" in pod["metadata"]:
            known.pod["metadata"]["deletionGracePeriodSeconds"] = (
                pod["metadata"].get("deletionGracePeriodSeconds", 30))
        if gone or "deletionTimestamp" in pod["metadata"]:
            known.deleted.set()
