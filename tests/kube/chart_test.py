#!/usr/bin/python3
"""The Helm chart: what it renders (tests/golden/chart), what its schema refuses, and on a real API
server that it installs under a restricted namespace, that its rights are the ones the operator
needs and no more, and that upgrading and uninstalling leave the LoadTests alone.

SQUALL_UPDATE_GOLDEN=1 writes the golden files anew.
"""
import os
import re
import subprocess
import sys
import unittest
import urllib.request

import yaml

from control_plane import programs, wait_for
from kube_case import BIN, ROOT, KubeTest, loadtest, main, need
from kubelet import Kubelet

sys.path.insert(0, str(ROOT / "tests/e2e"))
from harness import Target  # noqa: E402

CHART = ROOT / "charts/squall"
GOLDEN = ROOT / "tests/golden/chart"
RULES = CHART / "templates/monitoring.yaml"
MANIFEST = ROOT / "config/install.yaml"
SAMPLES = ROOT / "config/samples"
CRD = "customresourcedefinition/loadtests.squall.dev"



def helm(*arguments):
    return subprocess.run([programs()["helm"], *map(str, arguments)], capture_output=True,
                          text=True, timeout=120, check=False)


def render(*arguments):
    return helm("template", "release", CHART, "--namespace", "squall", "--api-versions",
                "monitoring.coreos.com/v1", *arguments)


