"""between, constant, constant_pacing, constant_throughput, and waits of the user's own."""

import random
import unittest
from unittest import mock

from fakes import Counted, Diary, Environment, Handle, run_user
from locust import TaskSet, User, between, constant, constant_pacing, constant_throughput, task
from locust.exception import MissingWaitTimeError
from locust.user.wait_time import no_wait


class Clock:
    """In place of time.perf_counter."""

    def __init__(self, case):
        self.now = 100.0
        for module in ("locust.user.wait_time", "locust.user.task", "locust.user.users"):
            patch = mock.patch(f"{module}.time.perf_counter", lambda: self.now)
            patch.start()
            case.addCleanup(patch.stop)


class Functions(unittest.TestCase):
    def test_constant(self):
        self.assertEqual(constant(3)(None), 3)
        self.assertIs(constant(0), no_wait)

    def test_between_is_uniform(self):
        wait = between(1, 3)
        random.seed(4)
        drawn = sorted(wait(None) for _ in range(4000))
        self.assertTrue(1 <= drawn[0] < 1.01 and 2.99 < drawn[-1] <= 3)
        self.assertAlmostEqual(drawn[1000], 1.5, delta=0.06)
        self.assertAlmostEqual(drawn[2000], 2, delta=0.06)

    def test_pacing_takes_the_time_of_the_task_from_the_wait(self):
        clock = Clock(self)
        user = User(None)
        wait = constant_pacing(5)
        clock.now += 1
        self.assertEqual(wait(user), 4)
        clock.now += 4 + 2
        self.assertEqual(wait(user), 3)

    def test_pacing_does_not_catch_up(self):
        clock = Clock(self)
        user = User(None)
        wait = constant_pacing(5)
        clock.now += 7
        self.assertEqual(wait(user), 0)
        clock.now += 1
        self.assertEqual(wait(user), 4)

    def test_throughput_is_pacing_by_its_inverse(self):
        clock = Clock(self)
        user = User(None)
        clock.now += 0.25
        self.assertEqual(constant_throughput(2)(user), 0.25)

    def test_each_user_has_a_pace_of_its_own(self):
        clock = Clock(self)
        wait = constant_pacing(5)
        first = User(None)
        clock.now += 2
        second = User(None)
        clock.now += 1
        self.assertEqual((wait(first), wait(second)), (2, 4))


class Waits(unittest.TestCase):
    def setUp(self):
        self.counted = Counted().start(self)

    def pauses(self, **members):
        def look(self):
            pass

        user_class = type("Visitor", (User,), {"look": task(look), **members})
        handle = Handle(iterations=3)
        run_user(user_class, handle=handle)
        return handle.pauses

    def test_no_wait_is_no_pause(self):
        self.assertEqual(self.pauses(), [])
        self.assertEqual(self.pauses(wait_time=constant(0)), [])
        self.assertEqual(self.pauses(wait_time=lambda self: 0), [])

    def test_a_method_may_say_how_long(self):
        self.assertEqual(self.pauses(wait_time=lambda self: 2.5), [2.5] * 3)

    def test_an_attribute_of_the_object_counts(self):
        def on_start(self):
            self.wait_time = lambda: 4

        self.assertEqual(self.pauses(on_start=on_start), [4] * 3)

    def test_changed_in_the_run_it_counts(self):
        def look(self):
            type(self).wait_time = constant(6)

        self.assertEqual(self.pauses(look=task(look)), [6] * 3)

    def test_a_set_may_have_its_own(self):
        class Visit(TaskSet):
            wait_time = constant(7)

            @task
            def look(self):
                pass

        handle = Handle(iterations=2)
        user_class = type("Visitor", (User,), {"wait_time": constant(1), "tasks": [Visit]})
        run_user(user_class, handle=handle)
        self.assertEqual(handle.pauses, [7, 7])

    def test_milliseconds_of_old_locustfiles(self):
        pauses = self.pauses(wait_time=None, min_wait=1000, max_wait=2000)
        self.assertEqual(len(pauses), 3)
        self.assertTrue(all(1 <= pause <= 2 for pause in pauses))

    def test_a_set_takes_the_milliseconds_of_its_user(self):
        user = type("Visitor", (User,), {"wait_time": None, "min_wait": 5, "max_wait": 5})(None)
        self.assertEqual(TaskSet(TaskSet(user)).wait_time(), 0.005)

    def test_without_any_the_user_ends_with_a_message(self):
        user = type("Visitor", (User,), {"wait_time": None})(None)
        with self.assertRaisesRegex(MissingWaitTimeError, "Visitor must have a wait_time"):
            TaskSet(user).wait_time()
        self.assertEqual(self.pauses(wait_time=None), [])
        self.assertIn("must have a wait_time", self.counted.task_errors[0])

    def test_a_wait_that_always_fails_ends_the_user(self):
        diary = Diary()

        def look(self):
            diary("look")

        def wait_time(self):
            raise KeyError("gone")

        self.pauses(look=task(look), wait_time=wait_time)
        self.assertEqual(str(diary), "look")
        self.assertEqual(len(self.counted.task_errors), 2)

    def test_wait_may_be_called_in_a_task(self):
        def look(self):
            self.wait()

        self.assertEqual(self.pauses(look=task(look), wait_time=constant(2)), [2] * 6)

    def test_a_paced_task_that_starts_late_says_so(self):
        clock = Clock(self)
        handle = Handle(iterations=3)
        handle.pause = lambda seconds: setattr(clock, "now", clock.now + seconds + 0.25)

        class Visitor(User):
            wait_time = constant_pacing(5)

            @task
            def look(self):
                clock.now += 6 if handle.told.count("begin") == 2 else 1

        run_user(Visitor, handle=handle)
        # After 1 s: 4 s of pause, 0.25 s too long. After 6 s more: 1.25 s behind.
        self.assertEqual(handle.late, [0.25, 1.25, 0.25])

    def test_nothing_is_late_without_a_schedule(self):
        handle = Handle(iterations=2)
        run_user(
            type("V", (User,), {"wait_time": between(1, 2), "look": task(lambda self: None)}),
            Environment(),
            handle,
        )
        self.assertEqual(handle.late, [])


if __name__ == "__main__":
    unittest.main()
