"""A SequentialTaskSet, with repeated steps, a nested set and a task that gives up half way."""
from locust import HttpUser, SequentialTaskSet, TaskSet, constant, task
from locust.exception import InterruptTaskSet, RescheduleTask
from parting import leave


def greet(taskset):
    taskset.client.get("/products/1", name="greet")


class Payment(TaskSet):
    @task
    def pay(self):
        self.client.post("/echo", data={"card": "1234"}, name="pay")
        raise InterruptTaskSet()


class Order(SequentialTaskSet):
    tasks = [greet, greet]
    rounds = 0

    @task
    def search(self):
        self.client.get("/products", params={"category": "Books"}, name="search")

    @task(2)
    def put_into_basket(self):
        self.client.post("/echo", json={"put": 1}, name="put")

    @task
    def give_up(self):
        self.client.get("/products/2", name="before")
        raise RescheduleTask()

    pay = Payment

    @task
    class Inner(SequentialTaskSet):
        @task
        def one(self):
            self.client.get("/products/3", name="inner 1")

        @task
        def two(self):
            self.client.get("/products/4", name="inner 2")
            self.interrupt()

    @task
    def the_end(self):
        self.rounds += 1
        print("round", self.rounds)
        if self.rounds == 2:
            leave(self.user)


class Customer(HttpUser):
    wait_time = constant(0.001)
    tasks = [Order]


class PayingCustomer(HttpUser):
    wait_time = constant(0.001)

    @task
    class Both(SequentialTaskSet):
        tasks = [Payment, Payment]

        @task
        def the_end(self):
            leave(self.user)
