#!/usr/bin/python3
"""Who may talk to squall serve and to its agents, and what becomes of the others."""
import os
import subprocess
import unittest

from fleet import PASSED, FleetTest, self_signed, signed
from harness import BIN, PATIENCE, one_task, wait_for

TOKEN = "correct-horse-battery-staple"


class AccessTest(FleetTest):
    def setUp(self):
        super().setUp()
        self.shop = self.target()
        self.small = self.plan(one_task("{users: 2, spawn_rate: 1000, iterations: 40}",
                                        "get: /products/1", base=self.shop.url))

    def token(self, text=TOKEN, name="token"):
        return self.write(name, text + "\n")

    def run_small(self, serve, *flags):
        """A run from its start to its report, to show that all doors are open."""
        before = self.shop.stats()["total"]
        self.ask(serve, "start", self.small, *flags, codes=PASSED)
        self.assertEqual(self.shop.stats()["total"], before + 40)

    def wait_agent(self, serve, name, *flags):
        wait_for(lambda: name in self.ask(serve, "agents", *flags), f"agent {name}")

    def assert_no_secret(self, *logs):
        for log in logs:
            self.assertNotIn("horse", log)


class Tokens(AccessTest):
    def test_callers_and_agents_need_the_token(self):
        token, wrong = self.token(), self.token("incorrect-horse", "wrong")
        serve = self.serve("--token-file", token)
        for flags in ([], ["--token-file", wrong]):
            for command in (["status"], ["agents"], ["start", self.small], ["watch", "x"],
                            ["stop", "x"], ["report", "x"], ["delete", "x"]):
                self.assert_no_secret(self.refused(serve, *command, *flags,
                                                   words=["authorization"]))
            agent = self.squalld("--join", serve.address, "--name", "stranger",
                                 *(["--join-" + flags[0][2:], wrong] if flags else []))
            agent.says("cannot join")
            agent.says("authorization")
            self.assert_no_secret(agent.log())
        self.assertNotIn("stranger", self.ask(serve, "agents", "--token-file", token))

        self.squalld("--join", serve.address, "--name", "friend", "--join-token-file", token)
        self.wait_agent(serve, "friend", "--token-file", token)
        self.run_small(serve, "--token-file", token)
        self.assert_no_secret(serve.log())

    def test_the_environment_may_name_server_and_token(self):
        serve = self.serve("--token-file", self.token())
        code, output, errors = self.squall("status", environment={
            "SQUALL_SERVER": serve.address, "SQUALL_TOKEN_FILE": str(self.folder / "token")})
        self.assertEqual(code, 0, errors)
        self.assertIn("VERDICT", output)

    def test_a_new_token_needs_no_restart(self):
        token = self.token()
        serve = self.serve("--token-file", token)
        self.ask(serve, "status", "--token-file", token)
        old = self.token(name="old")
        self.token("another-horse", "new").rename(token)
        self.ask(serve, "status", "--token-file", token)
        self.refused(serve, "status", "--token-file", old, words=["authorization"])

    def test_agents_ask_the_coordinator_for_theirs(self):
        token = self.token()
        serve = self.serve()
        agent = self.join(serve, "careful", flags=["--token-file", token])[0]
        # Without it a run comes to an end that says why, and puts no load on anything.
        code, output, _ = self.squall("start", self.small, "--server", serve.address)
        self.assertEqual(code, 5)
        self.assertIn("careful", output)
        self.assertIn("authorization", output)
        self.assertEqual(self.shop.stats()["total"], 0)
        self.assertGreaterEqual(agent.refused()["unauthenticated"], 1)
        serve.stop()
        serve = self.serve("--agent-token-file", token, listen=serve.address)
        self.wait_agent(serve, "careful")
        self.run_small(serve)
        self.assert_no_secret(serve.log(), agent.log())


