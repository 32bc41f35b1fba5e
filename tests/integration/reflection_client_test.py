#!/usr/bin/python3
"""A client that has no proto, only server reflection, drives whole runs through squalld; what it
reads in the last snapshot is what the target saw."""

import unittest

import grpc

from programs import Squalld, Target
from reflection import ReflectedService, error_of

AGENT_SERVICE = "squall.v1.AgentService"


def plan(url, iterations=400, users=20):
    """A plan as a client would write it by hand: only what matters to it."""
    def request(**fields):
        return {"request": fields}
    return {
        "name": "by reflection",
        "service": {"base_url": url},
        "load_profile": {"constant": {"users": users, "spawn_rate": 1000},
                         "iterations": iterations},
        "user_classes": [{
            "name": "shopper",
            "tasks": [
                {"name": "browse", "weight": 3, "steps": [
                    request(path="/products", name="list products"),
                    request(path="/products/1", name="one product")]},
                {"name": "buy", "steps": [
                    request(method="POST", path="/products/buy", name="buy",
                            json='{"name": "ZeroStockItem", "quantity": 1}',
                            checks=[{"status": {"expected": "409"}}])]},
                {"name": "fail", "steps": [request(path="/status/503", name="broken")]},
            ],
        }],
    }


def by_name(snapshot):
    return {entry["name"]: entry for entry in snapshot["entries"]}


class ReflectionClientTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.squalld = cls.enterClassContext(Squalld())
        cls.target = cls.enterClassContext(Target())
        cls.channel = cls.enterClassContext(grpc.insecure_channel(cls.squalld.address))
        cls.agent = ReflectedService(cls.channel, AGENT_SERVICE)

    def prepare(self, run_id, **settings):
        return self.agent.call("Prepare", {"run_id": run_id, "epoch": 1, "owner": "the test",
                                           "plan": plan(self.target.url), **settings})

    def test_the_server_lists_its_services(self):
        self.assertEqual(ReflectedService.names(self.channel),
                         ["grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection",
                          AGENT_SERVICE])

    def test_an_unknown_run_is_not_found(self):
        for method in ("Start", "Pause", "Resume", "Stop"):
            code, _ = error_of(lambda: self.agent.call(method, {"run_id": "nobody's", "epoch": 9}))
            self.assertEqual(code, "NOT_FOUND", method)
        code, _ = error_of(lambda: self.agent.stream("Watch", {"run_id": "nobody's"}))
        self.assertEqual(code, "NOT_FOUND")

    def test_a_whole_run_counts_what_the_target_saw(self):
        seen_before = self.target.requests()
        prepared = self.prepare("whole-run")
        self.assertRegex(prepared["plan_digest"], "^[0-9a-f]{64}$")
        self.assertEqual(prepared["agent"]["name"], "agent-under-test")
        self.assertEqual(self.agent.call("GetStatus")["state"], "RUN_STATE_PREPARED")
        self.agent.call("Start", {"run_id": "whole-run", "epoch": 1})
        snapshots = [reply["snapshot"] for reply in
                     self.agent.stream("Watch", {"run_id": "whole-run", "interval": "0.1s"})]
        last = snapshots[-1]
        self.assertEqual(last["state"], "RUN_STATE_FINISHED")
        self.assertEqual(last["stop_reason"], "iterations finished")
        self.assertEqual(int(last["iterations"]), 400)

        seen = {route: count - seen_before.get(route, 0)
                for route, count in self.target.requests().items()}
        entries = by_name(last)
        counted = {
            "GET /products": int(entries["list products"]["requests"]),
            "GET /products/{id}": int(entries["one product"]["requests"]),
            "POST /products/buy": int(entries["buy"]["requests"]),
            "GET /status/{code}": int(entries["broken"]["requests"]),
        }
        self.assertEqual(counted, {route: count for route, count in seen.items() if count})
        self.assertEqual(entries["list products"]["requests"], entries["one product"]["requests"])
        self.assertEqual(int(entries["buy"]["failures"]), 0)  # 409 is what its check expects
        self.assertEqual(entries["broken"]["failures"], entries["broken"]["requests"])
        self.assertEqual([failure["reason"] for failure in last["failures"]], 
                         ["HTTP 503 Service Unavailable"])
        for entry in entries.values():
            self.assertEqual(sum(int(count) for count in entry["service"]["counts"]),
                             int(entry["requests"]))
        sequences = [int(snapshot["sequence"]) for snapshot in snapshots]
        self.assertEqual(sequences, list(range(sequences[0], sequences[0] + len(sequences))))

        metrics = self.squalld.metrics()
        for name, entry in entries.items():
            labels = f'{{test="by reflection",method="{entry["method"]}",name="{name}"}}'
            self.assertEqual(metrics[f"squall_requests_total{labels}"], int(entry["requests"]))
            self.assertEqual(metrics[f"squall_failures_total{labels}"], int(entry["failures"]))
            self.assertEqual(metrics[f"squall_request_duration_seconds_count{labels}"],
                             int(entry["requests"]))
        self.assertEqual(metrics['squall_iterations_total{test="by reflection"}'], 400)
        self.assertEqual(metrics['squall_run_state{test="by reflection",state="finished"}'], 1)

    def test_settings_override_the_plan(self):
        self.prepare("settings", settings={"load": {"iterations": 30}, "tags": []})
        self.agent.call("Start", {"run_id": "settings", "epoch": 1})
        *_, last = self.agent.stream("Watch", {"run_id": "settings", "interval": "0.1s"})
        self.assertEqual(int(last["snapshot"]["iterations"]), 30)

    def test_a_plan_that_cannot_run_is_refused_with_its_place(self):
        code, details = error_of(lambda: self.agent.call(
            "Prepare", {"run_id": "bad", "epoch": 1, "plan": {
                "service": {"base_url": "ftp://x"}, "user_classes": [{"name": "u"}]}}))
        self.assertEqual(code, "INVALID_ARGUMENT")
        self.assertIn("must", details)


if __name__ == "__main__":
    unittest.main()
