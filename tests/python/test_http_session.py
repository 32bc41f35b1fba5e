"""HttpSession: what is sent, and what its responses show."""

import json
import unittest
from datetime import timedelta
from urllib.parse import urljoin

import gevent
import http_target
from locust.clients import HttpSession, ResponseContextManager


class SessionTest(http_target.ClientTest):
    def setUp(self):
        super().setUp()
        self.client = HttpSession(base_url=self.target.url)

    def sent(self):
        """(method, path, headers, body) of the last request."""
        return self.target.requests[-1]

    def headers_sent(self):
        return {name.lower(): value for name, value in self.sent()[2].items()}


class SendingTest(SessionTest):
    def test_every_method_sends_its_own(self):
        for method in ("get", "post", "put", "patch", "delete", "options", "head"):
            with self.subTest(method=method):
                self.assertEqual(getattr(self.client, method)("/echo").status_code, 200)
                self.assertEqual(self.sent()[0], method.upper())
        self.client.request("get", "/echo")
        self.assertEqual(self.sent()[0], "GET")

    def test_the_default_headers_are_those_of_requests(self):
        self.client.get("/echo")
        headers = self.headers_sent()
        self.assertRegex(headers.pop("user-agent"), r"^python-requests/\d")
        self.assertEqual(headers.pop("host"), self.target.url.removeprefix("http://"))
        self.assertEqual(
            headers,
            {"accept-encoding": "gzip, deflate", "accept": "*/*", "connection": "keep-alive"},
        )

    def test_every_change_of_the_headers_is_seen_by_the_next_request(self):
        self.client.headers.update({"X-A": "1", "x-b": "2"})
        self.client.headers["X-C"] = "3"
        self.client.get("/echo")
        self.assertEqual([self.headers_sent()[name] for name in ("x-a", "x-b", "x-c")], list("123"))
        del self.client.headers["x-A"]
        self.client.headers.pop("X-B")
        self.client.get("/echo", headers={"x-c": "4", "Accept": None, "X-D": b"5"})
        headers = self.headers_sent()
        self.assertEqual((headers["x-c"], headers["x-d"]), ("4", "5"))
        for name in ("x-a", "x-b", "accept"):
            self.assertNotIn(name, headers)
        self.client.headers = {"X-E": "6"}
        self.client.get("/echo")
        self.assertEqual(self.headers_sent()["x-e"], "6")

    def test_a_line_break_in_a_header_is_refused(self):
        for headers in ({"X-A": "1\r\nX-B: 2"}, {"X-A": 1}):
            with self.assertRaisesRegex(Exception, "Header"):
                self.client.get("/echo", headers=headers)
        self.assertEqual(self.target.requests, [])

    def test_params_and_strange_characters_are_encoded(self):
        rows = {
            ("/a", (("q", "x y"), ("r", ("1", "2")))): "/a?q=x+y&r=1&r=2",
            ("/a?b=c", (("q", "ü"),)): "/a?b=c&q=%C3%BC",
            ("/ä b", ()): "/%C3%A4%20b",
            ("/a%7Eb%2fc", ()): "/a~b%2Fc",
            ("/a/../b/./c", ()): "/b/c",
            ("/100%", ()): "/100%25",
            ("/a#fragment", ()): "/a",
        }
        for (url, params), path in rows.items():
            with self.subTest(url=url):
                self.client.get(url, params=dict(params) or None)
                self.assertEqual(self.sent()[1], path)
                self.assertIn(("GET", path), self.counted())
        self.client.params = {"key": "1"}
        self.client.get("/a", params={"x": "y"})
        self.assertEqual(self.sent()[1], "/a?key=1&x=y")

    def test_bodies(self):
        form = "application/x-www-form-urlencoded"
        rows = [
            ({"data": {"a": [1, 2], "b": "x y", "c": None}}, b"a=1&a=2&b=x+y", form),
            ({"data": [("a", "1"), ("a", "2")]}, b"a=1&a=2", form),
            ({"data": "tëxt"}, "tëxt".encode(), None),
            ({"data": b"bytes"}, b"bytes", None),
            ({"json": {"a": [1, "ü"]}}, b'{"a": [1, "\\u00fc"]}', "application/json"),
            ({"json": {}}, b"{}", "application/json"),
            ({"data": {}, "json": [1]}, b"[1]", "application/json"),
            ({}, b"", None),
        ]
        for arguments, body, content_type in rows:
            with self.subTest(arguments=arguments):
                self.client.post("/echo", **arguments)
                self.assertEqual(self.sent()[3], body)
                self.assertEqual(self.headers_sent().get("content-type"), content_type)
                self.assertEqual(self.headers_sent()["content-length"], str(len(body)))
        self.client.post("/echo", {"by": "position"})
        self.assertEqual(self.sent()[3], b"by=position")
        self.client.post("/echo", json=1, headers={"content-type": "x/y"})
        self.assertEqual(self.headers_sent()["content-type"], "x/y")

    def test_credentials(self):
        basic = "Basic dXNlcjpwYXNz"
        self.client.get("/echo", auth=("user", "pass"))
        self.assertEqual(self.headers_sent()["authorization"], basic)
        self.client.get("/echo")
        self.assertNotIn("authorization", self.headers_sent())
        self.client.auth = ("user", "pass")
        self.client.get("/echo")
        self.assertEqual(self.headers_sent()["authorization"], basic)
        in_url = HttpSession(self.target.url.replace("//", "//user:pass@"))
        self.assertEqual(in_url.base_url, self.target.url)
        in_url.get("/echo")
        self.assertEqual(self.headers_sent()["authorization"], basic)

    def test_absolute_urls_bypass_the_base(self):
        client = HttpSession("http://nobody.invalid")
        self.assertEqual(client.get(urljoin(self.target.url, "/echo")).status_code, 200)
        self.client.base_url += "/prefix"
        self.client.get("/echo")
        self.assertEqual(self.sent()[1], "/prefix/echo")

    def test_a_url_without_a_host_is_an_error_of_the_caller(self):
        for base in (None, "localhost", "ftp://localhost"):
            with self.subTest(base=base), self.assertRaises(ValueError):
                HttpSession(base).get("/echo")
        self.assertEqual(self.counted(), {})

    def test_unknown_arguments_are_refused(self):
        with self.assertRaisesRegex(TypeError, "unexpected keyword argument 'nme'"):
            self.client.get("/echo", nme="x")
        with self.assertRaisesRegex(TypeError, "missing required argument: 'url'"):
            self.client.get()

    def test_one_connection_serves_all_requests_and_close_ends_it(self):
        for _ in range(3):
            self.client.get("/echo")
        self.assertEqual(self.target.connections, 1)
        self.client.close()
        self.client.get("/echo")
        self.assertEqual(self.target.connections, 2)

    def test_a_pool_manager_means_shared_connections(self):
        pool = object()
        clients = [HttpSession(self.target.url, pool_manager=pool) for _ in range(3)]
        for client in clients:
            client.cookies.set("own", "1")
            client.get("/echo")
        self.assertEqual(self.target.connections, 1)

    def test_greenlets_may_share_a_session(self):
        def call():
            return self.client.get("/slow?seconds=0.05", name="slow").text

        jobs = [gevent.spawn(call) for _ in range(5)]
        gevent.joinall(jobs, raise_error=True)
        self.assertEqual([job.value for job in jobs], ["late"] * 5)
        self.assertEqual(self.counted(), {("GET", "slow"): (5, 0)})

    def test_a_subclass_may_have_its_own_request(self):
        class Mine(HttpSession):
            def request(self, method, url, **kwargs):
                return super().request(method, "/echo" + url, **kwargs)

        Mine(self.target.url).post("/mine", "data")
        self.assertEqual(self.sent()[1], "/echo/mine")
        self.assertEqual(self.sent()[3], b"data")