class Tls(AccessTest):
    def test_in_the_clear_or_with_another_ca_nobody_gets_in(self):
        certificate, key = self_signed(self.folder, "serve")
        stranger, _ = self_signed(self.folder, "stranger")
        serve = self.serve("--tls-cert", certificate, "--tls-key", key)
        for flags in ([], ["--ca", stranger]):
            self.refused(serve, "status", *flags, code=5, words=[serve.address, "no answer"])
            agent = self.squalld("--join", serve.address,
                                 *(["--join-ca", stranger] if flags else []))
            agent.says("cannot join")
        ours = ["--ca", certificate]
        self.squalld("--join", serve.address, "--name", "friend", "--join-ca", certificate)
        self.wait_agent(serve, "friend", *ours)
        self.assertEqual(len(self.ask(serve, "agents", *ours).splitlines()), 2)
        self.run_small(serve, *ours)

    def test_client_certificates(self):
        certificate, key = self_signed(self.folder, "serve")
        authority = self_signed(self.folder, "authority")
        serve = self.serve("--tls-cert", certificate, "--tls-key", key, "--client-ca",
                           authority[0])

        def shown(files):
            return ["--cert", files[0], "--key", files[1]]

        ours = ["--ca", certificate]
        expired = shown(signed(self.folder, "expired", authority, days=-1))
        for flags in ([], shown(self_signed(self.folder, "stranger")), expired):
            self.refused(serve, "status", *ours, *flags, code=5, words=["no answer"])
        late = self.squalld("--join", serve.address, "--join-ca", certificate, "--join-cert",
                            expired[1], "--join-key", expired[3])
        late.says("cannot join")
        known = signed(self.folder, "known", authority)
        self.squalld("--join", serve.address, "--name", "friend", "--join-ca", certificate,
                     "--join-cert", known[0], "--join-key", known[1])
        self.wait_agent(serve, "friend", *ours, *shown(known))
        self.run_small(serve, *ours, *shown(known))

    def test_an_agent_with_tls_of_its_own(self):
        certificate, key = self_signed(self.folder, "agent")
        authority = self_signed(self.folder, "authority")
        serve = self.serve()
        agent = self.join(serve, "careful", flags=["--tls-cert", certificate, "--tls-key", key,
                                                   "--client-ca", authority[0]])[0]
        code, output, _ = self.squall("start", self.small, "--server", serve.address)
        self.assertEqual(code, 5)
        self.assertIn("careful", output)
        self.assertGreaterEqual(agent.refused()["tls_handshake"], 1)
        self.assertEqual(self.shop.stats()["total"], 0)
        serve.stop()
        known = signed(self.folder, "known", authority)
        serve = self.serve("--agent-ca", certificate, "--agent-cert", known[0], "--agent-key",
                           known[1], listen=serve.address)
        self.wait_agent(serve, "careful")
        self.run_small(serve)


class Doors(AccessTest):
    def refuse_to_serve(self, *flags):
        done = subprocess.run([str(BIN / "squall"), "serve", "--store", ":memory:",
                               "--web-listen", "", "--metrics-listen", "127.0.0.1:0",
                               *map(str, flags)], timeout=PATIENCE,
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2, done.stderr)
        return done.stderr

    def test_other_machines_are_let_in_only_on_purpose(self):
        self.assertIn("--tls-cert", self.refuse_to_serve("--listen", "0.0.0.0:0"))
        certificate, key = self_signed(self.folder, "serve")
        tls = ["--tls-cert", certificate, "--tls-key", key]
        self.assertIn("--token-file", self.refuse_to_serve("--listen", "0.0.0.0:0", *tls))
        self.serve("--insecure", listen="0.0.0.0:0", store="insecure.db")
        self.serve(*tls, "--token-file", self.token(), listen="0.0.0.0:0", store="secure.db")

    def test_files_that_cannot_be_used_are_named(self):
        certificate, key = self_signed(self.folder, "serve")
        garbage = self.write("garbage", "no PEM\n")
        missing = self.folder / "none"
        for word, flags in ((str(missing), ["--token-file", missing]),
                            (str(missing), ["--tls-cert", missing, "--tls-key", key]),
                            ("PEM", ["--tls-cert", certificate, "--tls-key", garbage]),
                            ("CA", ["--tls-cert", certificate, "--tls-key", key, "--client-ca",
                                    garbage]),
                            (str(missing), ["--agent-ca", missing])):
            self.assertIn(word, self.refuse_to_serve("--listen", "127.0.0.1:0", *flags))
        code, _, errors = self.squall("status", "--ca", missing)
        self.assertEqual(code, 2)
        self.assertIn(str(missing), errors)


if __name__ == "__main__":
    os.environ.setdefault("NO_COLOR", "1")
    unittest.main(verbosity=2)
