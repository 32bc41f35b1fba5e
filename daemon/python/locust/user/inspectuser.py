"""How often each task runs, as a tree: --show-task-ratio and the ratios of a report."""

import json


def get_ratio(user_classes, user_spawned, total):
    """{class: {"ratio", "tasks": {name: {"ratio", "tasks"}}}}.

    `user_spawned` has the number of users by class name. With `total`, the ratio of a task is of
    all that is done; without, of what its class or task set does.
    """
    users = sum(user_spawned.values()) or 1
    ratios = {}
    for cls in user_classes:
        share = user_spawned.get(cls.__name__, 0) / users
        ratios[cls.__name__] = {
            "ratio": share,
            "tasks": _task_ratios(cls.tasks, share if total else 1, total),
        }
    return ratios


def _task_ratios(tasks, parent_share, total):
    ratios = {}
    for entry in dict.fromkeys(tasks):
        share = tasks.count(entry) / len(tasks) * parent_share
        ratios[entry.__name__] = node = {"ratio": share}
        if hasattr(entry, "tasks"):
            node["tasks"] = _task_ratios(entry.tasks, share if total else 1, total)
    return ratios


def _users_by_class(user_classes, num_users):
    """How many of `num_users` are of each class: fixed ones first, then by weight."""
    counts = {cls.__name__: cls.fixed_count for cls in user_classes}
    weighted = [cls for cls in user_classes if not cls.fixed_count]
    left = max(0, num_users - sum(counts.values()))
    weights = sum(cls.weight for cls in weighted)
    if not weights:
        return counts
    exact = {cls.__name__: left * cls.weight / weights for cls in weighted}
    for name, number in exact.items():
        counts[name] = int(number)
    by_rest = sorted(exact, key=lambda name: counts[name] - exact[name])
    for name in by_rest[: left - sum(counts[name] for name in exact)]:
        counts[name] += 1
    return counts


def print_task_ratios(user_classes, num_users):
    """Both trees, each under its title, on stdout."""
    for title, total in (("Task ratio per User class", False), ("Total task ratio", True)):
        print(f"\n {title}")
        print("-" * 80)
        print_task_ratio(user_classes, num_users, total)


def print_task_ratio(user_classes, num_users, total):
    """One tree on stdout."""
    _print_level(get_ratio(user_classes, _users_by_class(user_classes, num_users), total), 0)


def print_task_ratio_json(user_classes, num_users):
    """Both trees as JSON on stdout."""
    spawned = _users_by_class(user_classes, num_users)
    trees = {
        "per_class": get_ratio(user_classes, spawned, False),
        "total": get_ratio(user_classes, spawned, True),
    }
    print(json.dumps(trees, indent=4))


def _print_level(ratios, depth):
    for name, node in ratios.items():
        # The columns of Locust, which break where the share no longer fits into the first.
        indent = "  " * depth
        share = f"{indent}{node['ratio'] * 100:<6.1f}"
        print(f" {share:<10} {indent + name:<50}")
        _print_level(node.get("tasks", {}), depth + 1)
