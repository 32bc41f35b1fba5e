"""Environment and LocalRunner in a program of one's own, and what both tell of themselves."""

import contextlib
import io
import json
import unittest
from unittest import mock

import fakes
import gevent
from gevent.queue import Queue
from locust import LoadTestShape, User, _native, constant, log, tag, task
from locust.env import Environment
from locust.exception import RunnerAlreadyExistsError
from locust.rpc import Message
from locust.runners import STATE_INIT, STATE_RUNNING, STATE_STOPPED, LocalRunner


class Buyer(User):
    wait_time = constant(1)
    weight = 3

    @tag("buy")
    @task(3)
    def buy(self):
        pass

    @task
    def look(self):
        pass


class Admin(User):
    fixed_count = 1

    @task
    def audit(self):
        pass


class Engine:
    """Stands for the native module in a program without a lane: users come and go at once."""

    def __init__(self):
        self._notes = Queue()
        self.runs = []
        self.users = 0
        self.classes = []
        self.state = STATE_INIT

    def receive(self):
        return self._notes.get()

    def send(self, kind, text):
        raise AssertionError(f"nobody is there to hear {kind} {json.loads(text)}")

    def set_classes(self, classes):
        self.classes = classes

    def set_spawner(self, spawner):
        self.spawner = spawner

    def set_allowed_classes(self, names):
        self.allowed = names

    def run_locally(self, users, spawn_rate):
        self.runs.append((users, spawn_rate))
        self.users, self.state = users, STATE_RUNNING
        self._notes.put(("spawning_complete", {"user_count": users}))

    def stop_locally(self):
        self.users, self.state = 0, STATE_STOPPED
        self._notes.put(("finished", {"reason": "stopped"}))

    def report_finished(self):
        pass

    def users_by_class(self):
        return {"Buyer": self.users}

    def target_users(self):
        return self.users

    def run_state(self):
        return self.state

    def stats_entries(self):
        return []

    def stats_failures(self):
        return []

    def stats_histogram(self, method, name):
        return []

    def stats_percentile(self, method, name, percent):
        return None


class EngineCase(unittest.TestCase):
    def setUp(self):
        self.engine = Engine()
        patch = mock.patch.object(_native, "engine", self.engine)
        patch.start()
        self.addCleanup(patch.stop)
        self.addCleanup(setattr, log, "unhandled_greenlet_exception", False)
        for cls in (Buyer, Admin):
            values = {name: getattr(cls, name) for name in ("tasks", "host", "weight")}
            self.addCleanup(lambda c=cls, v=values: [setattr(c, n, x) for n, x in v.items()])


