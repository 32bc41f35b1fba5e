"""Load tests in Python: Squall's own implementation of the interface that Locust defines.

https://docs.locust.io describes that interface; docs/locust-compatibility.md says where Squall
differs. Requests, timing and statistics are native (the module _squall).
"""

import os as _os

if not _os.environ.get("LOCUST_SKIP_MONKEY_PATCH"):
    # Before anything else is imported: time.sleep, sockets and locks in a task let others run.
    import gevent.monkey as _monkey

    _monkey.patch_all()

from .event import Events

__version__ = "2.46.3"  # of the interface; `squall --version` tells of the program
events = Events()

from .contrib.fasthttp import FastHttpUser  # noqa: E402  (these need `events`)
from .debug import run_single_user  # noqa: E402
from .shape import LoadTestShape  # noqa: E402
from .user import wait_time  # noqa: E402
from .user.markov_taskset import MarkovTaskSet, transition, transitions  # noqa: E402
from .user.sequential_taskset import SequentialTaskSet  # noqa: E402
from .user.task import TaskSet, tag, task  # noqa: E402
from .user.users import HttpUser, User  # noqa: E402
from .user.wait_time import (  # noqa: E402
    between,
    constant,
    constant_pacing,
    constant_throughput,
)
from .util.deprecation import DeprecatedHttpLocustClass as HttpLocust  # noqa: E402
from .util.deprecation import DeprecatedLocustClass as Locust  # noqa: E402

__all__ = (
    "FastHttpUser",
    "HttpLocust",
    "HttpUser",
    "LoadTestShape",
    "Locust",
    "MarkovTaskSet",
    "SequentialTaskSet",
    "TaskSet",
    "User",
    "__version__",
    "between",
    "constant",
    "constant_pacing",
    "constant_throughput",
    "events",
    "run_single_user",
    "tag",
    "task",
    "transition",
    "transitions",
    "wait_time",
)
