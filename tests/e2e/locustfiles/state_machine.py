"""A MarkovTaskSet whose transitions leave no choice."""
from locust import HttpUser, MarkovTaskSet, constant, transition, transitions
from parting import leave


class Customer(HttpUser):
    wait_time = constant(0.001)

    class Walk(MarkovTaskSet):
        circles = 0

        @transition("list_goods")
        def enter(self):
            self.client.get("/products/1", name="enter")

        @transitions({"open_goods": 1})
        def list_goods(self):
            self.client.get("/products", name="list")

        @transitions([("buy", 3)])
        def open_goods(self):
            self.client.get("/products/2", name="open")

        @transitions(["list_goods"])
        def buy(self):
            self.client.post("/products/buy", json={"name": "Phone", "quantity": 1}, name="buy")
            self.circles += 1
            if self.circles == 3:
                leave(self.user)

    tasks = [Walk]
