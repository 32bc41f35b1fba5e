#!/usr/bin/python3
"""scripts/run-tests: the four ways of the seed's runner script, with its arguments."""
import http.client
import os
import socket
import subprocess
import unittest

from harness import BIN, PATIENCE, ROOT, SquallTest, one_task, wait_for

SCRIPT = ROOT / "scripts/run-tests"


class RunTestsTest(SquallTest):
    def run_script(self, *arguments, **environment):
        return subprocess.run(
            [SCRIPT, *arguments], cwd=self.folder, capture_output=True, text=True, check=False,
            timeout=PATIENCE, env={**os.environ, "SQUALL": str(BIN / "squall"), **environment})

    def test_headless_leaves_a_report(self):
        done = self.run_script("headless", "3", "3", "2s", self.target().url)
        self.assertIn(done.returncode, (0, 6), done.stdout + done.stderr)
        self.assertIn("Running headless test with 3 users for 2s\n", done.stdout)
        self.assertIn("<html", (self.folder / "report.html").read_text()[:200])

    def test_headless_leaves_a_plan_its_own_load(self):
        plan = self.folder / "open.yaml"
        load = "{arrival: {stages: [{duration: 1s, rate: 20}]}}"
        plan.write_text(one_task(load, "get: /products/1"))
        done = self.run_script("headless", "", "", "", self.target().url, PLAN=str(plan))
        self.assertIn(done.returncode, (0, 6), done.stdout + done.stderr)
        self.assertIn(f"Running headless test with the load of {plan}\n", done.stdout)

    def distributed(self, host, master_arguments="", **environment):
        """What a master printed that got its load from a worker, which called it at `host`."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        environment = {**os.environ, "SQUALL": str(BIN / "squall"), **environment}
        master = subprocess.Popen(
            [SCRIPT, "distributed-master", "2", "2", "2s", self.target().url], cwd=self.folder,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**environment,
                 "SQUALL_ARGS": f"--headless {master_arguments} --master-bind-port {port}"})
        worker = subprocess.Popen(
            [SCRIPT, "distributed-worker", "0", "0", "0", self.target().url, host],
            cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**environment, "SQUALL_ARGS": f"--master-port {port}"})
        try:
            output, _ = master.communicate(timeout=PATIENCE)
        finally:
            for process in (master, worker):
                process.terminate()
                process.wait(PATIENCE)
        self.assertIn(master.returncode, (0, 6), output)
        return output

    def test_a_worker_makes_the_load_of_a_master(self):
        output = self.distributed("127.0.0.1", "--expect-workers 1")
        self.assertIn("Starting distributed test (master node)\n", output)

    def page_of(self, mode, *extra):
        """The port of the page that the script serves as in a container, and what it says."""
        port_file = self.folder / f"{mode}.port"
        log = self.folder / f"{mode}.log"
        with open(log, "wb") as output:
            process = subprocess.Popen(
                [SCRIPT, mode, "2", "2", "2s", self.target().url], cwd=self.folder, stdout=output,
                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                env={**os.environ, "SQUALL": str(BIN / "squall"), "SQUALL_CONTAINER": "1",
                     "SQUALL_ARGS": " ".join(["--web-port 0 --web-port-file", str(port_file),
                                              *extra])})

        def stop():
            process.terminate()
            process.wait(PATIENCE)
        self.addCleanup(stop)

        def port():
            self.assertIsNone(process.poll(), log.read_text())
            return port_file.exists() and port_file.read_text().strip()
        return int(wait_for(port, "the page")), log

    def status(self, port, host):
        """What the page at another address than 127.0.0.1 answers to this name."""
        connection = http.client.HTTPConnection("127.0.0.2", port, timeout=PATIENCE)
        self.addCleanup(connection.close)
        connection.request("GET", "/", headers={"Host": host})
        return connection.getresponse().status

    def test_in_a_container_the_page_can_be_published_and_knows_its_name(self):
        for mode, extra in (("ui", ()), ("distributed-master", ("--master-bind-port 0",))):
            with self.subTest(mode):
                port, log = self.page_of(mode, *extra)
                self.assertEqual(self.status(port, f"localhost:{port}"), 200)
                self.assertEqual(self.status(port, "rebound.example"), 403)
                self.assertIn("0.0.0.0", log.read_text())

    def test_in_a_container_with_a_token_the_page_asks_for_it(self):
        token = self.folder / "token"
        token.write_text("secret-of-the-page\n")
        port, _ = self.page_of("ui", f"--web-token-file {token}")
        self.assertIn(self.status(port, "localhost"), (302, 303, 401))

    def test_in_a_container_workers_of_other_machines_join(self):
        self.distributed("127.0.0.2", SQUALL_CONTAINER="1")

    def test_an_unknown_mode_shows_the_usage(self):
        done = self.run_script("fast")
        self.assertEqual(done.returncode, 1)
        self.assertIn("Unknown mode: fast\nUsage: ", done.stdout)

    def test_help_names_every_mode(self):
        done = self.run_script("--help")
        self.assertEqual(done.returncode, 0)
        for mode in ("ui", "headless", "distributed-master", "distributed-worker"):
            self.assertIn(f"\n  {mode} ", done.stdout)
        for word in ("--web-host", "--web-allowed-host", "SQUALL_CONTAINER"):
            self.assertIn(word, done.stdout)


if __name__ == "__main__":
    unittest.main()
