"""Runners: what user code asks about a run, and how it ends or changes one.

The run itself is the engine's. A runner here answers from it, and turns wishes into notes for the
process that started this one. Interpreter's thread, any greenlet.
"""

import json
import logging
import traceback
import uuid
from collections.abc import Mapping

import gevent
from gevent.pool import Group

from . import _native
from ._control import make_control
from .log import HOSTNAME, greenlet_exception_logger
from .rpc.protocol import Message

logger = logging.getLogger(__name__)

STATE_INIT = "ready"
STATE_SPAWNING = "spawning"
STATE_RUNNING = "running"
STATE_CLEANUP = "cleanup"
STATE_STOPPING = "stopping"
STATE_STOPPED = "stopped"
STATE_MISSING = "missing"

# For programs that set them; squall has its own intervals (docs/locust-compatibility.md).
WORKER_REPORT_INTERVAL = 3.0
WORKER_LOG_REPORT_INTERVAL = 10
CPU_MONITOR_INTERVAL = 5.0
CPU_WARNING_THRESHOLD = 90
HEARTBEAT_INTERVAL = 1
HEARTBEAT_LIVENESS = 3
HEARTBEAT_DEAD_INTERNAL = -60
MASTER_HEARTBEAT_TIMEOUT = 60
FALLBACK_INTERVAL = 5
CONNECT_TIMEOUT = 5
CONNECT_RETRY_COUNT = 60

# The type of the messages that carry an agent's report; locustfiles have no use for it.
REPORT_MESSAGE = "squall.worker_report"

greenlet_exception_handler = greenlet_exception_logger(logger)


class WorkerNode:
    """A worker as its master sees it."""

    def __init__(self, node_id, state=STATE_INIT, user_count=0):
        self.id = node_id
        self.state = state
        self.user_count = user_count
        self.cpu_usage = 0
        self.memory_usage = 0
        self.user_classes_count = {}

    def __repr__(self):
        return f"<WorkerNode {self.id} {self.state}, {self.user_count} users>"


class WorkerNodes(Mapping):
    """{id: WorkerNode}, and lists by state."""

    def __init__(self):
        self._nodes = {}

    def replace(self, nodes):
        self._nodes = {node.id: node for node in nodes}

    def __getitem__(self, node_id):
        return self._nodes[node_id]

    def __iter__(self):
        return iter(self._nodes)

    def __len__(self):
        return len(self._nodes)

    def in_state(self, *states):
        return [node for node in self._nodes.values() if node.state in states]

    @property
    def all(self):
        return list(self._nodes.values())

    @property
    def ready(self):
        return self.in_state(STATE_INIT)

    @property
    def spawning(self):
        return self.in_state(STATE_SPAWNING)

    @property
    def running(self):
        return self.in_state(STATE_RUNNING)

    @property
    def missing(self):
        return self.in_state(STATE_MISSING)


