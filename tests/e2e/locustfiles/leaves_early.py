"""sys.exit() while a user starts ends the program with that code."""
import sys

from locust import HttpUser, constant, task


class Leaver(HttpUser):
    wait_time = constant(0.01)

    def on_start(self):
        self.client.get("/products/1", name="last words")
        sys.exit(5)

    @task
    def work(self):
        self.client.get("/products/2", name="never")
