"""Tasks that raise are logged, counted, and do not end their user."""
from locust import HttpUser, SequentialTaskSet, constant, events, task
from parting import leave


class Mistakes(SequentialTaskSet):
    wait_time = constant(0.001)
    rounds = 0

    @task
    def divide(self):
        self.client.get("/products/1", name="before the division")
        return 1 // (self.rounds - self.rounds)

    @task
    def no_such_field(self):
        answer = self.client.get("/products/2", name="before the look-up")
        return answer.json()["colour"]

    @task
    def in_a_with_block(self):
        with self.client.get("/products/3", catch_response=True, name="read") as response:
            response.failure("wrong")
            response.json()["category"].no_such_method()

    @task
    def fine(self):
        self.client.get("/products/4", name="fine")
        self.rounds += 1
        if self.rounds == 3:
            leave(self.user)


class Clumsy(HttpUser):
    tasks = [Mistakes]


@events.user_error.add_listener
def count(user_instance, exception, tb, **_):
    seen.append((type(user_instance).__name__, type(exception).__name__))


@events.test_stop.add_listener
def show(environment, **_):
    for one in sorted(set(seen)):
        print(*one, seen.count(one))
    for one in sorted(environment.runner.exceptions.values(), key=lambda one: one["msg"]):
        print(one["count"], one["msg"])


seen = []
