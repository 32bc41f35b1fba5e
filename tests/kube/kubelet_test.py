#!/usr/bin/python3
"""The stand-in for a kubelet does what tests of the operator rely on a kubelet for."""
import json
import pathlib
import stat
import tempfile
import time
import unittest
import urllib.request

import kubelet as kubelet_module
from control_plane import wait_for
from kube_case import BIN, KubeTest, main, need
from kube_http import ApiError

# Says what it was started with on its own address, and ends as it is told.
PROGRAM = """#!/usr/bin/python3
import http.server, json, os, signal, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        ready = self.path != "/readyz" or os.path.exists(os.environ.get("READY_FILE", __file__))
        self.send_response(200 if ready else 503)
        self.end_headers()
        self.wfile.write(json.dumps([sys.argv[1:], dict(os.environ)]).encode())
    def do_POST(self):
        os._exit(int(self.path[1:]))
if os.environ.get("STUBBORN"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
http.server.ThreadingHTTPServer((os.environ["POD_IP"], 7071), Handler).serve_forever()
"""
POD_IP = {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
RESTRICTED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def pod(name, spec=None, **container):
    environment = [POD_IP, *container.pop("env", [])]
    return {"metadata": {"name": name, "labels": {"team": "a"}}, "spec": {
        "restartPolicy": "Never", "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "agent", "image": "x", "command": ["/usr/bin/program"],
                        "readinessProbe": {"tcpSocket": {"port": 7071}},
                        "securityContext": RESTRICTED, "env": environment, **container}],
        **(spec or {})}}


