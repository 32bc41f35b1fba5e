"""What a request's listener is told: context, url, start_time, the user in context()."""
from locust import HttpUser, constant, events, task
from parting import leave


@events.request.add_listener
def told(request_type, name, response_time, response_length, response, context, exception,
         start_time, url, **kwargs):
    print(request_type, name, response_length, response is not None, sorted(context.items()),
          repr(exception), start_time > 1e9, url.split("/", 3)[3], sorted(kwargs))


class Teller(HttpUser):
    wait_time = constant(0)

    def context(self):
        return {"user": "teller"}

    @task
    def tell(self):
        self.client.get("/products/1")
        self.client.get("/products/2", context={"page": 2})
        self.client.get("/status/404", name="missing")
        with self.client.post("/products/details", json={"name": "Phone"}, catch_response=True,
                              context={"x": 1}) as answer:
            answer.failure("as wished")
        leave(self)
