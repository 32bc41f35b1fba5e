"""Which task runs when, and what the loop tells the engine."""

import random
import unittest

from fakes import Counted, Diary, Handle, run_user, told, visitor
from locust import SequentialTaskSet, TaskSet, User, constant, task
from locust.exception import StopUser


class Choice(unittest.TestCase):
    def test_tasks_are_chosen_as_random_choice_chooses(self):
        chosen = []

        class Visitor(User):
            @task
            def a(self):
                chosen.append("a")

            @task(3)
            def b(self):
                chosen.append("b")

            @task
            def c(self):
                chosen.append("c")
                if len(chosen) > 100:
                    raise StopUser

        run_user(Visitor, seed=7)
        random.seed(7)
        self.assertEqual(chosen, [random.choice("abbbc") for _ in chosen])

    def test_tasks_may_change_while_the_user_runs(self):
        diary = Diary(4)

        class Visitor(User):
            @task
            def a(self):
                diary("a")
                self.tasks = [type(self).b]

            def b(self):
                diary("b")

        run_user(Visitor)
        self.assertEqual(str(diary), "a b b b")

    def test_a_sequence_repeats_and_a_nested_set_is_one_step(self):
        diary = Diary(9)

        class Visit(SequentialTaskSet):
            @task
            def a(self):
                diary("a")

            @task
            class Cart(TaskSet):
                @task
                def add(self):
                    diary("add")
                    self.interrupt()

            @task(2)
            def b(self):
                diary("b")

        run_user(type("Visitor", (User,), {"tasks": [Visit]}))
        self.assertEqual(str(diary), "a add b b a add b b a")

    def test_scheduled_tasks_go_first(self):
        diary = Diary(6)

        class Visit(TaskSet):
            @task
            def a(self):
                diary("a")
                self.schedule_task(Visit.b)
                self.schedule_task(self.c, first=True)

            def b(self):
                diary("b")

            def c(self):
                diary("c")

        run_user(type("Visitor", (User,), {"tasks": [Visit]}))
        self.assertEqual(str(diary), "a c b a c b")

    def test_overridden_methods_are_called(self):
        diary = Diary(9)

        class Visit(TaskSet):
            def get_next_task(self):
                diary("next")
                return super().get_next_task()

            def execute_next_task(self):
                diary("execute_next")
                super().execute_next_task()

            def execute_task(self, task):
                diary(f"execute:{task.__name__}")
                super().execute_task(task)

            def wait(self):
                diary("wait")
                super().wait()

            @task
            def a(self):
                pass

        run_user(type("Visitor", (User,), {"tasks": [Visit]}))
        self.assertEqual(
            str(diary),
            "next execute_next execute:a wait next execute_next execute:a wait next",
        )

    def test_only_get_next_task_overridden(self):
        diary = Diary(4)

        class Visit(TaskSet):
            def get_next_task(self):
                self.schedule_task(Visit.b)
                return Visit.a

            def a(self):
                diary("a")

            def b(self):
                diary("b")

        run_user(type("Visitor", (User,), {"tasks": [Visit]}))
        self.assertEqual(str(diary), "b a b a")

    def test_tasks_of_a_user_are_called_with_the_user_those_of_a_set_with_the_set(self):
        seen = []

        class Visitor(User):
            client = "a client"

            @task
            class Outer(TaskSet):
                @task
                class Inner(TaskSet):
                    @task
                    def a(self):
                        seen.append((self, self.parent, self.user, self.client))
                        raise StopUser

        user = run_user(Visitor)
        inner, outer, owner, client = seen[0]
        self.assertIsInstance(inner, Visitor.Outer.Inner)
        self.assertIsInstance(outer, Visitor.Outer)
        self.assertIs(outer.parent, user)
        self.assertIs(owner, user)
        self.assertEqual(client, "a client")

    def test_a_bound_method_of_the_user_is_a_task_too(self):
        diary = Diary(2)

        class Visitor(User):
            def on_start(self):
                self.tasks = [self.look]

            def look(self):
                diary("look")

        run_user(Visitor)
        self.assertEqual(str(diary), "look look")


# What Locust 2.46 does with the classes of Nest after random.seed(5).
NEST_IN_LOCUST = (
    "B< N< leave >N N< leave >N N< Deep< d1 d2 d2 d3 >Deep Deep< d1 d2 d2 d3 >Deep Deep< d1 "
    "d2 d2 d3 >Deep p leave2 >N x N< p q p leave >N N< q leave2 >N N< p Deep< d1 d2 d2 d3 "
    ">Deep q p Deep< d1 d2 d2 d3 >Deep q leave2 >N N< q leave2 >N x x x N< Deep< d1 d2 d2 d3 "
    ">Deep leave2 >N x x x x x x x x N< leave >N x N< Deep< d1 d2 d2 d3 >Deep Deep< d1 d2 d2 "
    "d3 >Deep q q Deep< d1 d2 d2 d3 >Deep q leave2 >N N< p leave >N N< q q leave >N x N< "
    "leave >N N< Deep< d1 d2 d2 d3 >Deep p Deep< d1 d2 d2 d3 >Deep Deep< d1 d2 d2 d3 >Deep "
    "Deep< d1 d2 d2 d3 >Deep leave >N x N< leave >N N< leave2 >N >B "
)


