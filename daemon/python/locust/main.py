"""From arguments to a test that is ready to run: locustfiles, options, environment, runner."""

import importlib
import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from . import __version__, _form, _options, argument_parser, events, log
from .env import Environment
from .exception import RunnerAlreadyExistsError  # noqa: F401  (Locust's users find it here)
from .runners import LocalRunner, MasterRunner, WorkerRunner
from .util.load_locustfile import (
    COORDINATORS_FILE,
    Loaded,
    LocustfileError,
    load_all,
    users_traceback,
)

logger = logging.getLogger(__name__)

version = __version__

EXIT_WRONG_LOCUSTFILE = 1
EXIT_WRONG_COMBINATION = 255

_RUNNERS = {"local": LocalRunner, "coordinator": MasterRunner, "agent": WorkerRunner}


class Exit(Exception):
    """The process is to end with this code; `message` is why, for stderr, or empty."""

    def __init__(self, code, message=""):
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass
class Test:
    """A test that is ready to run."""

    environment: Environment
    options: object
    locustfiles: list
    arguments: list
    form: dict


def load(role, arguments, locustfiles=None, handed_over=None, identity=None, chosen=None):
    """Everything up to and including the init event. Raises Exit.

    An agent gets the files from its coordinator, the options in `handed_over`, and, for its
    runner, a client_id and a worker_index in `identity`. `chosen` is what a person has put into
    the form of the web page, {dest: value}.
    """
    try:
        paths = locustfiles or _find_locustfiles(arguments)
        _import_plugins()
        loaded = Loaded(paths) if paths == [COORDINATORS_FILE] else load_all(paths)
    except LocustfileError as error:
        raise Exit(EXIT_WRONG_LOCUSTFILE, str(error)) from error
    parser = argument_parser.get_whole_parser()
    options = argument_parser.read_options(parser, arguments, handed_over)
    _form.apply(parser, options, chosen or {})
    _stop_if_a_listener_failed()
    if options.autoquit != -1 and not options.autostart:
        raise Exit(1, "--autoquit is only meaningful in combination with --autostart")
    if not options.skip_log_setup:
        _set_up_log(role, options)
    _answer_questions_first(loaded, options)
    if role != "agent":
        logger.info("Starting Locust %s (squall)", __version__)
    environment = _make_environment(role, loaded, options, identity)
    environment.events.init.fire(
        environment=environment, runner=environment.runner, web_ui=environment.web_ui
    )
    _stop_if_a_listener_failed()
    form = _form.describe(parser, options, environment.user_classes)
    environment._filter_tasks_by_tags()
    return Test(environment, options, paths, arguments, form)


def _import_plugins():
    """Locust does so too: the package adds arguments and listeners by being imported."""
    try:
        importlib.import_module("locust_plugins")
    except ModuleNotFoundError:
        pass
    except Exception:
        logger.warning("locust_plugins cannot be imported", exc_info=True)


def _stop_if_a_listener_failed():
    """Its traceback is in the log."""
    if log.unhandled_greenlet_exception:
        raise Exit(EXIT_WRONG_LOCUSTFILE)


def _find_locustfiles(arguments):
    try:
        return argument_parser.parse_locustfile_option(arguments)
    except LocustfileError:
        # Help is to be had without any file.
        if {"-h", "--help", "-V", "--version"}.intersection(arguments):
            argument_parser.get_parser().parse_known_args(arguments)
        raise


def _set_up_log(role, options):
    try:
        log.setup_logging(options.loglevel, options.logfile)
    except ValueError as error:  # logging's word for a file that cannot be opened
        if role != "agent":
            reason = error.__cause__ or error
            raise Exit(1, f"--logfile must be a file that can be written: {reason}") from error
        log.setup_logging(options.loglevel)


def _answer_questions_first(loaded, options):
    """--list and the task ratios end the process."""
    if options.list_commands:
        print("Available Users:")
        for name in loaded.user_classes:
            print(f"    {name}")
        raise Exit(0)
    if options.show_task_ratio or options.show_task_ratio_json:
        from .user import inspectuser

        environment = _make_environment("local", loaded, options)
        environment._filter_tasks_by_tags()
        users = options.num_users or _users_for_ratios(environment.user_classes)
        if options.show_task_ratio:
            inspectuser.print_task_ratios(environment.user_classes, users)
        else:
            inspectuser.print_task_ratio_json(environment.user_classes, users)
        raise Exit(0)


