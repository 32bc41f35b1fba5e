#!/usr/bin/python3
"""squalld as whoever runs it sees it: flags, exit codes, log, health, tokens, TLS, signals."""

import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import grpc

from certificates import self_signed, signed
from programs import START_SECONDS, PROGRAMS, Squalld, Target, golden, http_get, wait_until
from reflection import ReflectedService, error_of

AGENT_SERVICE = "squall.v1.AgentService"
SERVING, NOT_SERVING = 1, 2


def health(channel, service=""):
    """grpc.health.v1.Health/Check, whose messages gRPC does not offer by reflection: a string
    (field 1) is answered with an enum (field 1)."""
    request = bytes([0x0A, len(service)]) + service.encode() if service else b""
    reply = channel.unary_unary("/grpc.health.v1.Health/Check")(request, timeout=START_SECONDS)
    assert reply[0] == 0x08, reply
    return reply[1]


def slow_plan(url, delay_ms, users=3):
    """Every request takes `delay_ms`, and there is no end."""
    return {"service": {"base_url": url, "timeout": "300s"},
            "load_profile": {"constant": {"users": users, "spawn_rate": 1000}},
            "stop_timeout": "120s",
            "user_classes": [{"name": "slow", "tasks": [{"name": "wait", "steps": [
                {"request": {"path": f"/delay/{delay_ms}", "name": "slow page"}}]}]}]}


def run_once(*arguments):
    """Runs squalld to its end: (exit code, stderr)."""
    quiet = [] if "--metrics-listen" in arguments else ["--metrics-listen", ""]
    done = subprocess.run([PROGRAMS / "squalld", *quiet, *arguments], capture_output=True,
                          text=True, timeout=START_SECONDS)
    return done.returncode, done.stderr


