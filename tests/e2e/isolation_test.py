#!/usr/bin/python3
"""User code that misbehaves hurts the process of the locustfile alone, and the report says so."""
import json
import signal
import subprocess
import time
import unittest

from harness import BIN, PATIENCE, SquallTest, by_the_clock, lacked_cpu, wait_for

LOCUSTFILE = """\
import ctypes, multiprocessing, os, sys, time
import gevent
from locust import HttpUser, constant, events, task
from locust.exception import StopUser
{top}
class Visitor(HttpUser):
    wait_time = constant(0.01)

    def on_start(self):
        {on_start}

    @task
    def visit(self):
        self.client.get("/products/1")
        {task}
"""
TASK_LINE = 15  # where {task} begins, with one line at the top
CANNOT_RUN = 5  # the exit code of a generator that failed
INVALID = 6     # of one that was short of CPU, as on a busy machine

# Once in the whole run, whichever process comes first.
FIRST = """
def first():
    try:
        os.close(os.open(os.environ["MARK"], os.O_CREAT | os.O_EXCL))
        return True
    except FileExistsError:
        return False
"""


class Isolation(SquallTest):
    def setUp(self):
        super().setUp()
        self.server = self.target()

    def locustfile(self, task="pass", on_start="pass", top="", text=None):
        path = self.folder / "locustfile.py"
        code = task.replace("\n", "\n        ")
        path.write_text(text or LOCUSTFILE.format(task=code, on_start=on_start, top=top))
        return path

    def run_file(self, path, *flags, run_time="2s", users=2):
        """(exit code, report or None, stderr)"""
        report = self.folder / "report.json"
        code, _, errors = self.squall(
            "run", "-f", path, "-u", users, "-r", 100, "-t", run_time, "-H", self.server.url,
            "--headless", "--quiet", "--json", report, *flags,
            environment={"MARK": str(self.folder / "mark")})
        if code == INVALID and lacked_cpu(errors):  # a busy machine
            code = 1 if json.loads(report.read_text())["totals"]["failures"] else 0
        return code, json.loads(report.read_text()) if report.exists() else None, errors

    def assert_generator_failed(self, result, *words):
        code, report, errors = result
        self.assertEqual(code, CANNOT_RUN, errors)
        self.assertEqual(report["verdict"]["verdict"], "FAIL")
        reasons = " ".join(report["verdict"]["reasons"])
        for word in words:
            self.assertIn(word, reasons)
            self.assertIn(word, errors)


class Crashes(Isolation):
    def test_os_exit_ends_the_run_with_a_report_of_what_was_measured(self):
        result = self.run_file(self.locustfile("if first(): gevent.sleep(0.5); os._exit(3)",
                                               top=FIRST))
        self.assert_generator_failed(result, "the process of the locustfile exited with code 3")
        self.assertGreater(result[1]["totals"]["requests"], 2)

    def test_a_crash_is_told_with_its_signal(self):
        result = self.run_file(self.locustfile("ctypes.string_at(0)"))
        self.assert_generator_failed(result, "killed by signal 11")

    def test_too_much_memory_is_told_with_the_limit(self):
        result = self.run_file(self.locustfile("hog.append(bytearray(10_000_000))", top="hog = []"),
                               "--script-memory-max", "200MB", run_time="30s")
        self.assert_generator_failed(result, "--script-memory-max")

    def test_another_process_goes_on_when_one_dies(self):
        code, report, errors = self.run_file(
            self.locustfile("if first(): os._exit(3)", top=FIRST), "--processes", "2",
            run_time="3s", users=4)
        self.assertIn("exited with code 3", errors)
        self.assertIn("exited with code 3", " ".join(report["warnings"]))
        self.assertGreater(report["totals"]["requests"], 50)
        self.assertEqual(report["run"]["stop_reason"], "profile finished")
        self.assertNotEqual(code, 0)


class Blocks(Isolation):
    def test_a_loop_that_never_ends_is_ended_and_told_with_its_place(self):
        path = self.locustfile("while True: pass", top="#")
        result = self.run_file(path, run_time="1s")
        self.assert_generator_failed(result, f"{path}:{TASK_LINE}, in visit")

    def test_a_wait_that_gevent_does_not_know_of_is_a_warning_with_its_place(self):
        path = self.locustfile("if first(): ctypes.CDLL(None).usleep(2_000_000)", top=FIRST)
        _, report, _ = self.run_file(path, run_time="3s")
        warnings = " ".join(report["verdict"]["warnings"])
        self.assertIn("blocked the event loop", warnings)
        self.assertIn(f"{path}:", warnings)
        self.assertGreater(report["totals"]["requests"], 10)

    def test_time_sleep_blocks_nobody(self):
        code, report, errors = self.run_file(self.locustfile("time.sleep(1.5)"), run_time="1s",
                                             users=20)
        self.assertEqual(code, 0, errors)
        self.assertEqual(report["totals"]["requests"], 20)
        self.assertEqual(report["verdict"]["warnings"], [])


