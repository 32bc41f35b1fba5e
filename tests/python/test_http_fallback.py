"""What real requests does for a session: with the same counts, names and cookies."""

import os
import subprocess
import tempfile
import unittest
from unittest import mock

import _squall
import http_target
import requests
from locust._client import fallback
from locust.clients import HttpSession
from locust.contrib.fasthttp import FastHttpSession


class FallbackTest(http_target.ClientTest):
    def setUp(self):
        super().setUp()
        self.client = HttpSession(base_url=self.target.url)

    def test_files(self):
        response = self.client.post("/echo", files={"f": ("name", "text")}, name="upload")
        self.assertIn('name="f"; filename="name"', response.json()["body"])
        self.assertEqual(self.counted(), {("POST", "upload"): (1, 0)})

    def test_streams(self):
        for client in (self.client, FastHttpSession(self.target.url)):
            response = client.get("/bytes?content=abcdef", stream=True)
            self.assertEqual(response.status_code, 200)
            self.assertEqual(response.request_meta["response_length"], 6)
            self.assertEqual(b"".join(_bytes(c) for c in response.iter_content(4)), b"abcdef")
        self.assertEqual(self.counted(), {("GET", "/bytes?content=abcdef"): (2, 0)})
        self.assertEqual(self.client.get("/bytes?content=a", stream=True).text, "a")

    def test_hooks(self):
        seen = []
        self.client.get("/echo", hooks={"response": lambda r, **_kw: seen.append(r.status_code)})
        self.client.hooks["response"].append(lambda r, **_kw: seen.append(r.url))
        self.client.get("/echo")
        self.assertEqual(seen, [200, self.target.url + "/echo"])

    def test_adapters(self):
        class Adapter(requests.adapters.HTTPAdapter):
            used = 0

            def send(self, *args, **kwargs):
                Adapter.used += 1
                return super().send(*args, **kwargs)

        self.client.get("/echo")
        self.client.mount("http://", Adapter())
        self.assertEqual(self.client.get("/echo").status_code, 200)
        self.assertEqual(Adapter.used, 1)

    def test_what_requests_has_prepared_is_sent_and_not_counted(self):
        self.client.headers["X-A"] = "1"
        request = self.client.prepare_request(requests.Request("GET", self.target.url + "/echo"))
        self.assertEqual(self.client.send(request).json()["headers"]["X-A"], "1")
        self.assertEqual(self.counted(), {})

    def test_credentials_that_are_an_object(self):
        class Token(requests.auth.AuthBase):
            def __call__(self, request):
                request.headers["X-Token"] = "t"
                return request

        self.client.get("/echo", auth=Token())
        self.assertEqual(self.target.requests[-1][2]["X-Token"], "t")
        self.client.auth = requests.auth.HTTPBasicAuth("a", "b")  # needs no fallback
        self.client.get("/echo")
        self.assertIn("Authorization", self.target.requests[-1][2])

    def test_bodies_that_are_read(self):
        self.client.post("/echo", data=iter([b"a", b"b"]))
        with open(__file__, "rb") as file:
            self.client.post("/echo", data=file)
        self.assertIn(b"bodies_that_are_read", self.target.requests[-1][3])

    def test_cookies_go_both_ways(self):
        self.client.cookies.set("mine", "1")
        self.client.get("/cookie?a=its=2;Path=/", stream=True)
        self.assertIn("mine=1", self.target.requests[-1][2]["Cookie"])
        self.client.get("/echo")
        self.assertEqual(self.target.requests[-1][2]["Cookie"], "mine=1; its=2")

    def test_failures_and_blocks_are_as_ever(self):
        self.client.get("/status?code=404", stream=True, name="n")
        with self.client.get("/status?code=404", stream=True, catch_response=True, name="m") as r:
            r.success()
        HttpSession("http://127.0.0.1:1").get("/x", stream=True)
        self.assertEqual(
            self.failed(),
            {
                ("GET", "n", "HTTPError('404 Client Error: Not Found for url: n')"): 1,
                ("GET", "/x", "ConnectionRefusedError(111, 'Connection refused')"): 1,
            },
        )
        self.assertEqual(self.counted()["GET", "m"], (1, 0))

    def test_the_log_says_so_once_for_each_reason(self):
        fallback._told.clear()
        with self.assertLogs("locust.clients") as logs:
            for _ in range(2):
                self.client.get("/echo", proxies={"http": self.target.url})
        self.assertEqual(len(logs.output), 1)
        self.assertIn("requests is used for requests with proxies", logs.output[0])


