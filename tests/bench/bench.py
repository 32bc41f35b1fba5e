#!/usr/bin/python3
"""What a request costs: squall, wrk and h2load in turn against the same nginx on loopback; and
what a coordinator costs (coordinator_bench.py).

The figure that counts is CPU time of the client per request, user and system together, as the
kernel accounts it (wait4): it does not depend on how fast the server is. Each round runs every
tool once, so that a slow minute of the machine hits them all; the median of the rounds is shown.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import coordinator_bench
import locust_bench
import telemetry_bench

BODY = '{"productID":1,"name":"Laptop","price":999.99,"stock":50,"cat":1}\n'
NGINX = """
worker_processes 1; daemon off; pid {dir}/nginx.pid; error_log {dir}/error.log warn;
events {{ worker_connections 8192; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 3600;
  client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f;
  uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  server {{ listen 127.0.0.1:{port} backlog=4096; root {dir};
           location / {{ default_type application/json; }}
           location = /orders {{ default_type application/json; return 200 '{{"order":1}}'; }}
           location = /v1/traces {{ client_max_body_size 64m; client_body_buffer_size 4m;
                                    default_type application/x-protobuf; return 200; }}
           location = /write {{ client_max_body_size 64m; return 204; }}
           location = /status {{ stub_status; }} }}
}}
"""


def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Nginx:
    """One nginx worker on the first core, serving one small file from memory."""

    def __init__(self, directory):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/index.json"
        pathlib.Path(directory, "index.json").write_text(BODY)
        config = pathlib.Path(directory, "nginx.conf")
        config.write_text(NGINX.format(dir=directory, port=self.port))
        self.process = subprocess.Popen(
            ["taskset", "-c", "0", "nginx", "-c", str(config), "-p", directory],
            stderr=subprocess.DEVNULL)
        for _ in range(100):
            try:
                urllib.request.urlopen(self.url, timeout=1).read()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("bench: nginx did not start; is the Debian package nginx-light there?")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)


class Usage:
    """CPU seconds from wait4; peak memory from /proc, since ru_maxrss counts the forking Python."""

    def __init__(self):
        self.cpu_seconds = 0.0
        self.peak_mib = 0.0

    def watch(self, pid):
        while True:
            try:
                status = pathlib.Path(f"/proc/{pid}/status").read_text()
            except OSError:
                return
            peak = re.search(r"VmHWM:\s+(\d+) kB", status)
            if peak is None:
                return
            if "Name:\ttaskset" not in status:
                self.peak_mib = int(peak.group(1)) / 1024
            time.sleep(0.05)


def run_pinned(command):
    """Runs a client on the last core; returns its output and its resource usage."""
    core = str(os.cpu_count() - 1)
    process = subprocess.Popen(["taskset", "-c", core, *command], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    usage = Usage()
    watcher = threading.Thread(target=usage.watch, args=(process.pid,))
    watcher.start()
    output = process.stdout.read()
    _, status, rusage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    watcher.join()
    usage.cpu_seconds = rusage.ru_utime + rusage.ru_stime
    return output, usage


def sample(requests, usage, p50, p99):
    return {"requests": requests, "us": usage.cpu_seconds / max(requests, 1) * 1e6, "p50": p50,
            "p99": p99, "rss": usage.peak_mib}


def to_ms(text):
    number, unit = re.match(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def run_wrk(url, connections, seconds):
    output, usage = run_pinned(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
                                url])
    requests = int(re.search(r"(\d+) requests in", output).group(1))
    p50, p99 = (to_ms(re.search(rf"{p}%\s+(\S+)", output).group(1)) for p in (50, 99))
    return sample(requests, usage, p50, p99)


def run_h2load(url, connections, seconds):
    output, usage = run_pinned(["h2load", "--h1", "-t1", f"-c{connections}", "-D", str(seconds),
                                url])
    requests = int(re.search(r"requests: \d+ total, \d+ started, (\d+) done", output).group(1))
    mean = re.search(r"time for request:\s+\S+\s+\S+\s+(\S+)", output).group(1)
    # h2load prints no percentiles: the mean stands in the p50 column, marked in the table.
    return sample(requests, usage, to_ms(mean), None)


PLAN = """
name: bench
service: {{base_url: "{base}"}}
load_profile: {load}
users:
  - name: User
    tasks:
      - name: task
        steps:
          - {step}
