"""The control loop: what it says to the process that started it, and which events it fires when."""

import contextlib
import io
import json
import logging
import os
import signal
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path
from unittest import mock

import gevent
import locust
from locust import _control, _form, _lane, _native, log
from locust.runners import LocalRunner, MasterRunner, WorkerRunner

EVENTS = (
    "init_command_line_parser", "init", "test_start", "spawning_complete", "test_stopping",
    "test_stop", "quitting", "quit", "worker_connect", "worker_report",
)

USER = """
    from locust import User, constant, events, task
    class Buyer(User):
        host = "http://class"
        wait_time = constant(1)
        @task
        def buy(self): pass
"""


class Parent:
    """Stands for the native module: hands out notes, keeps what is said, counts nothing.

    A note that is a function is called instead of being handed out.
    """

    def __init__(self, notes):
        self._notes = list(notes)
        self.sent = []
        self.calls = []
        self.users = {}
        self.state = "ready"

    def receive(self):
        gevent.sleep(0)
        while self._notes:
            note = self._notes.pop(0)
            if not callable(note):
                return note if isinstance(note, tuple) else (note, {})
            note()
        return "closed", {}

    def send(self, kind, text):
        self.sent.append((kind, json.loads(text)))

    def said(self, kind):
        return [payload for sent, payload in self.sent if sent == kind]

    def set_classes(self, classes):
        self.calls.append(("classes", classes))

    def set_allowed_classes(self, names):
        self.calls.append(("allowed", names))

    def set_spawner(self, spawner):
        self.spawner = spawner

    def start_users(self):
        self.calls.append("start_users")

    def report_finished(self):
        self.calls.append("report_finished")

    def reset_at_spawning_complete(self):
        self.calls.append("reset")

    def users_by_class(self):
        return self.users

    def run_state(self):
        return self.state

    def target_users(self):
        return sum(self.users.values())

    def stats_entries(self):
        return []

    def stats_failures(self):
        return []

    def stats_histogram(self, method, name):
        return []

    def stats_percentile(self, method, name, percent):
        return None


class LaneCase(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        self.work = Path(directory.name).resolve()
        os.chdir(self.work)
        path, modules = list(sys.path), set(sys.modules)
        self.addCleanup(sys.path.__setitem__, slice(None), path)
        self.addCleanup(lambda: [sys.modules.pop(m) for m in set(sys.modules) - modules])
        self.addCleanup(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT))
        self.addCleanup(setattr, log, "unhandled_greenlet_exception", False)
        root = logging.getLogger()
        self.addCleanup(setattr, root, "handlers", list(root.handlers))
        self.fired = []
        self.environment = None

    def run_lane(self, role, notes, arguments=(), locustfile=USER):
        """Runs a lane to its end; gives its exit code, and leaves what it said in self.parent."""
        (self.work / "locustfile.py").write_text(textwrap.dedent(locustfile))
        events = type(locust.events)()
        for name in EVENTS:
            getattr(events, name).add_listener(self._listener(name))
        self.parent = Parent(notes)
        log.unhandled_greenlet_exception = False
        logging.getLogger().handlers.clear()
        with contextlib.ExitStack() as stack:
            stack.enter_context(mock.patch.object(_control, "in_lane", True))
            stack.enter_context(mock.patch.object(_lane, "_squall", self.parent))
            stack.enter_context(mock.patch.object(_native, "engine", self.parent))
            stack.enter_context(mock.patch.object(locust, "events", events))
            stack.enter_context(mock.patch("locust.main.events", events))
            self.stderr = stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
            self.stdout = stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
            return _lane.main(role, list(arguments))

    def _listener(self, name):
        def fired(**kwargs):
            self.fired.append(name)
            if name == "init":
                self.environment = kwargs["environment"]

        return fired

    def runner(self):
        return self.environment.runner


FINISH = ("finish", {"exit_code": 0})


