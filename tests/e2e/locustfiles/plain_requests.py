"""`requests` used directly is not counted, unless the file does it itself."""
import time

import requests
from locust import HttpUser, constant, task
from parting import leave


class Mixed(HttpUser):
    wait_time = constant(0)
    turns = 0

    @task
    def mix(self):
        token = requests.post(self.host + "/echo", json={"a": 1}, timeout=30)
        assert token.json()["body"] == '{"a": 1}'
        self.client.get("/products/1")
        with requests.Session() as session:
            session.get(self.host + "/cookie/set", timeout=30)
            begin = time.perf_counter()
            answer = session.get(self.host + "/cookie/check", timeout=30)
            self.environment.events.request.fire(
                request_type="PLAIN", name="cookie", exception=None, response=answer, context={},
                response_time=(time.perf_counter() - begin) * 1000,
                response_length=len(answer.content))
        print(answer.status_code, self.client.get("/cookie/check", name="no cookie").status_code)
        try:
            self.client.get("/status/404").raise_for_status()
        except requests.exceptions.HTTPError as error:
            print(str(error).replace(self.host, ""))
        self.turns += 1
        if self.turns == 2:
            leave(self)