class CookieTest(SessionTest):
    def cookie_sent(self):
        return self.headers_sent().get("cookie")

    def test_what_the_server_sets_is_kept_sent_and_shown(self):
        response = self.client.get("/cookie?a=k=v;Path=/&b=l=w;Path=/other")
        self.assertEqual(dict(response.cookies), {"k": "v", "l": "w"})
        self.assertEqual(dict(self.client.cookies), {"k": "v", "l": "w"})
        self.client.get("/echo")
        self.assertEqual(self.cookie_sent(), "k=v")
        self.client.get("/cookie?a=k=;Max-Age=0;Path=/")
        self.client.get("/echo")
        self.assertIsNone(self.cookie_sent())

    def test_what_the_user_sets_is_sent(self):
        jar = self.client.cookies
        jar.set("a", "1")
        jar["b"] = "2"
        jar.update({"c": "3"})
        self.client.get("/echo")
        self.assertEqual(self.cookie_sent(), "a=1; b=2; c=3")
        self.assertEqual(jar.get("a"), "1")
        self.assertIsNone(jar.get("x"))
        self.assertIn("b", jar)
        self.assertEqual(jar.get_dict(), {"a": "1", "b": "2", "c": "3"})
        self.assertEqual([cookie.name for cookie in jar], ["a", "b", "c"])
        del jar["a"]
        jar.set("b", None)
        self.assertEqual(jar.keys(), ["c"])
        jar.clear()
        self.client.get("/echo")
        self.assertIsNone(self.cookie_sent())

    def test_those_of_one_call_are_sent_with_it_alone(self):
        self.client.cookies.set("a", "1")
        self.client.get("/echo", cookies={"b": "2"})
        self.assertEqual(self.cookie_sent(), "a=1; b=2")
        self.client.get("/echo")
        self.assertEqual(self.cookie_sent(), "a=1")
        self.client.get("/echo", headers={"Cookie": "mine=1"})
        self.assertEqual(self.cookie_sent(), "mine=1")


