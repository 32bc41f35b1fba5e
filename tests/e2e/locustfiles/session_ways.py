"""A session as `requests` has it: cookies, redirects, forms, files, JSON, errors."""
from locust import HttpUser, constant, task
from parting import leave


class Ways(HttpUser):
    wait_time = constant(0)

    @task
    def everything(self):
        client = self.client
        print(client.get("/cookie/set").cookies.get_dict(), client.cookies.get("session"),
              client.get("/cookie/check").status_code)
        answer = client.get("/redirect/2")
        print(answer.status_code, [one.status_code for one in answer.history],
              answer.url.replace(self.host, ""))
        answer = client.get("/redirect/1", allow_redirects=False)
        print(answer.status_code, answer.headers["location"], answer.is_redirect, bool(answer))
        for sent in (client.post("/echo", data={"a": "1", "b": "two words"}),
                     client.post("/echo", json={"a": None}),
                     client.post("/echo", data=b"\x01raw", headers={"Content-Type": "a/b"})):
            got = sent.json()
            print(got["headers"].get("Content-Type"), got["body_bytes"], sent.ok, sent.reason)
        sent = client.post("/echo", files={"file": ("a.txt", b"inside", "text/plain")}).json()
        print(sent["headers"]["Content-Type"].split(";")[0], "inside" in sent["body"])
        print(client.get("/gzip").json(), client.get("/chunked").text)
        print(len(client.get("/bytes/5000", name="/bytes/[n]").content),
              client.head("/products/1").headers["Content-Length"],
              client.options("/products/1", name="options").status_code,
              client.delete("/products/1", name="delete").status_code,
              client.patch("/products/1", name="patch").status_code)
        with client.get("/bytes/5000", name="stream", stream=True, catch_response=True) as answer:
            print(sum(map(len, answer.iter_content(1000))))
        answer = client.get("/products/1", params={"a": [1, 2], "b": "ä"}, name="params")
        print(answer.request.method, answer.request.path_url, answer.encoding,
              answer.elapsed.total_seconds() > 0)
        client.get("/drop")
        client.get("/delay/2000", timeout=0.1, name="too slow")
        leave(self)