class LibraryRunTest(EngineCase):
    def make(self, **kwargs):
        environment = Environment(user_classes=[Buyer, Admin], **kwargs)
        self.fired = []
        for name in ("test_start", "spawning_complete", "test_stopping", "test_stop"):
            getattr(environment.events, name).add_listener(
                lambda _name=name, **_: self.fired.append(_name)
            )
        return environment

    def test_a_run_is_started_changed_and_stopped(self):
        environment = self.make(host="http://a")
        runner = environment.create_local_runner()
        self.assertIs(runner, environment.runner)
        runner.start(5, spawn_rate=2, wait=True)
        gevent.sleep(0)
        self.assertEqual((5, 5, STATE_RUNNING),
                         (runner.user_count, runner.target_user_count, runner.state))
        self.assertEqual({"Buyer": 5, "Admin": 0}, runner.user_classes_count)
        self.assertEqual("http://a", Buyer.host)
        runner.start(7, spawn_rate=1, wait=True)
        gevent.sleep(0)
        runner.stop()
        self.assertEqual([(5, 2.0), (7, 1.0)], self.engine.runs)
        self.assertEqual([("Buyer", 3.0, 0), ("Admin", 1.0, 1)], self.engine.classes)
        self.assertEqual(
            ["test_start", "spawning_complete", "spawning_complete", "test_stopping", "test_stop"],
            self.fired,
        )

    def test_quit_lets_those_go_on_who_wait_for_the_greenlet(self):
        runner = self.make().create_local_runner()
        runner.start(1, spawn_rate=1)
        gevent.spawn_later(0.001, runner.quit)
        runner.greenlet.join(timeout=10)
        self.assertEqual(STATE_STOPPED, runner.state)
        self.assertEqual("test_stop", self.fired[-1])

    def end_in_a_user(self, wish):
        ended = []

        class Leaver(User):
            @task
            def leave(self):
                getattr(self.environment.runner, wish)()
                ended.append(wish)
                self.stop()

        runner = Environment(user_classes=[Leaver]).create_local_runner()
        runner.start(1, spawn_rate=1)
        self.engine.spawner(fakes.Handle()).join(timeout=10)
        self.assertEqual([wish], ended)
        return runner

    def test_a_user_that_stops_the_run_does_not_wait_for_itself(self):
        runner = self.end_in_a_user("stop")
        self.assertEqual(STATE_STOPPED, runner.state)
        runner.stop()
        self.assertEqual(1, len(runner.greenlet))

    def test_a_user_that_quits_does_not_wait_for_itself(self):
        runner = self.end_in_a_user("quit")
        runner.greenlet.join(timeout=10)
        self.assertEqual(0, len(runner.greenlet))

    def test_a_listener_that_quits_does_not_wait_for_itself(self):
        environment = self.make()
        runner = environment.create_local_runner()
        environment.events.spawning_complete.add_listener(lambda **_: runner.quit())
        environment.events.test_stop.add_listener(lambda **_: runner.quit())
        runner.start(1, spawn_rate=1)
        runner.greenlet.join(timeout=10)
        self.assertEqual(0, len(runner.greenlet))
        self.assertEqual(1, self.fired.count("test_stop"))

    def test_a_run_can_be_repeated(self):
        runner = self.make().create_local_runner()
        for _ in range(2):
            runner.start(1, spawn_rate=1, wait=True)
            runner.stop()
            runner.stop()
        self.assertEqual(2, self.fired.count("test_start"))
        self.assertEqual(2, self.fired.count("test_stop"))

    def test_a_shape_runs_it(self):
        class Shape(LoadTestShape):
            steps = [(2, 1), (3, 1, [Admin]), None]

            def tick(self):
                return self.steps.pop(0)

        runner = self.make(shape_class=Shape()).create_local_runner()
        with mock.patch("locust._shape_ticker._INTERVAL_SECONDS", 0.0):
            runner.start_shape()
            runner.shape_greenlet.join(timeout=10)
        self.assertEqual([(2, 1.0), (3, 1.0)], self.engine.runs)
        self.assertEqual(["Admin"], self.engine.allowed)
        self.assertEqual("test_stop", self.fired[-1])

    def test_users_are_added_by_class(self):
        runner = self.make().create_local_runner()
        runner.start(2, spawn_rate=1, wait=True)
        runner.spawn_users({"Admin": 3}, wait=True)
        self.assertEqual(5, runner.user_count)
        self.assertEqual([(2, 1.0), (5, 3.0)], self.engine.runs)
        self.assertEqual(["Admin"], self.engine.allowed)

    def test_what_needs_squalls_own_processes_says_so(self):
        environment = self.make()
        for make in (
            environment.create_master_runner,
            lambda: environment.create_worker_runner("127.0.0.1", 5557),
            environment.create_web_ui,
        ):
            with self.assertRaises(NotImplementedError):
                make()


