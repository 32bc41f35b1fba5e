"""A receiver of OTLP, over gRPC and over HTTP: keeps the spans and the figures that it gets, or
refuses them, or says nothing at all.

Messages are read by the numbers of their fields (opentelemetry-proto, v1), since Debian has no
Python package of them.
"""
import concurrent.futures
import dataclasses
import http.server
import pathlib
import ssl
import struct
import threading

import grpc

TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
METRICS = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"


def _varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        shift += 7
        if byte < 0x80:
            return value, at


def fields(data):
    """Number -> values in order: whole numbers as unsigned, the rest as bytes."""
    found = {}
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _varint(data, at)
        elif kind == 1:
            value, at = data[at:at + 8], at + 8
        elif kind == 5:
            value, at = data[at:at + 4], at + 4
        elif kind == 2:
            size, at = _varint(data, at)
            value, at = data[at:at + size], at + size
            if len(value) != size:
                raise ValueError("cut off")
        else:
            raise ValueError(f"wire type {kind}")
        found.setdefault(number, []).append(value)
    return found


def _first(message, number, default=b""):
    return message.get(number, [default])[0]


def _fixed(data):
    return struct.unpack("<Q", data)[0] if data else 0


def _double(data):
    return struct.unpack("<d", data)[0]


def _signed(value):
    return value - (1 << 64) if value >> 63 else value


def _any(data):
    value = fields(data)
    for number, read in ((1, bytes.decode), (2, bool), (3, _signed), (4, _double), (7, bytes)):
        if number in value:
            return read(value[number][0])
    return None


def attributes(pairs):
    result = {}
    for pair in pairs:
        pair = fields(pair)
        result[_first(pair, 1).decode()] = _any(_first(pair, 2))
    return result


@dataclasses.dataclass
class Span:
    resource: dict
    scope: str
    trace_id: str
    span_id: str
    parent: str
    name: str
    kind: int
    begin: int
    end: int
    attributes: dict
    events: list
    status: int
    reason: str
    flags: int


@dataclasses.dataclass
class Point:
    resource: dict
    metric: str
    unit: str
    kind: str  # "gauge", "sum", "histogram"
    cumulative: bool
    monotonic: bool
    attributes: dict
    value: float  # of a histogram: its sum
    count: int = 0
    buckets: tuple = ()
    bounds: tuple = ()


def read_spans(data):
    for group in map(fields, fields(data).get(1, [])):
        resource = attributes(fields(_first(group, 1)).get(1, []))
        for scope in map(fields, group.get(2, [])):
            scope_name = _first(fields(_first(scope, 1)), 1).decode()
            for span in map(fields, scope.get(2, [])):
                status = fields(_first(span, 15))
                flags = _first(span, 16)
                yield Span(resource, scope_name, _first(span, 1).hex(), _first(span, 2).hex(),
                           _first(span, 4).hex(), _first(span, 5).decode(), _first(span, 6, 0),
                           _fixed(_first(span, 7)), _fixed(_first(span, 8)),
                           attributes(span.get(9, [])),
                           [_first(fields(event), 2).decode() for event in span.get(11, [])],
                           _first(status, 3, 0), _first(status, 2).decode(),
                           struct.unpack("<I", flags)[0] if flags else 0)


def _number(point):
    if 4 in point:
        return _double(point[4][0])
    return _signed(_fixed(_first(point, 6)))


def read_points(data):
    for group in map(fields, fields(data).get(1, [])):
        resource = attributes(fields(_first(group, 1)).get(1, []))
        for scope in map(fields, group.get(2, [])):
            for metric in map(fields, scope.get(2, [])):
                name, unit = _first(metric, 1).decode(), _first(metric, 3).decode()
                for number, kind in ((5, "gauge"), (7, "sum")):
                    body = fields(_first(metric, number))
                    for point in map(fields, body.get(1, [])):
                        yield Point(resource, name, unit, kind, _first(body, 2, 0) == 2,
                                    bool(_first(body, 3, 0)), attributes(point.get(7, [])),
                                    _number(point))
                body = fields(_first(metric, 9))
                for point in map(fields, body.get(1, [])):
                    buckets, bounds = _first(point, 6), _first(point, 7)
                    yield Point(resource, name, unit, "histogram", _first(body, 2, 0) == 2, False,
                                attributes(point.get(9, [])), _double(_first(point, 5, b"\0" * 8)),
                                _fixed(_first(point, 4)),
                                struct.unpack(f"<{len(buckets) // 8}Q", buckets),
                                struct.unpack(f"<{len(bounds) // 8}d", bounds))


class Receiver:
    """What has arrived. `refuse` is what it answers instead: a grpc.StatusCode or an HTTP status;
    `hang` keeps every call waiting until stop()."""

    def __init__(self, refuse=None, hang=False, tls=None):
        self.tls = tls  # (certificate, key), paths
        self.refuse = refuse
        self.hang = hang
        self.lock = threading.Lock()
        self.spans = []
        self.reports = []  # a list of points for each export of figures
        self.calls = 0
        self.headers = []  # of each call, lower case
        self.stopped = threading.Event()

    def take(self, what, data, headers):
        with self.lock:
            self.calls += 1
            self.headers.append({name.lower(): value for name, value in headers})
        if self.hang:
            self.stopped.wait(60)
        elif self.refuse is None:
            items = list(read_spans(data) if what == "traces" else read_points(data))
            with self.lock:
                if what == "traces":
                    self.spans.extend(items)
                else:
                    self.reports.append(items)


class GrpcReceiver(Receiver):
    def __init__(self, **options):
        super().__init__(**options)
        self.pool = concurrent.futures.ThreadPoolExecutor(8)
        self.server = grpc.server(self.pool)
        self.server.add_generic_rpc_handlers((self,))
        if self.tls:
            cert, key = (pathlib.Path(path).read_bytes() for path in self.tls)
            credentials = grpc.ssl_server_credentials([(key, cert)])
            self.port = self.server.add_secure_port("127.0.0.1:0", credentials)
        else:
            self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"
        self.server.start()

    def service(self, details):
        what = {TRACES: "traces", METRICS: "metrics"}.get(details.method)
        if what is None:
            return None

        def export(data, context):
            self.take(what, data, context.invocation_metadata())
            if self.refuse is not None:
                context.abort(self.refuse, "not today")
            return b""

        return grpc.unary_unary_rpc_method_handler(export)

    def stop(self):
        self.stopped.set()
        self.server.stop(0).wait(10)
        self.pool.shutdown()


class HttpReceiver(Receiver):
    def __init__(self, **options):
        super().__init__(**options)
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                data = self.rfile.read(int(self.headers["Content-Length"]))
                what = {"/v1/traces": "traces", "/v1/metrics": "metrics"}.get(self.path)
                good = (what is not None and
                        self.headers["Content-Type"] == "application/x-protobuf")
                if good:
                    receiver.take(what, data, self.headers.items())
                status = receiver.refuse or (200 if good else 404)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        if self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)
