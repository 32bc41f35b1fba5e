"""The command line of a locustfile: its parser, and what strengthens or weakens an option.

Weakest to strongest: pyproject.toml, ~/.locust.conf, ./locust.conf, the file of --config, the
environment, the arguments.
"""

import argparse
import difflib
import os
import sys
from contextlib import contextmanager

from . import _option_sources as sources
from . import _options
from .util.load_locustfile import LocustfileError, find_locustfiles

_TRUE = frozenset(("true", "yes", "1", "on"))
_FALSE = frozenset(("false", "no", "0", "off"))
_NEVER_FROM_FILES = frozenset(("config", "help", "version"))
_EXTRA_ATTRIBUTES = ("env_var", "is_secret", "include_in_web_ui", "is_required")


class _Annotating:
    """A group whose add_argument() and groups take what the parser's take."""

    def __init__(self, container, *args, **kwargs):
        super().__init__(container, *args, **kwargs)
        self._parser = container if isinstance(container, LocustArgumentParser) else (
            container._parser
        )

    def add_argument(self, *args, **kwargs):
        return self._parser.add_annotated(super().add_argument, args, kwargs)

    def add_mutually_exclusive_group(self, **kwargs):
        return _exclusive_group(self, kwargs)


class _Group(_Annotating, argparse._ArgumentGroup):
    pass


class _ExclusiveGroup(_Annotating, argparse._MutuallyExclusiveGroup):
    pass


def _exclusive_group(container, kwargs):
    group = _ExclusiveGroup(container, **kwargs)
    container._mutually_exclusive_groups.append(group)
    return group


class LocustArgumentParser(argparse.ArgumentParser):
    """An ArgumentParser whose options can also be set by files and environment variables.

    add_argument() takes besides the usual: env_var, the environment variable's name; is_secret,
    include_in_web_ui and is_required, which tell a user interface how to show it.
    """

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("formatter_class", _HelpFormatter)
        self._own_options = set()
        super().__init__(*args, **kwargs)

    def add_argument(self, *args, **kwargs):
        return self.add_annotated(super().add_argument, args, kwargs)

    def add_argument_group(self, *args, **kwargs):
        group = _Group(self, *args, **kwargs)
        self._action_groups.append(group)
        return group

    def add_mutually_exclusive_group(self, **kwargs):
        return _exclusive_group(self, kwargs)

    def add_annotated(self, add, args, kwargs):
        """Adds an argument by `add`, which does not know our attributes, and puts them on it."""
        extra = {name: kwargs.pop(name) for name in _EXTRA_ATTRIBUTES if name in kwargs}
        self._give_way(args)
        action = add(*args, **kwargs)
        for name in _EXTRA_ATTRIBUTES:
            setattr(action, name, extra.get(name, name == "include_in_web_ui" or None))
        return action

    def note_own_options(self, *names):
        """Options that real Locust does not have: a locustfile may define them anew."""
        self._own_options.update(names)

    def _give_way(self, names):
        for name in self._own_options.intersection(names):
            action = self._option_string_actions[name]
            self._handle_conflict_resolve(None, [(name, action)])
            self._own_options.discard(name)

    @property
    def args_included_in_web_ui(self):
        """{dest: action} of what a form for a new run may ask for."""
        return {
            action.dest: action
            for action in self._actions
            if action.dest != argparse.SUPPRESS and getattr(action, "include_in_web_ui", True)
        }

    @property
    def secret_args_included_in_web_ui(self):
        """Those among them whose values must not be shown."""
        return {
            dest: action
            for dest, action in self.args_included_in_web_ui.items()
            if getattr(action, "is_secret", False)
        }

    def parse_args(self, args=None, namespace=None):
        namespace, unknown = self.parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}{self._suggestion(unknown)}")
        return namespace

    def parse_known_args(self, args=None, namespace=None):
        args = list(sys.argv[1:] if args is None else args)
        weaker, unknown = self._weaker_settings(args)
        with _left_open(weaker):
            namespace, rest = super().parse_known_args(args, namespace)
        for action, setting in weaker.items():
            if not hasattr(namespace, action.dest):
                self._apply(action, setting, namespace)
        return namespace, unknown + rest

    def parse_handed_over(self, args, values):
        """The namespace that another process has found with these arguments."""
        for action in self._actions:
            action.required = False
            if action.dest in values:
                # What it was made of, a file say, may not be here.
                action.type = action.choices = None
        namespace, _ = super().parse_known_args(args, None)
        vars(namespace).update(values)
        return namespace

    def _weaker_settings(self, args):
        """({action: Setting} of files and environment, unknown keys as if they were arguments)."""
        try:
            settings = sources.read_config_files(_config_argument(args))
        except sources.SourceError as error:
            self.error(str(error))
        found, unknown = {}, []
        for key, setting in settings.items():
            action = self._option_string_actions.get(f"--{key}")
            if action is not None:
                found[action] = setting
            elif key not in _NEVER_FROM_FILES:
                unknown.append(f"--{key}" if setting.value is True else f"--{key}={setting.value}")
        by_variable = {
            action.env_var: action for action in self._actions if getattr(action, "env_var", None)
        }
        for name, setting in sources.read_environment(by_variable).items():
            found[by_variable[name]] = setting
        return {
            action: setting
            for action, setting in found.items()
            if action.dest not in _NEVER_FROM_FILES and not _is_off(action, setting)
        }, unknown

    def _apply(self, action, setting, namespace):
        option = action.option_strings[0] if action.option_strings else None
        try:
            if action.nargs == 0:
                if _truth(setting) is None:
                    raise argparse.ArgumentError(
                        action, f"must be true or false, not {setting.value!r}"
                    )
                setattr(namespace, action.dest, action.default)
                action(self, namespace, [], option)
                return
            values = setting.value if isinstance(setting.value, list) else [setting.value]
            one_each = isinstance(action, argparse._AppendAction) and action.nargs is None
            if True in values or action.nargs is None and len(values) != 1 and not one_each:
                raise argparse.ArgumentError(action, "expected one argument")
            setattr(namespace, action.dest, action.default)
            for group in [[value] for value in values] if one_each else [values]:
                action(self, namespace, self._get_values(action, group), option)
        except argparse.ArgumentError as error:
            self.error(f"{error} ({setting.where})")

    def _suggestion(self, unknown):
        """A second line with the nearest option of the first unknown one, if there is one."""
        for argument in unknown:
            if argument.startswith("--"):
                name = argument.split("=", 1)[0]
                near = difflib.get_close_matches(name, self._option_string_actions, n=1)
                if near:
                    return f"\nDid you mean '{near[0]}'?"
        return ""

    def error(self, message):
        """One line and the exit code 2; the whole usage would hide it."""
        self.exit(2, f"{self.prog}: error: {message}\n")


