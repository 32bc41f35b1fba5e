"""Each user is a line of a CSV file beside this one."""
import csv
import pathlib

from locust import HttpUser, constant, task
from parting import leave

with open(pathlib.Path(__file__).with_name("people.csv"), newline="", encoding="utf-8") as file:
    PEOPLE = list(csv.DictReader(file))


class Person(HttpUser):
    wait_time = constant(0.001)

    def on_start(self):
        self.person = PEOPLE.pop(0)
        self.client.headers["X-Person"] = self.person["name"]

    @task
    def shop(self):
        category = self.person["category"]
        for _ in range(int(self.person["wants"])):
            self.client.get(f"/products?category={category}")
        answer = self.client.get("/products", params={"category": category}, name="in order")
        found = len(answer.json()["data"])
        answer = self.client.post("/echo", json=self.person)
        sent = answer.json()
        print(category, found, sent["headers"]["X-Person"], sent["headers"]["Content-Type"],
              sent["body"])
        leave(self)
