"""Beside the locustfiles here: ends a run once all of its users have done their work, so that what
they did is the same in every run."""
import gevent
from locust.exception import StopUser

gone = []


def quit_when_all_left(runner):
    while runner.user_count:
        gevent.sleep(0.02)
    runner.quit()


def leave(user):
    """The user ends, after its on_stop; the last one of them takes the run with it."""
    gone.append(user)
    if len(gone) == user.environment.parsed_options.num_users:
        gevent.spawn(quit_when_all_left, user.environment.runner)
    raise StopUser()
