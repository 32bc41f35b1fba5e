"""Host, weights and data come from a YAML file and the environment."""
import os

from locust import HttpUser, constant, task
from parting import leave
from settings_reader import read_settings

SETTINGS = read_settings(os.path.join(os.path.dirname(os.path.abspath(__file__)), "settings.yaml"))


class ConfiguredUser(HttpUser):
    host = SETTINGS["service"]["base_url"]
    wait_time = constant(0)

    @task
    def all_at_once(self):
        timeout = SETTINGS["service"]["request_timeout_seconds"]
        for name, times in sorted(SETTINGS["weights"].items()):
            for _ in range(times):
                self.client.get("/products/5", name=name, timeout=timeout)
        for category in SETTINGS["categories"]:
            self.client.get("/products", params={"category": category}, name=category)
        leave(self)