class Rendering(unittest.TestCase):
    maxDiff = None

    def values(self):
        files = sorted((CHART / "ci").glob("*-values.yaml"))
        self.assertGreaterEqual(len(files), 4)
        for path in files:
            with self.subTest(path.name):
                yield path

    def test_passes_lint_with_every_set_of_values(self):
        for path in self.values():
            done = helm("lint", "--strict", CHART, "--values", path)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_is_as_it_was(self):
        for path in self.values():
            done = render("--values", path, "--set", "crds.install=false")
            self.assertEqual(done.returncode, 0, done.stderr)
            # The dashboards are thousands of lines; the next test has them.
            text = re.sub(r"(  squall-[a-z-]+\.json: \|\n)(?:    .*\n)+", r"\1", done.stdout)
            golden = GOLDEN / f"{path.name.removesuffix('-values.yaml')}.yaml"
            if os.environ.get("SQUALL_UPDATE_GOLDEN"):
                golden.parent.mkdir(parents=True, exist_ok=True)
                golden.write_text(text)
            self.assertEqual(text, golden.read_text())

    def test_carries_dashboards_and_rules_unchanged(self):
        rendered = list(yaml.safe_load_all(
            render("--values", CHART / "ci/monitoring-values.yaml").stdout))
        boards = {}
        for item in rendered:
            if item["kind"] == "ConfigMap" and "grafana_dashboard" in item["metadata"]["labels"]:
                boards.update(item["data"])
        files = {f"squall-{path.name}": path.read_text()
                 for path in (ROOT / "config/dashboards").glob("*.json")}
        self.assertEqual(len(files), 3)
        self.assertEqual(boards, files)
        source = yaml.safe_load((ROOT / "config/prometheus/squall.rules.yaml").read_text())
        rules, = (item for item in rendered if item["kind"] == "PrometheusRule")
        self.assertEqual(rules["spec"]["groups"][:-1],
                         [group for group in source["groups"]
                          if group["name"] != "squall.operator"])

    def test_gives_every_object_a_name_that_fits_and_labels(self):
        for path in self.values():
            for item in yaml.safe_load_all(render("--values", path).stdout):
                if item is None or item["metadata"]["name"].endswith("-extra"):
                    continue
                self.assertLessEqual(len(item["metadata"]["name"]), 63)
                self.assertEqual(item["metadata"]["labels"]["app.kubernetes.io/instance"],
                                 "release", item)

    def test_keeps_names_short_for_long_releases(self):
        done = helm("template", "r" * 53, CHART)
        self.assertEqual(done.returncode, 0, done.stderr)
        for item in yaml.safe_load_all(done.stdout):
            if item:
                self.assertLessEqual(len(item["metadata"]["name"]), 63)

    def test_carries_the_crd_unchanged(self):
        source = yaml.safe_load((CHART / "files/loadtests.yaml").read_text())
        for keep, policy in (("true", "keep"), ("false", None)):
            done = render("--show-only", "templates/crds.yaml", "--set", f"crds.keep={keep}")
            crd = yaml.safe_load(done.stdout)
            self.assertEqual(crd["spec"], source["spec"])
            annotations = crd["metadata"].get("annotations", {})
            self.assertEqual(annotations.get("helm.sh/resource-policy"), policy)

    def test_refuses_values_that_are_wrong(self):
        for setting, words in (
                ("replicas=3", "replicas"), ("image.tga=x", "tga"),
                ("replicaCount=many", "integer"),
                ("rbac.scope=Galaxy", "scope"), ("health.port=0", "port"),
                ("watchNamespaces={Team_A}", "watchNamespaces"),
                ("image.digest=latest", "digest"), ("leaderElection.enabled=false", "must be 1"),
                ("podDisruptionBudget.maxUnavailable=some", "maxUnavailable")):
            with self.subTest(setting):
                done = render("--set", setting)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(words, done.stderr)

    def test_says_so_where_the_prometheus_operator_is_missing(self):
        done = helm("template", "release", CHART, "--set", "metrics.serviceMonitor.enabled=true")
        self.assertIn("install the Prometheus operator first", done.stderr)

    def test_made_the_manifest_for_kubectl(self):
        done = subprocess.run([ROOT / "scripts/install-manifest", "--check"], capture_output=True,
                              text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class InstalledTest(KubeTest):
    """With the real programs in the pods, each with the rights of its service account."""

    @classmethod
    def setUpClass(cls):
        need("squall", "squalld", "squall-operator", "squall-target")
        super().setUpClass()
        cls.folder = cls.plane.folder / cls.namespace
        cls.folder.mkdir()
        cls.kubelet = cls.enterClassContext(Kubelet(cls.plane, BIN))
        cls.target = Target(cls.folder)
        cls.addClassCleanup(cls.target.stop)

    def helm(self, *arguments):
        return self.plane.helm(*arguments, "--namespace", self.namespace)

    def may(self, verb, resource, namespace):
        """Whether the release's service account may."""
        user = f"system:serviceaccount:{self.namespace}:squall"
        resource, _, subresource = resource.partition("/")
        done = self.plane.run("kubectl", "auth", "can-i", verb, resource, "--as", user,
                              "--namespace", namespace, "--subresource", subresource)
        return done.stdout.strip() == "yes"

    def run_sample(self, namespace):
        """The staged sample, from kubectl apply to Passed."""
        text = (SAMPLES / "staged.yaml").read_text().replace("http://127.0.0.1:8082",
                                                             self.target.url)
        before = self.target.stats()["total"]
        options = ("--namespace", namespace)
        self.plane.kubectl("apply", *options, "-f", "-", stdin=text)
        self.plane.kubectl("wait", *options, "--for=condition=Complete", "--timeout=3m",
                           "ldt/staged")
        self.plane.kubectl("wait", *options, "--for=condition=Passed", "--timeout=1s", "ldt/staged")
        test = self.api.get(f"/apis/squall.dev/v1alpha1/namespaces/{namespace}/loadtests/staged")
        self.assertEqual(test["status"]["summary"]["requests"],
                         self.target.stats()["total"] - before)


class Release(InstalledTest):
    def test_runs_load_tests_and_leaves_them_behind(self):
        self.plane.kubectl("delete", "--ignore-not-found", CRD)  # it was not the release's
        notes = self.helm("install", "squall", CHART, "--wait", "--timeout", "2m")
        self.assertIn("A first test", notes)
        ready = self.kubectl("get", "deployment", "squall", "--output",
                             "jsonpath={.status.readyReplicas}")
        self.assertEqual(ready, "2")
        self.assertIn("Succeeded", self.helm("test", "squall"))
        self.plane.wait_for_crd()
        self.plane.namespace("tenant")
        self.run_sample("tenant")
        self.check_metrics()
        self.check_rights()
        self.helm("upgrade", "squall", CHART, "--set", "replicaCount=1", "--wait",
                  "--timeout", "2m")
        self.helm("uninstall", "squall", "--wait")
        self.assertIn("staged", self.plane.kubectl("get", "ldt", "--namespace", "tenant"))
        wait_for(lambda: self.kubelet.processes() == 0, "the operator's end")

    def check_metrics(self):
        """Those that the chart's alerts ask for, from the replica that leads; the other one tells
        nothing of LoadTests, since both would be added up."""
        leader = self.kubectl("get", "lease", "squall-operator", "--output",
                              "jsonpath={.spec.holderIdentity}")
        pods = self.kubectl("get", "pods", "--selector=app.kubernetes.io/component=operator",
                            "--output", "jsonpath={.items[*].metadata.name}").split()
        texts = {}
        for pod in pods:
            url = f"http://{self.kubelet.address(pod)}:8080/metrics"
            with urllib.request.urlopen(url, timeout=60) as answer:
                texts[pod] = answer.read().decode()
        self.assertEqual(len(texts), 2)
        text = texts.pop(leader)
        self.assertNotIn("loadtest_runs{", "".join(texts.values()))
        self.assertIn('loadtest_runs{phase="Succeeded"} 1\n', text)
        names = set(re.findall(r"\b((?:loadtest|leader|controller)_[a-z_]+)\{", RULES.read_text()))
        self.assertGreaterEqual(len(names), 4)
        for name in names:
            self.assertIn(f"# TYPE {name} ", text)

    def check_rights(self):
        for verb, resource in (
                ("watch", "loadtests.squall.dev"), ("delete", "loadtests.squall.dev"),
                ("patch", "loadtests.squall.dev/status"),
                ("update", "loadtests.squall.dev/finalizers"),
                ("create", "pods"), ("watch", "pods"), ("delete", "pods"), ("get", "pods/log"),
                ("create", "services"), ("patch", "configmaps"), ("get", "secrets"),
                ("patch", "secrets"), ("delete", "poddisruptionbudgets.policy"),
                ("create", "events.events.k8s.io")):
            with self.subTest(may=f"{verb} {resource}"):
                self.assertTrue(self.may(verb, resource, "default"))
        self.assertTrue(self.may("update", "leases.coordination.k8s.io", self.namespace))
        for verb, resource in (
                ("list", "secrets"), ("watch", "secrets"), ("list", "configmaps"),
                ("create", "loadtests.squall.dev"), ("create", "pods/exec"),
                ("update", "leases.coordination.k8s.io"), ("create", "deployments.apps"),
                ("get", "nodes"), ("create", "clusterroles.rbac.authorization.k8s.io"),
                ("impersonate", "users"), ("create", "serviceaccounts/token")):
            with self.subTest(may_not=f"{verb} {resource}"):
                self.assertFalse(self.may(verb, resource, "default"))


class Confined(InstalledTest):
    def test_runs_load_tests_only_where_it_is_told_to(self):
        for name in ("watched", "unwatched"):
            self.plane.namespace(name)
        self.helm("install", "squall", CHART, "--set", "rbac.scope=Namespaced", "--set",
                  "watchNamespaces={watched}", "--set", "crds.install=false", "--wait",
                  "--timeout", "2m")
        self.addCleanup(self.helm, "uninstall", "squall", "--wait")
        self.assertTrue(self.may("create", "pods", "watched"))
        self.assertTrue(self.may("watch", "loadtests.squall.dev", "watched"))
        self.assertFalse(self.may("create", "pods", "unwatched"))
        self.assertFalse(self.may("create", "pods", self.namespace))
        self.assertTrue(self.may("update", "leases.coordination.k8s.io", self.namespace))
        self.api.create(self.loadtests, loadtest("unseen"))
        self.run_sample("watched")
        self.assertNotIn("status", self.api.get(self.loadtests + "/unseen"))

    def test_lets_editors_of_a_namespace_edit_its_loadtests(self):
        self.helm("install", "roles", CHART, "--set", "replicaCount=0", "--set",
                  "crds.install=false")
        self.addCleanup(self.helm, "uninstall", "roles", "--wait")
        for role, verb, allowed in (("edit", "create", "yes"), ("edit", "patch", "yes"),
                                    ("view", "watch", "yes"), ("view", "create", "no")):
            self.plane.run("kubectl", "create", "rolebinding", role, f"--clusterrole={role}",
                           f"--user={role}or", "--namespace", self.namespace)
            # The controller that adds the rules of one role to another takes a moment.
            wait_for(lambda role=role, verb=verb, allowed=allowed: self.plane.run(
                "kubectl", "auth", "can-i", verb, "loadtests.squall.dev", "--as", f"{role}or",
                "--namespace", self.namespace).stdout.strip() == allowed,
                     f"{role} to answer {allowed} for {verb}", 30)


class Manifest(InstalledTest):
    """kubectl apply -f config/install.yaml."""

    def test_runs_load_tests(self):
        self.plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", MANIFEST)
        self.addCleanup(self.plane.kubectl, "delete", "--ignore-not-found", "-f", MANIFEST)
        self.plane.kubectl("rollout", "status", "deployment/squall", "--namespace",
                           "squall-system", "--timeout=2m")
        self.plane.namespace("manifest-tenant")
        self.run_sample("manifest-tenant")
        self.plane.kubectl("apply", "--server-side", "-f", MANIFEST)


if __name__ == "__main__":
    main()
