#!/usr/bin/python3
"""squall run against a real target: counts, files, thresholds, stops, honest verdicts."""
import json
import resource
import signal
import time
import unittest

from harness import PRODUCT_PLAN, ROOT, SquallTest, one_task, read_csv, wait_for

STATS_HEADER = ("Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,"
                "Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,"
                "50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%")


class ProductPlan(SquallTest):
    def test_csv_json_and_the_target_agree_on_every_count(self):
        target = self.target()
        report = self.run_json(PRODUCT_PLAN, "-u", "100", "-r", "50", "-t", "6s", "--host",
                               target.url, "--csv", self.folder / "out")
        stats = target.stats()
        self.assertEqual(report["totals"]["requests"], stats["total"])
        self.assertEqual(report["totals"]["failures"], 0)
        self.assertEqual(report["verdict"]["verdict"], "PASS")
        rows = {(row["Type"], row["Name"]): row for row in read_csv(self.folder / "out_stats.csv")}
        self.assertEqual(int(rows["", "Aggregated"]["Request Count"]), stats["total"])
        for entry in report["entries"]:
            row = rows[entry["method"], entry["name"]]
            self.assertEqual(int(row["Request Count"]), entry["requests"])
        raw = (self.folder / "out_stats.csv").read_bytes()
        self.assertTrue(raw.startswith(STATS_HEADER.encode() + b"\r\n"))
        for name in ("stats_history", "failures", "exceptions"):
            self.assertTrue((self.folder / f"out_{name}.csv").exists(), name)
        history = read_csv(self.folder / "out_stats_history.csv")
        self.assertEqual(int(history[-1]["Total Request Count"]), stats["total"])

    def test_iterations_are_exact(self):
        target = self.target()
        plan = self.plan(one_task("{users: 7, spawn_rate: 100, iterations: 345}",
                                  "get: /products/1", base=target.url))
        report = self.run_json(plan, "--shards", "2")
        self.assertEqual(report["totals"]["requests"], 345)
        self.assertEqual(report["load"]["iterations"], 345)
        self.assertEqual(target.stats()["total"], 345)
        self.assertEqual(report["run"]["stop_reason"], "iterations finished")

    def test_an_arrival_rate_is_exact_in_the_place_of_users_and_as_a_peak(self):
        target = self.target()
        users = self.plan(one_task("{users: 7}", "get: /products/1", base=target.url))
        report = self.run_json(users, "--arrival-rate", "50", "-t", "3s")
        self.assertEqual(report["load"]["iterations"], 150)
        self.assertEqual(target.stats()["total"], 150)
        arrivals = self.plan(one_task(
            "{arrival: {stages: [{duration: 1s, rate: 10}, {duration: 2s, rate: 20}]}}",
            "get: /products/1", base=target.url), name="arrivals.yaml")
        report = self.run_json(arrivals, "--arrival-rate", "40")
        self.assertEqual(report["load"]["iterations"], 20 + 80)
        for plan, flags, why in ((users, (), "together with a run time (--run-time)"),
                                 (users, ("-u", "5", "-t", "3s"), "together with users"),
                                 (arrivals, ("-u", "5"), "instead (--arrival-rate)")):
            wish = () if plan == arrivals else ("--arrival-rate", "40")
            code, _, errors = self.squall("run", plan, "--headless", *wish, *flags)
            self.assertEqual(code, 3, errors)
            self.assertIn(why, errors)

    def test_tags_choose_the_tasks(self):
        target = self.target()
        report = self.run_json(PRODUCT_PLAN, "-u", "10", "-r", "100", "-t", "4s", "--host",
                               target.url, "--tags", "browse", "--set",
                               "users[0].wait_time.between=[0.1, 0.1]")
        names = {entry["name"] for entry in report["entries"]}
        self.assertNotIn("Buy_Product", names)
        self.assertIn("Get_All_Products", names)

    def test_the_seeds_config_lays_over_the_plan(self):
        target = self.target()
        code, output, _ = self.squall("inspect", PRODUCT_PLAN, ROOT / "config/plans/config.yaml",
                                      "--output", "json")
        self.assertEqual(code, 0)
        self.assertEqual(json.loads(output)["peak_users"], 50)
        report = self.run_json(PRODUCT_PLAN, ROOT / "config/plans/config.yaml", "-u", "20", "-r",
                               "100", "-t", "5s", "--set",
                               "users[0].wait_time.between=[0.05, 0.05]",
                               environment={"PRODUCT_SERVICE_URL": target.url})
        self.assertEqual(report["totals"]["requests"], target.stats()["total"])
        self.assertEqual(report["totals"]["failures"], 0)


