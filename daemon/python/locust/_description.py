"""What the process that started this one has to know of the test."""

import json

from . import stats


def describe(test):
    """The note "loaded"."""
    environment, options = test.environment, test.options
    return {
        "users": options.num_users,
        "spawn_rate": options.spawn_rate,
        "run_time_seconds": options.run_time,
        "headless": options.headless,
        "autostart": options.autostart,
        "autoquit": options.autoquit,
        "web_ui": not options.headless,
        "web_host": options.web_host,
        "web_port": options.web_port,
        "tls_cert": options.tls_cert,
        "tls_key": options.tls_key,
        "host": environment.host or _host_of(environment.user_classes),
        "tags": environment.tags or [],
        "exclude_tags": environment.exclude_tags or [],
        "stop_timeout_seconds": environment.stop_timeout,
        "csv": options.csv_prefix,
        "csv_full_history": options.stats_history_enabled,
        "html": options.html_file,
        "json": options.json,
        "json_file": options.json_file,
        "only_summary": options.only_summary,
        "print_stats": options.print_stats,
        "exit_code_on_error": options.exit_code_on_error,
        "reset_stats": environment.reset_stats,
        "loglevel": options.loglevel,
        "logfile": options.logfile,
        "skip_log": options.skip_log_setup,
        "master": options.master,
        "worker": options.worker,
        "master_host": options.master_host,
        "master_port": options.master_port,
        "master_bind_host": options.master_bind_host,
        "master_bind_port": options.master_bind_port,
        "expect_workers": options.expect_workers,
        "expect_workers_max_wait": options.expect_workers_max_wait,
        "processes": options.processes,
        "iterations": getattr(options, "iterations", None),
        "profile": options.profile,
        "otel": options.otel,
        "has_shape": environment.shape_class is not None,
        "shape_uses_common_options": bool(
            getattr(environment.shape_class, "use_common_options", False)
        ),
        "locustfiles": test.locustfiles,
        "classes": [_describe_class(cls) for cls in environment.user_classes],
        **test.form,
        "agent_arguments": agent_arguments(test),
        # Constants of locust.stats that locustfiles overwrite.
        "percentiles": list(stats.PERCENTILES_TO_REPORT),
        "console_interval_seconds": stats.CONSOLE_STATS_INTERVAL_SEC,
        "csv_interval_seconds": stats.CSV_STATS_INTERVAL_SEC,
    }


def _host_of(classes):
    """The host that all classes have themselves; None when they differ."""
    hosts = {cls.host for cls in classes}
    return hosts.pop() if len(hosts) == 1 else None


def _describe_class(cls):
    return {
        "name": cls.__name__,
        "weight": cls.weight,
        "fixed_count": cls.fixed_count,
        "tasks": [task.__name__ for task in cls.tasks or []],
    }


OPTIONS_MARK = "--squall-options"


def agent_arguments(test):
    """The arguments for agents: ours, and all options as they came out, since an agent has
    neither our environment nor our configuration files."""
    options = {dest: value for dest, value in vars(test.options).items() if _is_plain(value)}
    return [*test.arguments, f"{OPTIONS_MARK}={json.dumps(options)}"]


def split_agent_arguments(arguments):
    """(arguments, options or None): takes apart what agent_arguments() has put together."""
    if arguments and arguments[-1].startswith(f"{OPTIONS_MARK}="):
        return arguments[:-1], json.loads(arguments[-1].split("=", 1)[1])
    return arguments, None


def _is_plain(value):
    """True for what JSON gives back as it was."""
    try:
        return json.loads(json.dumps(value)) == value
    except (TypeError, ValueError):
        return False
