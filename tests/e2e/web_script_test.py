#!/usr/bin/python3
"""Locustfiles with the web page: the form's classes, tags and options; each run a fresh process."""
import unittest

from harness import wait_for
from page import PageTest

FILE = '''
from locust import HttpUser, constant, events, tag, task


@events.init_command_line_parser.add_listener
def add_arguments(parser):
    parser.add_argument("--goods", default="tea", help="What to look at")
    parser.add_argument("--key", is_secret=True, default="s3cret")


@events.init.add_listener
def begin(environment, **_):
    print("init", environment.web_ui is None, flush=True)


@events.test_start.add_listener
def start(environment, **_):
    options = environment.parsed_options
    print("start", environment.runner.target_user_count, options.key, flush=True)


class Reader(HttpUser):
    wait_time = constant(0.02)

    @tag("read")
    @task
    def read(self):
        self.client.get("/products/1", name="read " + self.environment.parsed_options.goods)


class Buyer(HttpUser):
    weight = 2
    wait_time = constant(0.02)

    @tag("write")
    @task
    def buy(self):
        self.client.get("/products/2", name="buy")
'''


class WebScriptTest(PageTest):
    def setUp(self):
        super().setUp()
        self.shop = self.target()
        self.file = self.folder / "shop.py"
        self.file.write_text(FILE)

    def locust(self, *flags, **options):
        return self.page("-f", self.file, "-H", self.shop.url, "--web-port", 0, *flags,
                         program="locust", **options)

    def names(self, page, run):
        return sorted(entry["name"] for entry in page.report(run)["entries"])

    def test_the_form_knows_the_file(self):
        page = self.locust("-u", 6, "-r", 3, "--key", "other")
        server = page.ask("GET", "/server")
        self.assertEqual(server["program"], "locust")
        offer = server["plans"][0]
        self.assertEqual(
            (offer["name"], offer["kind"], offer["users"], offer["spawn_rate"], offer["host"]),
            ("shop.py", "locustfile", 6, 3, self.shop.url))
        self.assertEqual([(item["name"], item["weight"], item["tasks"])
                          for item in offer["user_classes"]],
                         [("Reader", 1, ["read"]), ("Buyer", 2, ["buy"])])
        self.assertEqual(offer["tags"], ["read", "write"])
        options = {option["name"]: option for option in offer["options"]}
        self.assertEqual(options["goods"]["value"], "tea")
        self.assertEqual((options["key"]["value"], options["key"]["secret"]), ("", True))
        self.assertEqual(self.shop.stats()["total"], 0)
        self.assertIn("init True\n", page.output)
        page.interrupt()
        self.assertEqual(page.end(), 0)

    def test_each_run_has_a_fresh_process_and_what_was_chosen(self):
        page = self.locust("--csv", self.folder / "shop")
        run = page.start(users=3, spawn_rate=1000, run_time_seconds=2, user_classes=["Reader"],
                         options={"goods": "coffee", "key": "chosen"})
        page.wait(run, lambda now: now["users"] == 3, "3 users")
        over = page.wait_over(run)
        self.assertGreater(over["requests"], 0)
        self.assertEqual(self.names(page, run), ["read coffee"])
        self.file.write_text(FILE.replace('"buy")', '"purchase")'))
        run = page.start(users=2, spawn_rate=1000, run_time_seconds=2, tags=["write"],
                         user_classes=["Buyer"])
        page.wait_over(run)
        self.assertEqual(self.names(page, run), ["purchase"])
        page.interrupt()
        self.assertIn(page.end(), (0, 6), page.errors)
        self.assertEqual(page.output.count("init True\n"), 3)
        self.assertIn("chosen\n", page.output)
        self.assertTrue((self.folder / "shop_stats.csv").exists())

    def test_scale_and_stop(self):
        page = self.locust("-u", 2, "-r", 1000)
        run = page.start()
        page.wait(run, lambda now: now["users"] == 2, "2 users")
        page.ask("PATCH", f"/runs/{run}", {"users": 5, "spawn_rate": 1000})
        page.wait(run, lambda now: now["users"] == 5, "5 users")
        page.ask("POST", f"/runs/{run}/stop", {"reason": "enough"})
        self.assertEqual(page.wait_over(run)["stop_reason"], "enough")

    def test_a_mistake_in_the_file_is_said_and_the_page_stays(self):
        page = self.locust()
        self.file.write_text("import no_such_module\n")
        status, words = page.start(users=1)
        self.assertEqual(status, 400)
        self.assertIn("cannot be loaded", words)
        wait_for(lambda: "no_such_module" in page.errors, "Python's words")
        self.file.write_text(FILE)
        self.assertIsInstance(page.start(users=1, run_time_seconds=1), str)

    def test_a_host_that_all_classes_have_is_offered_and_shown(self):
        host = f'(HttpUser):\n    host = "{self.shop.url}"'
        self.file.write_text(FILE.replace("(HttpUser):", host))
        page = self.page("-f", self.file, "--web-port", 0, program="locust")
        self.assertEqual(page.ask("GET", "/server")["plans"][0]["host"], self.shop.url)
        run = page.start(users=1, run_time_seconds=1, host=self.shop.url)
        self.assertEqual(page.wait_over(run)["host"], self.shop.url)
        self.assertGreater(self.shop.stats()["total"], 0)

    def test_a_run_time_ends_stages_too(self):
        page = self.locust()
        run = page.start(run_time_seconds=2, stages=[
            {"duration_seconds": 600, "users": 3, "spawn_rate": 1000}])
        self.assertEqual(page.wait_over(run)["options"]["run_time_seconds"], 2)

    def test_autostart_and_autoquit_as_in_locust(self):
        page = self.locust("-u", 2, "-r", 1000, "-t", "2s", "--autostart", "--autoquit", 1)
        self.assertIn(page.end(), (0, 6), page.errors)
        self.assertEqual(page.output.count("init True\n"), 1)
        self.assertGreater(self.shop.stats()["total"], 0)

    def test_autoquit_waits_for_a_run_that_is_being_started(self):
        page = self.locust("-u", 2, "-r", 1000, "-t", "1s", "--autostart", "--autoquit", 2)
        first = wait_for(page.runs, "the first run")[0]["id"]
        self.file.write_text("import time\ntime.sleep(4)\n" + FILE)
        page.wait_over(first)
        run = page.start(users=2, spawn_rate=1000, run_time_seconds=1)
        self.assertIsInstance(run, str)
        self.assertGreater(page.wait_over(run)["requests"], 0)
        self.assertIn(page.end(), (0, 6), page.errors)

    def test_headless_has_no_page(self):
        code, _, errors = self.squall("run", "-f", self.file, "-H", self.shop.url, "--headless",
                                      "-u", 2, "-t", "1s")
        self.assertIn(code, (0, 6), errors)
        self.assertNotIn("web page", errors)

    def test_agents_have_the_users(self):
        page = self.locust("--processes", 2, "-u", 4, "-r", 1000)
        run = page.start(run_time_seconds=3, options={"goods": "coffee"})
        page.wait_over(run)
        report = page.report(run)
        self.assertEqual(len(report["agents"]), 2)
        self.assertIn("read coffee", self.names(page, run))
        self.assertIsInstance(page.start(run_time_seconds=1), str)

    def test_a_login_of_locusts_is_answered(self):
        page = self.locust("--web-login")
        self.assertIn("--web-token-file or --web-auth-file", page.errors)


if __name__ == "__main__":
    unittest.main(verbosity=2)
