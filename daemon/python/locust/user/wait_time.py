"""How long a user waits between two tasks: values for `wait_time` of a user or a task set."""

import random
import time


def no_wait(_user):
    """What constant(0) gives; the task loop knows it and does not call it."""
    return 0


def between(min_wait, max_wait):
    """A random time, each one in the range as likely as any other."""
    span = max_wait - min_wait
    draw = random.random

    def wait(_user):
        return min_wait + draw() * span

    return wait


def constant(wait_time):
    """Always the same time."""
    if not wait_time:
        return no_wait

    def wait(_user):
        return wait_time

    return wait


def constant_pacing(wait_time):
    """Tasks start `wait_time` seconds apart; one that takes longer is followed at once.

    A request that starts late has its response time taken from when it was due.
    """

    def wait(user):
        now = time.perf_counter()
        idle = wait_time - (now - user._cp_last_run - user._cp_last_wait_time)
        user._set_due(now + idle)
        idle = max(0, idle)
        user._cp_last_run = now
        user._cp_last_wait_time = idle
        return idle

    return wait


def constant_throughput(task_runs_per_second):
    """Each user starts so many tasks per second, if they are quick enough."""
    return constant_pacing(1 / task_runs_per_second)
