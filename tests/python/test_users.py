"""Users: what they have, how the engine starts them, how they end; run_single_user."""

import contextlib
import io
import logging
import sys
import unittest
from unittest import mock

import gevent
import locust
from fakes import Counted, Diary, Environment, Handle
from locust import HttpUser, TaskSet, User, constant, run_single_user, task
from locust.exception import StopTest, StopUser
from locust.user.users import spawn_user


class Members(unittest.TestCase):
    def test_defaults(self):
        user = User(Environment())
        self.assertEqual(
            (user.weight, user.fixed_count, user.host, user.tasks, user.context()),
            (1, 0, None, [], {}),
        )
        self.assertIsNone(user.greenlet)
        self.assertIsNone(user._state)

    def test_names_and_json(self):
        class Visitor(User):
            host = "http://shop"
            weight = 2

            @task(2)
            def look(self):
                pass

        self.assertEqual(Visitor.fullname(), f"{__name__}.{Visitor.__qualname__}")
        self.assertEqual(
            Visitor.json(),
            {"host": "http://shop", "weight": 2, "fixed_count": 0, "tasks": ["look", "look"]},
        )

    def test_an_http_user_needs_a_host(self):
        class Visitor(HttpUser):
            pass

        with self.assertRaisesRegex(StopTest, "--host.*Visitor"):
            Visitor(Environment())
        Visitor.host = "http://127.0.0.1:1"
        client = Visitor(Environment()).client
        self.assertEqual(client.base_url, "http://127.0.0.1:1")
        self.assertFalse(client.trust_env)

    def test_names_of_old_locustfiles_say_what_to_write(self):
        for old, new in (("HttpLocust", "HttpUser"), ("Locust", "User")):
            with self.assertRaisesRegex(ImportError, f"{old} is {new}"):
                type("Visitor", (getattr(locust, old),), {})
            with self.assertRaisesRegex(ImportError, new):
                getattr(locust, old)()

    def test_start_runs_it_in_a_group_and_stop_ends_it(self):
        diary = Diary()

        class Visitor(User):
            wait_time = constant(60)

            def on_stop(self):
                diary("stopped")

            @task
            def look(self):
                diary("look")

        group = gevent.pool.Group()
        user = Visitor(Environment())
        greenlet = user.start(group)
        gevent.sleep(0)
        self.assertIs(user.greenlet, greenlet)
        self.assertIs(user.group, group)
        self.assertTrue(user.stop())
        group.join(timeout=5)
        self.assertEqual(str(diary), "look stopped")

    def test_force_ends_it_in_its_task(self):
        class Visitor(User):
            @task
            def look(self):
                gevent.sleep(60)

        group = gevent.pool.Group()
        user = Visitor(Environment())
        user.start(group)
        gevent.sleep(0)
        self.assertFalse(user.stop())
        self.assertTrue(user.stop(force=True))
        self.assertTrue(group.join(timeout=5))


