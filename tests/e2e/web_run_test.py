#!/usr/bin/python3
"""squall run with its web page: Start, Stop, another run, Ctrl-C, files, exit codes. No browser."""
import base64
import socket
import unittest

from fleet import Squalld
from harness import one_task, read_csv, wait_for
from page import PageTest

FAILED = (1, 6)  # of a run whose requests fail; 6 on a machine with better things to do
PASSED = (0, 6)


class WebRunTest(PageTest):
    def finite(self, iterations=40, step="get: /products/1", extra=""):
        self.shop = self.target()
        return self.plan(one_task(f"{{users: 4, spawn_rate: 1000, iterations: {iterations}}}", step,
                                  base=self.shop.url, extra=extra))

    def endless(self):
        self.shop = self.target()
        return self.plan(one_task("{users: 4, spawn_rate: 1000}", "get: /delay/20",
                                  base=self.shop.url))

    def run_page(self, plan, *flags, **options):
        return self.page("run", plan, "--web-port", 0, *flags, **options)


class Starting(WebRunTest):
    def test_nothing_happens_before_start(self):
        page = self.run_page(self.finite())
        # The port answers a moment before it is said.
        wait_for(lambda: f"web page on {page.url}" in page.errors, "the address")
        self.assertEqual(page.runs(), [])
        server = page.ask("GET", "/server")
        self.assertEqual(server["program"], "squall run")
        self.assertTrue(server["can"]["start"] and server["can"]["one_at_a_time"])
        offer = server["plans"][0]
        self.assertEqual((offer["name"], offer["users"], offer["kind"]), ("e2e", 4, "plan"))
        self.assertEqual(self.shop.stats()["total"], 0)
        page.interrupt()
        self.assertEqual(page.end(), 0)
        self.assertEqual(self.shop.stats()["total"], 0)

    def test_the_page_is_there(self):
        page = self.run_page(self.finite())
        status, text = page.call("GET", "/")
        self.assertEqual(status, 200)
        self.assertIn("<html", text)

    def test_start_from_the_page_and_again_when_it_is_over(self):
        page = self.run_page(self.finite(), "--json", self.folder / "report.json", "--html",
                             self.folder / "report.html", "--csv", self.folder / "shop")
        first = page.start()
        over = page.wait_over(first)
        self.assertEqual(over["requests"], 40)
        wait_for(lambda: "Verdict" in page.output, "the result on standard output")
        self.assertEqual(sum(int(row["Request Count"]) for row in read_csv(
            self.folder / "shop_stats.csv") if row["Name"] == "Aggregated"), 40)
        second = page.start(users=2, host=self.shop.url)
        self.assertEqual(page.wait_over(second)["requests"], 40)
        self.assertEqual([run["id"] for run in page.runs()], [second, first])
        self.assertEqual(self.shop.stats()["total"], 80)
        page.interrupt()
        self.assertIn(page.end(), PASSED)
        self.assertIn(second, (self.folder / "report.json").read_text())
        self.assertIn("<html", (self.folder / "report.html").read_text())

    def test_one_run_at_a_time(self):
        page = self.run_page(self.endless())
        self.assertIsInstance(page.start(), str)
        status, words = page.start()
        self.assertGreaterEqual(status, 400)
        self.assertNotEqual(words, "")
        self.assertEqual(len(page.runs()), 1)

    def test_what_cannot_be_started_is_said(self):
        page = self.run_page(self.finite())
        status, words = page.start(tags=["none-of-them"])
        self.assertEqual(status, 400)
        self.assertIn("none-of-them", words)
        self.assertEqual(page.runs(), [])

    def test_enter_starts_too_on_a_terminal(self):
        page = self.run_page(self.finite(), terminal=True)
        wait_for(lambda: "or Enter here" in page.errors, "the prompt")
        page.press_enter()
        run = wait_for(page.runs, "a run")[0]["id"]
        page.wait_over(run)
        page.press_enter()
        wait_for(lambda: len(page.runs()) == 2, "a second run")

    def test_the_command_line_holds_where_the_form_says_nothing(self):
        page = self.run_page(self.endless(), "-u", 3, "-r", 1000)
        self.assertEqual(page.ask("GET", "/server")["plans"][0]["users"], 3)
        run = page.start()
        page.wait(run, lambda now: now["users"] == 3, "3 users")
        page.ask("POST", f"/runs/{run}/stop", {})
        page.wait_over(run)
        run = page.start(users=5, spawn_rate=1000)
        page.wait(run, lambda now: now["users"] == 5, "5 users")


