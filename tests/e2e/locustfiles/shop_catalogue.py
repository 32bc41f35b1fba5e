"""Visitors share a catalogue; with-blocks look at the response, most of them without
catch_response."""
import json
import threading

from locust import HttpUser, SequentialTaskSet, constant, tag, task
from parting import leave


class Catalogue:
    def __init__(self):
        self.lock = threading.RLock()
        self.goods = []

    def replace(self, goods):
        with self.lock:
            self.goods = goods

    def pick(self, position):
        with self.lock:
            return self.goods[position] if self.goods else None


catalogue = Catalogue()


class Visit(SequentialTaskSet):
    @task
    @tag("browse")
    def browse(self):
        with self.client.get("/products", name="All_Goods") as response:
            if response.status_code == 200:
                try:
                    catalogue.replace(response.json().get("data", []))
                except json.JSONDecodeError:
                    response.failure("not JSON")

    @task
    @tag("purchase")
    def buy(self):
        goods = catalogue.pick(3)
        if not goods:
            return
        with self.client.post("/products/buy", json={"name": goods["name"], "quantity": 2},
                              name="Buy_Goods") as response:
            if response.status_code != 200:
                response.failure(f"sold nothing, status {response.status_code}")

    @task
    @tag("purchase")
    def buy_what_is_sold_out(self):
        with self.client.post("/products/buy", json={"name": "ZeroStockItem", "quantity": 1},
                              name="Buy_Sold_Out") as response:
            if response.status_code != 200:
                response.failure(f"sold nothing, status {response.status_code}")

    @task
    @tag("purchase")
    def being_told_so_is_right(self):
        with self.client.post("/products/buy", json={"name": "ZeroStockItem", "quantity": 1},
                              name="Sold_Out_Expected") as response:
            if response.status_code == 409:
                response.success()

    @task
    @tag("details")
    def read_details(self):
        goods = catalogue.pick(5)
        if not goods:
            return
        with self.client.post("/products/details", json={"name": goods["name"]},
                              name="Details", catch_response=True) as response:
            if response.status_code != 200:
                response.failure(f"status is {response.status_code}")
                return
            try:
                details = response.json()
                for field in ("productID", "name", "price", "stock", "colour"):
                    if field not in details:
                        response.failure(f"no field {field}")
                        return
                response.success()
            except json.JSONDecodeError:
                response.failure("not JSON")

    @task
    @tag("browse", "details", "purchase")
    def go(self):
        leave(self.user)


class Visitor(HttpUser):
    wait_time = constant(0.01)
    tasks = [Visit]

    def on_start(self):
        with self.client.get("/products", catch_response=True) as response:
            if response.status_code == 200:
                try:
                    catalogue.replace(response.json().get("data", []))
                except json.JSONDecodeError:
                    response.failure("not JSON")