class Runner:
    """What the three kinds have in common; made by the Environment."""

    node_id = "local"

    def __init__(self, environment):
        self.environment = environment
        # {hash of the traceback: {"count", "msg", "traceback", "nodes"}}
        self.exceptions = {}
        self.custom_messages = {}
        self._ended = False
        self.control = make_control(self)
        self.greenlet = Group()
        self.user_greenlets = Group()
        self.shape_greenlet = None
        self.shape_last_tick = None
        self.spawning_greenlet = None
        self.current_cpu_usage = 0
        self.current_memory_usage = 0
        self.cpu_warning_emitted = False
        self.final_user_classes_count = {}
        # What target_user_count is before there is a run.
        self._wished_users = getattr(environment.parsed_options, "num_users", None) or 0
        environment.events.user_error.add_listener(self._on_user_error)

    def __repr__(self):
        return f"<{type(self).__name__} {self.state}, {self.user_count} users>"

    @property
    def stats(self):
        return self.environment.stats

    @property
    def errors(self):
        """The failures of requests; stats.errors."""
        return self.stats.errors

    @property
    def state(self):
        if self._ended:
            return STATE_STOPPED
        state = _native.engine.run_state()
        return STATE_CLEANUP if state == STATE_STOPPING else state

    def set_state(self, state):
        """Called as the run proceeds. Only a master has to keep it; others ask their engine, which
        still has to close its books when no user is left."""
        self._ended = state == STATE_STOPPED

    @property
    def user_classes(self):
        return self.environment.user_classes

    @property
    def user_classes_by_name(self):
        return self.environment.user_classes_by_name

    @property
    def user_classes_count(self):
        """{name: how many users of it there are now}."""
        counts = {name: 0 for name in self.user_classes_by_name}
        counts.update(_native.engine.users_by_class())
        return counts

    @property
    def user_count(self):
        return sum(_native.engine.users_by_class().values())

    @property
    def target_user_count(self):
        if self.state == STATE_INIT:
            return self._wished_users
        return _native.engine.target_users()

    @property
    def target_user_classes_count(self):
        """{name: users} there are now; the engine deals out classes as it goes."""
        return self.user_classes_count

    def start(self, user_count, spawn_rate, wait=False, user_classes=None):
        """Changes how many users there are to be, and how fast; `wait`: returns when they are."""
        names = None if user_classes is None else [cls.__name__ for cls in user_classes]
        logger.info("Ramping to %d users at a rate of %.2f per second", user_count, spawn_rate)
        self.change(user_count, spawn_rate, names)
        while wait and self.user_count != user_count and self.state != STATE_STOPPED:
            gevent.sleep(0.05)

    def change(self, users, spawn_rate, class_names):
        """start() without a word in the log; new users are of these classes, or, None, of all."""
        self.control.change(users, spawn_rate, class_names)

    def spawn_users(self, user_classes_spawn_count, wait=False):
        """Adds users; of these classes only, when that is not all of them. `wait` as in start()."""
        more = sum(user_classes_spawn_count.values())
        classes = [self.user_classes_by_name[name] for name in user_classes_spawn_count]
        self.start(
            self.target_user_count + more,
            max(more, 1),
            wait,
            None if len(classes) == len(self.user_classes) else classes,
        )

    def stop(self):
        """Ends the run; what else then happens is for the command line to say."""
        self.control.stop()

    def quit(self):
        """Ends the run and, after it, the process."""
        self.control.quit()

    def start_shape(self):
        """Asks the shape once a second from now on, until it or the run ends."""
        if self.shape_greenlet is None:
            self.shape_greenlet = gevent.spawn(self._shape_worker)
            self.shape_greenlet.link_exception(greenlet_exception_handler)

    def stop_shape(self):
        """The shape is asked no more; its greenlet may be the one that calls."""
        greenlet, self.shape_greenlet = self.shape_greenlet, None
        if greenlet is not None and greenlet is not gevent.getcurrent():
            greenlet.kill(block=False)

    def _shape_worker(self):
        from ._shape_ticker import ShapeTicker

        ShapeTicker(self).run()

    def log_exception(self, node_id, msg, formatted_tb, count=1):
        """Counts exceptions of tasks."""
        key = hash(formatted_tb)
        row = self.exceptions.setdefault(
            key, {"count": 0, "msg": msg, "traceback": formatted_tb, "nodes": set()}
        )
        row["count"] += count
        row["nodes"].add(node_id)

    def _on_user_error(self, user_instance, exception, tb, **_kwargs):
        text = "".join(traceback.format_tb(tb)) if tb is not None else ""
        self.log_exception(self.node_id, str(exception), text)

    def register_message(self, msg_type, listener, concurrent=False):
        """Calls listener(environment=…, msg=…) for each message of this type.

        concurrent: in a greenlet of its own, so that it may wait without holding up others.
        """
        if msg_type in self.custom_messages:
            raise ValueError(f"a listener for the message {msg_type!r} is registered already")
        self.custom_messages[msg_type] = (listener, concurrent)

    def send_message(self, msg_type, data=None, client_id=None):
        """Sends a message to the other side: a master's goes to one worker or to all."""
        raise NotImplementedError

    def handle_message(self, msg_type, data, node_id):
        """Gives a message that arrived to its listener."""
        if msg_type == REPORT_MESSAGE:
            self._take_report(node_id, data)
            return
        entry = self.custom_messages.get(msg_type)
        if entry is None:
            logger.warning("No listener for the message %r from %s", msg_type, node_id)
            return
        listener, concurrent = entry
        message = Message(msg_type, data, node_id)
        if concurrent:
            greenlet = gevent.spawn(listener, environment=self.environment, msg=message)
            greenlet.link_exception(greenlet_exception_handler)
            return
        try:
            listener(environment=self.environment, msg=message)
        except Exception:
            logger.exception("The listener of the message %r failed", msg_type)

    def _take_report(self, client_id, report):
        for row in report["exceptions"]:
            self.log_exception(client_id, row["msg"], row["traceback"], row["count"])
        self.environment.events.worker_report.fire(client_id=client_id, data=report["data"])

    def log_all_spawned(self, user_count):
        """Says in the log that the ramp is over."""
        counts = json.dumps(self.user_classes_count)
        logger.info("All users spawned: %s (%d total users)", counts, user_count)