class Ending(WebRunTest):
    def test_the_exit_code_is_the_last_runs(self):
        page = self.run_page(self.finite(step="get: /status/500"))
        page.wait_over(page.start())
        page.interrupt()
        self.assertIn(page.end(), FAILED)

    def test_ctrl_c_in_a_run_stops_it_and_writes_the_reports(self):
        page = self.run_page(self.endless(), "--json", self.folder / "report.json")
        run = page.start()
        page.wait(run, lambda now: now["requests"] > 20, "some requests")
        page.interrupt()
        self.assertEqual(page.end(), 130, page.errors)
        text = (self.folder / "report.json").read_text()
        self.assertIn('"interrupted"', text)
        self.assertIn("Verdict", page.output)

    def test_stop_from_the_page_is_no_interrupt(self):
        page = self.run_page(self.endless())
        run = page.start()
        page.wait(run, lambda now: now["requests"] > 20, "some requests")
        page.ask("POST", f"/runs/{run}/stop", {"reason": "seen enough"})
        self.assertEqual(page.wait_over(run)["stop_reason"], "seen enough")
        page.interrupt()
        self.assertIn(page.end(), PASSED)

    def test_autostart_and_autoquit_need_nobody(self):
        page = self.run_page(self.finite(), "--autostart", "--autoquit", 1, "--json",
                             self.folder / "report.json")
        self.assertIn(page.end(), PASSED, page.errors)
        self.assertIn('"requests": 40', (self.folder / "report.json").read_text())

    def test_a_run_that_somebody_starts_is_not_quit(self):
        page = self.run_page(self.finite(iterations=4), "--autostart", "--autoquit", 3)
        wait_for(lambda: page.runs() and page.runs()[0]["state"] == "finished", "the first run")
        run = page.start(iterations=1_000_000)
        page.wait(run, lambda now: now["elapsed_seconds"] > 4, "more time than autoquit")
        self.assertIsNone(page.process.poll())


class Doors(WebRunTest):
    def refused(self, *flags):
        code, _, errors = self.squall("run", self.finite(), *flags)
        self.assertEqual(code, 2, errors)
        self.assertEqual(self.shop.stats()["total"], 0)
        return errors

    def test_a_port_that_is_taken_is_one_clear_line(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            errors = self.refused("--web-port", port)
        self.assertEqual(errors.count("\n"), 1, errors)
        for words in (str(port), "--web-port", "--headless"):
            self.assertIn(words, errors)

    def test_other_machines_only_with_a_credential(self):
        for host in ("", "*", "0.0.0.0"):
            with self.subTest(host):
                self.assertIn("--web-", self.refused("--web-port", 0, "--web-host", host))
        self.assertIn("--autostart", self.refused("--autoquit", 1))

    def test_a_token_is_asked_for(self):
        token = self.folder / "token"
        token.write_text("s3cret-token\n")
        page = self.run_page(self.finite(), "--web-token-file", token)
        self.assertEqual(page.call("GET", "/api/v1/runs")[0], 401)
        self.assertEqual(page.call("GET", "/api/v1/runs", headers={
            "Authorization": "Bearer s3cret-token"})[0], 200)
        self.assertNotIn("s3cret", page.errors)

    def test_a_user_and_a_password_are_asked_for(self):
        auth = self.folder / "auth"
        auth.write_text("ann:pass:word\n")
        page = self.run_page(self.finite(), "--web-auth-file", auth)
        self.assertEqual(page.call("GET", "/api/v1/runs")[0], 401)
        basic = base64.b64encode(b"ann:pass:word").decode()
        self.assertEqual(page.call("GET", "/api/v1/runs", headers={
            "Authorization": f"Basic {basic}"})[0], 200)
        for text in ("", "ann", "ann:", ":x", "a:b\nc:d\n"):
            auth.write_text(text)
            self.assertIn("USER:PASSWORD", self.refused("--web-port", 0, "--web-auth-file", auth))

    def test_a_file_that_cannot_be_written_is_said_before_anything(self):
        self.assertIn("nowhere", self.refused("--web-port", 0, "--csv", "/nowhere/at/all"))


class Agents(WebRunTest):
    def test_processes_share_the_runs(self):
        page = self.run_page(self.finite(), "--processes", 2)
        for _ in range(2):
            run = page.start()
            self.assertEqual(page.wait_over(run)["requests"], 40)
            self.assertEqual(len(page.report(run)["agents"]), 2)
        page.interrupt()
        self.assertIn(page.end(), PASSED)

    def test_agents_that_are_named_have_one_run_after_another(self):
        agent = Squalld(self.folder)
        self.addCleanup(agent.stop)
        page = self.run_page(self.finite(), "--agents", agent.address)
        for _ in range(2):
            self.assertEqual(page.wait_over(page.start())["requests"], 40)
        self.assertEqual(self.shop.stats()["total"], 80)
        page.interrupt()
        self.assertIn(page.end(), PASSED)

    def test_without_agents_that_are_expected_a_run_fails_and_the_page_stays(self):
        page = self.run_page(self.finite(), "--expect-agents", 2, "--join-listen", "127.0.0.1:0",
                             "--expect-agents-max-wait", "1s")
        wait_for(lambda: "agents join at 127.0.0.1:" in page.errors, "where agents join")
        run = page.start()
        self.assertEqual(page.wait_over(run)["state"], "failed")
        wait_for(lambda: "0 of 2 agents came" in page.errors, "the reason")
        page.interrupt()
        self.assertEqual(page.end(), 5)


class Locust(WebRunTest):
    def test_a_script_written_for_locust_goes_on_working(self):
        page = self.run_page(self.endless())
        status, _ = page.call("GET", "/stats/requests")
        self.assertEqual(status, 200)
        status, text = page.call("GET", "/stop")
        self.assertEqual(status, 200, text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
