"""The native module as runners and statistics use it; one place, so that tests can replace it."""

import json

import _squall as engine


def set_classes(classes):
    """Tells the engine what users it may start."""
    engine.set_classes([(c.__name__, float(c.weight), int(c.fixed_count)) for c in classes])


def note(kind, payload):
    """Tells the process that started this one."""
    engine.send(kind, json.dumps(payload, default=str))
