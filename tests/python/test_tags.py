"""@tag, and what --tags and --exclude-tags leave."""

import logging
import unittest

from fakes import names
from locust import MarkovTaskSet, TaskSet, User, tag, task, transition
from locust.user.task import filter_tasks_by_tags


def make_class():
    class Visitor(User):
        @tag("a")
        @task(2)
        def t1(self):
            pass

        @task
        @tag("b", "c")
        def t2(self):
            pass

        @task
        def t3(self):
            pass

        @tag("n")
        @task
        class Set(TaskSet):
            @tag("a")
            @task
            def s1(self):
                pass

            @tag("b")
            @task
            def s2(self):
                pass

            @task
            class Deep(TaskSet):
                @tag("deep")
                @task
                def d1(self):
                    pass

                @task
                def d2(self):
                    pass

    return Visitor


class Filter(unittest.TestCase):
    def setUp(self):
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)

    def test_what_is_left(self):
        everything = "t1 t1 t2 t3 Set(s1 s2 Deep(d1 d2))"
        for tags, exclude, left in (
            (None, None, everything),
            ({"a"}, None, "t1 t1 Set(s1)"),
            ({"b"}, None, "t2 Set(s2)"),
            ({"a", "c"}, None, "t1 t1 t2 Set(s1)"),
            ({"n"}, None, "Set(s1 s2 Deep(d1 d2))"),
            ({"deep"}, None, "Set(Deep(d1))"),
            (None, {"a"}, "t2 t3 Set(s2 Deep(d1 d2))"),
            (None, {"n"}, "t1 t1 t2 t3"),
            (None, {"deep"}, "t1 t1 t2 t3 Set(s1 s2 Deep(d2))"),
            ({"n"}, {"a"}, "Set(s2 Deep(d1 d2))"),
            ({"a"}, {"a"}, ""),
            ({"nowhere"}, None, ""),
            (set(), None, ""),
            (None, set(), everything),
        ):
            with self.subTest(tags=tags, exclude=exclude):
                visitor = make_class()
                filter_tasks_by_tags(visitor, tags, exclude)
                self.assertEqual(names(visitor.tasks), left)

    def test_a_chain_is_never_filtered(self):
        class Chain(MarkovTaskSet):
            @transition("a")
            def a(self):
                pass

        visitor = type("Visitor", (User,), {"tasks": [Chain]})
        filter_tasks_by_tags(visitor, {"x"}, None)
        self.assertEqual(visitor.tasks, [Chain])


class Tag(unittest.TestCase):
    def test_must_have_a_name(self):
        with self.assertRaises(ValueError):
            tag()
        with self.assertRaises(ValueError):

            @tag
            def without_parentheses(self):
                pass

    def test_tags_of_a_set_reach_its_tasks_and_add_to_theirs(self):
        visitor = make_class()
        self.assertEqual(visitor.Set.s1.locust_tag_set, {"a", "n"})
        self.assertEqual(visitor.Set.Deep.d2.locust_tag_set, {"n"})
        self.assertEqual(visitor.t2.locust_tag_set, {"b", "c"})

    def test_nothing_left_is_warned_of(self):
        with self.assertLogs("locust.user._tags", "WARNING") as logs:
            filter_tasks_by_tags(make_class(), {"nowhere"})
        self.assertIn("Visitor had no tasks left after filtering", logs.output[-1])


if __name__ == "__main__":
    unittest.main()