class LocalTest(LaneCase):
    def test_a_run_fires_its_events_in_order(self):
        code = self.run_lane("local", [
            "prepared", "start", ("spawning_complete", {"user_count": 1}),
            ("stopping", {"reason": "time"}), ("finished", {"reason": "time"}), FINISH,
        ])
        self.assertEqual(0, code)
        self.assertEqual([
            "init_command_line_parser", "init", "test_start", "spawning_complete",
            "test_stopping", "test_stop", "quitting", "quit",
        ], self.fired)
        self.assertEqual(
            [("classes", [("Buyer", 1.0, 0)]), "start_users", "report_finished"],
            self.parent.calls,
        )
        self.assertEqual(["loaded", "exit_code"], [kind for kind, _ in self.parent.sent])
        self.assertIsInstance(self.runner(), LocalRunner)

    def test_what_was_loaded_is_described(self):
        self.run_lane("local", [FINISH], [
            "-u", "5", "-r", "2", "-t", "1m", "--headless", "-H", "http://a", "--tags", "x,y",
            "-s", "3", "--csv", "out", "--reset-stats", "-i", "7",
        ], USER.replace("@task", "@__import__('locust').tag('x')\n        @task"))
        loaded = self.parent.said("loaded")[0]
        expected = {
            "users": 5, "spawn_rate": 2.0, "run_time_seconds": 60, "headless": True,
            "host": "http://a", "tags": ["x", "y"], "stop_timeout_seconds": 3, "csv": "out",
            "reset_stats": True, "iterations": 7, "has_shape": False,
            "locustfiles": [str(self.work / "locustfile.py")],
            "classes": [{"name": "Buyer", "weight": 1, "fixed_count": 0, "tasks": ["buy"]}],
        }
        self.assertEqual(expected, {name: loaded[name] for name in expected})
        self.assertIn("reset", self.parent.calls)

    def test_options_without_effect_are_warned_of_in_one_line(self):
        given = ["--autostart", "--web-port", "9000", "--web-base-path", "/x"]
        for role, arguments, names in (
            ("local", given, "--web-base-path"),
            ("local", ["-u", "3", "--web-login"], "--web-login; the page asks for a login with"),
            ("local", ["--headless", "-u", "3", "--web-host", "*", "--web-login"], None),
            ("agent", given, None),
        ):
            notes = [("load", {"arguments": arguments, "locustfiles": ["locustfile.py"]}), FINISH]
            self.run_lane(role, notes, arguments)
            found = [x for x in self.stderr.getvalue().splitlines() if "Without effect" in x]
            self.assertEqual(0 if names is None else 1, len(found), found)
            if names is not None:
                self.assertIn(f"WARNING/locust.main: Without effect here: {names} ", found[0])

    def test_what_was_chosen_in_the_form_goes_over_the_command_line(self):
        chosen = {"num_users": "7", "host": "http://chosen"}
        self.run_lane("local", [("chosen", chosen), FINISH], ["-u", "3", "-r", "2", _form.MARK])
        loaded = self.parent.said("loaded")[0]
        self.assertEqual((7, 2.0, "http://chosen"),
                         (loaded["users"], loaded["spawn_rate"], loaded["host"]))
        self.assertNotIn(_form.MARK, loaded["agent_arguments"])

    def test_what_was_emptied_in_the_form_undoes_the_command_line(self):
        chosen = {"run_time": "", "iterations": "", "stop_timeout": "", "host": "", "tags": [],
                  "exclude_tags": []}
        arguments = ["-t", "10m", "-i", "5", "-s", "9", "-H", "http://line", "-T", "a", "-E", "b"]
        self.run_lane("local", [("chosen", chosen), FINISH], [*arguments, _form.MARK])
        loaded = self.parent.said("loaded")[0]
        self.assertEqual((None, None, 0, "http://class", [], []), tuple(loaded[name] for name in (
            "run_time_seconds", "iterations", "stop_timeout_seconds", "host", "tags",
            "exclude_tags")))

    def test_a_host_is_told_that_all_classes_have(self):
        other = USER + "    class Other(Buyer):\n        host = {}\n"
        for more, expected in (("'http://class'", "http://class"), ("'http://b'", None),
                               ("None", None)):
            self.run_lane("local", [FINISH], [], other.format(more))
            self.assertEqual(expected, self.parent.said("loaded")[0]["host"], more)

    def test_constants_that_a_locustfile_sets_are_described(self):
        with mock.patch("locust.stats.PERCENTILES_TO_REPORT", [0.5]):
            self.run_lane("local", [FINISH], [], USER + """
    import locust.stats
    locust.stats.PERCENTILES_TO_REPORT = [0.5, 0.999]
            """)
        self.assertEqual([0.5, 0.999], self.parent.said("loaded")[0]["percentiles"])

    def test_the_host_of_the_environment_is_stronger_than_that_of_a_class(self):
        hosts = []
        self.run_lane("local", [
            lambda: hosts.append(self.environment.user_classes[0].host),
            "start",
            lambda: hosts.append(self.environment.user_classes[0].host),
        ], ["-H", "http://option"])
        self.assertEqual(["http://class", "http://option"], hosts)

    def test_how_many_users_are_wanted_is_known_before_they_start(self):
        for role, start in (("local", "start"), ("coordinator", "test_start")):
            self.run_lane(role, [start, FINISH], ["-u", "3"], USER + """
    @events.test_start.add_listener
    def _(environment, **_):
        environment.wanted = environment.runner.target_user_count
            """)
            self.assertEqual(3, self.environment.wanted)

    def test_the_exit_code(self):
        quitting = """
    @events.quitting.add_listener
    def _(environment, **_):
        environment.process_exit_code = 3
        """
        for proposed, extra, code in (
            (0, "", 0), (1, "", 1), (0, quitting, 3), (1, quitting, 3),
        ):
            with self.subTest(proposed=proposed, extra=bool(extra)):
                found = self.run_lane(
                    "local", [("finish", {"exit_code": proposed})], [], USER + extra
                )
                self.assertEqual(code, found)
                self.assertEqual([{"code": code}], self.parent.said("exit_code"))

    def test_an_exception_in_a_listener_is_exit_code_2_unless_more_went_wrong(self):
        failing = USER + """
    @events.test_start.add_listener
    def _(**_):
        1 / 0
        """
        self.assertEqual(2, self.run_lane("local", ["start", FINISH], [], failing))
        self.assertEqual(
            1, self.run_lane("local", ["start", ("finish", {"exit_code": 1})], [], failing)
        )

    def test_an_exception_of_an_init_listener_ends_the_process(self):
        code = self.run_lane("local", [FINISH], [], USER + """
    @events.init.add_listener
    def _(**_):
        1 / 0
        """)
        self.assertEqual(1, code)
        self.assertEqual([], self.parent.said("loaded"))

    def test_sys_exit_in_a_listener_ends_the_run_with_its_code(self):
        code = self.run_lane("local", ["start", "stopping", "finished", FINISH], [], USER + """
    @events.test_start.add_listener
    def _(**_):
        raise SystemExit(4)
        """)
        self.assertEqual(4, code)
        self.assertEqual([{}], self.parent.said("quit"))
        self.assertEqual([{"code": 4}, {"code": 4}], self.parent.said("exit_code"))

    def test_when_the_parent_is_gone_it_ends(self):
        self.assertEqual(1, self.run_lane("local", ["start"]))

    def test_a_second_run_starts_with_clean_statistics(self):
        self.run_lane("local", [
            "start", "stopping", "finished",
            lambda: self.runner().log_exception("local", "m", "t"),
            "start",
            lambda: self.assertEqual({}, self.runner().exceptions),
            "finished", FINISH,
        ])
        self.assertEqual(2, self.fired.count("test_start"))
        self.assertEqual(2, self.fired.count("test_stopping"))

    def test_messages_to_oneself_arrive_at_once(self):
        self.run_lane("local", ["start", FINISH], [], USER + """
    @events.init.add_listener
    def _(environment, **_):
        runner = environment.runner
        runner.got = []
        runner.register_message("m", lambda environment, msg: runner.got.append(msg))
    @events.test_start.add_listener
    def _(environment, **_):
        environment.runner.send_message("m", [1])
        """)
        message, = self.runner().got
        self.assertEqual(("m", [1], "local"), (message.type, message.data, message.node_id))

    def test_stop_quit_and_start_become_notes(self):
        def act():
            self.runner().start(5, 2)
            self.runner().stop()
            self.runner().quit()

        self.run_lane("local", ["start", act])
        self.assertEqual(
            [{"users": 5, "spawn_rate": 2, "user_classes": None}], self.parent.said("shape")
        )
        self.assertEqual(([{}], [{}]), (self.parent.said("stop"), self.parent.said("quit")))


