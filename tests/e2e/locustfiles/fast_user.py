"""FastHttpUser: its session, its response, rest(), and its ways with errors."""
from locust import FastHttpUser, constant, task
from parting import leave


class Fast(FastHttpUser):
    wait_time = constant(0.001)
    default_headers = {"X-Kind": "fast"}

    @task
    def everything(self):
        answer = self.client.get("/products/1")
        print(answer.status_code, answer.json()["name"], answer.headers["content-type"],
              len(answer.text), answer.url.replace(self.host, ""))
        sent = self.client.post("/echo", data="x=1", headers={"X-More": "2"}).json()
        print(sent["headers"]["X-Kind"], sent["headers"]["X-More"], sent["body"])
        self.client.get("/redirect/2", name="redirected")
        print(self.client.get("/redirect/1", name="not followed",
                              allow_redirects=False).status_code)
        self.client.get("/status/404")
        with self.client.get("/status/409", catch_response=True) as response:
            if response.status_code == 409:
                response.success()
        with self.client.get("/products/2", catch_response=True) as response:
            response.failure("not what was wanted")
        with self.rest("GET", "/products/3", name="rest") as response:
            if response.js["category"] != "Books":
                response.failure(f"category {response.js['category']}")
        with self.rest("POST", "/echo", json={"a": [1, 2]}, name="rest post") as response:
            print(response.js["body"])
        self.client.get("/gzip", name="gzip")
        self.client.get("/cookie/set")
        print(self.client.get("/cookie/check").status_code)
        leave(self)
