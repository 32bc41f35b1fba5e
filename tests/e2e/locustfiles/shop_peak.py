"""A peak that is climbed from nobody: the first tick wants 0 users."""
from locust import HttpUser, LoadTestShape, constant, task


class Peak(LoadTestShape):
    def tick(self):
        now = self.get_run_time()
        if now < 2.5:
            return 3 * round(now), 30
        if now < 4.5:
            return 6, 30
        if now < 5.5:
            return 2, 30
        return None


class Climber(HttpUser):
    wait_time = constant(60)

    @task
    def arrive(self):
        self.client.get("/products/9", name="arrive")
