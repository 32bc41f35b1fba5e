"""People who look around in the product service, and some who buy. PRODUCT_SERVICE_URL is set by
compose; a file of your own takes this one's place, or SIMULATIONS names another folder.
"""
import random

from locust import HttpUser, between, task


class Customer(HttpUser):
    wait_time = between(0.5, 2)

    @task(4)
    def browse(self):
        self.client.get("/products")

    @task(2)
    def by_category(self):
        category = random.choice(["Electronics", "Clothing", "Books"])
        self.client.get("/products", params={"category": category}, name="/products?category")

    @task(1)
    def buy(self):
        order = {"name": "Laptop", "quantity": 1}
        with self.client.post("/products/buy", json=order, catch_response=True) as response:
            if response.status_code == 409:  # sold out, which shops are
                response.success()
