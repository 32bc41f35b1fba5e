"""Requests of one user at the same time: gevent.spawn and a Pool in a task."""
import gevent
from gevent.pool import Pool
from locust import HttpUser, constant, task
from parting import leave


class Browser(HttpUser):
    wait_time = constant(0)
    pages = 0

    def fetch(self, number):
        return self.client.get(f"/delay/{number}", name="/delay/[ms]").status_code

    @task
    def page(self):
        greenlets = [gevent.spawn(self.fetch, number) for number in (20, 1, 10, 5)]
        gevent.joinall(greenlets)
        print([greenlet.value for greenlet in greenlets])
        pool = Pool(3)
        for number in range(6):
            pool.spawn(self.client.get, f"/products/{number + 1}", name="/products/[id]")
        pool.join()
        failing = gevent.spawn(self.client.get, "/status/500")
        print(failing.get().status_code)
        self.pages += 1
        if self.pages == 2:
            leave(self)
