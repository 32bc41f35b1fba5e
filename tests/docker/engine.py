"""A Docker engine of the test's own: its data in a folder of its own, its programs ended by the
handle that started them, its mounts undone. It needs root and Debian's docker.io.
"""
import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

PATIENCE = 120
PR_SET_PDEATHSIG = 1


class Absent(Exception):
    """No engine can run here; the text says why."""


class Missing(Absent):
    """For want of a package that scripts/setup installs."""


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Engine:
    """Starts in the network of this machine, where builds reach the package mirror, without
    touching it: no bridge, no firewall rule. `isolate()` starts it anew in a network of its own,
    which has bridges, names and published ports, and no way out of this machine.
    """

    def __init__(self):
        for program in ("dockerd", "unshare", "ip"):
            if not self.find(program):
                raise Missing(f"no {program} (scripts/setup installs it)")
        if os.geteuid() != 0:
            raise Absent("a Docker engine needs root")
        # Debian's, which builds without a plugin, before what else there may be.
        self.docker = "/usr/bin/docker"
        # Not below /tmp, which may be memory.
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="squall-docker-", dir="/var/tmp"))
        self.environment = {
            **os.environ, "DOCKER_HOST": f"unix://{self.root}/docker.sock", "DOCKER_BUILDKIT": "1",
            "DOCKER_CONFIG": f"{self.root}/config", "DOCKER": self.docker,
            "COMPOSE_PARALLEL_LIMIT": "8"}
        self.process = None
        try:
            self.start(["--iptables=false", "--bridge=none"])
        except BaseException:
            self.close()
            raise

    @staticmethod
    def find(program):
        return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")

    def start(self, flags, isolated=False):
        command = [
            "dockerd", "--data-root", f"{self.root}/data", "--exec-root", f"{self.root}/exec",
            "--pidfile", f"{self.root}/docker.pid", "-H", f"unix://{self.root}/docker.sock", *flags]
        if isolated:
            # A namespace begins with a loopback interface that is down.
            command = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh",
                       *command]
        with open(self.root / "dockerd.log", "ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env={**self.environment, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"},
                preexec_fn=die_with_parent)
        deadline = time.monotonic() + PATIENCE
        while self.run("version", check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Absent("dockerd does not start: " + self.log()[-600:])
            time.sleep(0.1)

    def isolate(self):
        self.stop()
        self.start([], isolated=True)

    def log(self):
        return (self.root / "dockerd.log").read_text(errors="replace")

    def run(self, *arguments, check=True, patience=PATIENCE, **options):
        """docker ARGUMENTS; standard output and error are text."""
        done = subprocess.run([self.docker, *map(str, arguments)], env=self.environment, text=True,
                              capture_output=True, check=False, timeout=patience, **options)
        if check and done.returncode != 0:
            raise AssertionError(f"docker {' '.join(map(str, arguments))}: exit code "
                                 f"{done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}")
        return done

    def here(self, *command, patience=PATIENCE):
        """Runs a program of this machine in the engine's network; its output."""
        return subprocess.run(["nsenter", f"--net=/proc/{self.process.pid}/ns/net", *command],
                              text=True, capture_output=True, check=False, timeout=patience).stdout

    def stop(self):
        if self.process is None:
            return
        if self.process.poll() is None:
            containers = self.run("ps", "--all", "--quiet", check=False).stdout.split()
            if containers:
                self.run("rm", "--force", "--volumes", *containers, check=False)
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(60)
        self.end_leftovers()
        self.process = None

    def end_leftovers(self):
        """dockerd ends its containerd, unless it was killed."""
        with contextlib.suppress(OSError, ValueError):
            pid = int((self.root / "exec/containerd/containerd.pid").read_text())
            name = pathlib.Path(f"/proc/{pid}/cmdline").read_text()
            if str(self.root) in name:
                os.kill(pid, signal.SIGTERM)

    def close(self):
        self.stop()
        for line in reversed(pathlib.Path("/proc/self/mountinfo").read_text().splitlines()):
            place = line.split()[4]
            if place.startswith(f"{self.root}/"):
                subprocess.run(["umount", "--lazy", place], check=False)
        shutil.rmtree(self.root, ignore_errors=True)
