#!/usr/bin/python3
"""The LoadTest CRD on a real API server: what it takes, what it refuses and why, what may be edited
while a run is active, and what kubectl shows of it."""
import re
import subprocess
import unittest

import yaml

from kube_case import BIN, ROOT, KubeTest, loadtest, main, need
from kube_http import ApiError
from control_plane import wait_for

SAMPLES = sorted((ROOT / "config/samples").glob("*.yaml"))
STAGE = {"duration": "10s", "users": 5}
THRESHOLD = {"name": "p95", "metric": "ResponseTime", "statistic": "p95", "operator": "LessThan",
             "value": "300ms"}

# (what it shows, spec)
GOOD = (
    ("the smallest", {}),
    ("a plan from a ConfigMap", {"plan": {"configMapRef": {"name": "shop"}}}),
    ("a plan on a volume", {"plan": {"persistentVolumeClaim": {"claimName": "c", "path": "p"}}}),
    ("a plan in the image", {"plan": {"imagePath": "/plans/shop.yaml"}}),
    ("stages", {"profile": {"stages": [STAGE, {"name": "up", "duration": "1h30m", "users": 0,
                                               "spawnRate": "12.5"}]}}),
    ("as many stages as may be", {"profile": {"stages": [STAGE] * 256}}),
    ("arrivals", {"profile": {"arrival": {"stages": [{"duration": "250ms", "rate": "0.5",
                                                      "from": 0}],
                                          "maxUsers": 5, "spacing": "poisson"}}}),
    ("a constant load", {"profile": {"users": 5, "spawnRate": 2, "runTime": "1m",
                                     "iterations": 10}}),
    ("nothing but limits", {"profile": {"runTime": "1m", "warmUp": "0s", "coolDown": "5s"}}),
    ("parameters for a shape of the plan", {"profile": {"hold": "10s", "users": 7}}),
    ("peak", {"profile": {"shape": "peak", "users": 3, "spawnRate": 1, "rampUp": "1s",
                          "hold": "0s", "rampDown": "1s"}}),
    ("stress", {"profile": {"shape": "stress", "usersPerStep": 3, "spawnRate": 1, "step": "1s",
                            "duration": "1m"}}),
    ("soak", {"profile": {"shape": "soak", "users": 3, "spawnRate": 1, "rampUp": "1s",
                          "duration": "1m"}}),
    ("spike", {"profile": {"shape": "spike", "baseUsers": 3, "baseSpawnRate": 1, "spikeUsers": 9,
                           "spikeSpawnRate": 5, "before": "1s", "spike": "1s", "after": "1s"}}),
    ("linear", {"profile": {"shape": "linear", "from": 1, "to": 3, "duration": "1s"}}),
    ("sine", {"profile": {"shape": "sine", "low": 1, "high": 3, "period": "2s", "duration": "9s"}}),
    ("steps", {"profile": {"shape": "steps", "start": 1, "stepUsers": 3, "step": "1s", "steps": 4,
                           "spawnRate": 50}}),
    ("an override of users", {"profile": {"override": {"users": 3, "spawnRate": "0.5"}}}),
    ("an override of arrivals", {"profile": {"arrival": {"stages": [{"duration": "1s", "rate": 1}]},
                                             "override": {"arrivalFactor": "1.5"}}}),
    ("a target", {"target": {"host": "https://shop.example/api",
                             "tls": {"caSecretName": "ca", "serverName": "shop"}}}),
    ("a host with an IPv6 address", {"target": {"host": "http://[::1]:8082"}}),
    ("thresholds", {"thresholds": [THRESHOLD, {"name": "e", "metric": "FailureRatio",
                                               "operator": "LessThan", "value": "1%"},
                                   {"name": "f", "metric": "FailureRatio",
                                    "operator": "LessThan", "value": "0.01"},
                                   {"name": "r", "metric": "RequestRate",
                                    "operator": "GreaterOrEqual", "value": "10.5"}]}),
    ("pods", {"agents": {"podTemplate": {"spec": {"nodeSelector": {"disk": "ssd"},
                                                  "containers": [{"name": "sidecar"}]}},
                         "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}],
                         "resources": {"requests": {"cpu": "1"}}}}),
    ("a token only", {"controlTLS": {"mode": "Disabled"}}),
    ("a time to start", {"startTime": "2026-01-01T00:00:00Z", "suspend": True}),
)

