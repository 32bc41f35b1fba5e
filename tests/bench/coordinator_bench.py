"""What a coordinator costs: the real one on a core of its own, simulated agents on another.

bench_coordinator is the coordinator of `squall run --agents` without its console; sim_agents
answers as many agents would, each on its own port. Used by bench.py, and for a few seconds by the
test.
"""
import json
import os
import pathlib
import re
import signal
import subprocess
import time

PATIENCE = 120  # seconds, for what must come by itself


class SimulatedAgents:
    """sim_agents on the first core."""

    def __init__(self, programs, directory, count, seconds):
        self.addresses = pathlib.Path(directory, f"agents-{count}")
        self.process = subprocess.Popen(
            ["taskset", "-c", "0", str(pathlib.Path(programs, "sim_agents")), "--count",
             str(count), "--seconds", str(seconds), "--addresses", str(self.addresses)],
            stdout=subprocess.PIPE, text=True)
        deadline = time.monotonic() + PATIENCE
        while not self.addresses.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise SystemExit("bench: sim_agents did not start")
            time.sleep(0.05)

    def stop(self):
        """Ends it; returns what was sent, and its CPU seconds."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        with self.process.stdout:
            output = self.process.stdout.read()
        _, status, rusage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        sent = json.loads(output) if output else {}
        sent["cpu_seconds"] = rusage.ru_utime + rusage.ru_stime
        return sent


def run_coordinator(programs, addresses, seconds):
    """bench_coordinator on the last core; its figures, and the most memory that it held."""
    process = subprocess.Popen(
        ["taskset", "-c", str(os.cpu_count() - 1),
         str(pathlib.Path(programs, "bench_coordinator")), "--agents", str(addresses),
         "--seconds", str(seconds)], stdout=subprocess.PIPE, text=True)
    peak_mib = 0.0
    while process.poll() is None:
        try:
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            break
        peak = re.search(r"VmHWM:\s+(\d+) kB", status)
        peak_mib = max(peak_mib, int(peak.group(1)) / 1024 if peak else 0)
        time.sleep(0.05)
    with process.stdout:
        output = process.stdout.read()
    process.wait(PATIENCE)
    if process.returncode != 0:
        raise SystemExit(f"bench: bench_coordinator ended with {process.returncode}")
    return json.loads(output) | {"peak_mib": peak_mib}


def measure(programs, directory, count, seconds):
    """One run on `count` agents: what the coordinator says of it, and what the agents have sent."""
    agents = SimulatedAgents(programs, directory, count, seconds)
    try:
        figures = run_coordinator(programs, agents.addresses, seconds)
    finally:
        sent = agents.stop()
    return figures, sent


def bench(programs, directory, seconds, counts=(10, 100, 1000)):
    rows = []
    for count in counts:
        figures, sent = measure(programs, directory, count, seconds)
        if figures["lost"] == 0:
            assert figures["requests"] == sent["requests"], (figures, sent)
        share = figures["cpu_seconds"] / figures["seconds"]
        late, age = figures["late_ms"], figures["age_ms"]
        rows.append(
            f"| {count:,} | {figures['lost']} | {sent['snapshots'] / figures['seconds']:,.0f} | "
            f"{sent['bytes'] / sent['snapshots'] / 1024:.1f} | {share * 100:.1f} % | "
            f"{figures['peak_mib']:.0f} | {late['p50']:.1f} / {late['p99']:.1f} / "
            f"{late['max']:.1f} | {age['p50']:.0f} / {age['p99']:.0f} / {age['max']:.0f} | "
            f"{sent['cpu_seconds'] / figures['seconds'] * 100:.0f} % |")
    return ["## Coordinator", "",
            f"One run of {seconds} s for each number of simulated agents, all of them in one "
            "process on the first core, the coordinator on the last. Each agent reports 50 request "
            "names with 50 to 150 more requests every second, lognormal response times. CPU is "
            "that of the coordinator's process, user and system, from the start of the run to its "
            "end, as a share of one core. Late: how long after its second a tick was done; age: "
            "how old the agents' figures were then.", "",
            "| agents | lost | snapshots/s | KiB per snapshot | CPU | peak RSS MiB "
            "| tick late ms, p50 / p99 / max | age ms, p50 / p99 / max | agents' CPU |",
            "|--:|--:|--:|--:|--:|--:|--:|--:|--:|", *rows, ""]
