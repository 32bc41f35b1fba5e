"""More users with each step until the time is over; the first step has none."""
from locust import HttpUser, LoadTestShape, constant, task


class Stress(LoadTestShape):
    step_seconds = 1
    users_per_step = 3

    def tick(self):
        now = self.get_run_time()
        if now < 3.5:
            return round(now / self.step_seconds) * self.users_per_step, 20
        return None


class Guest(HttpUser):
    wait_time = constant(60)

    @task
    def arrive(self):
        self.client.get("/products/11", name="arrive")
