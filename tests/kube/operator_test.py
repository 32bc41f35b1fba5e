#!/usr/bin/python3
"""kubectl apply becomes load: LoadTests on a real API server, from the plan to the report."""
import json
import time
import urllib.request

import yaml

from kube_case import main
from operator_case import SAMPLES, OperatorTest, Target, wait_for

PASSES = {"failing-threshold": "False"}


class RunTest(OperatorTest):
    def test_agents_start_at_the_agreed_instant(self):
        skews = []
        for name in ("skew-1", "skew-2", "skew-3"):  # one is enough: machines are noisy
            self.apply(self.a_test(name, users=4, run_time="1s", replicas=2))
            skews.append(self.wait(name, "Complete")["status"]["agents"]["startSkewMilliseconds"])
            if skews[-1] <= 20:
                return
        self.fail(f"agents started {skews} ms apart, must be at most 20")

    def test_a_load_test_runs_and_leaves_nothing_but_itself_and_its_report(self):
        before = self.served()
        self.apply(self.a_test("first", users=4, replicas=2))
        status = self.wait("first", "Complete")["status"]
        self.assertEqual(status["phase"], "Succeeded")
        self.assertEqual(self.condition("first", "Passed")["status"], "True")
        self.assertEqual(status["summary"]["failures"], 0)
        self.assertGreater(status["summary"]["requests"], 0)
        self.assertEqual(status["summary"]["requests"], self.served() - before)
        wait_for(lambda: not self.children("first"), "nothing to be left of first")
        self.assertNotIn("finalizers", self.get("first")["metadata"])
        report = self.api.find(f"/api/v1/namespaces/{self.namespace}/configmaps/"
                               + status["report"]["configMapName"])
        self.assertEqual(json.loads(report["data"]["report.json"])["totals"]["requests"],
                         status["summary"]["requests"])

    def test_every_sample_completes_as_it_says(self):
        for path in sorted(SAMPLES.glob("*.yaml")):
            with self.subTest(path.stem):
                before = self.served()
                text = self.sample(path.stem)
                name = next(document["metadata"]["name"] for document in yaml.safe_load_all(text)
                            if document["kind"] == "LoadTest")
                self.kubectl("apply", "-f", "-", stdin=text)
                self.kubectl("wait", "--for=condition=Complete", "--timeout=120s", f"ldt/{name}")
                passed = PASSES.get(name, "True")
                self.kubectl("wait", f"--for=condition=Passed={passed}", "--timeout=1s",
                             f"ldt/{name}")
                status = self.get(name)["status"]
                self.assertEqual(status["summary"]["requests"], self.served() - before)
                wait_for(lambda name=name: not self.children(name), f"nothing left of {name}")

    def test_a_bad_plan_is_told_with_its_place(self):
        self.apply(self.a_test("bad", plan={"inline": "users:\n  - nam: x\n"}))
        self.wait("bad", "Failed")
        said = self.condition("bad", "PlanValid")
        self.assertEqual((said["status"], said["reason"]), ("False", "InvalidPlan"))
        self.assertIn("plan.yaml:2:5", said["message"])
        self.assertEqual(self.children("bad"), [])

    def test_a_config_map_may_come_later(self):
        test = self.a_test("late-plan")
        text = test["spec"]["plan"]["inline"]
        test["spec"]["plan"] = {"configMapRef": {"name": "late", "key": "p.yaml"}}
        self.apply(test)
        self.wait("late-plan", "PlanValid", "False")
        self.assertEqual(self.condition("late-plan", "PlanValid")["reason"], "ConfigMapNotFound")
        self.kubectl("apply", "-f", "-", stdin=json.dumps(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "late"},
             "data": {"p.yaml": text}}))
        self.wait("late-plan", "Complete")

    def test_a_plan_may_come_with_the_image_or_with_a_volume_and_name_files(self):
        plan = yaml.safe_load(self.a_test("x")["spec"]["plan"]["inline"])
        plan["test_data"] = {"visitors": {"file": "visitors.csv"}}
        claim = self.plane.folder / "claims/plans/load"
        claim.mkdir(parents=True)
        image = self.folder / "image"
        image.mkdir()
        for folder in (claim, image):
            (folder / "plan.yaml").write_text(yaml.safe_dump(plan))
            (folder / "visitors.csv").write_text("name\nada\n")
        self.api.create(f"/api/v1/namespaces/{self.namespace}/configmaps", {
            "metadata": {"name": "with-data"},
            "data": {"plan.yaml": yaml.safe_dump(plan), "visitors.csv": "name\nada\n"}})
        for name, source in (
                ("of-image", {"imagePath": str(image / "plan.yaml")}),
                ("of-volume", {"persistentVolumeClaim": {"claimName": "plans",
                                                         "path": "load/plan.yaml"}}),
                ("of-map", {"configMapRef": {"name": "with-data"}})):
            with self.subTest(name):
                self.apply(self.a_test(name, run_time="1s", plan=source))
                self.wait(name, "Complete")
        self.apply(self.a_test("of-nothing", plan={"imagePath": str(image / "none.yaml")}))
        self.wait("of-nothing", "Failed")
        self.assertEqual(self.condition("of-nothing", "PlanValid")["reason"], "ImageLacksPlan")

    def test_a_target_is_verified_by_the_ca_of_a_secret(self):
        certificate = self.folder / "target.crt"
        target = Target(self.folder, "--self-signed", "--write-cert", str(certificate))
        self.addCleanup(target.stop)
        self.kubectl("create", "secret", "generic", "target-ca",
                     f"--from-file=ca.crt={certificate}")
        host = f"https://127.0.0.1:{target.port}"
        for name, tls, ratio in (("trusts", {"caSecretName": "target-ca"}, 0),
                                 ("trusts-anybody", {"insecureSkipVerify": True}, 0),
                                 ("distrusts", {"serverName": "localhost"}, 1)):
            with self.subTest(name):
                self.apply(self.a_test(name, run_time="1s", target={"host": host, "tls": tls}))
                status = self.wait(name, "Complete")["status"]
                self.assertEqual(float(status["summary"]["failureRatio"]), ratio)

    def test_the_ttl_deletes_it_and_its_report(self):
        self.apply(self.a_test("brief", run_time="1s", ttlSecondsAfterFinished=2))
        self.wait("brief", "Complete")
        wait_for(lambda: self.get("brief") is None, "brief to be deleted")
        wait_for(lambda: not self.api.find(f"/api/v1/namespaces/{self.namespace}/configmaps/"
                                           "brief-1-report"), "its report to be collected")

    def test_a_new_run_id_runs_it_again_and_keeps_the_old_report(self):
        self.apply(self.a_test("again", run_time="1s"))
        first = self.wait("again", "Complete")["status"]
        self.kubectl("patch", "ldt/again", "--type=merge", "-p", '{"spec": {"runId": "second"}}')
        wait_for(lambda: self.get("again")["status"]["runId"] == "second", "the second run")
        second = self.wait("again", "Complete")["status"]
        self.assertNotEqual(first["startTime"], second["startTime"])
        for name in ("again-1-report", "again-second-report"):
            self.assertTrue(self.api.find(
                f"/api/v1/namespaces/{self.namespace}/configmaps/{name}"), name)


