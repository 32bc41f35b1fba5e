"""The exceptions of the interface, for locustfiles to raise or to catch."""


class LocustError(Exception):
    """Something in the locustfile is used in a way that cannot work."""


class ResponseError(Exception):
    """Raised in a with-block of a request: the request failed."""


class CatchResponseError(Exception):
    """What `response.failure("text")` reports."""


class MissingWaitTimeError(LocustError):
    """Neither the user nor the task set says how long to wait."""


class InterruptTaskSet(Exception):
    """Leaves the task set; `reschedule`: its parent goes on without a wait."""

    def __init__(self, reschedule=True):
        super().__init__(reschedule)
        self.reschedule = reschedule


class StopUser(Exception):
    """Ends this user, after its on_stop."""


class StopTest(Exception):
    """Ends the whole run."""


class RescheduleTask(Exception):
    """Ends the task, as a return does."""


class RescheduleTaskImmediately(Exception):
    """Ends the task, and the next one starts without a wait."""


class RPCError(Exception):
    """A message between coordinator and agent that cannot be sent or read."""


class RPCSendError(RPCError):
    """A message that cannot be sent."""


class RPCReceiveError(RPCError):
    """A message that cannot be read; `addr` is who sent it, if known."""

    def __init__(self, *args, addr=None):
        super().__init__(*args)
        self.addr = addr


class RunnerAlreadyExistsError(Exception):
    """An environment has one runner only."""