class HonestNumbers(SquallTest):
    def test_a_stall_shows_in_the_response_time_and_in_the_current_rate(self):
        # So long that a second of it is whole, whenever we look.
        target = self.target("--stall", "5s,3s")
        load = "{arrival: {max_users: 2000, stages: [{duration: 12s, rate: 100}]}}"
        plan = self.plan(one_task(load, "get: /products/1", base=target.url))
        report = self.run_json(plan)
        self.assertGreaterEqual(report["totals"]["response_ms"]["percentiles"]["99"], 1800)
        self.assertEqual(report["totals"]["failures"], 0)
        stalled = [point for point in report["series"] if point["requests"] == 0]
        self.assertTrue(stalled, "no second of the stall shows a rate of zero")
        self.assertEqual(report["totals"]["requests"], target.stats()["total"])

    def test_no_file_descriptors_left_makes_the_run_invalid(self):
        target = self.target()
        plan = self.plan(one_task("{users: 200, spawn_rate: 1000, run_time: 3s}",
                                  "get: /delay/50", base=target.url))
        report = self.run_json(plan, code=6, preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_NOFILE, (80, 80)))
        self.assertEqual(report["verdict"]["verdict"], "INVALID")
        self.assertIn("descriptor", " ".join(report["verdict"]["reasons"]))

    def test_no_cpu_left_makes_the_run_invalid(self):
        target = self.target()
        load = "{arrival: {max_users: 500, stages: [{duration: 6s, rate: 500}]}}"
        report = self.folder / "report.json"
        process = self.start_squall(
            "run", self.plan(one_task(load, "get: /products/1", base=target.url)), "--headless",
            "--quiet", "--json", report)
        wait_for(lambda: target.stats()["total"] > 0, "the first request")
        while process.poll() is None:  # it has the CPU for a tenth of the time, in turns
            process.send_signal(signal.SIGSTOP)
            time.sleep(0.45)
            process.send_signal(signal.SIGCONT)
            time.sleep(0.05)
        self.assertEqual(process.returncode, 6)
        verdict = json.loads(report.read_text())["verdict"]
        self.assertEqual(verdict["verdict"], "INVALID")
        self.assertIn("late", " ".join(verdict["reasons"]))

    def test_a_run_without_a_request_is_a_failure(self):
        plan = self.plan(one_task("{users: 2, run_time: 1s}", "think: 10s"))
        report = self.run_json(plan, code=1)
        self.assertIn("no request", " ".join(report["verdict"]["reasons"]))


class Thresholds(SquallTest):
    def run_with(self, thresholds, code, *flags):
        target = self.target("--error-rate", "0.3")
        plan = self.plan(one_task("{users: 5, spawn_rate: 100, run_time: 4s}", "get: /products/1",
                                  base=target.url, extra=f"thresholds: {thresholds}"))
        return self.run_json(plan, *flags, code=code)

    def test_pass(self):
        report = self.run_with('{failures: "rate < 90%", response_time: "p(95) < 60s"}', 0)
        self.assertTrue(all(item["passed"] for item in report["thresholds"]))

    def test_fail_is_exit_code_4(self):
        report = self.run_with('{failures: "rate < 1%"}', 4)
        self.assertFalse(report["thresholds"][0]["passed"])

    def test_no_data_is_a_failure(self):
        self.run_with('{"response_time{name:Nothing}": "p(95) < 1s"}', 4)

    def test_abort_on_fail_ends_the_run_early(self):
        report = self.run_with(
            '{failures: [{threshold: "rate < 1%", abort_on_fail: true}]}', 4, "-t", "100s")
        self.assertLess(report["run"]["elapsed_seconds"], 90)
        self.assertIn("threshold", report["run"]["stop_reason"])

    def test_failed_requests_alone_are_exit_code_1_or_what_was_asked(self):
        self.run_with("{}", 1)
        self.run_with("{}", 0, "--exit-code-on-error", "0")


class Stopping(SquallTest):
    def interrupt(self, number):
        target = self.target()
        report = self.folder / "report.json"
        process = self.start_squall("run", PRODUCT_PLAN, "--headless", "-u", "20", "-r", "100",
                                    "-t", "600s", "--host", target.url, "--json", report, "--csv",
                                    self.folder / "out")
        wait_for(lambda: target.stats()["total"] > 30, "load")
        process.send_signal(number)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        data = json.loads(report.read_text())
        self.assertTrue(data["run"]["interrupted"])
        # Everything that the target answered is in the report and in the CSV.
        total = target.stats()["total"]
        self.assertEqual(data["totals"]["requests"], total)
        rows = read_csv(self.folder / "out_stats.csv")
        self.assertEqual(int(rows[-1]["Request Count"]), total)

    def test_ctrl_c_writes_the_whole_report(self):
        self.interrupt(signal.SIGINT)

    def test_sigterm_too(self):
        self.interrupt(signal.SIGTERM)


if __name__ == "__main__":
    unittest.main(verbosity=2)