class Nest(unittest.TestCase):
    def test_the_sequence_is_the_one_that_locust_gives(self):
        diary = Diary(limit=10_000)
        tasks_left = iter(range(100))

        def hit(name):
            diary(name)
            if next(tasks_left) == 99:
                raise StopUser

        def mark(name):
            return lambda self: hit(name)

        class Deep(SequentialTaskSet):
            d1 = task(mark("d1"))
            d2 = task(2)(mark("d2"))

            @task
            def d3(self):
                hit("d3")
                self.interrupt(reschedule=False)

        class Set(TaskSet):
            p = task(mark("p"))
            q = task(mark("q"))

            @task
            def leave(self):
                hit("leave")
                self.interrupt()

            @task
            def leave2(self):
                hit("leave2")
                self.interrupt(False)

            deep = task(2)(type("Deep", (told(diary), Deep), {}))

        class Visitor(told(diary), User):
            x = task(mark("x"))
            n = task(2)(type("N", (told(diary), Set), {}))

        Visitor.__name__ = "B"
        run_user(Visitor, seed=5)
        self.assertEqual(str(diary), "".join(NEST_IN_LOCUST).strip())


class Engine(unittest.TestCase):
    """What the loop tells the engine, and what it does as it is told."""

    def setUp(self):
        self.counted = Counted().start(self)

    def test_each_task_is_bracketed_and_a_set_is_not_one(self):
        class Visitor(User):
            @task
            class Visit(TaskSet):
                @task
                def a(self):
                    pass

        handle = Handle(iterations=3)
        run_user(Visitor, handle=handle)
        self.assertEqual(handle.told, ["begin", "end"] * 3 + ["on_stop"] * 3)

    def test_tasks_that_raise_count_and_tasks_that_are_cut_off_do_not(self):
        for error, told in ((ValueError(), ["begin", "end"]), (StopUser(), ["begin", "end"])):

            class Visitor(User):
                @task
                def a(self):
                    raise error

            handle = Handle(iterations=1)
            run_user(Visitor, handle=handle)
            self.assertEqual(handle.told[:2], told)

        class Slow(User):
            @task
            def a(self):
                self._handle.stopping = 2
                self._handle.pause(5)

        handle = Handle()
        run_user(Slow, handle=handle)
        self.assertEqual(handle.told, ["begin", "on_stop", "on_stop"])

    def test_a_user_that_is_to_stop_after_its_task_does(self):
        diary = Diary()
        user_class = visitor(diary)

        class Visit(told(diary), TaskSet):
            @task
            def a(self):
                diary("a")
                self.user._handle.stopping = 1
                diary("b")

        user_class.tasks = [Visit]
        run_user(user_class, handle=Handle())
        self.assertEqual(str(diary), "Visitor< Visit< a b >Visit >Visitor")

    def test_overridden_execution_is_bracketed_too(self):
        class Visit(TaskSet):
            def execute_task(self, task):
                task(self)

            @task
            def a(self):
                pass

        handle = Handle(iterations=2)
        run_user(type("Visitor", (User,), {"tasks": [Visit]}), handle=handle)
        self.assertEqual(handle.told[:4], ["begin", "end"] * 2)

    def test_pauses_are_the_engines(self):
        class Visitor(User):
            wait_time = constant(1.5)

            @task
            def a(self):
                pass

        handle = Handle(iterations=3)
        run_user(Visitor, handle=handle)
        self.assertEqual(handle.pauses, [1.5] * 3)

    def test_stopped_in_a_pause_the_user_runs_on_stop(self):
        diary = Diary()
        user_class = visitor(diary, wait_time=constant(1))

        def a(self):
            diary("a")
            self._handle.stopping = 2

        user_class.tasks = [a]
        handle = Handle()
        run_user(user_class, handle=handle)
        self.assertEqual(str(diary), "Visitor< a >Visitor")
        self.assertEqual(handle.told[-1], "on_stop")

    def test_stop_ends_after_the_task(self):
        diary = Diary()
        user_class = visitor(diary)

        def a(self):
            diary("a")
            diary(str(self.stop()))

        user_class.tasks = [a]
        run_user(user_class)
        self.assertEqual(str(diary), "Visitor< a False >Visitor")


if __name__ == "__main__":
    unittest.main()
