#!/usr/bin/python3
"""Health checks of programs that serve HTTPS: what the images' HEALTHCHECK runs must find them
well, as it finds them without a certificate."""
import subprocess
import unittest

from harness import BIN, PATIENCE, SquallTest, wait_for


def ask(*command):
    done = subprocess.run([str(BIN / command[0]), *command[1:]], capture_output=True, text=True,
                          check=False, timeout=PATIENCE)
    return done.returncode, done.stdout + done.stderr


class HealthTest(SquallTest):
    def certificate(self):
        paths = self.folder / "cert.pem", self.folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj",
                        "/CN=somewhere.example", "-keyout", paths[1], "-out", paths[0]],
                       capture_output=True, check=True, timeout=PATIENCE)
        return paths

    def test_a_target_is_well_with_a_certificate_and_without(self):
        for flags in ((), ("--self-signed",)):
            with self.subTest(flags):
                port = self.target(*flags).url.rsplit(":", 1)[1]
                for command in (("squall-target", "--health"), ("squall", "health")):
                    self.assertEqual(ask(*command, f"127.0.0.1:{port}")[0], 0, command)

    def test_a_target_that_asks_for_certificates_is_well(self):
        cert, key = self.certificate()
        target = self.target(f"--tls-cert={cert}", f"--tls-key={key}", f"--client-ca={cert}")
        port = target.url.rsplit(":", 1)[1]
        code, said = ask("squall-target", "--health", f"127.0.0.1:{port}")
        self.assertEqual(code, 0, said)
        self.assertIn("client certificate", said)

    def test_a_coordinator_with_a_page_by_https_is_well(self):
        cert, key = self.certificate()
        port_file = self.folder / "web.port"
        process = subprocess.Popen(
            [str(BIN / "squall"), "serve", "--listen=127.0.0.1:0", "--metrics-listen", "",
             "--web-listen=127.0.0.1:0", f"--web-port-file={port_file}", f"--web-tls-cert={cert}",
             f"--web-tls-key={key}", f"--store={self.folder}/runs.db"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait, PATIENCE)
        self.addCleanup(process.terminate)
        port = wait_for(lambda: port_file.exists() and port_file.read_text().strip(), "the page")
        for address, well in ((f"127.0.0.1:{port}", 0), (f"https://127.0.0.1:{port}", 0),
                              (f"http://127.0.0.1:{port}", 1)):
            code, said = ask("squall", "health", address)
            self.assertEqual(code, well, said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
