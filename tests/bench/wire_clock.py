"""How long requests took as the loopback interface saw it: from the packet with the request to the
packet with the reply, by the kernel's clock. It knows nothing of who sent them and who answered."""
import socket
import struct
import threading
import time

ETH_P_IP = 0x0800
PACKET_HOST = 0
SO_TIMESTAMPNS = 35
HEADERS = 20 + 60  # of IP without options and of TCP with all of them


class WireClock(threading.Thread):
    """Watches the requests that come to a port and begin with `request`. Needs CAP_NET_RAW."""

    def __init__(self, port, request):
        super().__init__(daemon=True)
        self.port = port
        self.request = request
        self.milliseconds = []
        self.until = None  # nanoseconds of civil time: what came later does not count
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**22)
        self.socket.settimeout(0.2)
        self.socket.bind(("lo", ETH_P_IP))  # from now on packets come

    def run(self):
        sent = {}  # client's port -> when
        while True:
            try:
                packet, extra, _, address = self.socket.recvmsg(HEADERS + len(self.request), 64)
            except TimeoutError:
                if self.until is not None:
                    return
                continue
            seconds, nanos = struct.unpack("qq", extra[0][2])
            when = seconds * 10**9 + nanos
            if self.until is not None and when > self.until:
                return
            if address[2] != PACKET_HOST or packet[9] != socket.IPPROTO_TCP:
                continue
            tcp = (packet[0] & 15) * 4
            source, target = struct.unpack_from("!HH", packet, tcp)
            body = tcp + (packet[tcp + 12] >> 4) * 4
            if self.port not in (source, target) or struct.unpack_from("!H", packet, 2)[0] == body:
                continue
            if target == self.port and packet[body:].startswith(self.request):
                sent[source] = when
            elif source == self.port and target in sent:
                self.milliseconds.append((when - sent.pop(target)) / 1e6)

    def stop(self):
        """All times in ms, ascending."""
        self.until = time.time_ns()
        self.join()
        self.socket.close()
        return sorted(self.milliseconds)
