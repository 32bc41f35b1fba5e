"""LoadTestShape."""

import unittest
from unittest import mock

from locust import LoadTestShape


class Shape(unittest.TestCase):
    def test_needs_a_tick(self):
        with self.assertRaisesRegex(TypeError, "tick"):
            type("Stages", (LoadTestShape,), {})()

    def test_run_time_counts_from_the_start_of_the_run(self):
        class Stages(LoadTestShape):
            def tick(self):
                return int(self.get_run_time()), 10

        with mock.patch("locust.shape.time.perf_counter") as now:
            now.return_value = 50.0
            shape = Stages()
            now.return_value = 60.5
            self.assertEqual(shape.tick(), (10, 10))
            shape.reset_time()
            now.return_value = 61.0
            self.assertEqual(shape.get_run_time(), 0.5)

    def test_users_are_those_of_the_runner(self):
        class Stages(LoadTestShape):
            def tick(self):
                return None

        Stages.runner = mock.Mock(user_count=7)
        self.assertEqual(Stages().get_current_user_count(), 7)

    def test_only_one_that_says_so_is_abstract(self):
        class Base(LoadTestShape):
            abstract = True

        class Stages(Base):
            def tick(self):
                return None

        shapes = (LoadTestShape, Base, Stages)
        self.assertEqual([shape.abstract for shape in shapes], [True, True, False])
        self.assertFalse(Stages.use_common_options)


if __name__ == "__main__":
    unittest.main()
