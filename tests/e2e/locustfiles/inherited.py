"""Tasks of base classes and mixins, on_start of both, an abstract base, wait() by hand."""
from locust import HttpUser, SequentialTaskSet, constant, task
from parting import leave


class Greeting:
    @task
    def greet(self):
        self.client.get("/products/1", name="greet")


class Base(HttpUser):
    abstract = True
    wait_time = constant(0.001)

    def on_start(self):
        self.client.get("/products/2", name="base starts")

    def on_stop(self):
        self.client.get("/products/3", name="base stops")


class Steps(Greeting, SequentialTaskSet):
    def on_start(self):
        self.client.get("/products/4", name="steps start")

    @task
    def own(self):
        self.wait()
        self.client.get("/products/5", name="own")

    @task
    def done(self):
        print(type(self.user).__name__, [one.__name__ for one in self.tasks])
        leave(self.user)

    def on_stop(self):
        self.client.get("/products/6", name="steps stop")


class Derived(Base):
    tasks = [Steps]

    def on_start(self):
        super().on_start()
        self.client.get("/products/7", name="derived starts")
