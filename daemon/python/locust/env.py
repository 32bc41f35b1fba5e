"""What the parts of a test share: its classes, options, events, statistics and runner."""

from . import _control
from .dispatch import UsersDispatcher
from .event import Events
from .exception import RunnerAlreadyExistsError
from .runners import LocalRunner, MasterRunner, WorkerRunner
from .stats import RequestStats

class Environment:
    """One test. On the command line there is one; a script of your own may make its own."""

    def __init__(
        self,
        *,
        user_classes=None,
        shape_class=None,
        tags=None,
        locustfile=None,
        exclude_tags=None,
        events=None,
        host=None,
        reset_stats=False,
        stop_timeout=None,
        catch_exceptions=True,
        parsed_options=None,
        parsed_locustfiles=None,
        available_user_classes=None,
        available_shape_classes=None,
        available_user_tasks=None,
        dispatcher_class=UsersDispatcher,
        profile=None,
    ):
        self.events = events if events is not None else Events()
        self.user_classes = list(user_classes or [])
        self.shape_class = shape_class
        self.tags = tags
        self.exclude_tags = exclude_tags
        self.locustfile = locustfile
        self.host = host
        self.reset_stats = reset_stats
        self.stop_timeout = stop_timeout or 0
        # False: an exception of a task ends its user instead of being logged and counted.
        self.catch_exceptions = catch_exceptions
        self.parsed_options = parsed_options
        self.parsed_locustfiles = parsed_locustfiles
        self.available_user_classes = available_user_classes
        self.available_shape_classes = available_shape_classes
        self.available_user_tasks = available_user_tasks
        self.dispatcher_class = dispatcher_class
        self.profile = profile
        # Set it, in a quitting listener say, and it is the exit code whatever happened.
        self.process_exit_code = None
        self.runner = None
        self.web_ui = None
        self.worker_logs = {}
        # run_single_user() puts its user here.
        self.single_user_instance = None
        self.stats = RequestStats()
        self._remove_classes_without_weight()
        self._check_names_are_unique()
        if shape_class is not None:
            self._check_shape(shape_class)

    @property
    def user_classes_by_name(self):
        """{name: class} of the classes whose users run."""
        return {cls.__name__: cls for cls in self.user_classes}

    def create_local_runner(self):
        """A runner whose users are in this process."""
        return self._take_runner(LocalRunner)

    def create_master_runner(self, master_bind_host="*", master_bind_port=5557):
        """A runner whose users are elsewhere; only where squall has started this process."""
        return self._take_runner(
            MasterRunner, master_bind_host=master_bind_host, master_bind_port=master_bind_port
        )

    def create_worker_runner(self, master_host, master_port):
        """A runner that does as a master says; only where squall has started this process."""
        return self._take_runner(WorkerRunner, master_host=master_host, master_port=master_port)

    def _take_runner(self, runner_class, **kwargs):
        if runner_class is not LocalRunner and not _control.in_lane:
            raise NotImplementedError(
                f"a program of your own cannot have a {runner_class.__name__}; "
                "'squall run -f …' and agents spread a run over machines"
            )
        if self.runner is not None:
            raise RunnerAlreadyExistsError(f"Environment.runner already exists ({self.runner})")
        self.runner = runner_class(self, **kwargs)
        if self.shape_class is not None:
            self.shape_class.runner = self.runner
        return self.runner

    def create_web_ui(self, *args, **kwargs):
        """Raises NotImplementedError, which says what there is instead."""
        from .web import WebUI

        self.web_ui = WebUI(self, *args, **kwargs)
        return self.web_ui

    def update_user_class(self, user_settings):
        """Sets attributes of the class that user_settings["user_class_name"] names."""
        settings = dict(user_settings)
        name = settings.pop("user_class_name")
        classes = self.available_user_classes or self.user_classes_by_name
        user_class = classes[name]
        task_names = settings.pop("tasks", None)
        for attribute, value in settings.items():
            setattr(user_class, attribute, value)
        if task_names is not None:
            known = (self.available_user_tasks or {}).get(name, user_class.tasks)
            user_class.tasks = [task for task in known if task.__name__ in task_names]

    def update_worker_logs(self, worker_log_report):
        """Takes {"worker_id": …, "logs": […]}."""
        if worker_log_report.get("worker_id"):
            self.worker_logs[worker_log_report["worker_id"]] = worker_log_report["logs"]

    def assign_equal_weights(self):
        """Gives every class, and every task, the weight 1."""
        from .user.task import equal_task_weights

        for user_class in self.user_classes:
            user_class.weight = 1
            equal_task_weights(user_class)

    def _filter_tasks_by_tags(self):
        from .user.task import filter_tasks_by_tags

        if not self.tags and not self.exclude_tags:
            return
        tags = None if self.tags is None else set(self.tags)
        exclude = None if self.exclude_tags is None else set(self.exclude_tags)
        for user_class in self.user_classes:
            filter_tasks_by_tags(user_class, tags, exclude)

    def _remove_classes_without_weight(self):
        classes = self.user_classes
        self.user_classes = [cls for cls in classes if cls.weight != 0 or cls.fixed_count > 0]
        if classes and not self.user_classes:
            raise ValueError("There are no users with weight > 0.")

    def _check_names_are_unique(self):
        seen = {}
        for cls in self.user_classes:
            other = seen.setdefault(cls.__name__, cls)
            if other is not cls:
                raise ValueError(
                    "User classes must have different names: "
                    f"{cls.__module__}.{cls.__name__} and {other.__module__}.{other.__name__}"
                )

    @staticmethod
    def _check_shape(shape):
        from .shape import LoadTestShape

        if not isinstance(shape, LoadTestShape):
            raise ValueError(
                "shape_class must be an instance of a LoadTestShape, "
                f"not {type(shape).__name__}"
            )
