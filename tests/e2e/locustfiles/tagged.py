"""Tags on tasks, on a whole task set and inherited ones; to be run with --tags, --exclude-tags."""
from locust import HttpUser, SequentialTaskSet, constant, events, tag, task
from parting import leave


class Everything(SequentialTaskSet):
    @tag("read")
    @task
    def list_goods(self):
        self.client.get("/products", name="list")

    @tag("read", "slow")
    @task
    def open_goods(self):
        self.client.get("/delay/5", name="open")

    @tag("write")
    @task
    def buy(self):
        self.client.post("/products/buy", json={"name": "Phone", "quantity": 1}, name="buy")

    @task
    def untagged(self):
        self.client.get("/products/1", name="untagged")

    @tag("admin")
    @task
    class Stock(SequentialTaskSet):
        @task
        def refill(self):
            self.client.put("/products/stock", json={"name": "Laptop", "stock": 5}, name="refill")

        @tag("slow")
        @task
        def count(self):
            self.client.get("/products/11", name="count")

        @task
        def done(self):
            self.interrupt()

    @tag("read", "write", "admin")
    @task
    def the_end(self):
        leave(self.user)


class Clerk(HttpUser):
    wait_time = constant(0)
    tasks = [Everything]


@events.test_start.add_listener
def show(environment, **_):
    options = environment.parsed_options
    print(options.tags, options.exclude_tags, [one.__name__ for one in Everything.tasks])
