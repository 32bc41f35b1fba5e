"""Listeners that raise, a greenlet that dies, a failure() outside of its block."""
import gevent
from locust import HttpUser, constant, events, task
from locust.exception import LocustError
from parting import leave

calls = []


@events.request.add_listener
def raises(**kwargs):
    calls.append("first")
    raise ValueError("a listener's mistake")


@events.request.add_listener
def counts(**kwargs):
    calls.append("second")


class Noisy(HttpUser):
    wait_time = constant(0)

    @task
    def noise(self):
        self.client.get("/products/1")
        with self.client.get("/products/2", catch_response=True) as response:
            response.success()
        try:
            self.client.get("/products/3").failure("too late")
        except (AttributeError, LocustError) as error:
            print("refused:", type(error).__name__)
        gevent.spawn(lambda: 1 // 0).join()
        leave(self)


@events.test_stop.add_listener
def show(environment, **_):
    print(calls.count("first"), calls.count("second"))
