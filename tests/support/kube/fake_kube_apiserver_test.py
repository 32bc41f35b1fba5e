#!/usr/bin/python3
"""fake-kube-apiserver as other tests use it: plain HTTP, from another process."""
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

PROGRAM = os.environ.get("FAKE_KUBE_APISERVER", "build/dev/tests/bin/fake-kube-apiserver")
PATIENCE = 30
MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
THINGS = "/apis/squall.dev/v1alpha1/namespaces/default/loadtests"
MERGE = "application/merge-patch+json"
CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
spec:
  group: squall.dev
  scope: Namespaced
  names: {kind: LoadTest, plural: loadtests, singular: loadtest}
  versions:
  - name: v1alpha1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            properties:
              users: {type: integer, minimum: 0}
              mode: {type: string, enum: [Run, Stop], default: Run}
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
"""


def config_map(name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def pod(name, **metadata):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **metadata},
            "spec": {"containers": [{"name": "c", "image": "i"}]}}


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.01)


class ProgramTest(unittest.TestCase):
    flags = ()

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "crd.yaml").write_text(CRD, encoding="utf-8")
        port_file = self.folder / "port"
        self.process = subprocess.Popen(
            [PROGRAM, "--port-file", port_file, "--crd", self.folder / "crd.yaml",
             "--bookmark-seconds", "0.1", *self.flags], stdout=subprocess.DEVNULL)
        self.addCleanup(self.stop)
        wait_for(lambda: port_file.exists() or self.process.poll() is not None, "the program")
        self.port = int(port_file.read_text(encoding="utf-8").rsplit(":", 1)[1])

    def stop(self):
        """SIGTERM ends it with 0, whatever is still open: a sanitizer's finding would not."""
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(PATIENCE), 0)

    def connect(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        self.addCleanup(connection.close)
        return connection

    def ask(self, method, path, body=None, media="application/json", **headers):
        """(code, answer as JSON or text)"""
        connection = self.connect()
        connection.request(method, path, json.dumps(body) if body is not None else None,
                           {"Content-Type": media, "User-Agent": "test/1", **headers})
        response = connection.getresponse()
        text = response.read().decode()
        self.retry_after = response.getheader("Retry-After")
        try:
            return response.status, json.loads(text)
        except json.JSONDecodeError:
            return response.status, text

    def fault(self, **fault):
        code, answer = self.ask("POST", "/_faults", fault)
        self.assertEqual(code, 200, answer)

    def watch(self, path, query=""):
        """The response of a watch, to be read line by line."""
        connection = self.connect()
        connection.request("GET", f"{path}?watch=true{query}")
        response = connection.getresponse()
        self.assertEqual(response.status, 200)
        return response

    def events(self, path, query=""):
        """All events of a watch of one second, as (type, name)."""
        return [(event["type"], event["object"]["metadata"].get("name"))
                for event in map(json.loads, self.watch(path, query + "&timeoutSeconds=1"))]


class Objects(ProgramTest):
    def test_create_get_patch_delete(self):
        self.assertEqual(self.ask("POST", MAPS, config_map("a", x="1"))[0], 201)
        code, patched = self.ask("PATCH", f"{MAPS}/a", {"data": {"y": "2"}}, MERGE)
        self.assertEqual((code, patched["data"]), (200, {"x": "1", "y": "2"}))
        self.assertEqual(patched["metadata"]["managedFields"][0]["manager"], "test")
        self.assertEqual(self.ask("DELETE", f"{MAPS}/a")[1]["status"], "Success")
        self.assertEqual(self.ask("GET", f"{MAPS}/a")[1]["reason"], "NotFound")

    def test_the_crds_schema_is_the_law(self):
        thing = {"apiVersion": "squall.dev/v1alpha1", "kind": "LoadTest",
                 "metadata": {"name": "a"}, "spec": {"users": -1}}
        code, refused = self.ask("POST", THINGS, thing)
        self.assertEqual(code, 422)
        self.assertEqual(refused["details"]["causes"][0]["field"], "spec.users")
        thing["spec"] = {"users": 3, "typo": 1}
        self.assertEqual(self.ask("POST", THINGS + "?fieldValidation=Strict", thing)[0], 400)
        code, made = self.ask("POST", THINGS, thing)
        self.assertEqual((code, made["spec"]), (201, {"users": 3, "mode": "Run"}))

    def test_requests_are_counted(self):
        self.ask("DELETE", "/_requests")
        self.ask("GET", MAPS)
        self.ask("POST", MAPS, config_map("a"))
        self.ask("POST", MAPS, config_map("a"))
        counts = self.ask("GET", "/_requests")[1]
        self.assertEqual(counts["writes"], 2)
        self.assertIn({"verb": "create", "resource": "configmaps", "code": 409, "count": 1},
                      counts["requests"])

    def test_a_token_can_be_asked_for(self):
        self.ask("POST", "/_token", {"token": "s3cret"})
        self.assertEqual(self.ask("GET", MAPS)[0], 401)
        self.assertEqual(self.ask("GET", MAPS, Authorization="Bearer s3cret")[0], 200)


class Watches(ProgramTest):
    def test_events_come_as_they_happen(self):
        watch = self.watch(MAPS)
        self.ask("POST", MAPS, config_map("a"))
        event = json.loads(watch.readline())
        self.assertEqual((event["type"], event["object"]["metadata"]["name"]), ("ADDED", "a"))
        self.ask("DELETE", f"{MAPS}/a")
        self.assertEqual(json.loads(watch.readline())["type"], "DELETED")

    def test_bookmarks_and_an_orderly_end(self):
        kinds = {kind for kind, _ in self.events(MAPS, "&allowWatchBookmarks=true")}
        self.assertEqual(kinds, {"BOOKMARK"})
        self.fault(kind="noBookmarks", verb="watch")
        self.assertEqual(self.events(MAPS, "&allowWatchBookmarks=true"), [])

    def test_a_compacted_version_is_410_in_band(self):
        self.ask("POST", MAPS, config_map("a"))
        version = self.ask("GET", MAPS)[1]["metadata"]["resourceVersion"]
        self.ask("POST", MAPS, config_map("b"))
        self.ask("POST", "/_compact")
        event = json.loads(self.watch(MAPS, f"&resourceVersion={version}").readline())
        self.assertEqual((event["type"], event["object"]["code"]), ("ERROR", 410))

    def test_a_watch_that_its_client_left_is_closed(self):
        connection = self.connect()
        connection.request("GET", f"{MAPS}?watch=true")
        watch = connection.getresponse()
        self.assertEqual(self.ask("GET", "/_watches")[1]["open"], 1)
        watch.close()
        connection.close()
        wait_for(lambda: self.ask("GET", "/_watches")[1]["open"] == 0, "the end of the watch")


class Faults(ProgramTest):
    def test_errors_for_a_number_of_requests(self):
        self.fault(kind="error", code=429, retryAfterSeconds=2, verb="get", path="configmaps/a",
                   count=1)
        self.ask("POST", MAPS, config_map("a"))
        code, answer = self.ask("GET", f"{MAPS}/a")
        self.assertEqual((code, self.retry_after, answer["reason"]), (429, "2", "TooManyRequests"))
        self.assertEqual(self.ask("GET", f"{MAPS}/a")[0], 200)
        self.assertEqual(self.ask("GET", "/_faults")[1]["hits"], 1)

    def test_words_of_each_code(self):
        for code, reason in ((401, "Unauthorized"), (403, "Forbidden"), (409, "Conflict"),
                             (410, "Expired"), (500, "InternalError"),
                             (503, "ServiceUnavailable"), (504, "Timeout")):
            self.fault(kind="error", code=code, count=1)
            status, answer = self.ask("POST", PODS, pod("p"))
            self.assertEqual((status, answer["reason"]), (code, reason))
        self.fault(kind="html", code=502, count=1)
        self.assertIn("<html>", self.ask("GET", MAPS)[1])
        self.assertEqual(self.ask("GET", f"{PODS}/p")[0], 404)

    def test_a_write_whose_answer_is_lost_is_done(self):
        self.fault(kind="error", code=500, afterCommit=True, verb="create", count=1)
        self.assertEqual(self.ask("POST", MAPS, config_map("a"))[0], 500)
        self.assertEqual(self.ask("GET", f"{MAPS}/a")[0], 200)
        self.fault(kind="reset", afterCommit=True, verb="create", count=1)
        with self.assertRaises(ConnectionError):
            self.ask("POST", MAPS, config_map("b"))
        self.assertEqual(self.ask("GET", f"{MAPS}/b")[0], 200)

    def test_resets_at_each_point(self):
        for point, error in (("request", ConnectionError),
                             ("headers", (ConnectionError, http.client.IncompleteRead)),
                             ("body", (ConnectionError, http.client.IncompleteRead))):
            self.fault(kind="reset", point=point, verb="list", count=1)
            with self.assertRaises(error, msg=point):
                self.ask("GET", MAPS)
        self.assertEqual(self.ask("GET", MAPS)[0], 200)

    def test_a_stall_says_nothing(self):
        self.fault(kind="stall", verb="list", count=1)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=0.2)
        connection.request("GET", MAPS)
        with self.assertRaises(socket.timeout):
            connection.getresponse()
        connection.close()
        self.assertEqual(self.ask("GET", MAPS)[0], 200)

    def test_a_delay_holds_one_kind_of_request_up(self):
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                 "metadata": {"name": "l"}, "spec": {"holderIdentity": "a"}}
        made = self.ask("POST", LEASES, lease)[1]
        self.fault(kind="delay", delaySeconds=0.3, verb="update", path="leases")
        begun = time.monotonic()
        self.assertEqual(self.ask("PUT", f"{LEASES}/l", made)[0], 200)
        self.assertGreaterEqual(time.monotonic() - begun, 0.3)

    def test_what_goes_wrong_inside_a_watch(self):
        self.ask("POST", MAPS, config_map("a"))
        self.fault(kind="duplicateEvent", verb="watch", count=1)
        self.assertEqual(self.events(MAPS), [("ADDED", "a")] * 2)
        self.fault(kind="byteChunks", verb="watch", count=1)
        self.assertEqual(self.events(MAPS), [("ADDED", "a")])
        self.fault(kind="watchError", code=410, verb="watch", count=1)
        self.assertEqual(self.events(MAPS), [("ERROR", None)])
        self.fault(kind="halfLine", verb="watch", count=1)
        half = self.watch(MAPS).read()
        self.assertFalse(half.endswith(b"\n"))
        self.assertGreater(len(half), 10)
        self.fault(kind="reset", point="body", verb="watch", count=1)
        with self.assertRaises((ConnectionError, http.client.IncompleteRead)):
            self.watch(MAPS).read()

    def test_two_events_in_one_chunk(self):
        for name in "ab":
            self.ask("POST", MAPS, config_map(name))
        self.fault(kind="mergedEvents", verb="watch", count=1)
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
            connection.sendall(f"GET {MAPS}?watch=true&timeoutSeconds=1 HTTP/1.1\r\n"
                               "Host: x\r\nConnection: close\r\n\r\n".encode())
            text = connection.makefile("rb").read()
        chunk = text.split(b"\r\n\r\n", 1)[1].split(b"\r\n")[1]
        self.assertEqual(chunk.count(b"\n"), 2)

    def test_unknown_faults_are_refused(self):
        code, answer = self.ask("POST", "/_faults", {"kind": "earthquake"})
        self.assertEqual(code, 400)
        self.assertIn("earthquake", answer["message"])
        self.assertEqual(self.ask("POST", "/_faults", {"flavour": "odd"})[0], 400)


