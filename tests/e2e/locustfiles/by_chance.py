"""Weighted tasks and waits by chance: with one seed, the same choices."""
import random

from locust import HttpUser, TaskSet, between, task
from parting import leave

random.seed(2024)


def look(taskset):
    taskset.client.get("/products/1", name="look")
    taskset.user.seen("look")


def search(taskset):
    taskset.client.get("/products?category=Books", name="search")
    taskset.user.seen("search")


class Shelf(TaskSet):
    tasks = {look: 3, search: 1}

    @task(2)
    def put_back(self):
        self.user.seen("put back")
        self.interrupt()


class Chance(HttpUser):
    wait_time = between(0.001, 0.003)
    tasks = [Shelf, Shelf, look]
    done = ""

    @task(4)
    def quick(self):
        self.client.get(f"/products/{random.choice([1, 2, 3])}")
        self.seen("quick")

    @property
    def user(self):  # look() and search() are tasks of the user too
        return self

    def seen(self, what):
        self.done += what[0]
        if len(self.done) == 60:
            print(self.done)
            leave(self)
