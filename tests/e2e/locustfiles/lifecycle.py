"""Every event of a run, in order; the exit code is the listener's."""
import time

from locust import HttpUser, constant, events, task
from parting import leave


@events.init.add_listener
def on_init(environment, runner, **kwargs):
    print("init", type(runner).__name__, environment.runner is runner,
          [user_class.__name__ for user_class in environment.user_classes])


@events.test_start.add_listener
def on_start(environment, **kwargs):
    print("test_start", environment.runner.stats.total.num_requests)


@events.spawning_complete.add_listener
def on_spawned(user_count, **kwargs):
    print("spawning_complete", user_count)


@events.test_stopping.add_listener
def on_stopping(environment, **kwargs):
    print("test_stopping")


@events.test_stop.add_listener
def on_stop(environment, **kwargs):
    total = environment.stats.total
    entry = environment.stats.get("/products/2", "GET")
    print("test_stop", total.num_requests, total.num_failures, entry.num_requests,
          environment.stats.total.fail_ratio)


@events.test_stop.add_listener
def on_stop_too(environment, **kwargs):
    raise RuntimeError("a listener's mistake harms no one")


@events.quitting.add_listener
def on_quitting(environment, **kwargs):
    print("quitting", environment.process_exit_code)
    environment.process_exit_code = 7


@events.quit.add_listener
def on_quit(exit_code, **kwargs):
    print("quit", exit_code)


class Worker(HttpUser):
    wait_time = constant(0)

    @task
    def work(self):
        time.sleep(0.3)  # the run is told to be complete meanwhile
        for number in (1, 2, 2, 3):
            self.client.get(f"/products/{number}")
        leave(self)
