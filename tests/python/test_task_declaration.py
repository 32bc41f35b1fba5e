"""Which tasks a class has: decorators, weights, `tasks`, inheritance, equal weights, ratios."""

import contextlib
import io
import json
import unittest
import warnings

from fakes import names
from locust import SequentialTaskSet, TaskSet, User, task
from locust.exception import LocustError
from locust.user import inspectuser
from locust.user.task import equal_task_weights


def one(user):
    pass


def two(user):
    pass


class Declaration(unittest.TestCase):
    def test_decorated_members_come_in_order_and_as_often_as_they_weigh(self):
        class Shopper(User):
            @task
            def a(self):
                pass

            @task(3)
            def b(self):
                pass

            def helper(self):
                pass

        self.assertEqual(names(Shopper.tasks), "a b b b")

    def test_weight_zero_is_no_task(self):
        class Shopper(User):
            @task(0)
            def a(self):
                pass

        self.assertEqual(Shopper.tasks, [])

    def test_tasks_are_a_list_a_dict_or_pairs(self):
        for tasks in ({one: 2, two: 1}, [one, one, two], [(one, 2), two], [(one, 2), (two, 1)]):
            shopper = type("Shopper", (User,), {"tasks": tasks})
            self.assertEqual(names(shopper.tasks), "one one two", tasks)

    def test_tasks_and_decorated_members_add_up_behind_those_of_the_base(self):
        class Base(User):
            tasks = [one]

            @task
            def a(self):
                pass

        class Derived(Base):
            tasks = [two]

            @task
            def b(self):
                pass

        class Same(Base):
            pass

        self.assertEqual(names(Base.tasks), "one a")
        self.assertEqual(names(Derived.tasks), "one a two b")
        self.assertEqual(names(Same.tasks), "one a")

    def test_two_bases_give_both_their_tasks(self):
        left = type("Left", (User,), {"tasks": [one]})
        right = type("Right", (User,), {"tasks": [two]})
        self.assertEqual(names(type("Both", (left, right), {}).tasks), "one two")

    def test_tasks_of_a_mixin_that_is_no_user_do_not_count(self):
        class Mixin:
            @task
            def a(self):
                pass

        class Shopper(Mixin, User):
            pass

        self.assertEqual(Shopper.tasks, [])

    def test_a_nested_set_is_a_task_with_a_weight(self):
        class Shopper(User):
            @task(2)
            class Cart(TaskSet):
                @task
                def add(self):
                    pass

        self.assertEqual(names(Shopper.tasks), "Cart(add) Cart(add)")

    def test_a_member_that_answers_to_every_attribute_is_no_task(self):
        class Anything:
            def __getattr__(self, name):
                return 7

        shopper = type("Shopper", (User,), {"client": Anything()})
        self.assertEqual(shopper.tasks, [])

    def test_run_must_not_be_a_task(self):
        with self.assertRaisesRegex(LocustError, "run"):

            class Shopper(User):
                @task
                def run(self):
                    pass

    def test_on_start_as_a_task_is_warned_of(self):
        with self.assertLogs("locust.user.task", "WARNING") as logs:

            class Shopper(User):
                @task
                def on_start(self):
                    pass

        self.assertIn("on_start", logs.output[0])
        self.assertEqual(names(Shopper.tasks), "on_start")

    def test_task_set_of_old_locustfiles_is_warned_of(self):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            type("Shopper", (User,), {"task_set": TaskSet})
        self.assertIn("tasks = [TheTaskSet]", str(caught[0].message))

    def test_subclasses_are_not_abstract_unless_they_say_so(self):
        class Base(User):
            abstract = True

        class Shopper(Base):
            pass

        self.assertEqual((User.abstract, Base.abstract, Shopper.abstract), (True, True, False))


class Sequence(unittest.TestCase):
    def test_order_is_that_of_declaration_with_tasks_spliced_in(self):
        class Base(SequentialTaskSet):
            @task
            def first(self):
                pass

        class Visit(Base):
            @task
            def a(self):
                pass

            tasks = [one, (two, 2)]

            @task(2)
            def b(self):
                pass

            @task
            class Cart(TaskSet):
                @task
                def add(self):
                    pass

            again = a

        self.assertEqual(names(Visit.tasks), "first a one two two b b Cart(add) a")

    def test_a_dict_counts_its_weights(self):
        visit = type("Visit", (SequentialTaskSet,), {"tasks": {one: 2, two: 1}})
        self.assertEqual(names(visit.tasks), "one one two")


class Weights(unittest.TestCase):
    def make(self):
        class Shopper(User):
            weight = 3

            @task(5)
            def a(self):
                pass

            @task(3)
            class Cart(TaskSet):
                @task(3)
                def b(self):
                    pass

                @task
                def c(self):
                    pass

        class Admin(User):
            fixed_count = 2

            @task
            def d(self):
                pass

        return Shopper, Admin

    def test_equal_weights_make_every_function_as_likely_as_any_other(self):
        shopper, _ = self.make()
        equal_task_weights(shopper)
        self.assertEqual(names(shopper.tasks), "a Cart(b c) Cart(b c)")
        tree = inspectuser.get_ratio([shopper], {"Shopper": 1}, True)["Shopper"]["tasks"]
        third = {"ratio": 1 / 3}
        self.assertEqual(tree["a"], third)
        self.assertEqual(tree["Cart"]["tasks"], {"b": third, "c": third})

    def test_ratios_are_of_the_class_or_of_everything(self):
        shopper, admin = self.make()
        spawned = {"Shopper": 3, "Admin": 1}
        own = inspectuser.get_ratio([shopper, admin], spawned, False)
        self.assertEqual(own["Shopper"]["ratio"], 0.75)
        self.assertEqual(own["Shopper"]["tasks"]["a"], {"ratio": 0.625})
        self.assertEqual(own["Shopper"]["tasks"]["Cart"]["ratio"], 0.375)
        self.assertEqual(own["Shopper"]["tasks"]["Cart"]["tasks"]["b"], {"ratio": 0.75})
        self.assertEqual(own["Admin"]["tasks"], {"d": {"ratio": 1}})
        total = inspectuser.get_ratio([shopper, admin], spawned, True)
        self.assertEqual(total["Shopper"]["tasks"]["Cart"]["tasks"]["b"]["ratio"], 0.2109375)

    def test_without_users_all_ratios_are_zero(self):
        shopper, _ = self.make()
        tree = inspectuser.get_ratio([shopper], {}, True)
        self.assertEqual(tree["Shopper"]["tasks"]["a"], {"ratio": 0})

    def test_printed_tree_is_indented_by_level(self):
        shopper, admin = self.make()
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            inspectuser.print_task_ratios([shopper, admin], 10)
        lines = [line.split() for line in out.getvalue().splitlines()]
        self.assertIn(["80.0", "Shopper"], lines)
        self.assertIn(["20.0", "Admin"], lines)
        self.assertIn(["22.5", "b"], lines)  # of everything
        self.assertIn(["75.0", "b"], lines)  # of its set

    def test_json_has_both_trees(self):
        shopper, admin = self.make()
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            inspectuser.print_task_ratio_json([shopper, admin], 10)
        trees = json.loads(out.getvalue())
        self.assertEqual(trees["per_class"]["Shopper"]["ratio"], 0.8)
        self.assertEqual(trees["total"]["Shopper"]["tasks"]["a"]["ratio"], 0.5)


if __name__ == "__main__":
    unittest.main()
