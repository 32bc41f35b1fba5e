#!/usr/bin/python3
"""config/compose: the files are valid to the programs that read them and keep their promises."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "config/compose"
NETWORK = "otel_internal-network"
# Of otelcol-contrib: what stands at which place of its file.
COLLECTOR_PARTS = {"receivers", "processors", "exporters", "extensions", "connectors", "service"}
COLLECTOR_KINDS = {"receivers": {"otlp"}, "processors": {"batch", "memory_limiter"},
                   "exporters": {"debug", "prometheus"}}


def compose_programs():
    """Debian's docker-compose, and the plugin where there is one."""
    if shutil.which("docker-compose"):
        yield ["docker-compose"]
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    if plugin.returncode == 0:
        yield ["docker", "compose"]


class ComposeFilesTest(unittest.TestCase):
    def setUp(self):
        self.services = yaml.safe_load((COMPOSE / "docker-compose.yml").read_text())["services"]

    def test_compose_accepts_the_file_with_every_profile(self):
        programs = list(compose_programs())
        self.assertTrue(programs, "docker-compose must be installed (scripts/setup)")
        for program in programs:
            for profile in ([], ["--profile", "grafana"], ["--profile", "locust"]):
                with self.subTest(program, profile=profile):
                    done = subprocess.run(
                        [*program, "-f", COMPOSE / "docker-compose.yml", *profile, "config", "-q"],
                        capture_output=True, text=True, check=False, timeout=60)
                    self.assertEqual(done.returncode, 0, done.stderr)

    def test_it_is_the_picture_of_the_setup_that_people_know(self):
        services = self.services
        self.assertLessEqual({"product-simulator", "otel-collector", "product-service-1",
                              "product-service-2", "nginx"}, set(services))
        for name, service in services.items():
            self.assertEqual(service["networks"], [NETWORK], name)
        self.assertIn("PRODUCT_SERVICE_URL=${PRODUCT_SERVICE_URL:-http://nginx:80}",
                      services["product-simulator"]["environment"])
        for name, container in (("product-simulator", "simulator-service"), ("nginx", "nginx"),
                                ("otel-collector", "local-otel-collector")):
            self.assertEqual(services[name]["container_name"], container)

    def test_a_plan_of_one_s_own_keeps_its_load(self):
        service = self.services["product-simulator"]
        script = service["command"][0].replace("$$", "$")
        with tempfile.TemporaryDirectory() as folder:
            squall = pathlib.Path(folder, "squall")
            squall.write_text('#!/bin/sh\necho "$@"\n')
            squall.chmod(0o755)
            for environment, words in (
                    ({}, "start /usr/share/squall/plans/product-service.yaml --agents-min=1 "
                         "--users=10 --spawn-rate=10 --run-time=1h"),
                    ({"USERS": "30"}, "start /usr/share/squall/plans/product-service.yaml "
                                      "--agents-min=1 --users=30 --spawn-rate=10 --run-time=1h"),
                    ({"PLAN": "my shop.yaml"}, "start my shop.yaml --agents-min=1"),
                    ({"PLAN": "shop.yaml", "RUN_TIME": "5m"},
                     "start shop.yaml --agents-min=1 --run-time=5m")):
                said = subprocess.run(
                    [*service["entrypoint"], script], capture_output=True, text=True, check=True,
                    env={"PATH": f"{folder}:/usr/bin:/bin", "PLAN": "", "AGENTS_MIN": "1",
                         "USERS": "", "SPAWN_RATE": "", "RUN_TIME": "", **environment}).stdout
                self.assertEqual(said.split(), words.split())

    def test_agents_can_be_scaled(self):
        for name in ("agent", "locust-worker"):
            self.assertNotIn("container_name", self.services[name])
            self.assertNotIn("ports", self.services[name])
        self.assertEqual(self.services["agent"]["scale"], "${AGENTS:-1}")

    def test_a_page_answers_to_its_own_names_alone(self):
        """Without that, any site in the browser of whoever runs this could call it by a name that
        leads to 127.0.0.1, and start load. Not "*", which is any name."""
        pages = 0
        for name, service in self.services.items():
            command = service.get("command", [])
            if "--insecure" not in command or not any(
                    re.match(r"--web-(listen|host)=0\.0\.0\.0", word) for word in command):
                continue
            pages += 1
            allowed = [word.partition("=")[2] for word in command
                       if word.startswith("--web-allowed-host=")]
            self.assertEqual(allowed, ["localhost", name])
        self.assertEqual(pages, 2)

    def test_ours_are_built_and_never_fetched(self):
        for name, service in self.services.items():
            if service["image"].startswith("squall/"):
                self.assertEqual(service["pull_policy"], "never", name)
                self.assertIn("build", service, name)

    def test_what_is_documented_does_not_undo_itself(self):
        """`up` without a service's name starts product-simulator again and scales agents back."""
        for file in (COMPOSE / "docker-compose.yml", ROOT / "docs/containers.md",
                     ROOT / "docs/grafana.md"):
            ups = re.findall(r"docker-compose [^\n#`]*\bup\b[^\n#`]*", file.read_text())
            self.assertTrue(ups, file)
            for command in map(str.strip, ups):
                names_one = command.split()[-1] in self.services
                self.assertTrue(names_one or command == "docker-compose up --build -d",
                                f"{file.name}: {command}")

    def test_a_locustfile_has_a_way(self):
        """`squall start` and `squall serve` take plans; so it is a run that workers join."""
        master, worker = self.services["locust-master"], self.services["locust-worker"]
        self.assertIn("squall-python", master["image"])
        self.assertIn("squalld-python", worker["image"])
        port = "5557"  # of --master, unless --master-bind-port says otherwise
        self.assertIn("--master", master["command"])
        self.assertIn("--master-bind-host=0.0.0.0", master["command"])
        self.assertIn(f"--join=locust-master:{port}", worker["command"])
        self.assertIn("${SIMULATIONS:-./simulations}:/work:ro", master["volumes"])
        compile((COMPOSE / "simulations/locustfile.py").read_text(), "locustfile.py", "exec")

    def test_nothing_is_published_beyond_this_machine(self):
        for name, service in self.services.items():
            for port in service.get("ports", []):
                self.assertTrue(port.startswith("127.0.0.1:"), f"{name}: {port}")

    def test_ours_run_with_nothing_that_they_do_not_need(self):
        for name, service in self.services.items():
            if service["image"].startswith("squall/"):
                self.assertTrue(service["read_only"], name)
                self.assertEqual(service["cap_drop"], ["ALL"], name)

    def test_images_name_a_release_and_mounted_files_exist(self):
        for name, service in self.services.items():
            default = service["image"].replace("}", "").rsplit(":-", 1)[-1]
            self.assertNotRegex(service["image"], ":latest")
            self.assertRegex(default, r"\d", name)
            for volume in service.get("volumes", []):
                source = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", volume).split(":")[0]
                if source.startswith("."):
                    self.assertTrue((COMPOSE / source).exists(), f"{name}: {source}")

    def test_nginx_accepts_its_configuration(self):
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        text = (COMPOSE / "nginx.conf").read_text()
        for number in "12":  # names that only compose's network knows
            self.assertIn(f"product-service-{number}:8082", text)
            text = text.replace(f"product-service-{number}:8082", f"127.0.0.1:808{number}")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "nginx.conf")
            path.write_text(text.replace("/tmp/", f"{folder}/"))
            done = subprocess.run([nginx, "-t", "-p", folder, "-c", path], capture_output=True,
                                  text=True, check=False, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_collector_s_configuration_holds_together(self):
        config = yaml.safe_load((COMPOSE / "otel-collector.yaml").read_text())
        self.assertLessEqual(set(config), COLLECTOR_PARTS)
        for part, kinds in COLLECTOR_KINDS.items():
            self.assertLessEqual({name.split("/")[0] for name in config[part]}, kinds)
        self.assertEqual(set(config["receivers"]["otlp"]["protocols"]), {"grpc", "http"})
        self.assertLessEqual(set(config["service"]), {"telemetry", "pipelines", "extensions"})
        used = {part: set() for part in COLLECTOR_KINDS}
        for name, pipeline in config["service"]["pipelines"].items():
            self.assertIn(name.split("/")[0], {"traces", "metrics", "logs"})
            for part, names in pipeline.items():
                self.assertLessEqual(set(names), set(config[part]), f"{name}: {part}")
                used[part].update(names)
        for part, names in used.items():
            self.assertEqual(names, set(config[part]), "defined, and used nowhere")
        # Both of Squall's addresses of it are those that it listens on.
        self.assertIn("OTEL_ENDPOINT=${OTEL_ENDPOINT:-http://otel-collector:4317}",
                      self.services["agent"]["environment"])
        scraped = (COMPOSE / "prometheus.yml").read_text()
        for address in (config["exporters"]["prometheus"]["endpoint"],
                        config["service"]["telemetry"]["metrics"]["address"]):
            self.assertIn("otel-collector:" + address.rsplit(":", 1)[1], scraped)

    def test_figures_that_come_by_otlp_too_are_not_counted_twice(self):
        jobs = {job["job_name"]: job for job in
                yaml.safe_load((COMPOSE / "prometheus.yml").read_text())["scrape_configs"]}
        rule, = jobs["otel-collector"]["metric_relabel_configs"]
        self.assertEqual(rule["action"], "drop")
        self.assertRegex("squall_requests_total", f"^(?:{rule['regex']})$")
        self.assertNotRegex("http_server_duration_count", f"^(?:{rule['regex']})$")

    def test_prometheus_accepts_its_configuration(self):
        with tempfile.TemporaryDirectory() as folder:
            for file in (COMPOSE / "prometheus.yml", ROOT / "config/prometheus/squall.rules.yaml"):
                shutil.copy(file, folder)
            done = subprocess.run(["promtool", "check", "config", f"{folder}/prometheus.yml"],
                                  capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_grafana_s_provisioning_names_what_compose_mounts(self):
        for name in ("dashboards", "datasources"):
            path = COMPOSE / f"grafana/{name}.yaml"
            self.assertEqual(yaml.safe_load(path.read_text())["apiVersion"], 1)
        provider, = yaml.safe_load((COMPOSE / "grafana/dashboards.yaml").read_text())["providers"]
        self.assertIn(f"../dashboards:{provider['options']['path']}:ro",
                      self.services["grafana"]["volumes"])


if __name__ == "__main__":
    os.environ.pop("DOCKER_HOST", None)
    unittest.main()
