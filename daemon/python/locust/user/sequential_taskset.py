"""A task set that goes through its tasks in order."""

from itertools import cycle

from ._declare import declared_weight, expand_tasks
from .task import TaskSet, TaskSetMeta


class SequentialTaskSetMeta(TaskSetMeta):
    """Like TaskSet's, but `tasks` stands where it is declared among the members."""

    def __new__(mcs, classname, bases, namespace):
        tasks = []
        for base in bases:
            tasks.extend(getattr(base, "tasks", None) or ())
        for name, member in namespace.items():
            if name == "tasks":
                tasks.extend(expand_tasks(member or ()))
            else:
                tasks.extend([member] * (declared_weight(member) or 0))
        # Not TaskSetMeta's, which would collect them once more.
        made = type.__new__(mcs, classname, bases, namespace)
        made.tasks = tasks
        return made


class SequentialTaskSet(TaskSet, metaclass=SequentialTaskSetMeta):
    """Runs its tasks as they are declared, one of weight n so many times, and begins anew."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._task_cycle = cycle(self.tasks)

    def get_next_task(self):
        for task in self._task_cycle:
            return task
        self._refuse()
