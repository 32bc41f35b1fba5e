"""time.sleep() in a task gives the others their turn."""
import time

from locust import HttpUser, constant, events, task
from parting import leave

log = []


class Sleeper(HttpUser):
    wait_time = constant(0)

    @task
    def sleep(self):
        log.append("goes to bed")
        self.client.get("/products/1", name="before")
        time.sleep(0.5)
        self.client.get("/products/2", name="after")
        log.append("wakes up")
        leave(self)


@events.test_stop.add_listener
def show(environment, **_):
    print(*log, sep="\n")
