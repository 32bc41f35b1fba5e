"""https: whom the clients trust, and what they say when they do not."""

import pathlib
import ssl
import subprocess
import tempfile
import unittest

import http_target
from locust.clients import HttpSession
from locust.contrib.fasthttp import FastHttpSession

REASON = (
    "SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: "
    "self-signed certificate')"
)


class TlsTest(http_target.ClientTest):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.certificate = str(pathlib.Path(directory.name, "cert.pem"))
        cls.key = str(pathlib.Path(directory.name, "key.pem"))
        command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
        names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
        files = ["-keyout", cls.key, "-out", cls.certificate]
        subprocess.run([*command.split(), *names, *files], check=True, capture_output=True)

    def setUp(self):
        super().setUp()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        self.target.socket = context.wrap_socket(self.target.socket, server_side=True)
        self.target.url = self.target.url.replace("http:", "https:")

    def test_http_user_verifies(self):
        client = HttpSession(self.target.url)
        response = client.get("/echo", name="n")
        self.assertEqual(response.status_code, 0)
        self.assertEqual(self.failed(), {("GET", "n", f"SSLError({REASON})"): 1})
        self.assertEqual(repr(response.error), f"SSLError({REASON})")
        self.assertEqual(client.get("/echo", verify=False).status_code, 200)

    def test_verify_of_the_session(self):
        client = HttpSession(self.target.url)
        for verify in (False, self.certificate):
            client.verify = verify
            self.assertEqual(client.get("/echo").status_code, 200)
        client.verify = True
        self.assertEqual(client.get("/echo").status_code, 0)
        client.verify = "/no/such/file"
        with self.assertRaisesRegex(OSError, "/no/such/file"):
            client.get("/echo")

    def test_a_certificate_of_the_client(self):
        client = HttpSession(self.target.url)
        client.verify = False
        client.cert = (self.certificate, self.key)
        self.assertEqual(client.get("/echo").status_code, 200)

    def test_fast_http_user_does_not_verify_unless_told_to(self):
        self.assertEqual(FastHttpSession(self.target.url).get("/echo").status_code, 200)
        response = FastHttpSession(self.target.url, insecure=False).get("/echo", name="n")
        self.assertEqual(response.status_code, 0)
        self.assertEqual(self.failed(), {("GET", "n", REASON): 1})


if __name__ == "__main__":
    unittest.main()