class NothingToRunTest(LaneCase):
    def test_questions_are_answered_on_stdout(self):
        for arguments, text in (
            (["--list"], "Available Users:\n    Buyer\n"),
            (["--show-task-ratio"], " Task ratio per User class"),
            (["--show-task-ratio-json"], '"per_class"'),
            (["--version"], "locust 2."),
            (["--help"], "Usage: locust [options] [UserClass ...]"),
        ):
            with self.subTest(arguments):
                self.assertEqual(0, self.run_lane("local", [], arguments))
                self.assertIn(text, self.stdout.getvalue())
                self.assertEqual([], self.parent.sent)

    def test_help_needs_no_locustfile(self):
        self.assertEqual(0, self.run_lane("local", [], ["-f", "missing.py", "--help"]))

    def test_what_cannot_be_run_is_explained(self):
        nobody = "from locust import User\nclass Nobody(User):\n    weight = 0\n"
        for arguments, locustfile, code, text in (
            (["-f", "missing.py"], USER, 1, "Could not find 'missing.py'"),
            ([], "x = 1", 1, "No User class found!"),
            ([], nobody, 1, "There are no users with weight > 0."),
            (["Nobody"], USER, 1, "Unknown User(s): Nobody"),
            ([], "import nowhere_to_be_found", 1, "locustfile.py\", line 1, in <module>"),
            ([], "import sys\nsys.exit('no')", 1, "no"),
            ([], "import sys\nsys.exit(9)", 9, ""),
            (["--autoquit", "3"], USER, 1, "--autoquit is only meaningful in combination"),
            (["--master", "--worker"], USER, 255, "--master argument cannot be combined"),
            ([], USER + "    from locust import LoadTestShape\n    class S(LoadTestShape):\n"
             "        def __init__(self): 1 / 0\n        def tick(self): pass\n", 1, "in __init__"),
            ([], USER + "    @events.init_command_line_parser.add_listener\n"
             "    def _(parser): parser.add_argument('--host')\n", 1, "conflicting option string"),
            (["--config-users", '{"user_class_name": "X"}'], USER, 255, "must name a User class"),
            (["--logfile", "no/such/file"], USER, 1, "--logfile must be a file that can be"),
            (["--usres", "1"], USER, 2, "Did you mean '--users'?"),
        ):
            with self.subTest(arguments, text=text):
                self.assertEqual(code, self.run_lane("local", [], arguments, locustfile))
                self.assertIn(text, self.stderr.getvalue())
                self.assertEqual([], self.parent.sent)

    def test_config_users_changes_classes(self):
        self.run_lane("local", [FINISH], [
            "--config-users", '[{"user_class_name": "Buyer", "weight": 7, "host": "http://b"}]',
        ])
        self.assertEqual(7, self.environment.user_classes[0].weight)
        self.assertEqual("http://b", self.environment.user_classes[0].host)


    def test_a_worker_needs_no_locustfile_of_its_own(self):
        self.assertEqual(0, self.run_lane("local", [FINISH], ["-f", "-", "--worker"], "x = 1"))
        loaded = self.parent.said("loaded")[0]
        self.assertEqual((["-"], [], True),
                         (loaded["locustfiles"], loaded["classes"], loaded["worker"]))

    def test_an_interrupt_while_loading_is_no_traceback(self):
        self.assertEqual(130, self.run_lane("local", [], [], "raise KeyboardInterrupt"))
        self.assertEqual("", self.stderr.getvalue())


