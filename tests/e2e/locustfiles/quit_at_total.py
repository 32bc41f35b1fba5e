"""A task ends the whole run when a number is reached; the others are asleep then."""
from locust import HttpUser, constant, task

total = 0


class Counting(HttpUser):
    wait_time = constant(30)

    @task
    def count(self):
        global total
        self.client.get("/products/1", name="counted")
        total += 1
        if total == 4:
            self.environment.runner.quit()