# (what it shows, spec, the field, words of the message)
BAD = (
    ("no plan", {"plan": None}, "spec.plan", "Required"),
    ("an empty plan", {"plan": {}}, "spec.plan", "exactly one of inline, configMapRef"),
    ("two plans", {"plan": {"inline": "a", "imagePath": "b"}}, "spec.plan", "exactly one of"),
    ("an empty text", {"plan": {"inline": ""}}, "spec.plan.inline", "at least 1 char"),
    ("a plan too large", {"plan": {"inline": "x" * 262145}}, "spec.plan.inline", "262144"),
    ("a ConfigMap without a name", {"plan": {"configMapRef": {}}}, "spec.plan.configMapRef.name",
     "Required"),
    ("a volume without a path", {"plan": {"persistentVolumeClaim": {"claimName": "c"}}},
     "spec.plan.persistentVolumeClaim.path", "Required"),
    ("a run id that no label can be", {"runId": "a b"}, "spec.runId", "should match"),
    ("a state that there is not", {"desiredState": "Off"}, "spec.desiredState",
     'supported values: "Running", "Paused", "Stopped"'),
    ("a time without a zone", {"startTime": "2026-01-01"}, "spec.startTime", "date-time"),
    ("a host without a scheme", {"target": {"host": "shop:80"}}, "spec.target.host",
     "should match"),
    ("a host with a password", {"target": {"host": "http://me:pw@shop"}}, "spec.target.host",
     "should match"),
    ("stages and a shape", {"profile": {"stages": [STAGE], "shape": "peak"}}, "spec.profile",
     "at most one of stages, arrival, shape"),
    ("stages and arrivals", {"profile": {"stages": [STAGE], "arrival": {"stages": [
        {"duration": "1s", "rate": 1}]}}}, "spec.profile", "at most one of"),
    ("users beside stages", {"profile": {"stages": [STAGE], "users": 3}}, "spec.profile.users",
     "must not stand beside stages"),
    ("a spawn rate beside arrivals", {"profile": {"arrival": {"stages": [
        {"duration": "1s", "rate": 1}]}, "spawnRate": 3}}, "spec.profile.spawnRate",
     "must not stand beside"),
    ("no stages", {"profile": {"stages": []}}, "spec.profile.stages", "at least 1 items"),
    ("too many stages", {"profile": {"stages": [STAGE] * 257}}, "spec.profile.stages", "256"),
    ("a stage without users", {"profile": {"stages": [{"duration": "1s"}]}},
     "spec.profile.stages[0].users", "Required"),
    ("a stage without a length", {"profile": {"stages": [{**STAGE, "duration": "0s"}]}},
     "spec.profile.stages[0].duration", "must be above zero"),
    ("a length without a unit", {"profile": {"stages": [STAGE, {**STAGE, "duration": "10"}]}},
     "spec.profile.stages[1].duration", "should match"),
    ("units out of order", {"profile": {"stages": [{**STAGE, "duration": "1s1m"}]}},
     "spec.profile.stages[0].duration", "should match"),
    ("users below zero", {"profile": {"stages": [{**STAGE, "users": -1}]}},
     "spec.profile.stages[0].users", "greater than or equal to 0"),
    ("users beyond all bounds", {"profile": {"users": 10000001}}, "spec.profile.users", "10000000"),
    ("half a user", {"profile": {"users": 1.5}}, "spec.profile.users", "integer"),
    ("a spawn rate of zero", {"profile": {"stages": [{**STAGE, "spawnRate": 0}]}},
     "spec.profile.stages[0].spawnRate", "must be above 0"),
    ("a spawn rate below zero", {"profile": {"users": 1, "spawnRate": -5}},
     "spec.profile.spawnRate", "must be above 0"),
    ("a spawn rate in words", {"profile": {"users": 1, "spawnRate": "fast"}},
     "spec.profile.spawnRate", "should match"),
    ("a rate below zero", {"profile": {"arrival": {"stages": [{"duration": "1s", "rate": -1}]}}},
     "spec.profile.arrival.stages[0].rate", "must be from 0"),
    ("arrivals of a kind that there is not", {"profile": {"arrival": {
        "stages": [{"duration": "1s", "rate": 1}], "spacing": "odd"}}},
     "spec.profile.arrival.spacing", '"even", "poisson"'),
    ("a shape that there is not", {"profile": {"shape": "cube"}}, "spec.profile.shape",
     '"peak", "stress", "soak", "spike"'),
    ("a parameter of another shape", {"profile": {"shape": "soak", "hold": "1s"}},
     "spec.profile.hold", "is for shape peak"),
    ("a parameter of other shapes", {"profile": {"shape": "peak", "duration": "1s"}},
     "spec.profile.duration", "is for shapes stress, soak, linear and sine"),
    ("users for a shape that has others", {"profile": {"shape": "spike", "users": 1}},
     "spec.profile.users", "a shape but peak and soak"),
    ("a line without an end", {"profile": {"shape": "linear", "duration": "1s"}},
     "spec.profile.shape", "linear must have to and duration"),
    ("a wave without a height", {"profile": {"shape": "sine", "duration": "1s"}},
     "spec.profile.shape", "sine must have high"),
    ("steps without a number", {"profile": {"shape": "steps", "stepUsers": 1}},
     "spec.profile.shape", "steps must have stepUsers and steps"),
    ("no iteration", {"profile": {"iterations": 0}}, "spec.profile.iterations", "greater than"),
    ("an empty override", {"profile": {"override": {}}}, "spec.profile.override",
     "exactly one of users, arrivalFactor"),
    ("two overrides", {"profile": {"override": {"users": 1, "arrivalFactor": 1}}},
     "spec.profile.override", "exactly one of users, arrivalFactor"),
    ("a spawn rate for arrivals", {"profile": {"override": {"arrivalFactor": 1, "spawnRate": 1}}},
     "spec.profile.override.spawnRate", "goes with users only"),
    ("a factor for users", {"profile": {"stages": [STAGE], "override": {"arrivalFactor": 2}}},
     "spec.profile.override", "must have users"),
    ("users for arrivals", {"profile": {"arrival": {"stages": [{"duration": "1s", "rate": 1}]},
                                        "override": {"users": 2}}},
     "spec.profile.override", "must have arrivalFactor"),
    ("no agents", {"agents": {"replicas": 0}}, "spec.agents.replicas", "equal to 1"),
    ("bounds the wrong way round", {"agents": {"autoSize": {"usersPerAgent": 9, "min": 5,
                                                            "max": 4}}},
     "spec.agents.autoSize.min", "at most max"),
    ("one variable twice", {"agents": {"env": [{"name": "A"}, {"name": "A"}]}},
     "spec.agents.env[1]", "Duplicate"),
    ("a loss policy that there is not", {"agents": {"lossPolicy": "Cry"}}, "spec.agents.lossPolicy",
     '"Fail", "Redistribute", "Replace", "Ignore"'),
    ("certificates of a kind that there is not", {"controlTLS": {"mode": "Odd"}},
     "spec.controlTLS.mode", '"Auto", "Disabled"'),
    ("a response time of what", {"thresholds": [{**THRESHOLD, "statistic": None}]},
     "spec.thresholds[0].statistic", "must be there for ResponseTime"),
    ("a statistic of a ratio", {"thresholds": [{**THRESHOLD, "metric": "FailureRatio",
                                                "value": "1%"}]},
     "spec.thresholds[0].statistic", "ResponseTime, and only then"),
    ("a statistic that there is not", {"thresholds": [{**THRESHOLD, "statistic": "p101"}]},
     "spec.thresholds[0].statistic", "should match"),
    ("a time without a unit", {"thresholds": [{**THRESHOLD, "value": "300"}]},
     "spec.thresholds[0].value", "must be a time"),
    ("a percentage of requests", {"thresholds": [{"name": "n", "metric": "Requests",
                                                  "operator": "LessThan", "value": "5%"}]},
     "spec.thresholds[0].value", "must not be a percentage"),
    ("two thresholds of one name", {"thresholds": [THRESHOLD, THRESHOLD]}, "spec.thresholds[1]",
     "Duplicate"),
    ("a summary more often than may be", {"results": {"summaryPeriodSeconds": 1}},
     "spec.results.summaryPeriodSeconds", "greater than or equal to 5"),
    ("a form of report that there is not", {"results": {"report": {"formats": ["PDF"]}}},
     "spec.results.report.formats[0]", '"JSON", "CSV", "JUnit"'),
    ("a deadline of nothing", {"activeDeadlineSeconds": 0}, "spec.activeDeadlineSeconds",
     "greater than or equal to 1"),
)