class _HelpFormatter(argparse.HelpFormatter):
    """Help without the two pages of usage that so many options make."""

    def _format_usage(self, usage, actions, groups, prefix):
        if usage is not None:
            return super()._format_usage(usage, actions, groups, prefix)
        return f"Usage: {self._prog} [options] [UserClass ...]\n\n"


@contextmanager
def _left_open(weaker):
    """The actions have no defaults and none is required while the arguments are parsed."""
    before = [(action, action.default, action.required) for action in weaker]
    for action in weaker:
        action.default, action.required = argparse.SUPPRESS, False
    try:
        yield
    finally:
        for action, default, required in before:
            action.default, action.required = default, required


def _truth(setting):
    if setting.value is True:
        return True
    text = str(setting.value).lower()
    return True if text in _TRUE else False if text in _FALSE else None


def _is_off(action, setting):
    return action.nargs == 0 and _truth(setting) is False


def _config_argument(args):
    """The value of --config, which says where other options come from; LOCUST_CONFIG is none."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--config")
    parser.error = lambda message: None
    try:
        return parser.parse_known_args(args)[0].config
    except Exception:  # "--config" without a value: the real parser says so
        return None


def get_empty_argument_parser(add_help=True, **kwargs):
    """A parser without any option but what finds the locustfile."""
    kwargs.setdefault("prog", "locust")
    parser = LocustArgumentParser(add_help=False, usage=argparse.SUPPRESS, **kwargs)
    if add_help:
        parser.add_argument("-h", "--help", action="help", help="print this text and exit")
    _options.add_locustfile_options(parser)
    return parser


def setup_parser_arguments(parser):
    """Adds every option but those of get_empty_argument_parser(add_help=True)."""
    _options.add_all(parser)


def get_parser():
    """The whole parser, as it is before a locustfile adds to it."""
    parser = LocustArgumentParser(prog="locust", add_help=False)
    _options.add_all(parser)
    return parser


def parse_locustfile_option(args=None):
    """The locustfiles' absolute paths, found before anything else is known.

    Raises LocustfileError; "-" is given back as it is.
    """
    parser = get_empty_argument_parser(add_help=False, allow_abbrev=False)
    parser.add_argument("--worker", action="store_true", env_var="LOCUST_MODE_WORKER")
    options, _ = parser.parse_known_args(args)
    if options.locustfile == "-" and not options.worker:
        raise LocustfileError("locustfile '-' means that of the coordinator: only with --worker")
    return find_locustfiles(options.locustfile)


def parse_options(args=None, handed_over=None):
    """All options, those of init_command_line_parser listeners included.

    handed_over: {dest: value} that a coordinator found; files and environment then do not count.
    """
    return read_options(get_whole_parser(), args, handed_over)


def get_whole_parser():
    """The parser with what the locustfile adds to it."""
    from locust import events

    parser = get_parser()
    events.init_command_line_parser.fire(parser=parser)
    return parser


def read_options(parser, args=None, handed_over=None):
    """What parse_options() gives, by a parser that is there."""
    if handed_over is not None:
        return parser.parse_handed_over(args, handed_over)
    options = parser.parse_args(args)
    complete(parser, options)
    return options


def complete(parser, options):
    """What follows from several options, or from variables that no option has."""
    if options.stats_history_enabled and options.csv_prefix is None:
        parser.error("'--csv-full-history' requires '--csv'.")
    if options.headful:
        options.headless = False
    if not options.user_classes:
        options.user_classes = os.environ.get("LOCUST_USER_CLASSES", "").replace(",", " ").split()
    for name in ("tags", "exclude_tags"):
        setattr(options, name, _options.split_tags(getattr(options, name)))


def default_args_dict():
    """{dest: default} of the options that are always there."""
    return {
        action.dest: action.default
        for action in get_parser()._actions
        if action.dest not in ("help", "version")
    }


def ui_extra_args_dict(args=None):
    """What the locustfile added for users to set, and its values."""
    from locust import events

    parser = get_parser()
    known = set(parser.args_included_in_web_ui)
    events.init_command_line_parser.fire(parser=parser)
    values = vars(parser.parse_known_args(args)[0])
    return {
        dest: values[dest]
        for dest in parser.args_included_in_web_ui
        if dest not in known and dest in values
    }
