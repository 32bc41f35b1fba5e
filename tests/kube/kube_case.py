"""The base of the tests on a real control plane: one for each test program, started when the first
test asks for it. Without its programs the tests are skipped, and say why; in CI they fail.
"""
import atexit
import contextlib
import os
import pathlib
import signal
import sys
import tempfile
import unittest

from control_plane import ControlPlane, Missing, programs

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("SQUALL_BIN", ROOT / "build/dev/bin"))
SKIPPED = 77  # what ctest takes for "skipped"

IN_CI = os.environ.get("CI") == "true"

_stack = contextlib.ExitStack()
_shared = {}
atexit.register(_stack.close)


def main():
    """In place of unittest.main()."""
    try:
        programs()
    except Missing as missing:
        print(f"{'FAILED' if IN_CI else 'skipped'}: {missing}")
        sys.exit(1 if IN_CI else SKIPPED)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that all is ended in order
    unittest.main()


def need(*names):
    """Skips the test where one of our own programs has not been built; in CI it fails."""
    for name in names:
        if not (BIN / name).exists():
            error = AssertionError if IN_CI else unittest.SkipTest
            raise error(f"no {name} in {BIN}")


def control_plane():
    """The one of this program. Its folder is kept when KUBE_TEST_KEEP is
    set."""
    if "plane" not in _shared:
        if os.environ.get("KUBE_TEST_KEEP"):
            folder = tempfile.mkdtemp(prefix="squall-kube-")
            print(f"logs are in {folder}", file=sys.stderr)
        else:
            folder = _stack.enter_context(tempfile.TemporaryDirectory(prefix="squall-kube-"))
        _shared["plane"] = _stack.enter_context(ControlPlane(folder))
    return _shared["plane"]


class KubeTest(unittest.TestCase):
    """A namespace of its own for each class."""

    @classmethod
    def setUpClass(cls):
        cls.plane = control_plane()
        cls.api = cls.plane.api
        cls.namespace = cls.plane.namespace(cls.__name__.lower())
        cls.loadtests = f"/apis/squall.dev/v1alpha1/namespaces/{cls.namespace}/loadtests"

    def kubectl(self, *arguments, **options):
        return self.plane.kubectl("--namespace", self.namespace, *arguments, **options)

    def refused(self, *arguments, **options):
        """What kubectl says about a command that must fail."""
        done = self.plane.run("kubectl", "--namespace", self.namespace, *arguments, **options)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        return done.stderr


def loadtest(name, **spec):
    """A LoadTest with the smallest plan, unless `spec` has one."""
    return {"apiVersion": "squall.dev/v1alpha1", "kind": "LoadTest", "metadata": {"name": name},
            "spec": {"plan": {"inline": "users: []"}, **spec}}
