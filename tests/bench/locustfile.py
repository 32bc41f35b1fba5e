"""What locust_bench.py runs with squall and with Locust; the command line chooses the class."""
import random
import time

from locust import FastHttpUser, HttpUser, constant, constant_throughput

ORDER = {"product": 7, "quantity": 3}
RATE = 10  # requests a second of a paced user


def get(user):
    user.client.get("/index.json")


def check(user):
    with user.client.get("/index.json", catch_response=True) as response:
        if response.json()["stock"] != 50:
            response.failure("wrong stock")


def post(user):
    user.client.post("/orders", json=ORDER)


class Paced:
    wait_time = constant_throughput(RATE)

    def on_start(self):
        time.sleep(random.random() / RATE)  # or the users would go in step for ever


class HttpGet(HttpUser):
    tasks = [get]


class FastGet(FastHttpUser):
    tasks = [get]


class HttpCheck(HttpUser):
    tasks = [check]


class FastCheck(FastHttpUser):
    tasks = [check]


class HttpPost(HttpUser):
    tasks = [post]


class FastPost(FastHttpUser):
    tasks = [post]


class HttpPaced(Paced, HttpUser):
    tasks = [get]


class FastPaced(Paced, FastHttpUser):
    tasks = [get]


class HttpIdle(HttpUser):
    wait_time = constant(3600)
    tasks = [get]


class FastIdle(FastHttpUser):
    wait_time = constant(3600)
    tasks = [get]
