"""How requests are counted: names, failures, with-blocks, listeners."""

import re
import unittest
from unittest import mock

import _squall
import gevent
import http_target
import requests
from locust._client import errors
from locust.clients import HttpSession
from locust.exception import LocustError, ResponseError, StopUser


class ReportTest(http_target.ClientTest):
    def setUp(self):
        super().setUp()
        self.client = HttpSession(base_url=self.target.url)

    def reason(self):
        """Of the one failure there was."""
        ((_method, _name, reason),) = self.failed()
        return reason


class FailureTest(ReportTest):
    def test_a_bad_status_is_one_by_its_name(self):
        self.client.get("/status?code=404", name="/status/[code]")
        self.assertEqual(self.counted(), {("GET", "/status/[code]"): (1, 1)})
        self.assertEqual(
            self.reason(),
            "HTTPError('404 Client Error: Not Found for url: /status/[code]')",
        )

    def test_the_servers_own_reason_is_quoted(self):
        self.client.get("/status?code=500&reason=It's", name="x")
        self.assertEqual(self.reason(), "HTTPError(\"500 Server Error: It's for url: x\")")

    def test_nobody_listens(self):
        response = HttpSession("http://127.0.0.1:1").get("/x")
        self.assertEqual(response.status_code, 0)
        self.assertFalse(response.ok)
        self.assertIsNone(response.content)
        self.assertEqual(response.text, "")
        self.assertIsInstance(response.error, ConnectionRefusedError)
        self.assertEqual(self.reason(), "ConnectionRefusedError(111, 'Connection refused')")
        for kind in (ConnectionRefusedError, requests.exceptions.ConnectionError):
            with self.assertRaises(kind) as caught:
                response.raise_for_status()
            self.assertIsNone(caught.exception.response)

    def test_an_unknown_name(self):
        response = HttpSession("http://nobody.invalid").get("/x")
        self.assertRegex(self.reason(), r"^gaierror\(-\d, '.*'\)$")
        self.assertEqual(repr(response.error), self.reason())

    def test_no_reply_in_time(self):
        for timeout in (0.05, (3, 0.05)):
            response = self.client.get("/slow?seconds=1", timeout=timeout, name="slow")
        port = self.target.server_port
        self.assertEqual(
            self.failed(),
            {
                (
                    "GET",
                    "slow",
                    "ReadTimeout(ReadTimeoutError(\"HTTPConnectionPool(host='127.0.0.1', "
                    f'port={port}): Read timed out. (read timeout=0.05)"))',
                ): 2
            },
        )
        self.assertEqual(repr(response.error), self.reason())
        self.assertEqual(type(response.error).__mro__[1].__name__, "ReadTimeout")

    def test_the_server_hangs_up(self):
        self.client.post("/hangup")
        self.assertEqual(
            self.reason(),
            "RemoteDisconnected('Remote end closed connection without response')",
        )

    def test_a_timeout_of_gevent_passes_and_nothing_is_counted(self):
        with self.assertRaises(gevent.Timeout), gevent.Timeout(0.05):
            self.client.get("/slow?seconds=1")
        self.assertEqual(self.counted(), {})
        self.assertEqual(self.client.get("/echo").status_code, 200)

    def test_a_killed_greenlet_leaves_the_session_usable(self):
        job = gevent.spawn(self.client.get, "/slow?seconds=1")
        gevent.sleep(0.05)
        job.kill()
        self.assertEqual(self.client.get("/echo", name="after").status_code, 200)
        self.assertEqual(self.counted(), {("GET", "after"): (1, 0)})