class CoordinatorTest(LaneCase):
    def test_its_listeners_hear_of_the_run_and_of_workers(self):
        workers = [{"id": "a", "state": "running", "users": 3},
                   {"id": "b", "state": "missing", "users": 0}]
        seen, states = [], []

        def look():
            states.append(self.runner().state)

        code = self.run_lane("coordinator", [
            look,
            ("workers", {"count": 2, "workers": workers}), "test_start", look,
            ("spawning_complete", {"user_count": 3}), look,
            lambda: seen.append((self.runner().worker_count, self.runner().user_count,
                                 sorted(self.runner().clients),
                                 [node.id for node in self.runner().clients.missing])),
            ("message", {"type": "squall.worker_report", "node_id": "a", "data": {
                "data": {"x": 1}, "exceptions": [{"msg": "m", "traceback": "t", "count": 2}],
            }}),
            lambda: seen.append(list(self.runner().exceptions.values())),
            "test_stopping", look, "test_stop", look, FINISH,
        ])
        self.assertEqual(0, code)
        self.assertIsInstance(self.runner(), MasterRunner)
        self.assertEqual(["ready", "spawning", "running", "stopping", "stopped"], states)
        self.assertEqual((1, 3, ["a", "b"], ["b"]), seen[0])
        self.assertEqual([{"count": 2, "msg": "m", "traceback": "t", "nodes": {"a"}}], seen[1])
        self.assertEqual([
            "init_command_line_parser", "init", "worker_connect", "worker_connect", "test_start",
            "spawning_complete", "worker_report", "test_stopping", "test_stop", "quitting", "quit",
        ], self.fired)
        self.assertNotIn("start_users", self.parent.calls)

    def test_messages_go_to_one_or_to_all(self):
        def send():
            self.runner().send_message("m", {"a": 1})
            self.runner().send_message("m", None, "agent-1")

        self.run_lane("coordinator", ["test_start", send])
        self.assertEqual([
            {"type": "m", "data": {"a": 1}, "client_id": None},
            {"type": "m", "data": None, "client_id": "agent-1"},
        ], self.parent.said("message"))


