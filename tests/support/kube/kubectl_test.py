#!/usr/bin/python3
"""The fake is what kubectl takes for an API server: a client that none of us wrote keeps it honest.

Client-side commands that send protobuf (kubectl create configmap) are refused with 415: the fake
reads JSON and YAML.
"""
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kube"))
import kube_case  # noqa: E402
from control_plane import programs  # noqa: E402
from fake_kube_apiserver_test import PATIENCE, ProgramTest, config_map, pod  # noqa: E402

TEST = {"apiVersion": "squall.dev/v1alpha1", "kind": "LoadTest", "metadata": {"name": "peak"},
        "spec": {"users": 3}}


class Kubectl(ProgramTest):
    flags = ("--kubelet",)

    def kubectl(self, *arguments, given=None):
        """What it prints; fails the test when it fails."""
        done = subprocess.run(
            [programs()["kubectl"], "--server", f"http://127.0.0.1:{self.port}", *arguments],
            input=given and json.dumps(given), env={"HOME": str(self.folder)}, timeout=PATIENCE,
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, f"{arguments}: {done.stderr}")
        return done.stdout

    def test_apply_knows_what_is_unchanged(self):
        self.assertIn("created", self.kubectl("apply", "-f-", given=TEST))
        self.assertIn("unchanged", self.kubectl("apply", "-f-", given=TEST))
        changed = {**TEST, "spec": {"users": 4}}
        self.assertIn("configured", self.kubectl("apply", "-f-", given=changed))

    def test_server_side_apply_twice_is_one_version(self):
        apply = ("apply", "--server-side", "-f-")
        version = ("get", "cm/a", "-ojsonpath={.metadata.resourceVersion}")
        self.kubectl(*apply, given=config_map("a", x="1"))
        first = self.kubectl(*version)
        self.kubectl(*apply, given=config_map("a", x="1"))
        self.assertEqual(self.kubectl(*version), first)

    def test_patch_wait_and_columns(self):
        self.kubectl("apply", "-f-", given=TEST)
        status = {"status": {"phase": "Running",
                             "conditions": [{"type": "Complete", "status": "True"}]}}
        self.kubectl("patch", "loadtest/peak", "--subresource=status", "--type=merge", "-p",
                     json.dumps(status))
        self.kubectl("wait", "loadtest/peak", "--for=condition=Complete", "--timeout=10s")
        self.assertEqual(self.kubectl("get", "loadtests").split()[:2], ["NAME", "AGE"])
        self.assertIn("Running", self.kubectl("describe", "loadtest/peak"))

    def test_pods_are_waited_for_and_deleted(self):
        self.kubectl("apply", "-f-", given=pod("p", labels={"app": "p"}))
        self.kubectl("wait", "pod/p", "--for=condition=Ready", "--timeout=10s")
        self.assertIn("Running", self.kubectl("get", "pods", "-lapp=p"))
        self.kubectl("label", "pod/p", "app=q", "--overwrite")
        self.assertNotIn("Running", self.kubectl("get", "pods", "-lapp=p"))
        self.kubectl("delete", "pod/p", "--timeout=10s")  # waits by a watch

    def test_discovery_and_explain(self):
        self.assertIn("loadtests", self.kubectl("api-resources", "--no-headers"))
        self.assertIn("users", self.kubectl("explain", "loadtest.spec"))


if __name__ == "__main__":
    kube_case.main()
