"""Task sets in task sets, left by interrupt() in both ways."""
from locust import HttpUser, TaskSet, constant, task
from parting import leave


class Customer(HttpUser):
    wait_time = constant(0.001)
    rounds = 0

    @task
    class Shop(TaskSet):
        def on_start(self):
            self.client.get("/products/1", name="shop entered")

        def on_stop(self):
            self.client.get("/products/2", name="shop left")

        @task
        class Shelf(TaskSet):
            looks = 0

            def on_start(self):
                self.client.get("/products/3", name="shelf")

            @task
            def look(self):
                self.looks += 1
                self.client.get("/products/4", name=f"look {self.looks}")
                if self.looks == 3:
                    self.interrupt(reschedule=self.user.rounds % 2 == 0)

            def on_stop(self):
                self.user.rounds += 1
                self.client.get("/products/5", name="shelf left")
                if self.user.rounds == 4:
                    print(type(self.parent).__name__, self.parent.user is self.user,
                          type(self.user).__name__)
                    leave(self.user)