class LiveEditTest(OperatorTest):
    """What acts on a run that goes on, and within which time."""

    SOON = 5  # seconds, as users are promised; agents on a busy machine get more to be ready in
    TRIES = 3  # a machine that is busy elsewhere just then gets more of them

    def users(self):
        """Users that run now, by the agents' own metrics."""
        total = 0
        for pod in self.pods(self.name):
            total += self.agent_users(pod)
        return total

    @staticmethod
    def agent_users(pod):
        try:
            url = f"http://{pod['status']['podIP']}:9646/metrics"
            text = urllib.request.urlopen(url, timeout=5).read().decode()
        except (KeyError, OSError):
            return 0
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                   if line.startswith("squall_users{") or line.startswith("squall_users "))

    def start(self, name, **options):
        self.name = name
        self.apply(self.a_test(name, run_time="10m", **options))
        self.wait_phase(name, "Running")

    def patch(self, spec):
        self.kubectl("patch", f"ldt/{self.name}", "--type=merge", "-p",
                     json.dumps({"spec": spec}))

    def assert_soon(self, spec, holds, what, undo, undone):
        """The edit takes effect soon, in one of some tries; between them it is undone."""
        seconds = []
        for _ in range(self.TRIES):
            if seconds:
                self.patch(undo)
                wait_for(undone, f"{what} to be undone")
            began = time.monotonic()
            self.patch(spec)
            wait_for(holds, what)
            seconds.append(time.monotonic() - began)
            if seconds[-1] < self.SOON:
                return
        self.fail(f"{what} took {seconds} seconds, must be below {self.SOON}")

    def stop(self):
        self.patch({"desiredState": "Stopped"})
        status = self.wait(self.name, "Complete")["status"]
        self.assertEqual(self.condition(self.name, "Complete")["reason"], "StoppedByUser")
        return status

    def test_an_override_pause_and_stop(self):
        before = self.served()
        self.start("edits", users=4)
        wait_for(lambda: self.users() == 4, "the profile's users")
        override = {"profile": {"override": {"users": 12, "spawnRate": 100}}}
        profile = {"profile": {"override": None}}
        overridden, as_planned = lambda: self.users() == 12, lambda: self.users() == 4
        self.assert_soon(override, overridden, "the override", profile, as_planned)
        self.assert_soon(profile, as_planned, "the profile again", override, overridden)
        paused, running = {"desiredState": "Paused"}, {"desiredState": "Running"}
        self.patch(paused)
        self.wait_phase("edits", "Paused")
        wait_for(self.at_rest, "the target to be left alone")
        self.assert_soon(running, lambda: not self.at_rest(), "load again", paused, self.at_rest)
        status = self.stop()
        self.assertEqual(status["summary"]["requests"], self.served() - before)

    def test_edited_stages_take_effect_on_the_clock_that_goes_on(self):
        def stages(users):
            return {"stages": [{"duration": "10m", "users": users, "spawnRate": 100}]}
        self.name = "staged-edit"
        self.apply(self.a_test(self.name, profile=stages(3)))
        wait_for(lambda: self.users() == 3, "the first stage")
        self.assert_soon({"profile": stages(7)}, lambda: self.users() == 7, "the new stage",
                         {"profile": stages(3)}, lambda: self.users() == 3)
        # Over by now: the run ends as if it had been its end.
        self.patch({"profile": {"stages": [{"duration": "1s", "users": 7, "spawnRate": 100}]}})
        self.wait(self.name, "Complete")
        self.assertEqual(self.condition(self.name, "Complete")["reason"], "ProfileFinished")

    def at_rest(self):
        seen = self.served()
        time.sleep(0.5)
        return seen if seen == self.served() else None

    def test_scale_up_and_down_moves_users_and_loses_none(self):
        before = self.served()
        self.start("scaled", users=6, replicas=1)
        wait_for(lambda: self.users() == 6, "all users")
        self.kubectl("scale", "ldt/scaled", "--replicas=3")
        wait_for(lambda: sorted(self.agent_users(pod) for pod in self.pods("scaled")) == [2, 2, 2],
                 "three equal shares")
        self.kubectl("scale", "ldt/scaled", "--replicas=2")
        wait_for(lambda: len(self.pods("scaled")) == 2 and self.users() == 6, "two agents")
        self.assertEqual(self.get("scaled")["status"]["agents"].get("lost", 0), 0)
        status = self.stop()
        self.assertEqual(status["summary"]["requests"], self.served() - before)

    def test_forbidden_edits_are_refused(self):
        self.start("fixed", users=2)
        self.assertIn("must stay as they are while a run is active", self.refused(
            "patch", "ldt/fixed", "--type=merge", "-p", '{"spec": {"runId": "2"}}'))
        self.stop()
        self.assertIn("Stopped", self.refused(
            "patch", "ldt/fixed", "--type=merge", "-p", '{"spec": {"desiredState": "Running"}}'))

    def test_deletion_drains_and_leaves_nothing(self):
        self.start("doomed", users=4, replicas=2)
        self.kubectl("delete", "ldt/doomed", "--wait=false")
        wait_for(lambda: self.get("doomed") is None, "doomed to go")
        wait_for(lambda: not self.children("doomed"), "its children to go")
        self.assertEqual(self.target.stats()["malformed"], 0)

    def test_suspension_discards_the_run_and_its_pods(self):
        self.start("asleep", users=4)
        self.patch({"suspend": True})
        self.wait_phase("asleep", "Suspended")
        wait_for(lambda: not self.pods("asleep"), "its pods to go")
        self.patch({"suspend": False})
        self.wait_phase("asleep", "Running")
        self.stop()


if __name__ == "__main__":
    main()
