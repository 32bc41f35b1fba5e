"""A real Prometheus (Debian's) on a free port, that scrapes what a test names."""
import contextlib
import json
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import yaml

from harness import PATIENCE, ROOT, wait_for

RULES = ROOT / "config/prometheus/squall.rules.yaml"


class Prometheus:
    """Scrapes `jobs`, {job: [host:port, …]}, once a second, and evaluates our rules as often;
    `labels`, {job: {label: value}}, are of what it finds there. Ended by stop()."""

    def __init__(self, folder, jobs, *flags, labels=None):
        assert shutil.which("prometheus"), "Debian's prometheus must be installed (scripts/setup)"
        config = folder / "prometheus.yml"
        config.write_text(yaml.safe_dump({
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s",
                       "evaluation_interval": "1s"},
            "rule_files": [str(RULES)],
            "scrape_configs": [{"job_name": job, "static_configs": [
                {"targets": targets, "labels": (labels or {}).get(job, {})}]}
                               for job, targets in jobs.items()]}))
        self.log_file = folder / "prometheus.log"
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}",
                 "--web.listen-address=127.0.0.1:0", "--enable-feature=exemplar-storage",
                 "--log.format=json", *flags], stdout=log, stderr=log)
        self.url = f"http://127.0.0.1:{wait_for(self._port, 'prometheus')}"
        wait_for(self._ready, "prometheus to be ready")

    def _log(self):
        for line in self.log_file.read_text(errors="replace").splitlines():
            with contextlib.suppress(ValueError):
                yield json.loads(line)

    def _port(self):
        assert self.process.poll() is None, self.log_file.read_text(errors="replace")
        for entry in self._log():
            if entry.get("msg") == "Listening on":
                return entry["address"].rpartition(":")[2]
        return None

    def _ready(self):
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(f"{self.url}/-/ready", timeout=PATIENCE).status == 200

    def ask(self, path, **parameters):
        """`data` of an answer of the API."""
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}",
                                    timeout=PATIENCE) as reply:
            return json.load(reply)["data"]

    def query(self, expression, *labels):
        """{value of the label, or a tuple of several: number} of an instant query."""
        found = {}
        for series in self.ask("query", query=expression)["result"]:
            key = tuple(series["metric"].get(label, "") for label in labels)
            found[key[0] if len(key) == 1 else key] = float(series["value"][1])
        return found

    def value(self, expression):
        """The one number that it gives; nothing when it gives none."""
        found = self.query(expression)
        assert len(found) <= 1, found
        return next(iter(found.values()), None)

    def exemplars(self, expression):
        """All of the last hour, as dictionaries: labels, value, timestamp."""
        now = time.time()
        return [exemplar for series in self.ask("query_exemplars", query=expression,
                                                start=now - 3600, end=now + 3600)
                for exemplar in series["exemplars"]]

    def complaints(self):
        """What it did not like about a page."""
        return [entry for entry in self._log()
                if entry.get("level") in ("warn", "error") and "scrape" in json.dumps(entry)]

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
