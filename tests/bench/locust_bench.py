"""What a locustfile costs: squall and the real Locust in turn, with the same locustfile and nginx.

Start-up does not count: after the ramp, CPU time of all processes of the generator and nginx's own
count of requests are read twice. Used by bench.py.
"""
import csv
import json
import os
import pathlib
import re
import statistics
import subprocess
import time
import urllib.request

from wire_clock import WireClock

LOCUST = "2.46.3"
LOCUSTFILE = pathlib.Path(__file__).with_name("locustfile.py")
PATIENCE = 120  # seconds, for what must come by itself
TICKS = os.sysconf("SC_CLK_TCK")
USERS = 100
IDLE_USERS = 5000
PACE = 10  # requests a second of a user, as in the locustfile


def locust_program():
    """Locust from PyPI in a virtual environment of ours; None, with a word, when it cannot be had.
    """
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    place = pathlib.Path(cache, "squall", f"locust-{LOCUST}")
    program = place / "bin" / "locust"
    try:
        if not program.exists():
            subprocess.run(["/usr/bin/python3", "-m", "venv", str(place)], check=True)
            subprocess.run([str(place / "bin" / "pip"), "install", "--quiet",
                            f"locust=={LOCUST}"], check=True)
        subprocess.run([str(program), "--version"], check=True, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"bench: no Locust {LOCUST}, skipped: {error}", flush=True)
        return None
    return str(program)


def family(root):
    """The process and all that descend from it."""
    children = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found = [root]
    for pid in found:
        found.extend(children.get(pid, []))
    return found


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def resident_kib(pids):
    texts = [pathlib.Path(f"/proc/{pid}/status").read_text() for pid in pids]
    return sum(int(re.search(r"VmRSS:\s+(\d+) kB", text).group(1)) for text in texts)


class Server:
    """The nginx of bench.py, as far as it can be asked."""

    def __init__(self, nginx, directory):
        self.port = nginx.port
        self.base = nginx.url.rpartition("/")[0]
        self.directory = pathlib.Path(directory)

    def requests(self):
        """How many it has had, those that ask for it included."""
        text = urllib.request.urlopen(f"{self.base}/status", timeout=10).read().decode()
        return int(re.search(r"\n\s*\d+ \d+ (\d+)", text).group(1))


class Generator:
    """squall or Locust without a user interface, on the last core. They take the same options.
    `program` is the command."""

    def __init__(self, program, server, user_class, users, spawn_rate=None):
        self.prefix = server.directory / "stats"
        self.report = server.directory / "report.json"
        self.is_squall = len(program) > 1
        report = ["--json", str(self.report)] if self.is_squall else []  # another --json in Locust
        self.log = server.directory / "generator.log"
        core = str(os.cpu_count() - 1)
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                ["taskset", "-c", core, *program, "-f", str(LOCUSTFILE), user_class, "--headless",
                 "-H", server.base, "-u", str(users), "-r", str(spawn_rate or users),
                 "--only-summary", "--csv", str(self.prefix), "--loglevel", "WARNING", *report],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=server.directory)

    def check(self):
        if self.process.poll() is not None:
            raise SystemExit(f"bench: the generator has ended:\n{self.log.read_text()[:2000]}")

    def stop(self):
        """Ends it; gives what its statistics say of all requests."""
        self.check()
        self.process.terminate()
        self.process.wait(PATIENCE)
        with open(f"{self.prefix}_stats.csv", newline="") as file:
            return [row for row in csv.DictReader(file) if row["Name"] == "Aggregated"][0]


def wait_for_requests(server, generator, count):
    before = server.requests()
    deadline = time.monotonic() + PATIENCE
    while server.requests() - before < count:
        generator.check()
        if time.monotonic() > deadline:
            raise SystemExit(f"bench: no load:\n{generator.log.read_text()[:2000]}")
        time.sleep(0.2)


def measure_cost(program, server, user_class, seconds):
    """Requests per CPU second, with all users there and none of them waiting."""
    generator = Generator(program, server, user_class, USERS)
    wait_for_requests(server, generator, 20 * USERS)
    time.sleep(1)
    pids = family(generator.process.pid)
    requests, cpu = server.requests(), cpu_seconds(pids)
    time.sleep(seconds)
    requests, cpu = server.requests() - requests, cpu_seconds(pids) - cpu
    row = generator.stop()
    assert row["Failure Count"] == "0", row
    return requests / cpu


def bench_cost(programs, server, rounds, seconds):
    lines = ["| user, task | squall | Locust | ratio |", "|---|--:|--:|--:|"]
    for title, user_class in (("HttpUser, get", "HttpGet"), ("FastHttpUser, get", "FastGet"),
                              ("HttpUser, catch_response and json()", "HttpCheck"),
                              ("FastHttpUser, catch_response and json()", "FastCheck"),
                              ("HttpUser, post json", "HttpPost"),
                              ("FastHttpUser, post json", "FastPost")):
        figures = {tool: [] for tool in programs}
        for _ in range(rounds):
            for tool, program in programs.items():
                figures[tool].append(measure_cost(program, server, user_class, seconds))
        ratio = statistics.median(
            ours / theirs for ours, theirs in zip(figures["squall"], figures["Locust"]))
        lines.append(f"| {title} | {statistics.median(figures['squall']):,.0f} | "
                     f"{statistics.median(figures['Locust']):,.0f} | {ratio:.1f} |")
    return lines


