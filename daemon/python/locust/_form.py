"""The form of the web page for a new run: what it offers, and what was chosen in it.

What was chosen comes as the note "chosen" before anything is loaded, {dest: value}: command lines
can be read by every user of a machine, and there may be passwords in it. Values are texts as on the
command line; an option that takes many has one a line.
"""

import argparse

from . import argument_parser
from .user._tags import tags_of

MARK = "--squall-form"  # the last argument: the note comes

_TRUE = frozenset(("true", "yes", "1", "on"))
_LISTS = frozenset(("tags", "exclude_tags", "user_classes"))


def describe(parser, options, user_classes):
    """What the form offers beside the options that every locustfile has."""
    return {
        "options": _own_options(parser, options),
        "all_tags": sorted(set().union(*(_tags_below(cls) for cls in user_classes))),
    }


def apply(parser, options, chosen):
    """Lays what was chosen over the options; what cannot be ends the process as the command line
    would."""
    actions = {action.dest: action for action in parser._actions}
    for dest, value in chosen.items():
        if dest not in actions:
            parser.error(f"there is no option {dest!r}")
        try:
            setattr(options, dest, _value(parser, actions[dest], value))
        except argparse.ArgumentError as error:
            parser.error(str(error))


def _own_options(parser, options):
    """Those that the locustfile has added."""
    known = {action.dest for action in argument_parser.get_parser()._actions}
    return [
        _describe_option(action, getattr(options, dest, action.default))
        for dest, action in parser.args_included_in_web_ui.items()
        if dest not in known
    ]


def _describe_option(action, value):
    secret = bool(getattr(action, "is_secret", False))
    required = action.required or bool(getattr(action, "is_required", False))
    return {
        "name": action.dest,
        "help": action.help if action.help not in (None, argparse.SUPPRESS) else "",
        "value": "" if secret else _text(value),
        "choices": [str(choice) for choice in action.choices or []],
        "flag": action.nargs == 0,
        "many": _takes_many(action),
        "secret": secret,
        # One that has its value from the command line need not be given again.
        "required": required and value is None,
    }


def _takes_many(action):
    return isinstance(action, argparse._AppendAction) or action.nargs not in (None, 0, "?")


def _text(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "\n".join(map(str, value))
    return str(value)


def _value(parser, action, text):
    if action.dest in _LISTS:
        return text
    if action.nargs == 0:
        truth = text.strip().lower() in _TRUE
        if isinstance(action.const, bool):  # store_true, store_false: the value itself
            return truth
        return action.const if truth else action.default
    if _takes_many(action):
        return [_one(parser, action, line) for line in text.splitlines() if line]
    return _one(parser, action, text)


def _one(parser, action, text):
    # An empty field, where text would have to be a number, say; and classes have their own hosts.
    if text == "" and (action.type is not None or action.dest == "host"):
        return None
    value = parser._get_value(action, text)
    parser._check_value(action, value)
    return value


def _tags_below(holder, seen=None):
    """Of all tasks of a user class or a set, and of the sets in it."""
    seen = set() if seen is None else seen
    names = set()
    for entry in getattr(holder, "tasks", None) or []:
        if entry in seen:
            continue
        seen.add(entry)
        names.update(tags_of(entry))
        if hasattr(entry, "tasks"):
            names.update(_tags_below(entry, seen))
    return names