class LocalRunner(Runner):
    """Users and everything else in this process."""

    worker_index = 0
    worker_count = 1

    def __init__(self, environment):
        super().__init__(environment)
        self.client_id = f"{HOSTNAME}_{uuid.uuid4().hex}"

    def change(self, users, spawn_rate, class_names):
        _native.engine.set_allowed_classes(class_names)
        super().change(users, spawn_rate, class_names)

    def send_message(self, msg_type, data=None, client_id=None):
        self.handle_message(msg_type, data, self.node_id)


class DistributedRunner(Runner):
    """A runner that has others on the other side."""


class MasterRunner(DistributedRunner):
    """The side that has no users but knows of all."""

    node_id = "master"

    def __init__(self, environment, master_bind_host="*", master_bind_port=5557):
        super().__init__(environment)
        self.master_bind_host = master_bind_host
        self.master_bind_port = master_bind_port
        self.clients = WorkerNodes()
        self._state = STATE_INIT

    @property
    def worker_count(self):
        return len(self.clients.in_state(STATE_INIT, STATE_SPAWNING, STATE_RUNNING))

    @property
    def user_count(self):
        return sum(node.user_count for node in self.clients.values())

    @property
    def state(self):
        return self._state

    @property
    def target_user_count(self):
        return _native.engine.target_users() or self._wished_users

    def set_state(self, state):
        self._state = state

    def change(self, users, spawn_rate, class_names):
        self._wished_users = users
        self._state = STATE_SPAWNING
        super().change(users, spawn_rate, class_names)

    def update_workers(self, workers):
        """Takes what the coordinator knows of its agents."""
        new = [node["id"] for node in workers if node["id"] not in self.clients]
        self.clients.replace(
            WorkerNode(node["id"], node.get("state", STATE_INIT), node.get("users", 0))
            for node in workers
        )
        for client_id in new:
            self.environment.events.worker_connect.fire(client_id=client_id)

    def send_message(self, msg_type, data=None, client_id=None):
        self.control.send_message(msg_type, data, client_id)


class WorkerRunner(DistributedRunner):
    """The side that has users and does as the master says."""

    def __init__(
        self, environment, master_host="127.0.0.1", master_port=5557, client_id="", worker_index=-1
    ):
        super().__init__(environment)
        self.master_host = master_host
        self.master_port = master_port
        self.client_id = client_id
        self.worker_index = worker_index
        self._reported = {}
        self._wished_users = 0  # a share of them, which the master says at the start

    @property
    def node_id(self):
        return self.client_id

    def take_new_exceptions(self):
        """What has come since the last call, for the coordinator's runner.exceptions."""
        new = []
        for key, row in self.exceptions.items():
            count = row["count"] - self._reported.get(key, 0)
            if count > 0:
                new.append({"msg": row["msg"], "traceback": row["traceback"], "count": count})
            self._reported[key] = row["count"]
        return new

    def start(self, user_count, spawn_rate, wait=False, user_classes=None):
        logger.warning("A worker's users are the master's to change: start() has no effect")

    def start_shape(self):
        """Has no effect: shapes are the master's."""

    def send_message(self, msg_type, data=None, client_id=None):
        self.control.send_message(msg_type, data, client_id)