class Cluster(ProgramTest):
    flags = ("--kubelet", "--garbage-collector")

    def phase(self, name):
        code, found = self.ask("GET", f"{PODS}/{name}")
        return found["status"]["phase"] if code == 200 else None

    def test_pods_run_and_go(self):
        self.ask("POST", PODS, pod("p"))
        wait_for(lambda: self.phase("p") == "Running", "a running pod")
        found = self.ask("GET", f"{PODS}/p")[1]
        self.assertTrue(found["status"]["podIP"].startswith("127."))
        self.assertTrue(found["status"]["containerStatuses"][0]["ready"])
        self.ask("DELETE", f"{PODS}/p")
        wait_for(lambda: self.phase("p") is None, "the end of the pod")

    def test_pods_go_wrong_as_their_annotation_says(self):
        self.ask("POST", PODS, pod("p", annotations={"fake.squall.dev/outcome": "oom"}))
        wait_for(lambda: self.phase("p") == "Failed", "a failed pod")
        state = self.ask("GET", f"{PODS}/p")[1]["status"]["containerStatuses"][0]["state"]
        self.assertEqual(state["terminated"]["reason"], "OOMKilled")
        self.ask("POST", PODS, pod("q", annotations={"fake.squall.dev/outcome": "unschedulable"}))
        wait_for(lambda: "conditions" in self.ask("GET", f"{PODS}/q")[1]["status"], "a condition")
        self.assertEqual(self.phase("q"), "Pending")

    def test_what_lost_its_owner_goes(self):
        owner = self.ask("POST", MAPS, config_map("owner"))[1]
        reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner",
                     "uid": owner["metadata"]["uid"]}
        child = config_map("child")
        child["metadata"]["ownerReferences"] = [reference]
        self.ask("POST", MAPS, child)
        self.ask("POST", MAPS, config_map("other"))
        self.ask("DELETE", f"{MAPS}/owner")
        wait_for(lambda: self.ask("GET", f"{MAPS}/child")[0] == 404, "the collector")
        self.assertEqual(self.ask("GET", f"{MAPS}/other")[0], 200)

    def test_a_namespace_takes_all_with_it(self):
        self.ask("POST", "/api/v1/namespaces",
                 {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}})
        self.ask("POST", "/api/v1/namespaces/team/configmaps", config_map("a"))
        self.ask("DELETE", "/api/v1/namespaces/team")
        wait_for(lambda: self.ask("GET", "/api/v1/namespaces/team")[0] == 404, "the namespace")
        self.assertEqual(self.ask("GET", "/api/v1/namespaces/team/configmaps")[1]["items"], [])


class Clients(ProgramTest):
    def test_many_at_once(self):
        """Every write has a version of its own, and one watch sees them all, in order."""
        watch = self.watch(MAPS)

        def write(number):
            for step in range(10):
                self.assertEqual(self.ask("POST", MAPS, config_map(f"m-{number}-{step}"))[0], 201)

        threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        versions = [int(json.loads(watch.readline())["object"]["metadata"]["resourceVersion"])
                    for _ in range(80)]
        for thread in threads:
            thread.join()
        self.assertEqual(versions, sorted(set(versions)))


if __name__ == "__main__":
    unittest.main()