def _users_for_ratios(user_classes):
    """How many users show the ratios best when no number is given."""
    fixed = sum(cls.fixed_count for cls in user_classes)
    weights = sum(cls.weight for cls in user_classes)
    return fixed or (int(weights) if weights == int(weights) else 1_000_000)


def _make_environment(role, loaded, options, identity=None):
    classes = _chosen_classes(loaded, options.user_classes)
    if options.master and options.worker:
        _refuse(EXIT_WRONG_COMBINATION, "The --master argument cannot be combined with --worker")
    try:
        environment = Environment(
            user_classes=classes,
            shape_class=_make_shape(loaded.shape_classes),
            tags=options.tags,
            exclude_tags=options.exclude_tags,
            locustfile=",".join(os.path.basename(path) for path in loaded.files),
            parsed_locustfiles=loaded.files,
            events=events,
            host=options.host,
            reset_stats=options.reset_stats,
            stop_timeout=options.stop_timeout,
            parsed_options=options,
            available_user_classes=loaded.user_classes,
            available_shape_classes=loaded.shape_classes,
            available_user_tasks={
                name: list(cls.tasks or []) for name, cls in loaded.user_classes.items()
            },
            profile=options.profile,
        )
    except ValueError as error:
        _refuse(EXIT_WRONG_LOCUSTFILE, str(error))
    _apply_user_settings(environment, options.config_users)
    if options.equal_weights:
        environment.assign_equal_weights()
    fixed = sum(cls.fixed_count for cls in environment.user_classes)
    if role != "agent" and fixed > (options.num_users or fixed):
        logger.info(
            "There are to be %d users, but the fixed_count of the User classes is %d in all",
            options.num_users, fixed,
        )
    if role != "agent":
        _warn_of_options_without_effect(environment.shape_class, options)
        _warn_of_what_is_not_there(options)
    environment._take_runner(_RUNNERS[role], **(identity or {}))
    return environment


def _warn_of_options_without_effect(shape, options):
    given = (options.num_users, options.spawn_rate, options.run_time)
    if shape is None or shape.use_common_options or all(value is None for value in given):
        return
    logger.warning(
        "--users, --spawn-rate and --run-time have no effect, since %s says how many users there "
        "are; with use_common_options = True it may read them", type(shape).__name__,
    )


def _warn_of_what_is_not_there(options):
    defaults = argument_parser.default_args_dict()
    names = [
        name for dest, name in _options.WITHOUT_EFFECT.items()
        if getattr(options, dest, defaults[dest]) != defaults[dest]
    ]
    if names:
        logger.warning(
            "Without effect here: %s (the page is at /)", ", ".join(names),
        )
    if options.web_login and not options.headless:
        logger.warning(
            "Without effect here: --web-login; the page asks for a login with --web-token-file or "
            "--web-auth-file"
        )


def _chosen_classes(loaded, names):
    available = loaded.user_classes
    if loaded.files == [COORDINATORS_FILE]:
        return []
    unknown = [name for name in names if name not in available]
    if unknown:
        _refuse(EXIT_WRONG_LOCUSTFILE, f"Unknown User(s): {', '.join(unknown)}")
    if not available:
        _refuse(EXIT_WRONG_LOCUSTFILE, "No User class found!")
    return [cls for name, cls in available.items() if name in names or not names]


def _make_shape(shapes):
    """An instance of the first one; its __init__ is the locustfile's."""
    for shape in shapes.values():
        try:
            return shape()
        except Exception as error:
            raise Exit(EXIT_WRONG_LOCUSTFILE, users_traceback(error)) from error
    return None


def _apply_user_settings(environment, configurations):
    """--config-users: each argument is a list of objects."""
    for configuration in configurations or []:
        for settings in configuration:
            try:
                environment.update_user_class(settings)
            except (KeyError, TypeError, AttributeError) as error:
                _refuse(
                    EXIT_WRONG_COMBINATION,
                    "--config-users must name a User class of the locustfile in "
                    f"user_class_name: {error!r} in {settings!r}",
                )


def _refuse(code, message):
    logger.error(message)
    raise Exit(code)


def main():
    """For programs that start Locust by its function: the program `locust` takes their place."""
    beside = Path(sys.executable or "squall-python").with_name("locust")
    os.execvp(beside if beside.exists() else "locust", ["locust", *sys.argv[1:]])
