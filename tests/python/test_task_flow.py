"""What an exception leads to, in a task or elsewhere in the life of a user."""

import unittest

from fakes import Counted, Diary, Environment, Handle, run_user, told, visitor
from locust import SequentialTaskSet, TaskSet, User, constant, task
from locust.exception import (
    InterruptTaskSet,
    RescheduleTask,
    RescheduleTaskImmediately,
    StopTest,
    StopUser,
)


class Flow(unittest.TestCase):
    """What follows on an exception, in a task or elsewhere."""

    def setUp(self):
        self.counted = Counted().start(self)

    def live(self, error, limit=10):
        """A user with one set whose tasks are numbered; the second one raises."""
        diary = Diary(limit)

        def wait_time(user):
            diary.entries.append("w")
            return 0

        user_class = visitor(diary, wait_time=wait_time)

        class Visit(told(diary), TaskSet):
            number = 0

            @task
            def a(self):
                Visit.number += 1
                diary(str(Visit.number))
                if Visit.number == 2:
                    raise error

        user_class.tasks = [Visit]
        environment = Environment()
        run_user(user_class, environment)
        return str(diary), environment

    def test_reschedule_task_is_a_return(self):
        self.assertEqual(
            self.live(RescheduleTask())[0],
            "Visitor< Visit< 1 w 2 w 3 w 4 w 5 >Visit >Visitor",
        )

    def test_reschedule_immediately_leaves_out_the_wait(self):
        self.assertEqual(
            self.live(RescheduleTaskImmediately())[0],
            "Visitor< Visit< 1 w 2 3 w 4 w 5 >Visit >Visitor",
        )

    def test_interrupt_leaves_the_set_and_the_parent_goes_on_at_once(self):
        self.assertEqual(
            self.live(InterruptTaskSet(), 11)[0],
            "Visitor< Visit< 1 w 2 >Visit Visit< 3 w 4 w 5 >Visit >Visitor",
        )

    def test_interrupt_without_reschedule_waits_first(self):
        self.assertEqual(
            self.live(InterruptTaskSet(False), 10)[0],
            "Visitor< Visit< 1 w 2 >Visit w Visit< 3 w 4 >Visit >Visitor",
        )

    def test_stop_user_runs_on_stop_from_the_inside_out(self):
        text, environment = self.live(StopUser())
        self.assertEqual(text, "Visitor< Visit< 1 w 2 >Visit >Visitor")
        environment.runner.quit.assert_not_called()
        self.assertEqual(self.counted.task_errors, [])

    def test_stop_test_ends_the_run(self):
        text, environment = self.live(StopTest("enough"))
        self.assertEqual(text, "Visitor< Visit< 1 w 2 >Visit >Visitor")
        environment.runner.quit.assert_called_once_with()

    def test_any_other_exception_is_reported_and_waits(self):
        events = []
        diary = Diary(2)

        class Visitor(User):
            @task
            class Visit(TaskSet):
                @task
                def a(self):
                    diary("a")
                    raise ValueError("two\nlines")

        environment = Environment()
        environment.events.user_error.add_listener(lambda **kwargs: events.append(kwargs))
        run_user(Visitor, environment)
        self.assertEqual(sorted(events[0]), ["exception", "tb", "user_instance"])
        self.assertIsInstance(events[0]["user_instance"], Visitor.Visit)
        first, *rest = self.counted.task_errors[0].splitlines()
        self.assertEqual(first, "two lines")
        self.assertIn("test_task_flow.py", rest[0])
        self.assertNotIn("locust/user", self.counted.task_errors[0])
        # The traceback is the user's from its first line on.
        self.assertEqual(events[0]["tb"].tb_frame.f_code.co_name, "a")

    def test_sys_exit_leaves_the_greenlet_and_ends_the_program(self):
        diary = Diary(2)

        class Visitor(User):
            @task
            def a(self):
                diary("a")
                raise SystemExit("no more")

            def on_stop(self):
                diary("stopped")

        with self.assertRaisesRegex(SystemExit, "no more"):
            run_user(Visitor)
        self.assertEqual(str(diary), "a")
        self.assertEqual(self.counted.task_errors, [])

    def test_keyboard_interrupt_ends_the_run(self):
        class Visitor(User):
            @task
            def a(self):
                raise KeyboardInterrupt

        environment = Environment()
        run_user(Visitor, environment, Handle())
        environment.runner.quit.assert_called_once_with()
        self.assertTrue(self.counted.task_errors[0].startswith("KeyboardInterrupt\n"))

    def test_an_exception_without_text_shows_its_type(self):
        diary = Diary(2)

        class Visitor(User):
            @task
            def a(self):
                diary("a")
                raise AssertionError

        run_user(Visitor)
        self.assertTrue(self.counted.task_errors[0].startswith("AssertionError\n"))

    def test_exceptions_pass_if_the_environment_wants_them(self):
        class Visitor(User):
            @task
            def a(self):
                raise ValueError("mine")

        environment = Environment()
        environment.catch_exceptions = False
        with self.assertRaisesRegex(ValueError, "mine"):
            run_user(Visitor, environment).tasks

    def test_interrupt_in_a_task_of_a_user_stops_it_and_is_reported(self):
        diary = Diary()
        user_class = visitor(diary)

        def a(self):
            diary("a")
            raise InterruptTaskSet

        user_class.tasks = [a]
        run_user(user_class)
        self.assertEqual(str(diary), "Visitor< a >Visitor")
        self.assertIn("in no TaskSet", self.counted.task_errors[0])

    def test_interrupt_in_on_start_of_a_set_is_no_visit_of_it(self):
        diary = Diary(5)
        user_class = visitor(diary)

        class Visit(told(diary), TaskSet):
            def on_start(self):
                diary("Visit<")
                self.interrupt()

            @task
            def a(self):
                diary("a")

        user_class.tasks = [Visit]
        run_user(user_class)
        self.assertEqual(str(diary), "Visitor< Visit< Visit< Visit< Visit< >Visitor")

    def test_without_tasks_the_user_ends_with_a_message(self):
        run_user(type("Visitor", (User,), {}))
        self.assertEqual(len(self.counted.task_errors), 1)
        self.assertIn("No tasks defined on Visitor", self.counted.task_errors[0])
        empty = type("Empty", (TaskSet,), {})
        run_user(type("Visitor", (User,), {"tasks": [empty]}))
        self.assertIn("No tasks defined on Empty", self.counted.task_errors[1])
        empty = type("Empty", (SequentialTaskSet,), {})
        run_user(type("Visitor", (User,), {"tasks": [empty]}))
        self.assertIn("No tasks defined on Empty", self.counted.task_errors[2])

    def test_exception_in_on_stop_is_reported_and_the_next_on_stop_runs(self):
        diary = Diary()
        user_class = visitor(diary)

        class Visit(told(diary), TaskSet):
            def on_stop(self):
                raise KeyError("on the way out")

            @task
            def a(self):
                raise StopUser

        user_class.tasks = [Visit]
        run_user(user_class)
        self.assertEqual(str(diary), "Visitor< Visit< >Visitor")
        self.assertIn("on the way out", self.counted.task_errors[0])

    def test_exception_in_on_start_of_a_user_ends_it_without_on_stop(self):
        diary = Diary()
        user_class = visitor(diary)

        def on_start(self):
            diary("start")
            raise ValueError("no login")

        user_class.on_start = on_start
        run_user(user_class)
        self.assertEqual(str(diary), "start")
        self.assertTrue(self.counted.task_errors[0].startswith("no login\n"))

    def test_on_stop_may_wait(self):
        diary = Diary()

        class Visitor(User):
            wait_time = constant(3)

            def on_stop(self):
                self.wait()
                diary("waited")

            @task
            def a(self):
                raise StopUser

        handle = Handle()
        run_user(Visitor, handle=handle)
        self.assertEqual(handle.pauses, [3])
        self.assertEqual(str(diary), "waited")

    def test_stop_user_in_on_start_runs_on_stop(self):
        diary = Diary()
        user_class = visitor(diary)

        def on_start(self):
            raise StopUser

        user_class.on_start = on_start
        run_user(user_class)
        self.assertEqual(str(diary), ">Visitor")


if __name__ == "__main__":
    unittest.main()
