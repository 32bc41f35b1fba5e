#!/usr/bin/python3
"""squall serve with its page: plans by name, typed plans, agents, credentials. No browser."""
import unittest

from fleet import PASSED, FleetTest
from harness import one_task, wait_for
from page import Client

LOAD = "{users: 4, spawn_rate: 1000, iterations: 40}"


class WebServeTest(FleetTest):
    def setUp(self):
        super().setUp()
        self.shop = self.target()

    def shop_plan(self, name="shop", load=LOAD):
        text = one_task(load, "get: /products/1", base=self.shop.url)
        return self.plan(text.replace("name: e2e", f"name: {name}"), f"{name}.yaml")

    def page(self, *flags):
        """(coordinator, its page)"""
        port_file = self.folder / "page.port"
        port_file.unlink(missing_ok=True)
        serve = self.serve("--web-port-file", port_file, *flags, web="127.0.0.1:0")
        return serve, Client(wait_for(lambda: port_file.exists() and port_file.read_text().strip(),
                                      "the page"))

    def test_offers_plans_by_name_and_runs_them(self):
        plans = self.folder / "plans"
        plans.mkdir()
        (plans / "b.yaml").write_text(self.shop_plan("b").read_text())
        (plans / "part.yaml").write_text("load_profile: {users: 3}\n")  # no plan by itself
        (plans / "notes.txt").write_text("not even that\n")
        serve, page = self.page("--plan", self.shop_plan("a"), "--plan-dir", plans)
        server = page.ask("GET", "/server")
        self.assertEqual(server["program"], "squall serve")
        self.assertEqual([plan["name"] for plan in server["plans"]], ["a", "b"])
        self.assertIn("part.yaml", serve.log())
        self.join(serve, "one")
        run = page.start(plan="b", users=2)
        over = page.wait_over(run)
        self.assertEqual((over["plan"], over["requests"]), ("b", 40))
        # The same run by the other door.
        self.assertIn(run, self.ask(serve, "status"))
        self.assertIn(self.squall("watch", run, "--server", serve.address)[0], PASSED)

    def test_a_plan_can_be_typed(self):
        serve, page = self.page()
        self.join(serve, "one")
        run = page.start(text=self.shop_plan().read_text())
        self.assertEqual(page.wait_over(run)["requests"], 40)
        status, words = page.start(text="users: 3\n")
        self.assertEqual(status, 400)
        self.assertIn("plan.yaml:1:8", words)

    def test_agents_and_a_run_of_a_client_are_shown(self):
        serve, page = self.page()
        self.join(serve, "one", "two")
        self.assertEqual({agent["id"] for agent in page.ask("GET", "/agents")["agents"]},
                         {"one", "two"})
        self.create(serve, self.shop_plan(load="{users: 4, spawn_rate: 1000}"), "shop",
                    "--agents-min", 2)
        page.wait("shop", lambda run: run["users"] == 4, "4 users")
        page.ask("PATCH", "/runs/shop", {"users": 6, "spawn_rate": 1000})
        self.wait_users(serve, "shop", 6)
        page.ask("POST", "/runs/shop/stop", {"reason": "enough"})
        self.assertEqual(self.conclude(serve, "shop")["run"]["stop_reason"], "enough")

    def test_a_page_sees_no_gap_when_its_coordinator_dies(self):
        serve, page = self.page()
        self.join(serve, "one", "two")
        plan = self.shop_plan(load="{users: 4, spawn_rate: 1000}")
        self.create(serve, plan, "live", "--agents-min", "2")
        page.wait("live", lambda run: run["users"] == 4 and run["requests"] > 0, "load")
        wait_for(lambda: len(page.ask("GET", "/runs/live/points?known=0")["start"]) > 2, "points")
        before = page.run("live")
        tables = page.ask("GET", "/runs/live/stats")
        points = page.ask("GET", "/runs/live/points?known=0")
        known, step = len(points["start"]), points["length"][0]
        serve.kill()
        port_file = self.folder / "page.port"
        port_file.unlink()
        serve = self.serve("--web-port-file", port_file, web="127.0.0.1:0", listen=serve.address)
        page = Client(wait_for(lambda: port_file.exists() and port_file.read_text().strip(),
                               "the page"))

        def no_less():
            run = page.run("live")
            for field in ("requests", "elapsed_seconds"):
                self.assertGreaterEqual(run[field], before[field])
            self.assertEqual(run["users"], 4)
            self.assertGreater(run["requests_per_second"], 0)
            self.assertEqual(len(page.ask("GET", "/runs/live/agents")["rows"]), 2)
            self.assertGreater(page.ask("GET", "/runs/live/stats")["version"], tables["version"])
            news = page.ask("GET", f"/runs/live/points?known={known}&step={step}")
            self.assertEqual(news["from"], known - 1)
            return news

        no_less()  # from the first moment on
        news = wait_for(lambda: (lambda news: len(news["start"]) > 2 and news)(no_less()), "points")
        ends = [start + length for start, length in zip(news["start"], news["length"])]
        for start, end in zip(news["start"][1:], ends):
            self.assertAlmostEqual(start, end, delta=0.002)  # both are rounded to milliseconds
        self.assertGreater(min(news["requests"][:-1]), 0)
        self.ask(serve, "stop", "live")
        over = page.wait_over("live")
        self.assertEqual(over["requests"], self.shop.stats()["total"])
        heat = page.ask("GET", "/runs/live/heat")
        self.assertEqual(sum(count for _, _, count in heat["cells"]), over["requests"])

    def test_a_plan_that_is_none_is_said_at_the_start(self):
        bad = self.plan("users: 3\n")
        code, _, errors = self.squall("serve", "--listen", "127.0.0.1:0", "--web-listen",
                                      "127.0.0.1:0", "--store", ":memory:", "--plan", bad)
        self.assertEqual(code, 2)
        self.assertIn("plan.yaml:1:8", errors)

    def test_the_page_asks_for_the_token_of_the_other_door(self):
        token = self.write("token", "s3cret\n")
        serve, page = self.page("--token-file", token)
        self.assertEqual(page.call("GET", "/api/v1/runs")[0], 401)
        status, _ = page.call("GET", "/api/v1/runs", headers={"Authorization": "Bearer s3cret"})
        self.assertEqual(status, 200)
        self.assertNotIn("s3cret", serve.log())

    def test_a_second_one_has_not_its_port(self):
        _, page = self.page()
        code, _, errors = self.squall(
            "serve", "--listen", "127.0.0.1:0", "--store", ":memory:", "--web-listen",
            f"127.0.0.1:{page.port}")
        self.assertEqual(code, 2)
        self.assertIn("--web-listen", errors)
        self.assertEqual(errors.count("\n"), 1, errors)


if __name__ == "__main__":
    unittest.main(verbosity=2)