class RedirectTest(SessionTest):
    def test_is_followed_as_one_request(self):
        response = self.client.get("/redirect?to=/echo&cookie=s=1;Path=/", name="both")
        self.assertEqual(response.url, self.target.url + "/echo")
        self.assertEqual([r.status_code for r in response.history], [302])
        self.assertIsInstance(response.history[0], ResponseContextManager)
        self.assertTrue(response.history[0].is_redirect)
        self.assertEqual(self.headers_sent()["cookie"], "s=1")
        self.assertEqual(self.counted(), {("GET", "both"): (1, 0)})

    def test_the_default_name_is_of_the_first(self):
        self.client.get("/redirect?to=/echo")
        self.assertEqual(list(self.counted()), [("GET", "/redirect?to=/echo")])

    def test_methods_and_bodies(self):
        rows = {(301, "post"): "GET", (302, "put"): "GET", (303, "post"): "GET"}
        rows |= {(307, "post"): "POST", (308, "put"): "PUT", (301, "put"): "PUT"}
        for (code, method), then in rows.items():
            with self.subTest(code=code, method=method):
                getattr(self.client, method)(f"/redirect?to=/echo&code={code}", data="body")
                self.assertEqual(self.sent()[0], then)
                kept = code in (307, 308)
                self.assertEqual(self.sent()[3], b"body" if kept else b"")

    def test_not_followed_when_told_so(self):
        response = self.client.get("/redirect?to=/echo", allow_redirects=False)
        self.assertEqual((response.status_code, response.history), (302, []))
        self.assertEqual(self.client.head("/redirect?to=/echo").status_code, 302)

    def test_a_ring_is_a_failure(self):
        self.client.max_redirects = 3
        response = self.client.get("/redirect?to=/redirect", name="ring")
        self.assertEqual(response.status_code, 0)
        self.assertEqual(repr(response.error), "TooManyRedirects('Exceeded 3 redirects.')")
        self.assertEqual(self.failed(), {("GET", "ring", repr(response.error)): 1})
        self.assertEqual(len(self.target.requests), 4)


