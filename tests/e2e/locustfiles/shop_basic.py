"""The smallest shop visitor: two tasks by weight, a random pause, a random product."""
import random

from locust import HttpUser, between, task
from parting import leave

random.seed(82)


class Visitor(HttpUser):
    wait_time = between(0.001, 0.01)
    visits = 0

    @task
    def list_products(self):
        self.client.get("/products")
        self.seen()

    @task(3)
    def open_product(self):
        number = random.randint(1, 120)
        self.client.get(f"/products/{number}", name="/products/" + "?" * len(str(number)))
        self.seen()

    def seen(self):
        self.visits += 1
        if self.visits == 24:
            leave(self)
