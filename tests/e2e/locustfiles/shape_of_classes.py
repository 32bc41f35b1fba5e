"""A shape that says which classes the users are of, and takes -u and -r from the command line."""
from locust import HttpUser, LoadTestShape, constant, task


class Reader(HttpUser):
    wait_time = constant(60)

    @task
    def read(self):
        self.client.get("/products/1", name="read")


class Writer(HttpUser):
    wait_time = constant(60)

    @task
    def write(self):
        self.client.put("/products/stock", json={"name": "Laptop", "stock": 10}, name="write")


class InTurn(LoadTestShape):
    use_common_options = True

    def tick(self):
        options = self.runner.environment.parsed_options
        now = self.get_run_time()
        if now < 1.5:
            return options.num_users, options.spawn_rate, [Reader]
        if now < 2.5:
            return options.num_users + 3, options.spawn_rate, [Writer]
        return None
