"""Tags on tasks, and what --tags and --exclude-tags leave of a user's tasks."""

import logging

logger = logging.getLogger(__name__)


def tag(*tags):
    """Marks a task, or all tasks of a nested TaskSet: `@tag("slow", "checkout")`."""
    if not tags or any(not isinstance(name, str) for name in tags):
        raise ValueError('tag must have a name: @tag("name")')

    def mark(target):
        nested = getattr(target, "tasks", None)
        if nested is None:
            target.locust_tag_set = getattr(target, "locust_tag_set", set()) | set(tags)
        else:
            for entry in dict.fromkeys(nested):
                mark(entry)
        return target

    return mark


def filter_tasks_by_tags(task_holder, tags=None, exclude_tags=None, checked=None):
    """Takes from `task_holder`, and from sets below it, what is not to run.

    A task runs if it has one of `tags` (None: all do) and none of `exclude_tags`. A set that has
    no task left goes too. `checked` remembers the verdicts of one pass.
    """
    checked = {} if checked is None else checked
    kept = []
    for entry in task_holder.tasks:
        if entry not in checked:
            checked[entry] = _stays(entry, tags, exclude_tags, checked)
        if checked[entry]:
            kept.append(entry)
    task_holder.tasks = kept
    if not kept:
        logger.warning(
            "%s had no tasks left after filtering: it cannot run", task_holder.__name__
        )


def _stays(entry, tags, exclude_tags, checked):
    if hasattr(entry, "tasks"):
        if is_markov_taskset(entry):
            return True  # all of it, or the chain would break
        filter_tasks_by_tags(entry, tags, exclude_tags, checked)
        return bool(entry.tasks)
    own = tags_of(entry)
    return (tags is None or any(name in tags for name in own)) and not (
        exclude_tags and any(name in exclude_tags for name in own)
    )


def tags_of(task):
    """The names that @tag gave it."""
    return getattr(task, "locust_tag_set", ())


def is_markov_taskset(entry):
    """Whether its tasks follow each other by transitions."""
    return getattr(entry, "is_markov", False)
