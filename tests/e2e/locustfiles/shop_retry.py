"""A client of one's own over an HttpSession that is given no more than its base_url."""
import time
from urllib.parse import urljoin

from locust import User, constant, task
from locust.clients import HttpSession
from parting import leave


class PatientClient:
    def __init__(self, base_url, user):
        self.session = HttpSession(base_url=base_url)
        self.user = user

    def ask(self, method, path, **kwargs):
        attempts = kwargs.pop("attempts", 3)
        pause = kwargs.pop("pause", 0.02)
        address = urljoin(self.session.base_url, path)
        for attempt in range(attempts):
            name = kwargs.pop("name", path)
            with self.session.request(method, address, name=name, **kwargs) as response:
                if response.status_code < 500:
                    return response
                if attempt < attempts - 1:
                    time.sleep(pause)
        return response


class PatientUser(User):
    wait_time = constant(0)

    def on_start(self):
        self.client = PatientClient(self.host, self)

    @task
    def three_calls(self):
        answers = [self.client.ask("GET", "/products/1", name="first"),
                   self.client.ask("GET", "/status/404", name="client's fault"),
                   self.client.ask("GET", "/status/503", name="server's fault", attempts=4)]
        print([answer.status_code for answer in answers])
        leave(self)
