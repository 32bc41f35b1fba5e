#!/usr/bin/python3
"""What goes wrong is said in a line, with the right exit code, and nothing crashes."""
import itertools
import os
import subprocess
import unittest

from harness import BIN, PATIENCE, PRODUCT_PLAN, SquallTest, one_task


class BadPlans(SquallTest):
    def refuse(self, text, *words, code=3):
        result, _, errors = self.squall("run", self.plan(text), "--headless")
        self.assertEqual(result, code, errors)
        for word in words:
            self.assertIn(word, errors)
        self.assertLess(len(errors), 8000)

    def test_unknown_key_with_place_and_suggestion(self):
        self.refuse(one_task("{users: 1}", "get: /", extra="threshholds: {}"), "plan.yaml:4:1",
                    "thresholds")

    def test_duplicate_key(self):
        self.refuse(one_task("{users: 1, users: 2}", "get: /"), "plan.yaml:3:", "users")

    def test_wrong_type(self):
        self.refuse(one_task("{users: ten}", "get: /"), "plan.yaml:3:", "'ten'")

    def test_negative_duration(self):
        self.refuse(one_task("{users: 1, run_time: -5s}", "get: /"), "plan.yaml:3:", "-5s")

    def test_empty_stages(self):
        self.refuse(one_task("{stages: []}", "get: /"), "stages")

    def test_all_mistakes_at_once(self):
        self.refuse(one_task("{users: x, spawn_rate: y}", "get: /"), "'x'", "'y'")

    def test_ten_thousand_levels(self):
        self.refuse("a: " + "[" * 10000, "plan.yaml:1:")
        self.refuse("".join(" " * i + "a:\n" for i in range(10000))[:4_000_000], "plan.yaml:")

    def test_one_gibibyte(self):
        path = self.folder / "huge.yaml"
        with open(path, "wb") as file:
            file.truncate(1 << 30)
        code, _, errors = self.squall("validate", path)
        self.assertEqual(code, 3)
        self.assertIn("MiB", errors)

    def test_binary_and_missing_files(self):
        path = self.folder / "binary.yaml"
        path.write_bytes(bytes(range(256)) * 10)
        self.assertEqual(self.squall("validate", path)[0], 3)
        code, _, errors = self.squall("validate", self.folder / "nothing.yaml")
        self.assertEqual(code, 3)
        self.assertIn("nothing.yaml", errors)

    def test_a_locustfile_in_the_place_of_a_plan(self):
        path = self.folder / "locustfile.py"
        path.write_text("class Visitor: pass\n")
        for command in ("validate", "start"):
            code, _, errors = self.squall(command, path)
            self.assertEqual(code, 3)
            self.assertIn(f"use squall run {path}, with --expect-agents N", errors)

    def test_usage(self):
        self.assertEqual(self.squall("run", PRODUCT_PLAN, "--no-such-flag")[0], 2)
        self.assertEqual(self.squall()[0], 2)
        self.assertEqual(self.squall("run")[0], 2)
        code, _, errors = self.squall("run", PRODUCT_PLAN, "-t", "5 parsecs")
        self.assertEqual(code, 2)
        self.assertIn("--run-time", errors)


class BadTargets(SquallTest):
    def reasons(self, url, *flags, code=1, steps=("get: /",), extra=""):
        plan = self.plan(one_task("{users: 1, iterations: 3}", *steps, base=url, extra=extra))
        report = self.run_json(plan, "-t", "20s", *flags, code=code)
        self.assertGreaterEqual(report["totals"]["failures"], 1)
        return " ".join(item["reason"] for item in report["failures"])

    def test_nobody_listens(self):
        self.assertIn("connection refused", self.reasons("http://127.0.0.1:1"))

    def test_unknown_host(self):
        self.assertIn("name not resolved", self.reasons("http://nosuchhost.invalid"))

    def test_certificate_not_trusted(self):
        target = self.target("--self-signed")
        self.assertIn("certificate not trusted",
                      self.reasons(target.url.replace("http:", "https:")))

    def test_certificate_trusted_when_its_ca_is_given(self):
        certificate = self.folder / "cert.pem"
        target = self.target("--self-signed", "--write-cert", str(certificate))
        plan = self.plan(one_task(
            "{users: 1, iterations: 3}", "get: /products/1",
            base=target.url.replace("http:", "https:")).replace(
                '"}', f'", tls: {{ca_file: "{certificate}"}}}}', 1))
        self.assertEqual(self.run_json(plan, "-t", "20s")["totals"]["failures"], 0)

    def test_truncated_reply(self):
        server = self.scripted(lambda: [b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"])
        self.assertIn("cut short", self.reasons(server.url))

    def test_not_http(self):
        server = self.scripted(lambda: [b"220 smtp.example.org ESMTP\r\n"])
        self.assertIn("malformed", self.reasons(server.url))

    def test_header_bomb(self):
        def bomb():
            yield b"HTTP/1.1 200 OK\r\n"
            for i in range(100_000):
                yield b"X-%d: %s\r\n" % (i, b"a" * 1000)
        self.assertIn("head too long", self.reasons(self.scripted(bomb).url))

    def test_endless_body(self):
        def flood():
            yield b"HTTP/1.1 200 OK\r\n\r\n"
            yield from itertools.repeat(b"x" * 65536, 100_000)
        self.assertIn("body too long", self.reasons(self.scripted(flood).url, "--set",
                                                    "service.max_body=1MiB"))

    def test_endless_interim_replies(self):
        def interim():
            yield from itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n", 10_000)
        self.assertIn("interim", self.reasons(self.scripted(interim).url))

    def test_port_in_use(self):
        target = self.target()
        second = subprocess.run([str(BIN / "squall-target"), "--listen",
                                 f"127.0.0.1:{target.port}"], capture_output=True, text=True,
                                timeout=PATIENCE)
        self.assertEqual(second.returncode, 1)
        self.assertIn(str(target.port), second.stderr)
        self.assertEqual(second.stderr.count("\n"), 1)


class BadFiles(SquallTest):
    def test_a_csv_prefix_that_cannot_be_written_fails_before_any_load(self):
        target = self.target()
        code, _, errors = self.squall("run", PRODUCT_PLAN, "--headless", "-t", "100s", "--host",
                                      target.url, "--csv", self.folder / "no/such/folder/out")
        self.assertEqual(code, 2)
        self.assertIn("no/such/folder", errors)
        self.assertEqual(target.stats()["total"], 0)


if __name__ == "__main__":
    os.environ.setdefault("NO_COLOR", "1")
    unittest.main(verbosity=2)
