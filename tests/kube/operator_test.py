#!/usr/bin/python3
"""kubectl apply becomes load: LoadTests on a real API server, from the plan to the report."""
import json
import subprocess
import time
import urllib.error
import urllib.request

import yaml

from kube_case import BIN, main
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


class PageTest(OperatorTest):
    """The web page's API and RunService over LoadTests: what they say is what kubectl says."""

    operator_flags = ("--web-listen", "127.0.0.1:0", "--grpc-listen", "127.0.0.1:0")

    def call(self, method, path, body=None, **headers):
        """Status and body, read as JSON where it is JSON."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.operator.serving['web_port']}{path}", method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **headers})
        try:
            reply = urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as error:
            reply = error
        with reply:
            text = reply.read().decode()
            is_json = reply.headers.get("Content-Type", "").startswith("application/json")
            return reply.status, json.loads(text) if is_json else text

    def run_id(self, name):
        return f"{self.namespace}:{name}:1"

    def run_now(self, name):
        status, run = self.call("GET", f"/api/v1/runs/{self.run_id(name)}")
        self.assertEqual(status, 200, run)
        return run

    def change(self, name, body):
        status, reply = self.call("PATCH", f"/api/v1/runs/{self.run_id(name)}", body)
        self.assertEqual(status, 200, reply)

    def test_a_run_is_watched_and_changed_from_the_page(self):
        before = self.served()
        self.apply(self.a_test("paged", users=4, run_time="10m", replicas=2))
        self.wait_phase("paged", "Running")
        status, server = self.call("GET", "/api/v1/server")
        self.assertEqual((status, server["program"]), (200, "squall-operator"))
        self.assertFalse(server["can"]["start"])
        listed = self.call("GET", "/api/v1/runs")[1]["runs"]
        self.assertIn((self.run_id("paged"), f"{self.namespace}/paged"),
                      [(run["id"], run["plan"]) for run in listed])
        wait_for(lambda: self.run_now("paged")["users"] == 4, "the profile's users")

        self.change("paged", {"users": 12, "spawn_rate": 100})
        self.assertEqual(self.get("paged")["spec"]["profile"]["override"],
                         {"users": 12, "spawnRate": "100"})
        wait_for(lambda: self.run_now("paged")["users"] == 12, "the override")
        self.change("paged", {"clear": True})
        wait_for(lambda: self.run_now("paged")["users"] == 4, "the profile again")
        self.change("paged", {"stages": [
            {"duration_seconds": 600, "users": 7, "spawn_rate": 100}]})
        wait_for(lambda: self.run_now("paged")["users"] == 7, "the stages")
        self.change("paged", {"paused": True})
        self.wait_phase("paged", "Paused")
        self.change("paged", {"paused": False})
        self.wait_phase("paged", "Running")

        status, _ = self.call("POST", f"/api/v1/runs/{self.run_id('paged')}/stop", {})
        self.assertEqual(status, 200)
        done = self.wait("paged", "Complete")["status"]
        self.assertEqual(self.condition("paged", "Complete")["reason"], "StoppedByUser")
        self.assertEqual(done["summary"]["requests"], self.served() - before)
        self.assert_reports("paged", done["summary"]["requests"])
        wait_for(lambda: not self.children("paged"), "nothing to be left of paged")
        self.assert_reports("paged", done["summary"]["requests"])  # now by its ConfigMap
        self.assertEqual(
            self.call("PATCH", f"/api/v1/runs/{self.run_id('paged')}", {"paused": True})[0], 409)

    def assert_reports(self, name, requests):
        path = f"/api/v1/runs/{self.run_id(name)}"
        self.assertEqual(self.call("GET", f"{path}/report?format=json")[1]["totals"]["requests"],
                         requests)
        status, html = self.call("GET", f"{path}/report?format=html")
        self.assertEqual(status, 200)
        self.assertIn("<html", html)
        status, stats = self.call("GET", f"{path}/stats")
        self.assertEqual(status, 200, stats)
        self.assertIn("/products", json.dumps(stats))

    def test_a_run_that_another_process_goes_on_with_keeps_its_line(self):
        self.apply(self.a_test("handed", users=4, run_time="10m"))
        self.wait_phase("handed", "Running")
        wait_for(lambda: self.run_now("handed")["requests"] > 0, "requests")
        seen = self.run_now("handed")["requests"]
        cls = type(self)
        self.assertEqual(self.operator.stop(), 0)
        cls.operator = self.start_operator(*self.operator_flags)

        def requests():
            status, run = self.call("GET", f"/api/v1/runs/{self.run_id('handed')}")
            return run["requests"] if status == 200 else 0  # 503 until it has taken over
        wait_for(lambda: requests() > seen, "the run to be shown by the next process")
        self.call("POST", f"/api/v1/runs/{self.run_id('handed')}/stop", {})
        self.wait("handed", "Complete")

    def test_what_it_does_not_do_is_said(self):
        self.apply(self.a_test("waits", suspend=True))
        self.wait_phase("waits", "Suspended")
        self.assertEqual(self.run_now("waits")["requests"], 0)
        status, reply = self.call("POST", "/api/v1/runs", {"text": "users: []"})
        self.assertEqual((status, reply["error"]["code"]), (501, "UNIMPLEMENTED"))
        self.assertIn("kubectl apply", reply["error"]["message"])
        status, _ = self.call("DELETE", f"/api/v1/runs/{self.run_id('waits')}")
        self.assertEqual(status, 501)
        status, reply = self.call("PATCH", f"/api/v1/runs/{self.run_id('waits')}",
                                  {"users": 9_999_999, "spawn_rate": 0.0001})
        self.assertEqual(status, 200, reply)
        self.assertEqual(self.call("GET", f"/api/v1/runs/{self.namespace}:nobody:1")[0], 404)
        status, _ = self.call("PATCH", f"/api/v1/runs/{self.run_id('waits')}", {"paused": True},
                              Origin="http://evil.test")
        self.assertEqual(status, 403)

    def test_beyond_loopback_it_asks_for_a_token(self):
        operator = subprocess.run(
            [str(BIN / "squall-operator"), "--kubeconfig", str(self.plane.kubeconfig),
             "--metrics-listen", "", "--health-listen", "", "--web-listen", "0.0.0.0:0"],
            capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(operator.returncode, 1)
        self.assertIn("--web-listen must be a loopback address", operator.stderr)


if __name__ == "__main__":
    main()
