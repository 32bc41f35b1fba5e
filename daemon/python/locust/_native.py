"""The native module, and what holds without it: imported by tools, the package still works."""

import json

try:
    import _squall
except ImportError:
    _squall = None


def call(name, default, *args):
    """The result of a function of the native module; `default` where there is none."""
    function = getattr(_squall, name, None)
    return default if function is None else function(*args)


def set_classes(classes):
    """Tells the engine what users it may start."""
    call("set_classes", None, [(c.__name__, float(c.weight), int(c.fixed_count)) for c in classes])


def note(kind, payload):
    """Tells the process that started this one. Outside of a run, nothing and nobody listens."""
    if _squall is not None:
        _squall.send(kind, json.dumps(payload, default=str))
