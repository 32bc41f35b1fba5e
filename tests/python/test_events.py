"""Hooks: who is called, with what, and what becomes of what a listener raises."""

import logging
import unittest
from unittest import mock

import gevent
from fakes import Counted
from locust import log
from locust.event import DeprecatedEventHook, EventHook, Events, error_text
from locust.exception import (
    InterruptTaskSet,
    RescheduleTask,
    RescheduleTaskImmediately,
    StopTest,
    StopUser,
)


class Hook(unittest.TestCase):
    def setUp(self):
        patch = mock.patch.object(log, "unhandled_greenlet_exception", False, create=True)
        patch.start()
        self.addCleanup(patch.stop)
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        self.hook = EventHook()
        self.calls = []

    def listen(self, name):
        return self.hook.add_listener(lambda **kwargs: self.calls.append((name, kwargs)))

    def test_listeners_are_called_in_order_with_keywords(self):
        self.listen("a")
        self.listen("b")
        self.hook.fire(x=1)
        self.assertEqual(self.calls, [("a", {"x": 1}), ("b", {"x": 1})])

    def test_reverse_is_for_the_way_out(self):
        self.listen("a")
        self.listen("b")
        self.hook.fire(reverse=True)
        self.assertEqual([name for name, _ in self.calls], ["b", "a"])

    def test_add_listener_is_a_decorator(self):
        @self.hook.add_listener
        def listener(**kwargs):
            self.calls.append(kwargs)

        self.hook.fire()
        self.hook.remove_listener(listener)
        self.hook.fire()
        self.assertEqual(self.calls, [{}])

    def test_arguments_have_names(self):
        with self.assertRaises(TypeError):
            self.hook.fire(1)

    def test_a_listener_may_remove_itself(self):
        def once(**_kwargs):
            self.hook.remove_listener(once)
            self.calls.append(("once", {}))

        self.hook.add_listener(once)
        self.listen("next")
        self.hook.fire()
        self.hook.fire()
        self.assertEqual([name for name, _ in self.calls], ["once", "next", "next"])

    def test_an_exception_is_logged_and_noted_and_the_next_is_called(self):
        self.hook.add_listener(mock.Mock(side_effect=ValueError("bad listener")))
        self.listen("next")
        logging.disable(logging.NOTSET)
        with self.assertLogs("locust.event", "ERROR") as logs:
            self.hook.fire()
        self.assertIn("bad listener", logs.output[0])
        self.assertEqual(len(self.calls), 1)
        self.assertTrue(log.unhandled_greenlet_exception)

    def test_exceptions_that_steer_a_user_pass(self):
        for error in (
            StopUser,
            StopTest,
            RescheduleTask,
            RescheduleTaskImmediately,
            InterruptTaskSet,
        ):
            hook = EventHook()
            hook.add_listener(mock.Mock(side_effect=error()))
            with self.assertRaises(error):
                hook.fire()
        self.assertFalse(log.unhandled_greenlet_exception)

    def test_a_hook_that_is_gone_warns(self):
        logging.disable(logging.NOTSET)
        with self.assertLogs("locust.event", "WARNING") as logs:
            DeprecatedEventHook("listen to request").add_listener(print)
        self.assertIn("listen to request", logs.output[0])

    def test_all_hooks_are_there_and_the_old_ones_are_not(self):
        events = Events()
        for name in (
            "request init init_command_line_parser test_start test_stop test_stopping quitting "
            "quit spawning_complete reset_stats user_error report_to_master worker_report "
            "worker_connect cpu_warning usage_monitor heartbeat_sent heartbeat_received"
        ).split():
            self.assertIsInstance(getattr(events, name), EventHook, name)
        with self.assertRaises(AttributeError):
            events.request_success


class Request(unittest.TestCase):
    def setUp(self):
        self.counted = Counted().start(self)
        self.hook = Events().request
        self.calls = []

    def listener(self, **kwargs):
        self.calls.append(kwargs)

    def test_firing_counts(self):
        self.hook.fire(request_type="SQL", name="select", response_time=2.5, response_length=10)
        self.hook.fire(
            request_type="SQL",
            name="select",
            response_time=None,
            response_length=None,
            exception=ValueError("no table"),
            context={},
        )
        self.assertEqual(
            self.counted.requests,
            [
                ("SQL", "select", 2.5, 10, None),
                ("SQL", "select", None, 0, "ValueError('no table')"),
            ],
        )

    def test_listeners_get_all_that_was_given_and_exception(self):
        self.hook.add_listener(self.listener)
        self.hook.fire(request_type="A", name="b", response_time=1, response_length=2, extra=3)
        self.assertEqual(
            self.calls,
            [
                {
                    "request_type": "A",
                    "name": "b",
                    "response_time": 1,
                    "response_length": 2,
                    "exception": None,
                    "extra": 3,
                }
            ],
        )

    def test_native_clients_are_told_whether_anybody_listens(self):
        self.hook.add_listener(self.listener)
        other = self.hook.add_listener(lambda **_kwargs: None)
        self.counted.listener(request_type="GET", name="/")
        self.assertEqual(self.calls, [{"request_type": "GET", "name": "/"}])
        self.assertEqual(self.counted.requests, [])  # it has been counted before
        self.hook.remove_listener(other)
        self.assertIsNotNone(self.counted.listener)
        self.hook.remove_listener(self.listener)
        self.assertIsNone(self.counted.listener)

    def test_error_text(self):
        self.assertEqual(error_text("as it is"), "as it is")
        self.assertEqual(error_text(KeyError("k")), "KeyError('k')")


class Measure(unittest.TestCase):
    def setUp(self):
        self.counted = Counted().start(self)
        self.hook = Events().request
        self.calls = []
        self.hook.add_listener(lambda **kwargs: self.calls.append(kwargs))

    def test_times_the_block_and_fires_what_the_block_made_of_it(self):
        with self.hook.measure("RPC", "call", 3, {"user": 1}) as meta:
            meta["response_length"] = 9
            meta["name"] = "other"
        call = self.calls[0]
        self.assertGreaterEqual(call.pop("response_time"), 0)
        self.assertGreater(call.pop("start_time"), 1e9)
        self.assertEqual(
            call,
            {
                "request_type": "RPC",
                "name": "other",
                "response_length": 9,
                "context": {"user": 1},
                "exception": None,
            },
        )
        self.assertEqual(len(self.counted.requests), 1)

    def test_an_exception_is_a_failure_and_ends_there(self):
        with self.hook.measure("RPC", "call"):
            raise ValueError("refused")
        self.assertEqual(self.counted.requests[0][4], "ValueError('refused')")

    def test_a_timeout_is_a_failure_and_goes_on_to_its_owner(self):
        timeout = gevent.Timeout(5)
        with self.assertRaises(gevent.Timeout):
            with self.hook.measure("RPC", "call"):
                raise timeout
        self.assertEqual(len(self.counted.requests), 1)
        self.assertIs(self.calls[0]["exception"], timeout)

    def test_a_call_that_is_cut_off_does_not_count(self):
        with self.assertRaises(gevent.GreenletExit):
            with self.hook.measure("RPC", "call"):
                raise gevent.GreenletExit
        self.assertEqual(self.counted.requests, [])


if __name__ == "__main__":
    unittest.main()
