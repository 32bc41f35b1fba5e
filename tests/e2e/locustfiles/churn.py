"""Users come and go by the thousand, in the middle of whatever they do. At the end each of them
that has started must have stopped, and each request that came back must have been reported."""
import json
import os
import random
from collections import Counter

import gevent
from locust import FastHttpUser, HttpUser, LoadTestShape, TaskSet, between, constant, events, task

SECONDS = float(os.environ["CHURN_SECONDS"])
USERS = int(os.environ["CHURN_USERS"])

seen = Counter()


class UpAndDown(LoadTestShape):
    """All of them in one second, one of them in the next."""

    def tick(self):
        now = self.get_run_time()
        if now >= SECONDS:
            return None
        return (1 if int(now) % 2 else USERS), USERS


class Counted:
    def on_start(self):
        seen["started"] += 1

    def on_stop(self):
        seen["stopped"] += 1


class Browser(Counted, HttpUser):
    wait_time = between(0, 0.2)

    @task
    def look(self):
        self.client.get("/products/7", name="look")
        seen["look"] += 1

    @task
    def check(self):
        with self.client.get("/products/8", name="check", catch_response=True) as response:
            if response.json()["productID"] != 8:
                response.failure("another product")
        seen["check"] += 1

    @task
    def rest(self):
        gevent.sleep(random.random())

    @task
    def together(self):
        gevent.joinall([gevent.spawn(self.client.get, "/products/9", name="together")
                        for _ in range(2)])

    @task
    class Corner(TaskSet):
        wait_time = constant(0.01)

        @task(3)
        def stay(self):
            self.client.post("/products/details", json={"name": "Laptop"}, name="stay")

        @task
        def leave(self):
            self.interrupt()


class Hurried(Counted, FastHttpUser):
    wait_time = constant(0)

    @task(90)
    def look(self):
        self.client.get("/products/7", name="look")
        seen["look"] += 1

    @task(10)
    def lose_patience(self):
        with gevent.Timeout(0.01, False):
            self.client.get("/delay/1000", name="given up")
        seen["given up"] += 1

    @task
    def stumble(self):
        raise ValueError("stumbled")


class Timid(Counted, HttpUser):
    def on_start(self):
        super().on_start()
        self.client.get("/products/10", name="knock")

    def on_stop(self):
        super().on_stop()
        self.client.get("/products/11", name="goodbye")

    @task
    def vanish(self):
        gevent.sleep(random.random())
        self.stop()


@events.request.add_listener
def count(name, **_):
    seen["reported"] += 1


@events.quitting.add_listener
def tell(environment, **_):
    seen["total"] = environment.stats.total.num_requests
    print("churn:", json.dumps(seen))