class Definition(KubeTest):
    def test_is_established_without_a_warning(self):
        crd = self.api.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"
                           "loadtests.squall.dev")
        conditions = {item["type"]: item["status"] for item in crd["status"]["conditions"]}
        self.assertEqual(conditions["Established"], "True")
        self.assertEqual(conditions["NamesAccepted"], "True")
        self.assertNotIn("NonStructuralSchema", conditions)

    def test_kubectl_explains_it(self):
        # What is explained is published some time after the CRD is established.
        arguments = ("explain", "loadtest.spec.profile", "--recursive")
        text = wait_for(lambda: self.plane.run("kubectl", *arguments).stdout, "its explanation")
        for word in ("stages", "arrival", "spikeSpawnRate", "gracefulStopSeconds"):
            self.assertIn(word, text)


class Specs(KubeTest):
    def create(self, **spec):
        spec = {key: value for key, value in loadtest("x", **spec)["spec"].items()
                if value is not None}
        body = loadtest("x")
        body["spec"] = spec
        for threshold in spec.get("thresholds", []):
            if threshold.get("statistic", "") is None:
                spec["thresholds"] = [{**threshold}]
                del spec["thresholds"][0]["statistic"]
        return self.api.create(self.loadtests + "?dryRun=All&fieldValidation=Strict", body)

    def test_that_are_good_are_taken(self):
        for what, spec in GOOD:
            with self.subTest(what):
                self.create(**spec)

    def test_that_are_bad_get_the_error_of_their_field(self):
        for what, spec, field, words in BAD:
            with self.subTest(what):
                with self.assertRaises(ApiError) as raised:
                    self.create(**spec)
                self.assertEqual(raised.exception.code, 422, raised.exception)
                causes = [f"{cause.get('field')}: {cause['message']}"
                          for cause in raised.exception.causes]
                self.assertTrue(any(cause.startswith(f"{field}:") and words in cause
                                    for cause in causes), causes)

    def test_with_a_name_too_long_for_pods_are_refused(self):
        body = loadtest("n" * 53)
        with self.assertRaisesRegex(ApiError, "metadata.name must be at most 52 characters"):
            self.api.create(self.loadtests + "?dryRun=All", body)

    def test_with_an_unknown_field_are_refused_when_checked_strictly(self):
        with self.assertRaisesRegex(ApiError, 'unknown field "spec.profil"'):
            self.create(profil={})

    def test_have_defaults(self):
        made = self.create(profile={"users": 1}, agents={"start": {}})["spec"]
        self.assertEqual(made["runId"], "1")
        self.assertEqual(made["desiredState"], "Running")
        self.assertEqual(made["suspend"], False)
        self.assertEqual(made["agentCleanup"], "Always")
        self.assertEqual(made["controlTLS"], {"mode": "Auto"})
        self.assertEqual(made["agents"], {
            "replicas": 1, "separateNodes": False, "lossPolicy": "Redistribute", "maxLost": 0,
            "controlLossPolicy": "Continue", "controlLossSeconds": 120,
            "start": {"timeoutSeconds": 600, "onTimeout": "Fail"}})
        self.assertEqual(made["results"], {"summaryPeriodSeconds": 10, "topEndpoints": 5,
                                           "report": {"configMap": True, "formats": ["JSON"]}})
        self.assertEqual(made["profile"], {"users": 1, "gracefulStopSeconds": 30},
                         "the defaults of the load are the plan's")

    def test_keep_what_a_pod_may_have(self):
        template = {"spec": {"tolerations": [{"key": "load", "operator": "Exists"}]}}
        made = self.create(agents={"podTemplate": template})
        self.assertEqual(made["spec"]["agents"]["podTemplate"], template)


