"""The normal load, a spike of it, the normal load again."""
from locust import HttpUser, LoadTestShape, constant, task


class Spike(LoadTestShape):
    def tick(self):
        now = self.get_run_time()
        if now < 1.5:
            return 2, 10
        if now < 2.5:
            return 20, 50
        if now < 3.5:
            return 2, 50
        return None


class Guest(HttpUser):
    wait_time = constant(60)

    @task
    def arrive(self):
        self.client.get("/products/10", name="arrive")