class AllowedTargetsTest(http_target.ClientTest):
    """--allow-target holds for what requests sends, too."""

    REFUSED = "ConnectionError('{} not allowed by the agent')"

    def setUp(self):
        super().setUp()
        self.client = HttpSession(base_url=self.target.url)
        self.allowed = set()
        patch = mock.patch.object(_squall, "may_reach", lambda host, _port: host in self.allowed)
        patch.start()
        self.addCleanup(patch.stop)

    def test_a_target_that_is_not_allowed_is_a_failure(self):
        response = self.client.get("/echo", stream=True)
        self.assertEqual(response.status_code, 0)
        self.assertEqual(self.failed(), {("GET", "/echo", self.REFUSED.format("target")): 1})
        self.assertEqual(self.target.requests, [])

    def test_a_name_is_allowed_by_itself_or_by_all_of_its_addresses(self):
        url = f"http://localhost:{self.target.url.rsplit(':', 1)[1]}/echo"
        self.assertEqual(self.client.get(url, stream=True).status_code, 0)
        for allowed in ({"localhost"}, {"127.0.0.1", "::1"}):
            self.allowed = allowed
            self.assertEqual(self.client.get(url, stream=True).status_code, 200)

    def test_redirects_are_looked_at(self):
        self.allowed = {"127.0.0.1"}
        response = self.client.get("/redirect?to=http://127.0.0.2:1/", stream=True, name="away")
        self.assertEqual(response.status_code, 0)
        self.assertEqual(self.failed(), {("GET", "away", self.REFUSED.format("target")): 1})

    def test_proxies_are_looked_at(self):
        proxies = {"http": self.target.url}
        self.allowed = {"shop.test"}
        self.client.get("http://shop.test/", proxies=proxies, name="n")
        self.allowed = {"127.0.0.1"}
        self.client.get("http://shop.test/", proxies=proxies, name="m")
        self.assertEqual(
            self.failed(),
            {
                ("GET", "n", self.REFUSED.format("proxy")): 1,
                ("GET", "m", self.REFUSED.format("target")): 1,
            },
        )
        self.allowed = {"127.0.0.1", "shop.test"}
        self.assertEqual(self.client.get("http://shop.test/", proxies=proxies).status_code, 200)

    def test_what_requests_has_prepared_is_not_sent_either(self):
        request = self.client.prepare_request(requests.Request("GET", self.target.url + "/echo"))
        with self.assertRaisesRegex(requests.ConnectionError, "target not allowed"):
            self.client.send(request)

    def test_the_list_is_that_of_the_command_line(self):
        script = (
            "import _squall\n"
            "print(_squall.may_reach('10.1.2.3', 80), _squall.may_reach('127.0.0.1', 80),\n"
            "      _squall.may_reach('a.test', 443), _squall.may_reach('a.test', 80))\n"
        )
        with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
            file.write(script)
            file.flush()
            options = ["--allow-target", "10.0.0.0/8,a.test:443", "--script", file.name]
            done = subprocess.run(
                [os.readlink("/proc/self/exe"), *options], capture_output=True, text=True
            )
        self.assertEqual((done.stdout, done.returncode), ("True False True False\n", 0))


def _bytes(chunk):
    return chunk.encode() if isinstance(chunk, str) else chunk


if __name__ == "__main__":
    unittest.main()