class ResponseTest(SessionTest):
    def test_attributes(self):
        response = self.client.get("/bytes?content=abc")
        self.assertEqual(response.content, b"abc")
        self.assertTrue(response)
        self.assertTrue(response.ok)
        self.assertEqual(response.reason, "OK")
        self.assertEqual(response.headers["content-LENGTH"], "3")
        self.assertIsNone(response.headers.get("x"))
        self.assertIsInstance(response.elapsed, timedelta)
        self.assertGreater(response.elapsed.total_seconds(), 0)
        self.assertEqual(response.links, {"next": {"url": "/n", "rel": "next"}})
        self.assertEqual(list(response.iter_content(2)), [b"ab", b"c"])
        self.assertEqual(response.request.method, "GET")
        self.assertEqual(response.request.path_url, "/bytes?content=abc")
        self.assertEqual(response.request.headers["accept"], "*/*")
        response.anything = 1
        self.assertEqual(response.anything, 1)

    def test_text_follows_the_declared_encoding(self):
        rows = [
            ("utf-8", "text/plain; charset=utf-8", "Grüße"),
            ("latin-1", "text/html", "Grüße"),
            ("utf-8", "application/json", "Grüße"),
            ("utf-8", "application/x", "Grüße"),
            ("utf-16", 'text/plain; charset="UTF-16"', "Grüße"),
            ("utf-8", "text/plain; charset=none-such", "Grüße"),
        ]
        for encoding, content_type, text in rows:
            with self.subTest(content_type=content_type):
                response = self.client.get("/text", params={"as": encoding, "type": content_type})
                self.assertEqual(response.text, text)
        response.encoding = "ascii"
        self.assertEqual(response.text, "Gr\ufffd\ufffd\ufffd\ufffde")

    def test_lines(self):
        response = self.client.get("/bytes", params={"content": "one\ntwo\n\nthree"})
        self.assertEqual(list(response.iter_lines(3)), [b"one", b"two", b"", b"three"])

    def test_json(self):
        for text in ('{"a": [1, null, "x"]}', " [] ", "1", '"ü"'):
            response = self.client.get("/bytes", params={"content": text})
            self.assertEqual(response.json(), json.loads(text))
        response = self.client.get("/bytes", params={"content": "1.5"})
        self.assertEqual(response.json(parse_float=str), "1.5")
        for text in ("{", "[1] 2", "nul", "'"):
            response = self.client.get("/bytes", params={"content": text})
            with self.subTest(text=text), self.assertRaises(json.JSONDecodeError) as caught:
                response.json()
            self.assertEqual(caught.exception.doc, text)
        with self.assertRaises(json.JSONDecodeError):
            self.client.get("/cookie").json()

    def test_compressed_bodies_are_shown_plain(self):
        for coding in ("gzip", "deflate"):
            response = self.client.get(f"/compressed?by={coding}")
            self.assertEqual(response.text, "text " * 100)
            self.assertEqual(response.request_meta["response_length"], 500)
        with self.assertRaisesRegex(Exception, "could not be decompressed"):
            _ = self.client.get("/compressed?by=broken").content

    def test_raise_for_status(self):
        self.client.get("/status?code=200").raise_for_status()
        rows = {404: "Client Error: Not Found", 503: "Server Error: Service Unavailable"}
        for code, text in rows.items():
            response = self.client.get(f"/status?code={code}")
            self.assertFalse(response)
            with self.assertRaises(Exception) as caught:
                response.raise_for_status()
            self.assertEqual(type(caught.exception).__name__, "HTTPError")
            self.assertEqual(str(caught.exception), f"{code} {text} for url: {response.url}")
            self.assertIs(caught.exception.response, response)


if __name__ == "__main__":
    unittest.main()
