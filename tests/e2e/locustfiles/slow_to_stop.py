"""The time is up while requests are under way; --stop-timeout lets them end."""
from locust import HttpUser, constant, task


class Slow(HttpUser):
    wait_time = constant(60)

    @task
    def slow(self):
        self.client.get("/delay/1500", name="slow")

    def on_stop(self):
        self.client.get("/products/1", name="stopped")