class WithBlockTest(ReportTest):
    def get(self, code=200, **kwargs):
        return self.client.get(f"/status?code={code}", name="n", catch_response=True, **kwargs)

    def test_nothing_said_the_status_decides(self):
        with self.get(200):
            self.assertEqual(self.counted(), {})
        with self.get(404):
            pass
        self.assertEqual(self.counted(), {("GET", "n"): (2, 1)})

    def test_success_beats_any_status(self):
        with self.get(500) as response:
            response.success()
        self.assertEqual(self.counted(), {("GET", "n"): (1, 0)})

    def test_failure_is_counted_by_what_was_said(self):
        for said in ("text", "it's", ValueError("v"), 5, None, True):
            with self.get() as response:
                response.failure(said)
        self.assertEqual(
            {reason for _, _, reason in self.failed()},
            {
                "CatchResponseError('text')",
                'CatchResponseError("it\'s")',
                "ValueError('v')",
                "CatchResponseError(5)",
                "CatchResponseError(None)",
                "CatchResponseError('True')",
            },
        )

    def test_the_last_word_counts(self):
        with self.get() as response:
            response.failure("a")
            response.success()
            response.failure("b")
        self.assertEqual(self.reason(), "CatchResponseError('b')")

    def test_what_was_said_is_raised_by_raise_for_status(self):
        with self.get(500) as response:
            response.success()
            response.raise_for_status()
            response.failure("bad")
            with self.assertRaisesRegex(Exception, "^bad$"):
                response.raise_for_status()

    def test_a_response_error_is_a_failure_and_ends_there(self):
        with self.get():
            raise ResponseError("wrong")
        self.assertEqual(self.reason(), "ResponseError('wrong')")

    def test_any_other_exception_passes_and_the_status_decides(self):
        for error in (AssertionError("no"), StopUser()):
            with self.assertRaises(type(error)), self.get(200):
                raise error
        self.assertEqual(self.counted(), {("GET", "n"): (2, 0)})

    def test_what_was_said_before_an_exception_counts(self):
        with self.assertRaises(KeyError), self.get(200) as response:
            response.failure("marked")
            raise KeyError("x")
        self.assertEqual(self.reason(), "CatchResponseError('marked')")

    def test_works_without_catch_response_with_one_hint(self):
        with mock.patch.object(errors, "_hinted", False), self.assertLogs("locust.clients") as logs:
            for code in (200, 404):
                with self.client.get(f"/status?code={code}", name="n") as response:
                    if code == 404:
                        response.success()
                    else:
                        response.failure("bad")
        self.assertEqual(len(logs.output), 1)
        self.assertIn("catch_response=True", logs.output[0])
        self.assertEqual(self.failed(), {("GET", "n", "CatchResponseError('bad')"): 1})

    def test_a_block_is_seen_however_the_call_is_written(self):
        more = {"name": "n"}
        client = self.client
        with client.get("/status?code=200", **more) as response:
            response.failure("a")
        with client.request("GET", "/status?code=200", *["n"]) as first, client.get(
            "/status?code=200", name="n"
        ) as second:
            first.failure("b")
            second.failure("c")
        self.assertEqual(
            {reason for _, _, reason in self.failed()},
            {f"CatchResponseError('{text}')" for text in "abc"},
        )
        self.assertEqual(self.counted(), {("GET", "n"): (3, 3)})

    def test_marks_outside_of_a_block_are_refused(self):
        response = self.client.get("/status?code=200", name="n")
        caught = self.get()
        for mark in (response.success, caught.success, lambda: caught.failure("x")):
            with self.assertRaises(LocustError):
                mark()

    def test_one_that_nobody_entered_is_counted_all_the_same(self):
        response = self.get(404)
        self.assertEqual(self.counted(), {})
        del response
        self.assertEqual(self.counted(), {("GET", "n"): (1, 1)})

    def test_what_the_user_writes_into_request_meta_counts(self):
        with self.get() as response:
            response.request_meta["name"] = "other"
            response.request_meta["request_type"] = "CHECK"
        self.assertEqual(self.counted(), {("CHECK", "other"): (1, 0)})


class NameTest(ReportTest):
    def test_names_in_order_of_precedence(self):
        with self.client.rename_request("renamed"):
            self.client.get("/echo?a")
            self.client.get("/echo", name="own")
        self.client.get("/echo?b=1")
        self.client.request_name = "session"
        self.client.get("/echo")
        self.assertEqual(
            {name for _, name in self.counted()}, {"renamed", "own", "/echo?b=1", "session"}
        )


class ListenerTest(ReportTest):
    def test_gets_the_keyword_arguments_of_locust(self):
        heard = self.listen()
        response = self.client.get("/bytes?content=abc", name="n", context={"a": 1})
        (meta,) = heard
        self.assertEqual(
            set(meta),
            set(
                "request_type name response_time response_length response context exception "
                "start_time url".split()
            ),
        )
        self.assertEqual((meta["request_type"], meta["name"]), ("GET", "n"))
        self.assertEqual(meta["response_length"], 3)
        self.assertGreater(meta["response_time"], 0)
        self.assertIs(meta["response"], response)
        self.assertEqual(meta["context"], {"a": 1})
        self.assertIsNone(meta["exception"])
        self.assertEqual(meta["url"], self.target.url + "/bytes?content=abc")
        self.assertAlmostEqual(meta["start_time"], response.request_meta["start_time"], places=2)

    def test_gets_the_exception(self):
        heard = self.listen()
        self.client.get("/status?code=404", name="n")
        HttpSession("http://127.0.0.1:1").get("/x")
        with self.client.get("/echo", catch_response=True) as response:
            response.failure("bad")
        with self.client.get("/status?code=404", catch_response=True) as response:
            response.success()
        texts = [repr(meta["exception"]) for meta in heard]
        self.assertRegex(texts[0], re.escape("404 Client Error: Not Found for url: n"))
        self.assertEqual(texts[1], "ConnectionRefusedError(111, 'Connection refused')")
        self.assertEqual(texts[2:], ["CatchResponseError('bad')", "None"])

    def test_the_context_of_the_user_is_below_that_of_the_call(self):
        class User:
            _handle = None

            def context(self):
                return {"a": "user", "b": "user"}

        heard = self.listen()
        HttpSession(self.target.url, None, User()).get("/echo", context={"b": "call"})
        self.assertEqual(heard[0]["context"], {"a": "user", "b": "call"})

    def test_what_it_raises_reaches_the_caller(self):
        def stop(**_meta):
            raise StopUser

        _squall.set_request_listener(stop)
        self.addCleanup(_squall.set_request_listener, None)
        with self.assertRaises(StopUser):
            self.client.get("/echo", name="n")
        self.assertEqual(self.counted(), {("GET", "n"): (1, 0)})


if __name__ == "__main__":
    unittest.main()
