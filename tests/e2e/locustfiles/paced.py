"""constant_pacing and constant_throughput: a number of turns each, then the end."""
from locust import HttpUser, constant_pacing, constant_throughput, task
from parting import leave


class Paced(HttpUser):
    wait_time = constant_pacing(0.1)
    turns = 0

    @task
    def work(self):
        self.turns += 1
        self.client.get("/delay/5", name=type(self).__name__)
        if self.turns == 6:
            leave(self)


class Steady(HttpUser):
    wait_time = constant_throughput(10)
    turns = 0

    @task
    def work(self):
        self.turns += 1
        self.client.get("/delay/5", name=type(self).__name__)
        if self.turns == 6:
            leave(self)


class OwnWait(HttpUser):
    turns = 0

    def wait_time(self):
        self.turns += 1
        return self.turns / 1000

    @task
    def work(self):
        self.client.get("/products/1", name="own wait")
        if self.turns == 4:
            print("waited", self.turns)
            leave(self)