class Forks(Isolation):
    def assert_counted_once(self, report):
        self.assertEqual(report["totals"]["requests"], self.server.stats()["total"])
        self.assertGreater(report["totals"]["requests"], 10)

    def test_a_copy_that_comes_back_to_the_test_does_not_double_the_load(self):
        code, report, errors = self.run_file(
            self.locustfile("if first(): os.fork()", top=FIRST), users=3)
        self.assertEqual(code, 0, errors)
        self.assertIn("was forked by user code", errors)
        self.assert_counted_once(report)

    def test_a_copy_may_do_its_own_work(self):
        code, report, errors = self.run_file(self.locustfile(
            "if first():\n"
            "    worker = multiprocessing.get_context('fork').Process(target=work)\n"
            "    worker.start()\n"
            "    worker.join()\n"
            "    print('worker said', worker.exitcode, file=sys.stderr, flush=True)",
            top=FIRST + "def work():\n    time.sleep(0.2)\n    sys.exit(7)\n"), users=3)
        self.assertEqual(code, 0, errors)
        self.assertIn("worker said 7", errors)
        self.assertNotIn("was forked by user code", errors)
        self.assert_counted_once(report)

    def test_a_program_that_is_run_from_a_task_is_nothing_special(self):
        code, report, errors = self.run_file(self.locustfile(
            "if first(): print(subprocess.check_output(['echo', 'from', 'echo']), file=sys.stderr)",
            top="import subprocess\n" + FIRST))
        self.assertEqual(code, 0, errors)
        self.assertIn("from echo", errors)
        self.assert_counted_once(report)


class Raises(Isolation):
    def test_a_task_that_raises_is_counted_with_its_traceback(self):
        path = self.locustfile("raise ValueError('no luck')", top="#")
        code, report, errors = self.run_file(path, run_time="1s")
        self.assertEqual(code, 1)
        (error,) = report["task_errors"]
        self.assertEqual(error["error"], "no luck")
        self.assertEqual(error["count"], report["totals"]["requests"])
        self.assertIn(f'"{path}", line {TASK_LINE}, in visit', error["traceback"])
        self.assertIn(f'"{path}", line {TASK_LINE}, in visit', errors)

    def test_sys_exit_ends_the_run_with_its_code(self):
        for where in ("on_start", "task"):
            with self.subTest(where):
                code, report, errors = self.run_file(
                    self.locustfile(**{where: "sys.exit(4)"}), run_time="60s")
                self.assertEqual(code, 4, errors)
                self.assertIsNotNone(report)

    def test_stop_user_in_every_user_ends_them_quietly(self):
        code, report, errors = self.run_file(self.locustfile("raise StopUser()"), run_time="1s")
        self.assertEqual(code, 0, errors)
        self.assertEqual(report["totals"]["requests"], 2)
        self.assertEqual(report["task_errors"], [])
        self.assertNotIn("Traceback", errors)

    def test_runner_quit_in_a_task_ends_the_run_at_once(self):
        code, report, errors = self.run_file(
            self.locustfile("self.environment.runner.quit()"), run_time="60s")
        self.assertEqual(code, 0, errors)
        self.assertEqual(report["verdict"]["verdict"], "PASS")
        self.assertGreaterEqual(report["totals"]["requests"], 1)


class CannotBeLoaded(Isolation):
    TABLE = (
        # name, text of the locustfile, what stderr says
        ("a syntax error", "x = 1\ndef broken(:\n    pass\n", ['locustfile.py", line 2',
                                                                "SyntaxError"]),
        ("an import error", "import no_such_module\n",
         ['locustfile.py", line 1', "No module named 'no_such_module'"]),
        ("an exception", "x = 1\n1 / 0\n", ['locustfile.py", line 2', "ZeroDivisionError"]),
        ("no user class", "from locust import task\n", ["No User class found!"]),
    )

    def test_is_told_with_file_and_line_and_exit_code_1(self):
        for name, text, words in self.TABLE:
            with self.subTest(name):
                code, report, errors = self.run_file(self.locustfile(text=text))
                self.assertEqual(code, 1)
                self.assertIsNone(report)
                for word in words:
                    self.assertIn(word, errors)
        self.assertEqual(self.server.stats()["total"], 0)

    def test_locust_says_the_same(self):
        process = subprocess.run([BIN / "locust", "-f", self.locustfile(text="import no_such\n"),
                                  "--headless"], capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(process.returncode, 1)
        self.assertIn("No module named 'no_such'", process.stderr)


class Interrupts(Isolation):
    @by_the_clock
    def test_sigint_ends_it_within_a_second_with_the_report(self):
        for task in ("pass", "gevent.sleep(60)"):
            with self.subTest(task):
                name = self.folder / f"result-{len(task)}"
                before = self.server.stats()["total"]
                process = subprocess.Popen(
                    [BIN / "locust", "-f", self.locustfile(task), "-u", "5", "-r", "100", "-t",
                     "60s", "-H", self.server.url, "--headless", "--json-file", name],
                    stderr=subprocess.PIPE, text=True)
                self.addCleanup(self._reap, process)
                wait_for(lambda: self.server.stats()["total"] >= before + 5, "the first requests")
                begin = time.monotonic()
                process.send_signal(signal.SIGINT)
                _, errors = process.communicate(timeout=PATIENCE)
                self.assert_in_time(time.monotonic() - begin, 1, "the end after SIGINT")
                self.assertIn(process.returncode, (0, INVALID), errors)
                rows = json.loads(name.with_suffix(".json").read_text())
                self.assertEqual(rows[0]["name"], "/products/1")
                self.assertGreaterEqual(rows[0]["num_requests"], 5)

    @by_the_clock
    def test_an_interrupt_ends_the_run_within_a_second_though_the_target_hangs(self):
        target = self.target("--latency", "60s..60s")
        process = subprocess.Popen(
            [BIN / "locust", "-f", self.locustfile(), "-u", "3", "-r", "100", "-H", target.url,
             "--headless", "--only-summary"], stderr=subprocess.PIPE, text=True)
        self.addCleanup(self._reap, process)
        wait_for(lambda: target.stats()["total"] >= 3, "the requests to hang")
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
        self.assert_in_time(time.monotonic() - begin, 1, "the end after SIGINT")
        self.assertIn(process.returncode, (1, INVALID), errors)
        self.assertIn("unfinished at the end of the run", errors)


if __name__ == "__main__":
    unittest.main()