class StartTest(unittest.TestCase):
    def test_help_and_version(self):
        done = subprocess.run([PROGRAMS / "squalld", "--help"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0)
        golden(self, "help/squalld.txt", done.stdout)
        done = subprocess.run([PROGRAMS / "squalld", "--version"], capture_output=True, text=True)
        self.assertRegex(done.stdout, r"^squalld \d+\.\d+\.\d+\n$")

    def test_wrong_usage_ends_with_2(self):
        for arguments, word in (
                (["--no-such-flag"], "no-such-flag"),
                (["--shards", "0"], "--shards"),
                (["--log-format", "xml"], "--log-format"),
                (["--listen", "somewhere"], "ADDRESS:PORT"),
                (["--listen", "127.0.0.1.example.org:0"], "ADDRESS:PORT"),
                (["--listen", "0.0.0.0:0"], "--tls-cert"),
                (["--listen", "0.0.0.0:0", "--join", "127.0.0.1:9"],
                 "of squall run --worker: --join-tls-cert"),
                (["--listen", "127.0.0.1:0", "--metrics-listen", "0.0.0.0:0"], "--insecure"),
                (["--tls-cert", "only.pem"], "--tls-key")):
            code, text = run_once(*arguments)
            self.assertEqual(code, 2, arguments)
            self.assertIn(word, text)

    def test_a_port_in_use_ends_with_1_and_one_line(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            for flags in (["--listen", address],
                          ["--listen", "127.0.0.1:0", "--metrics-listen", address]):
                code, text = run_once(*flags)
                self.assertEqual(code, 1)
                self.assertIn(f"'{address}'", text)
                self.assertIn("in use", text)
                self.assertEqual(text.count("\n"), 1, text)

    def test_unusable_files_are_named(self):
        with tempfile.TemporaryDirectory() as name:
            directory = pathlib.Path(name)
            certificate, key = self_signed(directory, "agent")
            _, other_key = self_signed(directory, "other")
            garbage = directory / "garbage"
            garbage.write_text("no PEM\n")
            empty = directory / "empty"
            empty.touch()
            for expected, word, flags in (
                    (2, "certificate must hold PEM",
                     ["--tls-cert", garbage, "--tls-key", key]),
                    (2, "key must be the PEM private key",
                     ["--tls-cert", certificate, "--tls-key", other_key]),
                    (2, "CA ", ["--tls-cert", certificate, "--tls-key", key,
                                "--client-ca", garbage]),
                    (1, "--tls-cert", ["--tls-cert", directory / "none", "--tls-key", key]),
                    (1, str(directory / "none"), ["--token-file", directory / "none"]),
                    (2, str(empty), ["--token-file", empty])):
                code, text = run_once("--listen", "127.0.0.1:0", *flags)
                self.assertEqual(code, expected, text)
                self.assertIn(word, text)
                self.assertEqual(text.count("\n"), 1, text)


class EndpointTest(unittest.TestCase):
    def test_says_that_it_is_well_and_ready(self):
        with Squalld() as squalld, grpc.insecure_channel(squalld.address) as channel:
            self.assertEqual(http_get(squalld.http + "/healthz"), (200, "ok\n"))
            self.assertEqual(http_get(squalld.http + "/readyz"), (200, "ok\n"))
            self.assertEqual(http_get(squalld.http + "/elsewhere")[0], 404)
            self.assertEqual(health(channel), SERVING)
            self.assertEqual(health(channel, AGENT_SERVICE), SERVING)
            metrics = squalld.metrics()
            self.assertEqual(metrics['squall_run_state{state="idle"}'], 1)
            self.assertGreater(metrics["process_resident_memory_bytes"], 1 << 20)
            squalld.signal()
            self.assertEqual(squalld.wait(), 0)
            self.assertEqual([event["msg"] for event in squalld.events()],
                             ["serving", "shutting down", "stopped"])
            self.assertEqual(squalld.events()[1]["signal"], "SIGTERM")


class IdleConnectionTest(unittest.TestCase):
    def test_it_may_be_pinged_without_calls(self):
        """As our own clients do every 10 s, to notice when an agent is gone. A server that does not
        permit it ends the connection at the fourth ping (GOAWAY, too_many_pings)."""
        states = []
        options = [("grpc.keepalive_time_ms", 1100), ("grpc.keepalive_permit_without_calls", 1),
                   ("grpc.http2.max_pings_without_data", 0)]
        with Squalld() as squalld, grpc.insecure_channel(squalld.address, options) as channel:
            channel.subscribe(states.append)
            self.assertEqual(health(channel), SERVING)
            time.sleep(6)  # nothing must happen; a slow machine only makes the pings fewer
            self.assertEqual(states[-1], grpc.ChannelConnectivity.READY, states)


class AccessTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def status_with(self, squalld, token):
        metadata = [("authorization", token)] if token is not None else []
        with grpc.insecure_channel(squalld.address) as channel:
            agent = ReflectedService(channel, AGENT_SERVICE, metadata)
            return agent.call("GetStatus")["state"]

    def test_a_token_is_asked_for_and_may_change(self):
        file = self.directory / "token"
        file.write_text("first-secret\n")
        with Squalld("--token-file", file) as squalld:
            self.assertEqual(self.status_with(squalld, "Bearer first-secret"), "RUN_STATE_IDLE")
            for wrong in (None, "", "first-secret", "Bearer ", "Bearer first-secreT",
                          "Bearer first-secret2"):
                code, details = error_of(lambda: self.status_with(squalld, wrong))
                self.assertEqual(code, "UNAUTHENTICATED", wrong)
                self.assertNotIn("first-secret", details)
            with grpc.insecure_channel(squalld.address) as channel:
                agent = ReflectedService(channel, AGENT_SERVICE)
                code, _ = error_of(lambda: agent.stream("Watch", {"run_id": "x"}))
                self.assertEqual(code, "UNAUTHENTICATED")
            rotated = self.directory / "rotated"
            rotated.write_text("second-secret\n")
            rotated.rename(file)
            self.assertEqual(self.status_with(squalld, "Bearer second-secret"), "RUN_STATE_IDLE")
            code, _ = error_of(lambda: self.status_with(squalld, "Bearer first-secret"))
            self.assertEqual(code, "UNAUTHENTICATED")
            squalld.signal()
            self.assertEqual(squalld.wait(), 0)
            self.assertNotIn("secret", "\n".join(squalld.lines))

    def test_tls_with_client_certificates(self):
        certificate, key = self_signed(self.directory, "agent")
        client, client_key = self_signed(self.directory, "client")
        with Squalld("--tls-cert", certificate, "--tls-key", key, "--client-ca", client,
                     listen="0.0.0.0:0") as squalld:
            def state(credentials):
                with grpc.secure_channel(squalld.address, credentials) as channel:
                    return ReflectedService(channel, AGENT_SERVICE).call("GetStatus")["state"]

            known = grpc.ssl_channel_credentials(certificate.read_bytes(),
                                                 client_key.read_bytes(), client.read_bytes())
            self.assertEqual(state(known), "RUN_STATE_IDLE")
            stranger, stranger_key = self_signed(self.directory, "stranger")
            for credentials in (
                    grpc.ssl_channel_credentials(certificate.read_bytes()),
                    grpc.ssl_channel_credentials(certificate.read_bytes(),
                                                 stranger_key.read_bytes(),
                                                 stranger.read_bytes())):
                self.assertEqual(error_of(lambda: state(credentials))[0], "UNAVAILABLE")
            # Whatever TLS or gRPC had to say about that is in our log, in our form.
            self.assertGreaterEqual(len(squalld.events()), 1)


def refused(squalld):
    """{reason: how many calls were refused for it}, without those that none were."""
    prefix = 'squall_agent_refused_calls_total{reason="'
    return {series[len(prefix):-2]: count for series, count in squalld.metrics().items()
            if series.startswith(prefix) and count}


class RefusalTest(unittest.TestCase):
    """What is refused is counted by its reason."""

    def setUp(self):
        self.directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def test_handshakes_that_fail(self):
        certificate, key = self_signed(self.directory, "agent")
        authority = self_signed(self.directory, "authority")
        root = certificate.read_bytes()

        def credentials(files):
            return grpc.ssl_channel_credentials(root, files[1].read_bytes(), files[0].read_bytes())

        wrong_certificate = "the caller's certificate has expired, or its CA is not the one"
        cases = (("plaintext", None, "the caller does not speak TLS"),
                 ("no certificate", grpc.ssl_channel_credentials(root),
                  "the caller showed no certificate"),
                 ("expired", credentials(signed(self.directory, "expired", authority, -1)),
                  wrong_certificate),
                 ("unknown CA", credentials(self_signed(self.directory, "stranger")),
                  wrong_certificate))
        with Squalld("--tls-cert", certificate, "--tls-key", key, "--client-ca", authority[0],
                     listen="0.0.0.0:0") as squalld:
            def state(how):
                channel = (grpc.insecure_channel(squalld.address) if how is None
                           else grpc.secure_channel(squalld.address, how))
                with channel:
                    return ReflectedService(channel, AGENT_SERVICE).call("GetStatus")["state"]

            def warnings():
                return [event for event in squalld.events() if event["level"] == "warning"]

            self.assertEqual(state(credentials(signed(self.directory, "known", authority))),
                             "RUN_STATE_IDLE")
            self.assertEqual(refused(squalld), {})
            seen = 0
            for what, how, reason in cases:
                with self.subTest(what):
                    code, _ = error_of(lambda how=how: state(how))
                    self.assertEqual(code, "UNAVAILABLE")
                    wait_until(lambda: len(warnings()) > seen, "the log says so")
                    # A channel may have tried twice; each of them is counted first and then logged.
                    counted = refused(squalld)["tls_handshake"]
                    wait_until(lambda: len(warnings()) >= counted, "all that were counted")
                    for event in warnings()[seen:]:
                        self.assertEqual((event["msg"], event["reason"]),
                                         ("connection refused", "tls_handshake"))
                        self.assertIn(reason, event["detail"])
                    seen = len(warnings())
            self.assertEqual(list(refused(squalld)), ["tls_handshake"])

    def test_commands_that_are_not_obeyed(self):
        token = self.directory / "token"
        token.write_text("open-sesame\n")
        with Squalld("--token-file", token) as squalld, \
                grpc.insecure_channel(squalld.address) as channel:
            agent = ReflectedService(channel, AGENT_SERVICE,
                                     [("authorization", "Bearer open-sesame")])
            stranger = ReflectedService(channel, AGENT_SERVICE)
            plan = slow_plan("http://127.0.0.1:1", 1)
            agent.call("Prepare", {"run_id": "r", "epoch": 1, "owner": "first", "plan": plan})
            agent.call("Start", {"run_id": "r", "epoch": 1})
            held = agent.call("Attach", {"run_id": "r", "epoch": 2, "owner": "second"})
            self.assertEqual(held["state"], "RUN_STATE_RUNNING")
            for call, code, words in (
                    (lambda: agent.call("Pause", {"run_id": "r", "epoch": 1}),
                     "FAILED_PRECONDITION", "epoch must be at least 2, got 1"),
                    (lambda: agent.call("Attach", {"run_id": "r", "epoch": 2, "owner": "first"}),
                     "FAILED_PRECONDITION", "second has the command"),
                    (lambda: agent.call("Stop", {"run_id": "other", "epoch": 9}),
                     "NOT_FOUND", "'other' is not on this agent"),
                    (lambda: agent.call("Prepare", {"run_id": "other", "epoch": 9, "plan": plan}),
                     "FAILED_PRECONDITION", "held by second with run 'r'"),
                    (lambda: stranger.call("Stop", {"run_id": "r", "epoch": 9}),
                     "UNAUTHENTICATED", "authorization")):
                actual, details = error_of(call)
                self.assertEqual(actual, code)
                self.assertIn(words, details)
            self.assertEqual(refused(squalld), {"stale_epoch": 2, "unknown_run": 1, "busy": 1,
                                                "unauthenticated": 1})


class SignalTest(unittest.TestCase):
    """A run is going on when the signal comes."""

    def start(self, delay_ms):
        self.squalld = self.enterContext(Squalld())
        self.target = self.enterContext(Target())
        self.channel = self.enterContext(grpc.insecure_channel(self.squalld.address))
        self.agent = ReflectedService(self.channel, AGENT_SERVICE)
        self.agent.call("Prepare", {"run_id": "r", "epoch": 1, "owner": "the test",
                                    "plan": slow_plan(self.target.url, delay_ms)})
        self.agent.call("Start", {"run_id": "r", "epoch": 1})
        # The far interval must not keep the last snapshot back.
        stream = self.agent.stream("Watch", {"run_id": "r", "interval": "3600s"})
        self.assertEqual(next(stream)["snapshot"]["run_id"], "r")
        wait_until(lambda: self.squalld.metrics()['squall_open_requests{test="unnamed"}'] == 3,
                   "3 open requests")
        return stream

    def test_sigterm_drains_the_run_and_ends_with_0(self):
        stream = self.start(delay_ms=4000)
        self.squalld.signal(signal.SIGTERM)
        self.squalld.event("shutting down")
        wait_until(lambda: http_get(self.squalld.http + "/readyz")[0] == 503, "not ready")
        self.assertEqual(http_get(self.squalld.http + "/healthz")[0], 200)
        self.assertEqual(health(self.channel), NOT_SERVING)
        code, details = error_of(lambda: self.agent.call(
            "Prepare", {"run_id": "next", "epoch": 1, "plan": slow_plan(self.target.url, 1)}))
        self.assertEqual((code, details), ("UNAVAILABLE", "agent is shutting down"))

        *_, last = stream
        self.assertEqual(self.squalld.wait(), 0)
        snapshot = last["snapshot"]
        self.assertEqual(snapshot["state"], "RUN_STATE_FINISHED")
        self.assertEqual(snapshot["stop_reason"], "agent is shutting down")
        (entry,) = snapshot["entries"]
        self.assertEqual((entry["requests"], entry["failures"]), ("3", "0"))
        self.assertEqual(self.target.requests()["GET /delay/{ms}"], 3)
        self.assertEqual([event["msg"] for event in self.squalld.events()],
                         ["serving", "run prepared", "run started", "shutting down",
                          "run stopping", "run finished", "stopped"])

    def test_a_second_signal_ends_it_at_once(self):
        stream = self.start(delay_ms=50000)
        self.squalld.signal(signal.SIGINT)
        self.assertEqual(self.squalld.event("shutting down")["signal"], "SIGINT")
        self.assertIsNone(self.squalld.process.poll())
        self.squalld.signal(signal.SIGTERM)
        self.assertEqual(self.squalld.wait(), 130)
        self.assertEqual(error_of(lambda: stream)[0], "UNAVAILABLE")


if __name__ == "__main__":
    unittest.main()
