"""Compares prices with a list in a module beside this file."""
from locust import HttpUser, constant, task
from parting import leave
from price_list import PRICES


class Auditor(HttpUser):
    wait_time = constant(0.005)
    position = 0

    @task
    def audit(self):
        if self.position == len(PRICES):
            leave(self)
        product = PRICES[self.position]
        self.position += 1
        with self.client.post("/products/details", json={"name": product["name"]},
                              name=f"Audit_{product['name']}", catch_response=True) as response:
            if response.status_code != 200:
                response.failure(f"status is {response.status_code}")
                return
            try:
                price = float(response.json().get("price", 0))
                if abs(price - product["price"]) > 0.01:
                    response.failure(f"costs {price}, not {product['price']}")
                else:
                    response.success()
            except ValueError as error:
                response.failure(f"unreadable: {error}")
