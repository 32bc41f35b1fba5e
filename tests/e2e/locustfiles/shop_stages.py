"""Stages of users; each newcomer makes one request and waits to be taken away."""
from locust import HttpUser, LoadTestShape, constant, events, task


class StagesFromTable(LoadTestShape):
    stages = [
        {"duration": 1.5, "users": 2, "spawn_rate": 10},
        {"duration": 1, "users": 5, "spawn_rate": 10},
        {"duration": 1, "users": 1, "spawn_rate": 10},
        {"duration": 1, "users": 3, "spawn_rate": 10},
        {"duration": 1, "users": 0, "spawn_rate": 10},
    ]

    def tick(self):
        now = self.get_run_time()
        end = 0
        for stage in self.stages:
            end += stage["duration"]
            if now < end:
                return stage["users"], stage["spawn_rate"]
        return None


class Newcomer(HttpUser):
    wait_time = constant(60)

    @task
    def arrive(self):
        self.client.get("/products/7", name="arrive")

    def on_stop(self):
        self.client.get("/products/8", name="depart")


@events.test_stop.add_listener
def say(environment, **_):
    print("stopped by the shape:", type(environment.shape_class).__name__)