class Edits(KubeTest):
    """What may change depends on the phase, which only the operator writes."""

    def run_in(self, phase, **spec):
        """The path of a LoadTest of that phase."""
        name = f"{self._testMethodName.replace('_', '-')[5:45]}-{phase.lower()}".strip("-")
        self.api.create(self.loadtests, loadtest(name, **spec))
        path = f"{self.loadtests}/{name}"
        self.api.merge(path + "/status", {"status": {"phase": phase}})
        return path

    def test_of_plan_and_run_are_refused_while_it_is_active(self):
        for phase in ("Preparing", "Starting", "Running", "Paused", "Stopping"):
            path = self.run_in(phase)
            for edit in ({"plan": {"inline": "users: [other]"}}, {"runId": "2"}):
                with self.subTest(phase, edit=edit), self.assertRaisesRegex(
                        ApiError, "must stay as they are while a run is active"):
                    self.api.merge(path, {"spec": edit})

    def test_of_plan_and_run_are_free_before_and_after(self):
        for phase in ("Pending", "Suspended", "Scheduled", "Succeeded", "Failed"):
            path = self.run_in(phase)
            self.api.merge(path, {"spec": {"plan": {"inline": "users: [other]"}, "runId": "2"}})

    def test_of_the_load_are_free_while_it_runs(self):
        path = self.run_in("Running", profile={"stages": [STAGE]})
        for edit in ({"profile": {"stages": [STAGE, STAGE]}},
                     {"profile": {"override": {"users": 50, "spawnRate": 5}}},
                     {"profile": {"override": None}}, {"agents": {"replicas": 3}},
                     {"desiredState": "Paused"}, {"desiredState": "Running"},
                     {"thresholds": [THRESHOLD]}, {"suspend": True}):
            self.api.merge(path, {"spec": edit})

    def test_cannot_resume_a_stopped_run(self):
        path = self.run_in("Stopping", desiredState="Stopped")
        with self.assertRaisesRegex(ApiError, "desiredState must stay Stopped for this run"):
            self.api.merge(path, {"spec": {"desiredState": "Running"}})
        self.api.merge(path + "/status", {"status": {"phase": "Succeeded"}})
        with self.assertRaisesRegex(ApiError, "a new spec.runId runs the test again"):
            self.api.merge(path, {"spec": {"desiredState": "Running"}})
        self.api.merge(path, {"spec": {"desiredState": "Running", "runId": "2"}})

    def test_of_the_status_by_users_are_ignored(self):
        path = self.run_in("Running")
        self.api.merge(path, {"status": {"phase": "Succeeded"}})
        self.assertEqual(self.api.get(path)["status"]["phase"], "Running")

    def test_bump_the_generation_and_a_status_does_not(self):
        path = self.run_in("Running")
        before = self.api.get(path)["metadata"]["generation"]
        self.api.merge(path + "/status", {"status": {"runId": "1"}})
        self.assertEqual(self.api.get(path)["metadata"]["generation"], before)
        self.api.merge(path, {"spec": {"desiredState": "Paused"}})
        self.assertEqual(self.api.get(path)["metadata"]["generation"], before + 1)


