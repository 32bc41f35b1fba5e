"""Users end after some turns, one of them while it starts; the run goes on to its end."""
from locust import HttpUser, constant, task
from locust.exception import StopUser

numbers = iter(range(100))


class Tired(HttpUser):
    wait_time = constant(0.001)

    def on_start(self):
        self.number = next(numbers)
        self.turns = 0
        if self.number == 2:
            self.client.get("/products/1", name="never began")
            raise StopUser()

    @task
    def work(self):
        self.turns += 1
        self.client.get("/products/1", name=f"user {self.number}")
        if self.turns == 3 + self.number:
            if self.number == 1:
                self.stop()
            else:
                raise StopUser()

    def on_stop(self):
        self.client.get("/products/2", name="stopped")
