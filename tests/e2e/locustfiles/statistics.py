"""What code reads of the statistics while and after a run."""
import time

from locust import HttpUser, constant, events, task
from parting import leave


class Reader(HttpUser):
    wait_time = constant(0.001)
    turns = 0

    @task
    def read(self):
        self.turns += 1
        self.client.get("/products/1")
        self.client.get("/status/500", name="broken")
        time.sleep(0.2)  # squall's statistics may be a tenth of a second old
        stats = self.environment.runner.stats
        print(self.turns, stats.num_requests, stats.num_failures,
              stats.get("/products/1", "GET").num_requests, stats.total.fail_ratio)
        if self.turns == 4:
            leave(self)


@events.test_stop.add_listener
def show(environment, **_):
    for (name, method), entry in sorted(environment.stats.entries.items()):
        print(name, method, entry.num_requests, entry.num_failures,
              entry.total_content_length, entry.avg_content_length,
              entry.min_response_time <= entry.median_response_time <= entry.max_response_time + 1,
              entry.get_response_time_percentile(0.5) is not None)
    for error in environment.stats.errors.values():
        print(error.to_name(), error.occurrences)
    total = environment.stats.total
    print(total.name, total.num_requests, total.num_failures, total.fail_ratio,
          total.last_request_timestamp > total.start_time > 1e9, total.total_rps > 0)


@events.quitting.add_listener
def decide(environment, **_):
    if environment.stats.total.fail_ratio > 0.4:
        environment.process_exit_code = 3
