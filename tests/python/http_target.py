"""A small HTTP server for the tests of the clients, in the same process, and their statistics."""

import gzip
import json
import threading
import time
import unittest
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import _squall


class Handler(BaseHTTPRequestHandler):
    """Each path does one thing; what it is told comes as the query."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_args):
        pass

    def handle_any(self):
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        self.server.requests.append((self.command, self.path, dict(self.headers), body))
        route = parts.path.strip("/").split("/")[0]
        getattr(self, f"do_{route}", self.do_echo)(query, body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = handle_any

    def reply(self, status=200, content=b"", headers=(), reason=None):
        self.send_response(status, reason)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD" and content:
            self.wfile.write(content)

    def do_echo(self, _query, body):
        seen = {
            "method": self.command,
            "path": self.path,
            "headers": dict(self.headers),
            "body": body.decode("latin-1"),
        }
        self.reply(200, json.dumps(seen).encode(), [("Content-Type", "application/json")])

    def do_status(self, query, _body):
        code = int(query["code"])
        self.reply(code, b"" if code == 304 else b"some text", reason=query.get("reason"))

    def do_redirect(self, query, _body):
        headers = [("Location", query.get("to", "/redirect"))]
        if "cookie" in query:
            headers.append(("Set-Cookie", query["cookie"]))
        self.reply(int(query.get("code", 302)), b"moved", headers)

    def do_cookie(self, query, _body):
        self.reply(200, b"", [("Set-Cookie", value) for value in query.values()])

    def do_text(self, query, _body):
        self.reply(200, "Grüße".encode(query["as"]), [("Content-Type", query["type"])])

    def do_bytes(self, query, _body):
        self.reply(200, query["content"].encode(), [("Link", '</n>; rel="next"')])

    def do_compressed(self, query, _body):
        packed = {"gzip": gzip.compress, "deflate": zlib.compress, "broken": bytes}[query["by"]]
        coding = "gzip" if query["by"] == "broken" else query["by"]
        self.reply(200, packed(b"text " * 100), [("Content-Encoding", coding)])

    def do_slow(self, query, _body):
        time.sleep(float(query["seconds"]))
        self.reply(200, b"late")

    def do_hangup(self, _query, _body):
        self.close_connection = True


class Target(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests = []  # (method, path, headers, body)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.connections = 0
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def handle_error(self, _request, _address):
        pass  # a client that was made to leave early

    def verify_request(self, _request, _address):
        self.connections += 1
        return True


class ClientTest(unittest.TestCase):
    """A server, and what has been counted since the test began."""

    def setUp(self):
        self.target = Target()
        self.addCleanup(self.target.server_close)
        self.addCleanup(self.target.shutdown)
        self._before = counts()
        self._failures_before = reasons()

    def counted(self):
        """{(method, name): (requests, failures)} of this test."""
        found = {}
        for key, (requests, failures) in counts().items():
            before = self._before.get(key, (0, 0))
            if requests > before[0]:
                found[key] = (requests - before[0], failures - before[1])
        return found

    def failed(self):
        """{(method, name, reason): count} of this test."""
        return {
            key: count - self._failures_before.get(key, 0)
            for key, count in reasons().items()
            if count > self._failures_before.get(key, 0)
        }

    def listen(self):
        """The keyword arguments that listeners of events.request get from now on."""
        heard = []
        _squall.set_request_listener(lambda **meta: heard.append(meta))
        self.addCleanup(_squall.set_request_listener, None)
        return heard


def counts():
    return {(row[0], row[1]): (row[2], row[3]) for row in _squall.stats_entries()}


def reasons():
    return {tuple(row[:3]): row[3] for row in _squall.stats_failures()}