STATUS = {
    "observedGeneration": 1, "phase": "Running", "runId": "7",
    "conditions": [{"type": "Passed", "status": "Unknown", "reason": "StillRunning", "message": "",
                    "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1}],
    "agents": {"selector": "squall.dev/load-test=shown", "desired": 3, "current": 2, "ready": 2,
               "running": 2, "lost": 0, "readyOfDesired": "2/3", "startSkewMilliseconds": 4,
               "problems": [{"pod": "shown-agent-2", "reason": "Unschedulable", "message": "m"}]},
    "profile": {"revision": 1, "stage": "2/3 steady", "stageIndex": 1, "targetUsers": 40,
                "currentUsers": 39, "stageEndTime": "2026-01-01T00:00:00Z"},
    "summary": {"time": "2026-01-01T00:00:00Z", "requests": 12345678901, "failures": 1,
                "failureRatio": "0.1%", "requestsPerSecond": "123.4", "p50Milliseconds": "1.2",
                "p95Milliseconds": "17.5", "p99Milliseconds": "20", "maxMilliseconds": "99",
                "endpoints": [{"name": "browse", "p95Milliseconds": "1"}]},
    "thresholds": [{"name": "p95", "result": "Passed", "observed": "17.5ms"}],
    "report": {"configMapName": "shown-7-report"},
    "plan": {"hash": "abc", "source": "inline"},
}


class Views(KubeTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.path = cls.loadtests + "/shown"
        cls.api.create(cls.loadtests, loadtest("shown", agents={"replicas": 3}))
        cls.api.merge(cls.path + "/status", {"status": STATUS})

    def test_keep_the_whole_status(self):
        self.assertEqual(self.api.get(self.path)["status"], STATUS)

    def test_of_kubectl_get_have_the_columns(self):
        head, row = self.kubectl("get", "ldt", "shown").splitlines()
        self.assertEqual(head.split(), ["NAME", "PHASE", "PASSED", "AGENTS", "STAGE", "USERS",
                                        "RPS", "FAIL", "AGE"])
        self.assertRegex(row, r"^shown +Running +Unknown +2/3 +2/3 steady +39 +123\.4 +0\.1% ")
        head = self.kubectl("get", "loadtests", "--output", "wide").splitlines()[0]
        self.assertEqual(head.split()[-3:], ["P95MS", "RUN", "AGE"])

    def test_by_category_and_by_phase_find_it(self):
        self.assertIn("shown", self.kubectl("get", "loadtesting"))
        found = self.kubectl("get", "ldt", "--field-selector", "status.phase=Running")
        self.assertIn("shown", found)
        found = self.kubectl("get", "ldt", "--field-selector", "status.phase=Failed")
        self.assertNotIn("shown", found)

    def test_of_scale_read_and_write_the_replicas(self):
        scale = self.api.get(self.path + "/scale")
        self.assertEqual(scale["status"], {"replicas": 2, "selector": "squall.dev/load-test=shown"})
        self.kubectl("scale", "ldt/shown", "--replicas=5")
        self.assertEqual(self.api.get(self.path)["spec"]["agents"]["replicas"], 5)
        self.assertIn("spec.agents.replicas", self.refused("scale", "ldt/shown", "--replicas=5000"))

    def test_let_kubectl_wait_for_a_condition(self):
        self.api.create(self.loadtests, loadtest("waited"))
        conditions = [{**STATUS["conditions"][0], "type": "Complete", "status": "True"}]
        self.api.merge(self.loadtests + "/waited/status", {"status": {"conditions": conditions}})
        self.kubectl("wait", "--for=condition=Complete", "--timeout=30s", "ldt/waited")
        self.refused("wait", "--for=condition=Passed", "--timeout=0", "ldt/waited")

    def test_refuse_a_status_that_is_wrong(self):
        for status, field in (({"phase": "Odd"}, "status.phase"),
                              ({"conditions": [{"type": "A"}]}, "status.conditions[0].reason")):
            with self.subTest(field), self.assertRaisesRegex(ApiError, field.replace("[", r"\[")):
                self.api.merge(self.path + "/status", {"status": status})


class Disruption(KubeTest):
    """A PodDisruptionBudget counts agents by the scale of the LoadTest that owns them."""

    def test_budget_counts_the_agents_by_scale(self):
        made = self.api.create(self.loadtests, loadtest("pdb", agents={"replicas": 2}))
        labels = {"squall.dev/load-test": "pdb"}
        self.api.create(f"/api/v1/namespaces/{self.namespace}/pods", {
            "metadata": {"name": "pdb-agent-0", "labels": labels, "ownerReferences": [{
                "apiVersion": "squall.dev/v1alpha1", "kind": "LoadTest", "name": "pdb",
                "uid": made["metadata"]["uid"], "controller": True}]},
            "spec": {"containers": [{"name": "agent", "image": "x", "securityContext": {
                "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}}],
                     "securityContext": {"runAsNonRoot": True,
                                         "seccompProfile": {"type": "RuntimeDefault"}}}})
        path = f"/apis/policy/v1/namespaces/{self.namespace}/poddisruptionbudgets"
        self.api.create(path, {"metadata": {"name": "pdb"}, "spec": {
            "maxUnavailable": 0, "selector": {"matchLabels": labels}}})
        budget = wait_for(lambda: self.api.get(path + "/pdb").get("status", {}).get("expectedPods"),
                          "the budget to be counted")
        self.assertEqual(budget, 2)


class Samples(KubeTest):
    def test_are_there(self):
        self.assertGreaterEqual(len(SAMPLES), 8)

    def test_are_taken_as_they_are(self):
        for path in SAMPLES:
            with self.subTest(path.name):
                self.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", path)

    def test_of_the_docs_are_taken_too(self):
        page = (ROOT / "docs/kubernetes.md").read_text()
        blocks = re.findall(r"<!-- test: loadtest -->\n+```yaml\n(.*?)```", page, re.DOTALL)
        self.assertTrue(blocks)
        for text in blocks:
            self.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", stdin=text)

    def test_have_valid_plans(self):
        need("squall")
        for path in SAMPLES:
            for item in yaml.safe_load_all(path.read_text()):
                text = (item["data"]["plan.yaml"] if item["kind"] == "ConfigMap" else
                        item["spec"]["plan"].get("inline"))
                if text:
                    file = self.plane.folder / "plan.yaml"
                    file.write_text(text)
                    done = subprocess.run([BIN / "squall", "validate", file], text=True,
                                          capture_output=True, timeout=60, check=False)
                    with self.subTest(path.name):
                        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    main()
