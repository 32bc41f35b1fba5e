"""Logs in, keeps the token in the session's headers, and is refused without it."""
import json

from locust import HttpUser, constant, task
from parting import leave


class Member(HttpUser):
    wait_time = constant(0.001)
    calls = 0

    def on_start(self):
        with self.client.get("/bearer", name="before login", catch_response=True) as response:
            if response.status_code == 401:
                response.success()
        answer = self.client.post("/echo", json={"user": "demo", "token": "demo-token"},
                                  name="login")
        token = json.loads(answer.json()["body"])["token"]
        self.client.headers.update({"Authorization": f"Bearer {token}"})

    @task
    def protected(self):
        self.client.get("/bearer", name="with token").raise_for_status()
        self.client.get("/bearer", name="wrong token",
                        headers={"Authorization": "Bearer x"})
        self.client.get("/basic-auth", auth=("demo", "demo"), name="basic")
        self.calls += 1
        if self.calls == 3:
            del self.client.headers["Authorization"]
            self.client.get("/bearer", name="after logout")
            leave(self)
