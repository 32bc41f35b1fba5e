"""Two classes by weight, one with a fixed count, an abstract one beneath, one's own host."""
from collections import Counter

from locust import FastHttpUser, HttpUser, constant, events, task
from parting import leave

started = Counter()


class Somebody(HttpUser):
    abstract = True
    wait_time = constant(0.001)
    turns = 0

    def on_start(self):
        started[type(self).__name__] += 1

    @task
    def work(self):
        self.client.get("/products/1", name=type(self).__name__)
        self.turns += 1
        if self.turns == 3:
            leave(self)


class Buyer(Somebody):
    weight = 2


class Browser(Somebody):
    weight = 4


class Admin(FastHttpUser):
    fixed_count = 1
    wait_time = constant(0.001)

    @task
    def administrate(self):
        started["Admin"] += 1
        with self.rest("PUT", "/products/stock", json={"name": "Laptop", "stock": 300}) as response:
            if response.js["stock"] != 299:
                response.failure("stock is not 299")
        leave(self)


@events.test_stop.add_listener
def show(environment, **_):
    print(sorted(started.items()))
