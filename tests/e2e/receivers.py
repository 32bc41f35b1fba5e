"""What outputs send to: a real InfluxDB, and receivers of HTTP and UDP that keep what they get or
misbehave as a test wants it. All on loopback, on free ports."""
import collections
import contextlib
import json
import re
import shutil
import socket
import ssl
import subprocess
import threading
import urllib.parse
import urllib.request

from harness import PATIENCE, wait_for

INFLUX = """reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:0"
  log-enabled = false
"""


class InfluxDb:
    """Debian's influxdb with one database, `squall`."""

    def __init__(self, folder):
        assert shutil.which("influxd"), "Debian's influxdb must be installed (scripts/setup)"
        config = folder / "influxdb.conf"
        config.write_text(INFLUX.format(folder=folder / "influxdb"))
        self.log_file = folder / "influxdb.log"
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen(["influxd", "-config", str(config)], stdout=log,
                                            stderr=log)
        self.url = f"http://127.0.0.1:{wait_for(self._port, 'influxd')}"
        self.ask("CREATE DATABASE squall", method="POST")

    def _port(self):
        text = self.log_file.read_text(errors="replace")
        assert self.process.poll() is None, text
        found = re.search(r"Listening on HTTP.*addr=127\.0\.0\.1:(\d+)", text)
        return found and found.group(1)

    def ask(self, query, method="GET"):
        """{tags: {column: value}} of the first row of each series."""
        text = urllib.parse.urlencode({"db": "squall", "q": query})
        request = urllib.request.Request(f"{self.url}/query?{text}", method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
            result = json.load(reply)["results"][0]
        assert "error" not in result, result
        return {tuple(series.get("tags", {}).values()):
                dict(zip(series["columns"], series["values"][0]))
                for series in result.get("series", [])}

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE)


class HttpReceiver:
    """Keeps the requests that it gets, and answers with `answer(number of the request)`: a status,
    or None for never."""

    def __init__(self, answer=lambda number: 204, certificate=None):
        self.answer = answer
        self.requests = []  # (head, body)
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.context = None
        if certificate is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*certificate)
        scheme = "http" if certificate is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        with contextlib.suppress(OSError):
            connection.settimeout(PATIENCE)
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as stream:
                while True:
                    head = b""
                    while not head.endswith(b"\r\n\r\n"):
                        line = stream.readline()
                        if not line:
                            return
                        head += line
                    length = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
                    body = stream.read(length)
                    with self.lock:
                        self.requests.append((head.decode(), body.decode(errors="replace")))
                        status = self.answer(len(self.requests))
                    if status is None:
                        stream.read(1)  # until the other side has had enough
                        return
                    connection.sendall(f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n".encode())

    def bodies(self, status=204):
        """Those that were answered with the status."""
        with self.lock:
            return [body for number, (_, body) in enumerate(self.requests, 1)
                    if self.answer(number) == status]

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self.listener.close()


def parse_line(line):
    """(measurement, tags, fields, time) of a line of InfluxDB's protocol; strictly."""
    parts = re.split(r"(?<!\\) ", line)
    assert len(parts) == 3, line
    keys = re.split(r"(?<!\\),", parts[0])
    pairs = [re.split(r"(?<!\\)=", pair) for pair in keys[1:]]
    assert all(len(pair) == 2 and all(pair) for pair in pairs), line
    fields = {}
    for pair in parts[1].split(","):
        name, value = pair.split("=")
        fields[name] = int(value[:-1]) if value.endswith("i") else float(value)
    tags = {name: re.sub(r"\\([,= ])", r"\1", value) for name, value in pairs}
    assert len(tags) == len(pairs), line
    return keys[0], tags, fields, int(parts[2])


class StatsdReceiver:
    """Adds up counters and keeps gauges, as a statsd does."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.counters = collections.Counter()
        self.gauges = {}
        self.sizes = []

    def take(self):
        """All that has come so far."""
        self.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                datagram = self.socket.recv(65536)
                self.sizes.append(len(datagram))
                for metric in datagram.decode().split("\n"):
                    name, value, kind, tags = re.fullmatch(
                        r"([A-Za-z0-9_.-]+):([0-9.e+-]+)\|([cg])(?:\|#(.+))?", metric).groups()
                    key = (name, tags) if tags else name
                    if kind == "c":
                        self.counters[key] += float(value)
                    else:
                        self.gauges[key] = float(value)

    def stop(self):
        self.socket.close()