def at(ascending, share):
    return ascending[min(len(ascending) - 1, int(len(ascending) * share))]


def measure_latency(program, server, user_class, seconds):
    """Percentiles in ms: {"wire": {"50": …, "99": …}, "reported": …, "due": …}, the last of squall
    alone."""
    wire = WireClock(server.port, b"GET /index.json")
    wire.start()
    generator = Generator(program, server, user_class, USERS)
    wait_for_requests(server, generator, USERS * PACE * seconds)
    row = generator.stop()
    seen = wire.stop()
    assert len(seen) >= int(row["Request Count"]) - 1, (len(seen), row)
    figures = {"wire": {"50": at(seen, 0.5), "99": at(seen, 0.99)}}
    if generator.is_squall:
        totals = json.loads(generator.report.read_text())["totals"]
        figures["reported"] = totals["service_ms"]["percentiles"]
        figures["due"] = totals["response_ms"]["percentiles"]
    else:
        figures["reported"] = {"50": float(row["50%"]), "99": float(row["99%"])}
    figures["off"] = figures["reported"]["99"] - figures["wire"]["99"]
    return figures


def bench_latency(programs, server, rounds, seconds):
    lines = ["| user | tool | p50 on the wire, ms | p50 reported | p99 on the wire | p99 reported "
             "| difference | p99 from when it was due |", "|---|---|--:|--:|--:|--:|--:|--:|"]
    try:
        WireClock(server.port, b"").socket.close()
    except PermissionError:
        return ["Skipped: watching the wire needs CAP_NET_RAW."]
    for title, user_class in (("HttpUser", "HttpPaced"), ("FastHttpUser", "FastPaced")):
        figures = {tool: [] for tool in programs}
        for _ in range(rounds):
            for tool, program in programs.items():
                figures[tool].append(measure_latency(program, server, user_class, seconds))
        for tool, results in figures.items():
            # All figures of one round, as they belong together: that in the middle.
            one = sorted(results, key=lambda item: item["off"])[len(results) // 2]
            due = f"{one['due']['99']:.2f}" if "due" in one else "–"
            lines.append(f"| {title} | {tool} | {one['wire']['50']:.2f} | "
                         f"{one['reported']['50']:.2f} | {one['wire']['99']:.2f} | "
                         f"{one['reported']['99']:.2f} | {one['off']:+.2f} | {due} |")
    return lines


def measure_memory(program, server, user_class, users):
    generator = Generator(program, server, user_class, users, spawn_rate=min(users, 500))
    wait_for_requests(server, generator, users)
    time.sleep(3)
    memory = resident_kib(family(generator.process.pid))
    generator.stop()
    return memory


def bench_memory(programs, server):
    lines = [f"| user | tool | 1 user, MiB | {IDLE_USERS:,} users, MiB | KiB per user |",
             "|---|---|--:|--:|--:|"]
    for title, user_class in (("HttpUser", "HttpIdle"), ("FastHttpUser", "FastIdle")):
        for tool, program in programs.items():
            one = measure_memory(program, server, user_class, 1)
            many = measure_memory(program, server, user_class, IDLE_USERS)
            lines.append(f"| {title} | {tool} | {one / 1024:.1f} | {many / 1024:.1f} | "
                         f"{(many - one) / (IDLE_USERS - 1):.1f} |")
    return lines


def bench(squall, directory, nginx, rounds, seconds):
    """The section of the page."""
    server = Server(nginx, directory)
    locust = locust_program()
    title = "## Locustfiles"
    if locust is None:
        return [title, "", f"Skipped: Locust {LOCUST} could not be had from PyPI.", ""]
    programs = {"squall": [str(pathlib.Path(squall).resolve()), "run"], "Locust": [locust]}
    return [title, "",
            f"Locust {LOCUST} from PyPI and squall with the same locustfile "
            "(tests/bench/locustfile.py), options and nginx, in turn; nginx on the first core, all "
            "processes of the generator on the last.", "",
            f"Requests per CPU second: {USERS} users without a wait, {rounds} rounds of {seconds} "
            "s each after the ramp, CPU time of all processes, requests as nginx counts them. "
            "Medians; the ratio is that of the rounds.", "",
            *bench_cost(programs, server, rounds, seconds), "",
            f"{USERS * PACE:,} requests/s offered: {USERS} users with constant_throughput({PACE}), "
            "out of step with each other. On the wire: from the packet with the request to the "
            "packet with the reply, as the loopback interface saw them in the same run. squall's "
            "report has also the time from when a request was due, which its CSV and tables show: "
            "how late the user's turn came is part of it. The round with the median difference of "
            f"{rounds}.", "",
            *bench_latency(programs, server, rounds, seconds), "",
            "Resident memory of all processes, 3 s after every user has made one request; all of "
            "them then wait, each with its connection open.", "",
            *bench_memory(programs, server), ""]
