"""catch_response in all its uses: failure(), success() of an error, exceptions in the block."""
import requests
from locust import HttpUser, SequentialTaskSet, constant, events, task
from locust.exception import CatchResponseError, ResponseError
from parting import leave


class Judgements(SequentialTaskSet):
    wait_time = constant(0.001)

    @task
    def failure_of_a_good_one(self):
        with self.client.get("/products/1", catch_response=True) as response:
            response.failure("too cheap")

    @task
    def failure_by_exception(self):
        with self.client.get("/products/2", catch_response=True) as response:
            response.failure(ValueError("a value"))

    @task
    def success_of_a_bad_one(self):
        with self.client.get("/status/404", catch_response=True) as response:
            response.success()

    @task
    def undecided(self):
        with self.client.get("/status/500", catch_response=True, name="undecided"):
            pass
        with self.client.get("/products/3", catch_response=True, name="undecided"):
            pass

    @task
    def raised(self):
        with self.client.get("/products/4", catch_response=True):
            raise CatchResponseError("raised in the block")

    @task
    def raised_too(self):
        with self.client.get("/products/5", catch_response=True):
            raise ResponseError("wrong answer")

    @task
    def the_last_word(self):
        with self.client.get("/products/6", catch_response=True) as response:
            response.success()
            response.failure("on second thoughts")
        with self.client.get("/products/7", catch_response=True) as response:
            response.failure("at first")
            response.success()

    @task
    def other_numbers(self):
        with self.client.get("/products/8", catch_response=True) as response:
            response.request_meta["name"] = "renamed"
            response.request_meta["request_type"] = "LOOK"
            response.request_meta["response_length"] = 1234
        with self.client.rename_request("renamed for a block"):
            self.client.get("/products/9")
        self.client.request_name = "renamed for long"
        self.client.get("/products/10")
        self.client.request_name = None

    @task
    def refused(self):
        answer = self.client.get("http://127.0.0.1:1/nobody", name="refused")
        print(answer.status_code, repr(answer.text),
              isinstance(answer.error, requests.exceptions.ConnectionError))
        try:
            answer.raise_for_status()
        except requests.exceptions.RequestException as error:
            print("raised", error.response)
        with self.client.get("http://127.0.0.1:1/nobody", name="refused, expected",
                             catch_response=True) as response:
            if response.status_code == 0:
                response.success()

    @task
    def the_end(self):
        leave(self.user)


class Judge(HttpUser):
    tasks = [Judgements]


@events.test_stop.add_listener
def show(environment, **_):
    for error in sorted(environment.stats.errors.values(), key=lambda error: error.name):
        print(error.method, error.name, error.occurrences)
    print(environment.stats.get("renamed", "LOOK").total_content_length)
