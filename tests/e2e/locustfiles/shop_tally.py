"""A tally kept by a listener of requests, printed when the test stops."""
from locust import HttpUser, SequentialTaskSet, constant, events, task
from parting import leave

tally = {"sold": 0, "refused": 0, "sold out": 0, "others": 0}


@events.request.add_listener
def count(request_type, name, response_time, response_length, exception, **kwargs):
    response = kwargs.get("response")
    if name != "Buy":
        tally["others"] += 1
    elif exception:
        tally["refused"] += 1
        # A requests.Response of an error is false, ours too.
        if not response and response.status_code == 409:
            tally["sold out"] += 1
    elif response and response.status_code == 200 and response_length == len(response.content):
        tally["sold"] += 1


@events.test_stop.add_listener
def show(environment, **kwargs):
    print("\n--- tally ---")
    for key, value in tally.items():
        print(f"{key}: {value}")


class Purchases(SequentialTaskSet):
    wait_time = constant(0.005)

    @task
    def laptop(self):
        self.client.post("/products/buy", json={"name": "Laptop", "quantity": 1}, name="Buy")

    @task
    def sold_out(self):
        self.client.post("/products/buy", json={"name": "ZeroStockItem", "quantity": 1},
                         name="Buy")

    @task
    def unknown(self):
        self.client.post("/products/buy", json={"name": "NonExistentProduct", "quantity": 1},
                         name="Buy")

    @task
    def look(self):
        self.client.get("/products/1", name="Look")

    @task
    def go(self):
        leave(self.user)


class Buyer(HttpUser):
    tasks = [Purchases]