class KubeletTest(KubeTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.TemporaryDirectory(prefix="squall-kubelet-")
        cls.addClassCleanup(folder.cleanup)
        program = pathlib.Path(folder.name, "program")
        program.write_text(PROGRAM)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        cls.folder = pathlib.Path(folder.name)
        cls.kubelet = cls.enterClassContext(kubelet_module.Kubelet(cls.plane, folder.name))
        cls.pods = f"/api/v1/namespaces/{cls.namespace}/pods"

    def start(self, name, *arguments, ready=True, **options):
        self.api.create(self.pods, pod(name, *arguments, **options))
        self.addCleanup(self.api.delete, f"{self.pods}/{name}", gracePeriodSeconds=0)
        if ready:
            self.kubectl("wait", "--for=condition=Ready", "--timeout=60s", f"pod/{name}")

    def status(self, name):
        return self.api.get(f"{self.pods}/{name}").get("status", {})

    def state(self, name, kind):
        """The state of the only container, once it is of that kind."""
        def look():
            found = self.status(name).get("containerStatuses") or [{}]
            return found[0].get("state", {}).get(kind)
        return wait_for(look, f"{name} to be {kind}")

    def reason(self, name, kind, reason):
        wait_for(lambda: self.state(name, kind).get("reason") == reason, f"{name}: {reason}")

    def ask(self, name, path="/", method="GET"):
        address = self.status(name)["podIP"]
        request = urllib.request.Request(f"http://{address}:7071{path}", method=method)
        return urllib.request.urlopen(request, timeout=30).read().decode()

    def gone(self, name):
        wait_for(lambda: self.api.find(f"{self.pods}/{name}") is None, f"{name} to be gone")

    def test_runs_pods_on_addresses_of_their_own(self):
        self.start("one")
        self.start("two")
        addresses = {self.status(name)["podIP"] for name in ("one", "two")}
        self.assertEqual(len(addresses), 2)
        for name in ("one", "two"):
            self.assertRegex(self.status(name)["podIP"], r"^127\.")
            self.assertIn(self.status(name)["podIP"], self.ask(name))
        self.assertIn("1/1", self.kubectl("get", "pod", "one"))

    def test_runs_a_real_agent(self):
        need("squalld")
        (self.folder / "squalld").symlink_to(BIN / "squalld")
        self.start("agent", command=["squalld"],
                   args=["--listen", "$(POD_IP):7071", "--metrics-listen", "$(POD_IP):9646",
                         "--insecure", "--metrics-insecure"],
                   ports=[{"name": "metrics", "containerPort": 9646}],
                   readinessProbe={"httpGet": {"path": "/readyz", "port": "metrics"}})
        metrics = f"http://{self.kubelet.address('agent')}:9646/metrics"
        with urllib.request.urlopen(metrics, timeout=30) as answer:
            self.assertIn("squall_users", answer.read().decode())
        self.kubectl("delete", "pod", "agent")
        wait_for(lambda: self.kubelet.processes() == 0, "its end")

    def test_materialises_volumes_and_expands_arguments(self):
        self.kubectl("create", "secret", "generic", "token", "--from-literal=token=s3cret")
        self.kubectl("create", "configmap", "plan", "--from-literal=plan.yaml=users: []")
        self.start("mounted", {"volumes": [
            {"name": "token", "secret": {"secretName": "token"}},
            {"name": "plan", "configMap": {"name": "plan", "items": [
                {"key": "plan.yaml", "path": "a/b.yaml"}]}}]},
            args=["--token-file=/etc/squall/agent/token", "$(POD_IP):7071", "$(UNKNOWN)", "$$x",
                  "--plan", "/plan/a/b.yaml", "--listen", "0.0.0.0:80", "$(NAME)/$(TEAM)"],
            env=[{"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                 {"name": "TEAM", "valueFrom": {"fieldRef": {
                     "fieldPath": "metadata.labels['team']"}}},
                 {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "token",
                                                                   "key": "token"}}}],
            volumeMounts=[{"name": "token", "mountPath": "/etc/squall/agent"},
                          {"name": "plan", "mountPath": "/plan"}])
        arguments, environment = json.loads(self.ask("mounted"))
        address = self.status("mounted")["podIP"]
        self.assertEqual(pathlib.Path(arguments[0].split("=")[1]).read_text(), "s3cret")
        self.assertEqual(arguments[1:4], [f"{address}:7071", "$(UNKNOWN)", "$x"])
        self.assertEqual(pathlib.Path(arguments[5]).read_text(), "users: []")
        self.assertEqual(arguments[6:], ["--listen", f"{address}:80", "mounted/a"])
        self.assertEqual(environment["SECRET"], "s3cret")

    def test_waits_for_a_secret_that_is_not_there_yet(self):
        self.start("early", {"volumes": [{"name": "late", "secret": {"secretName": "late"}}]},
                   ready=False)
        self.assertIn('secret "late" not found', self.state("early", "waiting")["message"])
        self.kubectl("create", "secret", "generic", "late", "--from-literal=a=b")
        self.kubectl("wait", "--for=condition=Ready", "--timeout=60s", "pod/early")

    def test_is_ready_when_the_probe_says_so(self):
        flag = self.folder / "ready"
        self.start("probed", ready=False, env=[{"name": "READY_FILE", "value": str(flag)}],
                   readinessProbe={"httpGet": {"path": "/readyz", "port": "grpc"}},
                   ports=[{"name": "grpc", "containerPort": 7071}])
        self.state("probed", "running")
        conditions = {item["type"]: item["status"] for item in self.status("probed")["conditions"]}
        self.assertEqual(conditions["Ready"], "False")
        flag.write_text("")
        self.kubectl("wait", "--for=condition=Ready", "--timeout=60s", "pod/probed")

    def test_reports_how_a_program_ended(self):
        for code, phase, reason in ((0, "Succeeded", "Completed"), (3, "Failed", "Error")):
            name = f"ended-{code}"
            self.start(name)
            with self.assertRaises(OSError):
                self.ask(name, f"/{code}", "POST")
            ended = self.state(name, "terminated")
            self.assertEqual((ended["exitCode"], ended["reason"]), (code, reason))
            self.assertEqual(self.status(name)["phase"], phase)

    def test_kills_as_the_kernel_does(self):
        for name, kill, reason in (("killed", self.kubelet.kill, "Error"),
                                   ("hungry", self.kubelet.oom_kill, "OOMKilled")):
            self.start(name)
            kill(name)
            ended = self.state(name, "terminated")
            self.assertEqual((ended["exitCode"], ended["reason"]), (137, reason))
            self.assertEqual(self.status(name)["phase"], "Failed")

    def test_restarts_what_is_to_run_for_ever(self):
        self.start("again", {"restartPolicy": "Always"})
        self.kubelet.kill("again")
        wait_for(lambda: self.status("again")["containerStatuses"][0]["restartCount"] == 1,
                 "a restart")
        self.kubectl("wait", "--for=condition=Ready", "--timeout=60s", "pod/again")

    def test_deletes_with_grace(self):
        self.start("polite")
        self.kubectl("delete", "pod", "polite", "--wait=false")
        self.gone("polite")
        self.start("stubborn", env=[{"name": "STUBBORN", "value": "1"}])
        before = time.monotonic()
        self.kubectl("delete", "pod", "stubborn", "--grace-period=2")
        self.assertGreater(time.monotonic() - before, 1.5, "it got its time")

    def test_kills_what_is_deleted_by_force(self):
        self.start("forced", env=[{"name": "STUBBORN", "value": "1"}])
        address = self.status("forced")["podIP"]
        self.kubectl("delete", "pod", "forced", "--force", "--grace-period=0")

        def answers():
            try:
                return urllib.request.urlopen(f"http://{address}:7071/", timeout=5)
            except OSError:
                return None
        wait_for(lambda: not answers(), "the process to be gone")

    def test_lets_a_pod_go_unscheduled(self):
        self.kubelet.fault("homeless", kubelet_module.UNSCHEDULABLE)
        self.start("homeless", ready=False)

        def reasons():
            return [item.get("reason") for item in self.status("homeless").get("conditions", [])]
        wait_for(lambda: reasons() == ["Unschedulable"], "the condition")
        self.assertEqual(self.status("homeless")["phase"], "Pending")
        self.kubelet.heal("homeless")
        self.kubectl("wait", "--for=condition=Ready", "--timeout=60s", "pod/homeless")

    def test_fails_to_pull_an_image(self):
        self.kubelet.fault("empty", kubelet_module.IMAGE_PULL)
        self.start("empty", ready=False)
        self.reason("empty", "waiting", "ImagePullBackOff")
        self.kubectl("delete", "pod", "empty", "--wait=false")
        self.gone("empty")
        self.kubelet.heal("empty")

    def test_lets_no_more_pods_in_than_the_quota_says(self):
        self.kubectl("create", "quota", "none", "--hard=count/pods=0")
        self.addCleanup(self.kubectl, "delete", "quota", "none")
        path = f"/api/v1/namespaces/{self.namespace}/resourcequotas/none"
        wait_for(lambda: self.api.get(path).get("status", {}).get("hard"), "the quota")

        def refusal():  # the part that admits pods hears of the quota last
            try:
                return self.api.create(self.pods + "?dryRun=All", pod("surplus")) and None
            except ApiError as error:
                return error
        self.assertRegex(str(wait_for(refusal, "a refusal")), "403 Forbidden: .*exceeded quota")

    def test_leaves_the_garbage_to_the_collector(self):
        self.kubectl("create", "configmap", "owner")
        owner = self.api.get(f"/api/v1/namespaces/{self.namespace}/configmaps/owner")
        body = pod("orphan")
        body["metadata"]["ownerReferences"] = [{
            "apiVersion": "v1", "kind": "ConfigMap", "name": "owner",
            "uid": owner["metadata"]["uid"], "controller": True}]
        self.api.create(self.pods, body)
        self.kubectl("delete", "configmap", "owner")
        self.gone("orphan")


if __name__ == "__main__":
    main()