class AgentTest(LaneCase):
    def load(self, arguments, **more):
        return ("load", {
            "arguments": arguments, "locustfiles": ["locustfile.py"],
            "directory": str(self.work), "agent_id": "agent-7", "worker_index": 2, **more,
        })

    def test_it_loads_what_the_coordinator_gives_it(self):
        self.run_lane("coordinator", [FINISH], ["-H", "http://a", "-u", "5"])
        arguments = self.parent.said("loaded")[0]["agent_arguments"]
        os.chdir("/")
        with mock.patch.dict(os.environ, LOCUST_HOST="http://not-this"):
            self.run_lane("agent", [self.load(arguments), "start", "stopping", "finished", FINISH])
        runner = self.runner()
        self.assertIsInstance(runner, WorkerRunner)
        self.assertEqual(("agent-7", 2), (runner.client_id, runner.worker_index))
        self.assertEqual("http://a", self.environment.host)
        self.assertEqual(str(self.work), os.getcwd())
        self.assertEqual([("classes", [("Buyer", 1.0, 0)]), "start_users", "report_finished"],
                         self.parent.calls)

    def test_init_listeners_know_which_agent_it_is(self):
        self.run_lane("agent", [self.load([]), FINISH], [], USER + """
    @events.init.add_listener
    def _(environment, runner, **_):
        environment.seen = (runner.client_id, runner.worker_index)
        """)
        self.assertEqual(("agent-7", 2), self.environment.seen)

    def test_a_logfile_that_it_cannot_write_is_no_reason_to_refuse(self):
        arguments = ['--squall-options={"logfile": "/no/such/file"}']
        self.assertEqual(0, self.run_lane("agent", [self.load(arguments), FINISH]))

    def test_what_cannot_be_loaded_is_refused(self):
        code = self.run_lane("agent", [self.load([])], [], "import nowhere_to_be_found")
        self.assertEqual(1, code)
        refused, = self.parent.said("refused")
        self.assertEqual(1, refused["code"])
        self.assertIn("No module named 'nowhere_to_be_found'", refused["message"])

    def test_its_own_data_reaches_the_coordinator_before_the_end(self):
        fail = (lambda: self.runner().log_exception("agent-7", "m", "t"))
        self.run_lane("agent", [self.load([]), "start", fail, "finished", FINISH], [],
                      USER + """
    @events.report_to_master.add_listener
    def _(client_id, data, **_):
        data["from"] = client_id
        """)
        self.assertEqual(
            {"type": "squall.worker_report", "client_id": None, "data": {
                "data": {"from": "agent-7"},
                "exceptions": [{"msg": "m", "traceback": "t", "count": 1}],
            }},
            self.parent.said("message")[-1],
        )

    def test_a_listener_may_wait_without_holding_up_the_run_when_it_is_concurrent(self):
        message = ("message", {"type": "slow", "data": 1, "node_id": "master"})
        self.run_lane("agent", [self.load([]), message, "start", FINISH], [], USER + """
    @events.init.add_listener
    def _(environment, **_):
        import gevent
        environment.runner.register_message(
            "slow", lambda **_: gevent.sleep(3600), concurrent=True
        )
        """)
        self.assertEqual("quit", self.fired[-1])

    def test_a_shape_is_not_asked(self):
        self.run_lane("agent", [self.load([]), "start", lambda: gevent.sleep(0), FINISH], [],
                      USER + """
    from locust import LoadTestShape
    class Shape(LoadTestShape):
        def tick(self):
            raise AssertionError("asked")
        """)
        self.assertEqual([], self.parent.said("shape"))


