"""FastHttpUser's client: where it differs from HttpUser's."""

import unittest

import http_target
from locust import FastHttpUser
from locust.contrib import fasthttp
from locust.contrib.fasthttp import FastHttpSession, LocustBadStatusCode
from locust.env import Environment
from locust.exception import StopTest


class FastTest(http_target.ClientTest):
    def setUp(self):
        super().setUp()
        self.client = FastHttpSession(base_url=self.target.url)

    def headers_sent(self):
        return {name.lower(): value for name, value in self.target.requests[-1][2].items()}

    def test_a_bad_status_is_another_set(self):
        for code in (200, 304, 308, 400, 300, 209, 500):
            self.client.get(f"/status?code={code}", name=str(code))
        self.assertEqual(
            {(name, reason) for _, name, reason in self.failed()},
            {(str(c), f"LocustBadStatusCode(code={c})") for c in (400, 300, 209, 500)},
        )

    def test_options_without_effect_are_warned_of_once(self):
        fasthttp._told.clear()
        with self.assertLogs("locust.clients", "WARNING") as logs:
            for _ in range(2):
                FastHttpSession(self.target.url, max_retries=1, concurrency=20)
            FastHttpSession(self.target.url, ssl_context_factory=object, concurrency=10)
        self.assertEqual(len(logs.output), 2)
        self.assertIn("without effect here: max_retries, concurrency.", logs.output[0])
        self.assertIn("without effect here: ssl_context_factory.", logs.output[1])

    def test_the_error_of_a_bad_status(self):
        response = self.client.get("/status?code=404")
        self.assertEqual(response.status_code, 404)
        self.assertFalse(response.ok)
        self.assertIsInstance(response.error, LocustBadStatusCode)
        self.assertEqual(response.error.code, 404)
        with self.assertRaises(LocustBadStatusCode):
            response.raise_for_status()

    def test_the_default_name_is_the_url_as_written(self):
        self.client.get("/echo", params={"a": 1})
        self.client.get(self.target.url + "/echo?b=2")
        self.assertEqual(
            set(self.counted()), {("GET", "/echo"), ("GET", self.target.url + "/echo?b=2")}
        )
        self.assertEqual(self.target.requests[0][1], "/echo?a=1")

    def test_bodies_have_types_of_their_own(self):
        rows = [
            ({"data": {"a": 1}}, b"a=1", "application/x-www-form-urlencoded; charset=utf-8"),
            ({"data": "x"}, b"x", "text/plain; charset=utf-8"),
            ({"data": b"x"}, b"x", "application/octet-stream"),
            ({"json": {"a": 1}}, b'{"a": 1}', "application/json"),
        ]
        for arguments, body, content_type in rows:
            self.client.post("/echo", **arguments)
            self.assertEqual(self.target.requests[-1][3], body)
            self.assertEqual(self.headers_sent()["content-type"], content_type)
        self.assertEqual(self.headers_sent()["accept"], "application/json")

    def test_no_reply(self):
        response = FastHttpSession("http://127.0.0.1:1").get("/x")
        self.assertEqual(response.status_code, 0)
        self.assertIsNone(response.content)
        self.assertIsNone(response.text)
        self.assertIsNone(response.headers)
        self.assertIsInstance(response.error, ConnectionRefusedError)

    def test_no_reply_in_time(self):
        client = FastHttpSession(self.target.url, network_timeout=0.05)
        response = client.get("/slow?seconds=1")
        reason = f"RetriesExceeded('{self.target.url}/slow?seconds=1', 0, original=timed out)"
        self.assertEqual(self.failed(), {("GET", "/slow?seconds=1", reason): 1})
        self.assertEqual(repr(response.error), reason)

    def test_redirects(self):
        response = self.client.get("/redirect?to=/echo")
        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.url, self.target.url + "/redirect?to=/echo")
        response = self.client.get("/redirect?to=/echo", allow_redirects=False)
        self.assertEqual(response.status_code, 302)

    def test_request_takes_its_arguments_in_its_own_order(self):
        self.client.request("POST", "/echo", "name", "data")
        self.assertEqual(self.target.requests[-1][3], b"data")
        self.assertEqual(self.counted(), {("POST", "name"): (1, 0)})

    def test_lines_and_the_pool(self):
        lines = list(self.client.iter_lines("/bytes?content=one%0Atwo"))
        self.assertEqual(lines, ["one", "two"])
        self.client.client.clientpool.close()
        self.assertEqual(self.client.get("/echo").status_code, 200)

    def test_credentials_in_the_host(self):
        client = FastHttpSession(self.target.url.replace("//", "//user:pass@"))
        self.assertEqual(client.auth_header, "Basic dXNlcjpwYXNz")
        client.get("/echo", auth=("a", "b"))
        self.assertEqual(self.headers_sent()["authorization"], "Basic YTpi")


class UserTest(http_target.ClientTest):
    def user(self, **attributes):
        kind = type("Fast", (FastHttpUser,), {"host": self.target.url, **attributes})
        return kind(Environment(user_classes=[kind]))

    def test_the_host_must_be_an_http_url(self):
        for host in (None, "localhost"):
            with self.assertRaises(StopTest):
                self.user(host=host)

    def test_default_headers(self):
        self.user(default_headers={"X-A": "1"}).client.get("/echo")
        self.assertEqual(self.target.requests[-1][2]["X-A"], "1")

    def test_rest_parses_the_reply(self):
        with self.user().rest("GET", "/echo") as response:
            self.assertEqual(response.js["method"], "GET")
            self.assertEqual(response.js["headers"]["Accept"], "application/json")
        self.assertEqual(self.counted(), {("GET", "/echo"): (1, 0)})

    def test_rest_takes_what_is_no_json_for_a_failure(self):
        with self.user().rest("GET", "/bytes?content=x", name="n") as response:
            self.assertIsNone(response.js)
        ((_, _, reason),) = self.failed()
        self.assertIn("Could not parse response as JSON. x, response code 200", reason)

    def test_what_is_raised_in_the_block_is_the_failure(self):
        user = self.user()
        with user.rest("GET", "/echo", name="a"):
            raise AssertionError("no good")
        with user.rest("GET", "/echo", name="b"):
            raise KeyError("k")
        reasons = {name: reason for _, name, reason in self.failed()}
        self.assertEqual(reasons["a"], "CatchResponseError('no good')")
        self.assertRegex(reasons["b"], r"KeyError: .*k.* at .*/test_fast_http.py:\d+ in test_")

    def test_rest_with_the_time_as_a_parameter(self):
        with self.user().rest_("GET", "/echo?a=b"):
            pass
        self.assertEqual(self.counted(), {("GET", "/echo?a=b&_=..."): (1, 0)})
        self.assertRegex(self.target.requests[-1][1], r"^/echo\?a=b&_=\d{13}$")


if __name__ == "__main__":
    unittest.main()
