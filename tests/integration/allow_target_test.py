#!/usr/bin/python3
"""--allow-target: what an agent was not given it does not touch, however it is led there."""

import http.server
import json
import pathlib
import subprocess
import tempfile
import threading
import unittest

import grpc

from programs import PROGRAMS, START_SECONDS, Squalld, Target
from reflection import ReflectedService, error_of

AGENT_SERVICE = "squall.v1.AgentService"
REFUSED = "target not allowed by the agent"
ITERATIONS = 6


def plan(url, path="/products"):
    """Ends by itself."""
    return {"service": {"base_url": url},
            "load_profile": {"constant": {"users": 2, "spawn_rate": 1000},
                             "iterations": ITERATIONS},
            "user_classes": [{"name": "visitor", "tasks": [{"name": "visit", "steps": [
                {"request": {"path": path, "name": "page"}}]}]}]}


class Redirector:
    """An HTTP server that sends everybody to `location`."""

    def __init__(self, location):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(302)
                self.send_header("Location", location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class AgentTest(unittest.TestCase):
    def setUp(self):
        self.target = self.enterContext(Target())
        self.other = self.enterContext(Target())

    def agent(self, *allowed):
        flags = [flag for entry in allowed for flag in ("--allow-target", entry)]
        squalld = self.enterContext(Squalld(*flags))
        channel = self.enterContext(grpc.insecure_channel(squalld.address))
        return squalld, ReflectedService(channel, AGENT_SERVICE)

    def run_to_end(self, agent, wanted):
        """{outcome: count} at the end of the run."""
        agent.call("Prepare", {"run_id": "r", "epoch": 1, "plan": wanted})
        agent.call("Start", {"run_id": "r", "epoch": 1})
        *_, last = agent.stream("Watch", {"run_id": "r"})
        snapshot = last["snapshot"]
        outcomes = {failure["reason"]: int(failure["count"]) for failure in snapshot["failures"]}
        requests = sum(int(entry["requests"]) for entry in snapshot["entries"])
        outcomes["ok"] = requests - sum(outcomes.values())
        self.assertEqual(requests, ITERATIONS)
        return outcomes

    def test_the_allowed_port_is_served_and_another_refused_before_the_start(self):
        squalld, agent = self.agent(f"127.0.0.1:{self.target.port}")
        self.assertEqual(self.run_to_end(agent, plan(self.target.url)), {"ok": ITERATIONS})
        code, details = error_of(lambda: agent.call(
            "Prepare", {"run_id": "next", "epoch": 1, "plan": plan(self.other.url)}))
        self.assertEqual(code, "INVALID_ARGUMENT")
        self.assertIn(f"agent refuses target '127.0.0.1:{self.other.port}': "
                      f"allowed are 127.0.0.1:{self.target.port}", details)
        self.assertEqual(squalld.event("serving")["allowed"], f"127.0.0.1:{self.target.port}")
        self.assertEqual(self.other.stats()["connections"]["accepted"], 1, "only our own question")

    def test_a_redirect_leads_no_further(self):
        with Redirector(self.other.url + "/products") as redirector:
            _, agent = self.agent(f"127.0.0.1:{redirector.port}")
            outcomes = self.run_to_end(agent, plan(f"http://127.0.0.1:{redirector.port}"))
            self.assertEqual(outcomes, {REFUSED: ITERATIONS, "ok": 0})
            self.assertEqual(self.other.stats()["connections"]["accepted"], 1)

    def test_a_name_is_judged_by_what_it_resolves_to(self):
        by_name = f"http://localhost:{self.target.port}"
        _, agent = self.agent("10.0.0.0/8", "[fd00::/8]:443")
        self.assertEqual(self.run_to_end(agent, plan(by_name)), {REFUSED: ITERATIONS, "ok": 0})
        self.assertEqual(self.target.stats()["connections"]["accepted"], 1)
        _, agent = self.agent(f"10.0.0.0/8,127.0.0.0/8:{self.target.port}")
        self.assertEqual(self.run_to_end(agent, plan(by_name)), {"ok": ITERATIONS})
        _, agent = self.agent("localhost")
        self.assertEqual(self.run_to_end(agent, plan(by_name)), {"ok": ITERATIONS})

    def test_an_entry_that_is_none_ends_it_with_2(self):
        for text in ("", "10.0.0.1/8", "10.0.0.1,", "http://shop.test"):
            done = subprocess.run([PROGRAMS / "squalld", "--listen", "127.0.0.1:0",
                                   "--metrics-listen", "", "--allow-target", text],
                                  capture_output=True, text=True, timeout=START_SECONDS)
            self.assertEqual(done.returncode, 2, text)
            self.assertIn("--allow-target must ", done.stderr)


class LocalRunTest(unittest.TestCase):
    """squall run, where the agent is in the same process, and what the report says."""

    def setUp(self):
        self.directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.target = self.enterContext(Target())

    def squall(self, host, *flags):
        """(exit code, report or None, stderr)."""
        file = self.directory / "plan.yaml"
        file.write_text("load_profile: {users: 1, iterations: 3}\n"
                        "users: [{name: Visitor, tasks: [{name: visit, steps: [get: /products]}]}]")
        report = self.directory / "report.json"
        report.unlink(missing_ok=True)
        done = subprocess.run([PROGRAMS / "squall", "run", file, "--headless", "--quiet", "--host",
                               host, "--json", report, *flags], capture_output=True, text=True,
                              timeout=START_SECONDS)
        return (done.returncode, json.loads(report.read_text()) if report.exists() else None,
                done.stderr)

    def test_the_report_says_that_the_agent_refused(self):
        host = f"http://localhost:{self.target.port}"
        code, report, errors = self.squall(host, "--allow-target", "10.0.0.0/8")
        self.assertEqual(code, 1, errors)
        self.assertEqual([(failure["reason"], failure["count"]) for failure in report["failures"]],
                         [(REFUSED, 3)])
        code, _, errors = self.squall(host, "--allow-target", "10.0.0.0/8", "--allow-target",
                                      "127.0.0.0/8")
        self.assertEqual(code, 0, errors)

    def test_an_address_is_refused_before_the_start(self):
        code, report, errors = self.squall("http://127.0.0.1:1", "--allow-target", "localhost")
        self.assertEqual((code, report), (3, None), errors)
        self.assertIn("agent refuses target '127.0.0.1:1': allowed are localhost", errors)

    def test_it_is_not_for_other_agents(self):
        for flags in (["--allow-target", ""],
                      ["--allow-target", "localhost", "--agents", "127.0.0.1:1"]):
            code, _, errors = self.squall("http://localhost:1", *flags)
            self.assertEqual(code, 2, errors)
            self.assertIn("--allow-target", errors)


if __name__ == "__main__":
    unittest.main()