"""


def run_squall(squall, directory, plan, *flags):
    path = pathlib.Path(directory, "plan.yaml")
    path.write_text(plan)
    report = pathlib.Path(directory, "report.json")
    output, usage = run_pinned([squall, "run", str(path), "--headless", "--quiet", "--shards", "1",
                                "--json", str(report), *flags])
    try:
        return json.loads(report.read_text()), usage
    except OSError:
        raise SystemExit(f"bench: squall wrote no report:\n{output}")


def plan_of_gets(base, path, connections, seconds):
    load = f"{{users: {connections}, spawn_rate: 100000, run_time: {seconds}s}}"
    return PLAN.format(base=base, load=load, step=f"get: {path}")


def run_squall_http(squall, directory, url, connections, seconds):
    base, path = re.match(r"(http://[^/]+)(/.*)", url).groups()
    report, usage = run_squall(squall, directory, plan_of_gets(base, path, connections, seconds))
    percentiles = report["totals"]["service_ms"]["percentiles"]
    assert report["totals"]["failures"] == 0, report["failures"]
    return sample(report["totals"]["requests"], usage, percentiles["50"], percentiles["99"])


def median_of(rounds, key):
    values = [item[key] for item in rounds if item[key] is not None]
    return statistics.median(values) if values else None


def show(value, digits=2):
    return "–" if value is None else f"{value:.{digits}f}"


def bench_http(options, directory):
    nginx = Nginx(directory)
    tools = {
        "squall": lambda c: run_squall_http(options.squall, directory, nginx.url, c,
                                            options.seconds),
        "wrk": lambda c: run_wrk(nginx.url, c, options.seconds),
        "h2load": lambda c: run_h2load(nginx.url, c, options.seconds),
    }
    lines = ["| connections | tool | µs of CPU per request | requests per CPU second "
             "| ratio to wrk | p50 ms | p99 ms | peak RSS MiB |",
             "|--:|---|--:|--:|--:|--:|--:|--:|"]
    try:
        for connections in (1, 100, 1000):
            rounds = {tool: [] for tool in tools}
            for _ in range(options.rounds):
                for tool, run in tools.items():
                    rounds[tool].append(run(connections))
            # Paired by round: the ratio of two tools that ran one after the other.
            for tool, results in rounds.items():
                ratio = statistics.median(
                    mine["us"] / wrk["us"] for mine, wrk in zip(results, rounds["wrk"]))
                cost = median_of(results, "us")
                p50 = show(median_of(results, "p50"), 3) + (" (mean)" if tool == "h2load" else "")
                lines.append(
                    f"| {connections} | {tool} | {cost:.2f} | {1e6 / cost:,.0f} | {ratio:.2f} | "
                    f"{p50} | {show(median_of(results, 'p99'), 3)} | "
                    f"{median_of(results, 'rss'):.1f} |")
    finally:
        nginx.stop()
    return ["## CPU per request", "",
            f"{options.rounds} rounds of {options.seconds} s each; nginx on the first core, the "
            f"client on the last; {len(BODY)}-byte JSON body, keep-alive, one event loop or "
            "thread. squall records service time, response time and phases per request name, and "
            "its start-up is included. The ratio is the median over the rounds of µs / wrk's µs: "
            "below 1 is cheaper than wrk.", "", *lines, ""]


def bench_open(options, directory):
    nginx = Nginx(directory)
    rows = []
    try:
        base, path = re.match(r"(http://[^/]+)(/.*)", nginx.url).groups()
        for rate in (1000, 5000, 20000):
            load = ("{arrival: {max_users: 2000, stages: [{duration: %ds, rate: %d}]}}"
                    % (options.seconds, rate))
            plan = PLAN.format(base=base, load=load[:-1] + "}", step=f"get: {path}")
            results = []
            for _ in range(options.rounds):
                report, _ = run_squall(options.squall, directory, plan)
                delay = report["totals"]["start_delay_ms"]["percentiles"]
                results.append({
                    "sent": report["totals"]["requests"],
                    "planned": report["load"]["arrivals_planned"],
                    "dropped": report["load"]["dropped_iterations"], "p50": delay["50"],
                    "p99": delay["99"], "p99.9": delay["99.9"],
                    "cpu": report["health"]["thread_seconds"] / report["health"]["elapsed_seconds"],
                    "verdict": report["verdict"]["verdict"]})
            best = sorted(results, key=lambda item: item["p99"])
            for name, item in (("median", best[len(best) // 2]), ("best", best[0])):
                rows.append(f"| {rate:,} | {name} | {item['sent']:,} | {item['dropped']:,} | "
                            f"{item['p50']:.3f} | {item['p99']:.3f} | {item['p99.9']:.3f} | "
                            f"{item['cpu']:.2f} | {item['verdict']} |")
    finally:
        nginx.stop()
    return ["## Open model: sent − intended", "",
            f"{options.rounds} runs of {options.seconds} s for each rate, one event loop on one "
            "core, at most 2 000 users.", "",
            "| arrivals/s | run | sent | dropped | p50 ms | p99 ms | p99.9 ms | cores used "
            "| verdict |", "|--:|---|--:|--:|--:|--:|--:|--:|---|", *rows, ""]


def bench_idle(options, directory):
    lines = ["| users | RSS MiB | bytes per user |", "|--:|--:|--:|"]
    small = None
    for users in (100, 100_000):
        load = f"{{users: {users}, spawn_rate: 1000000, run_time: 8s}}"
        plan = PLAN.format(base="http://127.0.0.1:9", load=load, step="think: 1h")
        report, usage = run_squall(options.squall, directory, plan)
        assert report["load"]["users_started"] == users, report["load"]
        rss = usage.peak_mib * 2**20
        small = small or rss
        per_user = (rss - small) / users if users > 100 else None
        lines.append(f"| {users:,} | {rss / 2**20:.1f} | {show(per_user, 0)} |")
    return ["## Idle users", "", "Peak resident memory of the whole process while every user waits "
            "in a task, without an open connection.", "", *lines, ""]


def bench_coordinator(options, directory):
    return coordinator_bench.bench(options.bench_programs, directory, options.coordinator_seconds)


def bench_locust(options, directory):
    nginx = Nginx(directory)
    try:
        return locust_bench.bench(options.squall, directory, nginx, options.rounds,
                                  options.seconds)
    finally:
        nginx.stop()


def bench_telemetry(options, directory):
    nginx = Nginx(directory)
    try:
        return telemetry_bench.bench(
            lambda plan, flags: run_squall(options.squall, directory, plan, *flags), nginx,
            plan_of_gets, options.rounds, options.seconds, free_port)
    finally:
        nginx.stop()


CASES = {"http": bench_http, "open": bench_open, "idle": bench_idle,
         "coordinator": bench_coordinator, "locust": bench_locust, "telemetry": bench_telemetry}


def machine():
    model = "unknown CPU"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return (f"{os.cpu_count()} cores ({model}), Linux {platform.release()}, "
            f"load average at the start {os.getloadavg()[0]:.2f}, "
            f"{datetime.date.today().isoformat()}")


def replaced(text, sections):
    """The page with these sections in place of those of the same title; a new one goes last. Each
    says when it was measured, since that was not together with the others."""
    for section in sections:
        measured = f"Measured apart from the rest: {machine()}."
        new = "\n".join([section[0], "", measured, *section[1:]])
        parts = re.split(r"(?m)^(?=## )", text)
        same = [i for i, part in enumerate(parts) if part.startswith(section[0] + "\n")]
        if same:
            parts[same[0]] = new.rstrip() + "\n\n"
        else:
            parts[-1] = parts[-1].rstrip() + "\n\n"
            parts.append(new)
        text = "".join(parts)
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--squall", required=True)
    parser.add_argument("--bench-programs", required=True, help="where sim_agents is")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--coordinator-seconds", type=int, default=30)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    parser.add_argument("cases", nargs="*", default=[], help=", ".join(CASES))
    options = parser.parse_args()
    unknown = [case for case in options.cases if case not in CASES]
    if unknown:
        parser.error(f"no case {unknown[0]!r}; there are {', '.join(CASES)}")
    lines = ["# Benchmarks", "",
             "Written by `scripts/bench --write`; every figure was measured in that one run, none "
             "is rounded in our favour.", "", f"Machine: {machine()}.", ""]
    sections = []
    for case in options.cases or CASES:
        with tempfile.TemporaryDirectory(prefix="squall-bench-") as directory:
            os.chmod(directory, 0o755)  # nginx's worker is another user
            section = CASES[case](options, directory)
        print("\n".join(section), flush=True)
        sections.append(section)
    if options.write:
        page = pathlib.Path("docs/benchmarks.md")
        text = (replaced(page.read_text(), sections) if options.cases
                else "\n".join(lines + [line for section in sections for line in section]))
        page.write_text(text.rstrip() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