class EnvironmentTest(EngineCase):
    def test_it_has_one_runner(self):
        environment = Environment(user_classes=[Buyer])
        self.assertIsInstance(environment.create_local_runner(), LocalRunner)
        with self.assertRaises(RunnerAlreadyExistsError):
            environment.create_local_runner()

    def test_classes_without_weight_do_not_run(self):
        class Idle(User):
            weight = 0

        self.assertEqual([Buyer], Environment(user_classes=[Buyer, Idle]).user_classes)
        with self.assertRaisesRegex(ValueError, "no users with weight > 0"):
            Environment(user_classes=[Idle])

    def test_class_names_are_unique(self):
        other = type("Buyer", (User,), {})
        with self.assertRaisesRegex(ValueError, "must have different names"):
            Environment(user_classes=[Buyer, other])

    def test_a_shape_is_given_as_an_instance(self):
        with self.assertRaisesRegex(ValueError, "must be an instance of a LoadTestShape"):
            Environment(user_classes=[Buyer], shape_class=LoadTestShape)

    def test_settings_of_a_class_can_be_changed_by_its_name(self):
        environment = Environment(
            user_classes=[Buyer], available_user_tasks={"Buyer": list(Buyer.tasks)}
        )
        environment.update_user_class(
            {"user_class_name": "Buyer", "host": "http://b", "weight": 9, "tasks": ["look"]}
        )
        self.assertEqual(("http://b", 9), (Buyer.host, Buyer.weight))
        self.assertEqual({"look"}, {entry.__name__ for entry in Buyer.tasks})

    def test_weights_can_be_made_equal(self):
        Environment(user_classes=[Buyer]).assign_equal_weights()
        self.assertEqual(1, Buyer.weight)
        self.assertCountEqual(["buy", "look"], [entry.__name__ for entry in Buyer.tasks])

    def test_tags_choose_tasks(self):
        environment = Environment(user_classes=[Buyer], tags=["buy"])
        environment._filter_tasks_by_tags()
        self.assertEqual({"buy"}, {entry.__name__ for entry in Buyer.tasks})

    def test_a_class_without_any_task_left_is_warned_of(self):
        environment = Environment(user_classes=[Admin], tags=["nothing"])
        with self.assertLogs("locust", "WARNING") as logs:
            environment._filter_tasks_by_tags()
        self.assertIn("Admin", logs.output[0])


class RunnerTest(EngineCase):
    def setUp(self):
        super().setUp()
        self.environment = Environment(user_classes=[Buyer])
        self.runner = self.environment.create_local_runner()

    def test_exceptions_of_tasks_are_counted_by_their_traceback(self):
        for text in ("one", "one", "two"):
            try:
                raise ValueError(text)
            except ValueError as error:
                # The line is part of the traceback, so both are the same place.
                self.environment.events.user_error.fire(
                    user_instance=None, exception=error, tb=error.__traceback__
                )
        row, = self.runner.exceptions.values()
        self.assertEqual((3, {"local"}), (row["count"], row["nodes"]))
        self.assertIn("raise ValueError(text)", row["traceback"])

    def test_a_message_has_one_listener(self):
        self.runner.register_message("m", print)
        with self.assertRaisesRegex(ValueError, "'m' is registered already"):
            self.runner.register_message("m", print)

    def test_a_listener_that_fails_is_logged(self):
        self.runner.register_message("m", lambda **_: 1 / 0)
        with self.assertLogs("locust.runners", "ERROR") as logs:
            self.runner.send_message("m")
        self.assertIn("ZeroDivisionError", logs.output[0])

    def test_a_message_shows_what_it_is(self):
        self.assertEqual("<Message m:a-1>", repr(Message("m", None, "a-1")))

    def test_an_exception_that_ends_a_greenlet_is_logged_and_remembered(self):
        from locust.runners import greenlet_exception_handler

        greenlet = gevent.spawn(lambda: 1 / 0)
        greenlet.link_exception(greenlet_exception_handler)
        with contextlib.redirect_stderr(io.StringIO()), self.assertLogs(
            "locust.runners", "CRITICAL"
        ) as logs:
            greenlet.join()
            gevent.sleep(0)
        self.assertIn("ZeroDivisionError", logs.output[0])
        self.assertTrue(log.unhandled_greenlet_exception)


if __name__ == "__main__":
    unittest.main()
