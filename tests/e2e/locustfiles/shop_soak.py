"""A slow climb from nobody, then the same load for long (as a test counts)."""
from locust import HttpUser, LoadTestShape, constant, task


class Soak(LoadTestShape):
    def tick(self):
        now = self.get_run_time()
        if now < 2.5:
            return round(now), 5
        if now < 5.5:
            return 4, 5
        return None


class Resident(HttpUser):
    wait_time = constant(0.05)
    visits = 0

    @task
    def visit(self):
        if self.visits < 10:
            self.visits += 1
            self.client.get("/products/12", name="visit")