class Spawn(unittest.TestCase):
    def setUp(self):
        self.counted = Counted().start(self)
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)

    def spawn(self, user_class, handle=None, environment=None):
        handle = handle or Handle()
        spawn_user(environment or Environment(), [user_class], handle).join(timeout=5)
        return handle

    def test_a_life(self):
        diary = Diary()

        class Visitor(User):
            def __init__(self, environment):
                super().__init__(environment)
                diary(f"init:{self._handle.number}")

            def on_start(self):
                diary(f"start:{self.greenlet is gevent.getcurrent()}")

            def on_stop(self):
                diary("stop")

            @task
            def look(self):
                diary("look")
                raise StopUser

        handle = self.spawn(Visitor)
        self.assertEqual(str(diary), "init:0 start:True look stop")
        self.assertEqual(handle.told[-2:], ["on_stop", "ended"])
        self.assertEqual(self.counted.task_errors, [])

    def test_one_that_never_waits_lets_the_others_run(self):
        order = []

        class Visitor(User):
            def on_start(self):
                self.left = 50

            @task
            def look(self):
                order.append(self._handle)
                self.left -= 1
                if not self.left:
                    raise StopUser

        handles = [Handle(), Handle()]
        greenlets = [spawn_user(Environment(), [Visitor], handle) for handle in handles]
        gevent.joinall(greenlets, timeout=5)
        # Had the first kept the loop, its 50 rounds would come first.
        self.assertLess(order.index(handles[1]), 10)
        self.assertGreater(len(order) - order[::-1].index(handles[0]), 80)

    def test_the_handle_says_which_class(self):
        made = []

        class First(User):
            def on_start(self):
                made.append(type(self))
                raise StopUser

        class Second(First):
            pass

        for index in (1, 0):
            spawn_user(Environment(), [First, Second], Handle(class_index=index)).join(timeout=5)
        self.assertEqual(made, [Second, First])

    def test_stopped_before_it_began_it_is_never_made(self):
        user_class = mock.Mock(side_effect=AssertionError)
        handle = self.spawn(user_class, Handle(begins=False))
        self.assertEqual(handle.told, ["ended"])

    def test_killed_it_runs_on_stop_and_has_ended(self):
        diary = Diary()

        class Visitor(User):
            @task
            class Visit(TaskSet):
                def on_stop(self):
                    diary("left")

                @task
                def look(self):
                    gevent.sleep(60)

            def on_stop(self):
                diary("stopped")

        handle = Handle()
        greenlet = spawn_user(Environment(), [Visitor], handle)
        gevent.sleep(0)
        greenlet.kill(timeout=5)
        self.assertEqual(str(diary), "left stopped")
        self.assertEqual(handle.told[-1], "ended")

    def test_a_missing_super_init_is_explained(self):
        class Visitor(User):
            def __init__(self, environment):
                pass

        handle = self.spawn(Visitor)
        self.assertEqual(handle.told, ["ended"])
        self.assertIn("super().__init__(environment)", self.counted.task_errors[0])

    def test_an_exception_in_init_is_reported(self):
        class Visitor(User):
            def __init__(self, environment):
                super().__init__(environment)
                raise ValueError("no data left")

        handle = self.spawn(Visitor)
        self.assertEqual(handle.told, ["ended"])
        first, *rest = self.counted.task_errors[0].splitlines()
        self.assertEqual(first, "no data left")
        self.assertIn("test_users.py", rest[0])

    def test_sys_exit_in_on_start_is_for_the_greenlet_of_the_program(self):
        class Visitor(User):
            def on_start(self):
                sys.exit("no licence")

        handle = Handle()
        with self.assertRaisesRegex(SystemExit, "no licence"):
            self.spawn(Visitor, handle)
        self.assertEqual(handle.told, ["ended"])
        self.assertEqual(self.counted.task_errors, [])

    def test_no_host_ends_the_run_and_makes_it_red(self):
        class Visitor(HttpUser):
            pass

        environment = Environment()
        for _ in range(3):
            self.spawn(Visitor, environment=environment)
        environment.runner.quit.assert_called_once_with()
        self.assertIn("base host", self.counted.task_errors[0])

    def test_with_a_web_ui_stop_test_stops_the_run_and_not_the_program(self):
        class Visitor(User):
            @task
            def look(self):
                raise StopTest

        environment = Environment()
        environment.web_ui = object()
        self.spawn(Visitor, environment=environment)
        environment.runner.stop.assert_called_once_with()
        environment.runner.quit.assert_not_called()


class SingleUser(unittest.TestCase):
    def test_prints_each_request(self):
        counted = Counted().start(self)

        class Visitor(User):
            @task
            def look(self):
                self.environment.events.request.fire(
                    request_type="GET",
                    name="/a",
                    response_time=12.4,
                    response_length=77,
                    exception=ValueError("odd"),
                    context={"k": 1},
                )
                raise StopUser

        out = io.StringIO()
        before = list(locust.events.request._handlers)
        self.addCleanup(locust.events.request._handlers.__setitem__, slice(None), before)
        with contextlib.redirect_stdout(out), mock.patch.object(sys, "argv", ["x.py"]):
            run_single_user(
                Visitor, include_length=True, include_time=True, include_context=True, loglevel=None
            )
        header, line = out.getvalue().splitlines()
        self.assertEqual(
            [column.strip() for column in header.split("\t")],
            ["time", "type", "name", "resp_ms", "length", "exception", "context"],
        )
        self.assertEqual(
            [column.strip() for column in line.split("\t")][1:],
            ["GET", "/a", "12", "77", "ValueError('odd')", "{'k': 1}"],
        )
        self.assertEqual(len(counted.requests), 1)


if __name__ == "__main__":
    unittest.main()