class ShapeTest(LaneCase):
    SHAPE = USER + """
    from locust import LoadTestShape
    class Other(User):
        @task
        def look(self): pass
    class Shape(LoadTestShape):
        steps = {steps}
        def tick(self):
            return self.steps.pop(0)
    """

    def run_shape(self, steps, role="local"):
        start = "start" if role == "local" else "test_start"
        with mock.patch("locust._shape_ticker._INTERVAL_SECONDS", 0.0):
            code = self.run_lane(
                role, [start, *[lambda: gevent.sleep(0.001)] * 30, FINISH],
                [], self.SHAPE.format(steps=steps),
            )
        return code, self.parent.said("shape")

    def test_only_changes_are_told_and_none_ends_the_run(self):
        for role in ("local", "coordinator"):
            with self.subTest(role):
                code, told = self.run_shape("[(1, 1), (1, 1), (4, 2.5), (0, 1), None]", role)
                self.assertEqual(0, code)
                self.assertEqual([
                    {"users": 1, "spawn_rate": 1.0, "user_classes": None},
                    {"users": 4, "spawn_rate": 2.5, "user_classes": None},
                    {"users": 0, "spawn_rate": 1.0, "user_classes": None},
                    {"stop": True},
                ], told)

    def test_three_values_choose_the_classes_of_new_users(self):
        _, told = self.run_shape("[(1, 1, [Other]), (2, 1, None), None]")
        self.assertEqual([["Other"], None], [note.get("user_classes") for note in told[:2]])
        allowed = [call for call in self.parent.calls if call[0] == "allowed"]
        self.assertEqual([("allowed", ["Other"]), ("allowed", None)], allowed)

    def test_options_that_a_shape_leaves_without_effect_are_warned_of(self):
        for common, warned in (("False", True), ("True", False)):
            self.run_lane("local", [FINISH], ["-u", "5"], self.SHAPE.format(
                steps=f"[None]\n        use_common_options = {common}"
            ))
            self.assertEqual(warned, "--users, --spawn-rate and" in self.stderr.getvalue())

    def test_an_exception_or_nonsense_ends_the_run_with_exit_code_2(self):
        for steps, text in (
            ("[]", "IndexError: pop from empty list"),
            ("[5]", "tick() must return (users, spawn_rate)"),
            ("[(-1, 1)]", "tick() must return users >= 0"),
            ("[(1, 0)]", "a spawn rate > 0, not (1, 0)"),
        ):
            with self.subTest(steps):
                code, told = self.run_shape(steps)
                self.assertEqual((2, []), (code, told))
                self.assertEqual([{}], self.parent.said("quit"))
                self.assertIn(text, self.stderr.getvalue())


if __name__ == "__main__":
    unittest.main()
