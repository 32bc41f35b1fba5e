"""A client of a line protocol of one's own, over a socket, reported with events.request.fire; the
server is a greenlet of this file."""
import socket
import time

import gevent.server
from locust import User, constant, events, task
from parting import leave


def serve(connection, _address):
    with connection.makefile("rw") as lines:
        for line in lines:
            verb, _, rest = line.strip().partition(" ")
            lines.write({"ADD": lambda: str(sum(map(int, rest.split()))),
                         "PING": lambda: "PONG"}.get(verb, lambda: "ERROR no such verb")() + "\n")
            lines.flush()


server = gevent.server.StreamServer(("127.0.0.1", 0), serve)


@events.test_start.add_listener
def start_server(environment, **_):
    server.start()


class LineError(Exception):
    pass


class LineClient:
    def __init__(self, environment):
        self.environment = environment
        self.socket = socket.create_connection(server.address)
        self.lines = self.socket.makefile("rw")

    def call(self, verb, rest=""):
        meta = {"request_type": "LINE", "name": verb, "response_length": 0, "response": None,
                "context": {}, "exception": None, "start_time": time.time()}
        begin = time.perf_counter()
        try:
            self.lines.write(f"{verb} {rest}\n")
            self.lines.flush()
            meta["response"] = self.lines.readline().strip()
            meta["response_length"] = len(meta["response"])
            if meta["response"].startswith("ERROR"):
                raise LineError(meta["response"])
        except LineError as error:
            meta["exception"] = error
        meta["response_time"] = (time.perf_counter() - begin) * 1000
        self.environment.events.request.fire(**meta)
        return meta["response"]


class LineUser(User):
    abstract = True

    def __init__(self, environment):
        super().__init__(environment)
        self.client = LineClient(environment)


class Adder(LineUser):
    wait_time = constant(0.002)
    turns = 0

    @task
    def add(self):
        self.turns += 1
        assert self.client.call("ADD", f"{self.turns} 2 3") == str(self.turns + 5)
        assert self.client.call("PING") == "PONG"
        if self.turns % 2:
            self.client.call("DIVIDE", "1 0")
        if self.turns == 5:
            leave(self)


@events.test_stop.add_listener
def show(environment, **_):
    for (name, method), entry in sorted(environment.stats.entries.items()):
        print(method, name, entry.num_requests, entry.num_failures, entry.total_content_length)
