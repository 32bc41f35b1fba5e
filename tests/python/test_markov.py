"""MarkovTaskSet: what is checked when the class is made, and how the chain runs."""

import unittest

from fakes import Counted, Diary, run_user
from locust import MarkovTaskSet, TaskSet, User, tag, transition, transitions
from locust.user.markov_taskset import (
    InvalidTransitionError,
    MarkovTaskTagError,
    NoMarkovTasksError,
    NonMarkovTaskTransitionError,
)


class Check(unittest.TestCase):
    def test_a_chain_needs_a_task(self):
        with self.assertRaisesRegex(NoMarkovTasksError, "class Chain"):
            type("Chain", (MarkovTaskSet,), {})

    def test_an_abstract_chain_needs_none(self):
        type("Chain", (MarkovTaskSet,), {"abstract": True})

    def test_a_transition_must_lead_somewhere(self):
        with self.assertRaisesRegex(InvalidTransitionError, "from a to nowhere"):

            class Chain(MarkovTaskSet):
                @transition("nowhere")
                def a(self):
                    pass

    def test_and_to_something_with_transitions(self):
        with self.assertRaisesRegex(NonMarkovTaskTransitionError, r"Chain\.b must have"):

            class Chain(MarkovTaskSet):
                @transition("b")
                def a(self):
                    pass

                def b(self):
                    pass

    def test_tags_are_refused(self):
        with self.assertRaisesRegex(MarkovTaskTagError, r"Chain\.a .*\(slow\)"):

            class Chain(MarkovTaskSet):
                @tag("slow")
                @transition("a")
                def a(self):
                    pass

    def test_what_cannot_be_reached_is_warned_of(self):
        with self.assertLogs("locust.user.markov_taskset", "WARNING") as logs:

            class Chain(MarkovTaskSet):
                @transition("a")
                def a(self):
                    pass

                @transition("a")
                def lost(self):
                    pass

        self.assertIn("lost", logs.output[0])

    def test_weights_as_dict_list_and_stacked(self):
        class Chain(MarkovTaskSet):
            @transitions({"b": 2, "c": 1})
            def a(self):
                pass

            @transitions([("a", 3), "c"])
            def b(self):
                pass

            @transition("a", 2)
            @transition("b", weight=1)
            def c(self):
                pass

        self.assertEqual(Chain.a.transitions, ["b", "b", "c"])
        self.assertEqual(Chain.b.transitions, ["a", "a", "a", "c"])
        self.assertEqual(Chain.c.transitions, ["b", "a", "a"])
        self.assertEqual(Chain.tasks, [])


class Run(unittest.TestCase):
    def setUp(self):
        self.counted = Counted().start(self)

    def test_begins_with_the_first_and_follows_the_transitions(self):
        diary = Diary(12)

        class Visitor(User):
            @transition("nothing")
            class NotPartOfIt:
                pass

            class Chain(MarkovTaskSet):
                @transition("b")
                def a(self):
                    diary("a")

                @transition("c")
                def b(self):
                    diary("b")

                @transition("b")
                class c(TaskSet):
                    tasks = [lambda self: (diary("c"), self.interrupt())]

            tasks = [Chain]

        run_user(Visitor)
        self.assertEqual(str(diary), "a b c b c b c b c b c b")

    def test_a_new_visit_begins_anew(self):
        diary = Diary(5)

        class Visitor(User):
            class Chain(MarkovTaskSet):
                @transition("b")
                def a(self):
                    diary("a")

                @transition("a")
                def b(self):
                    diary("b")
                    self.interrupt()

            tasks = [Chain]

        run_user(Visitor)
        self.assertEqual(str(diary), "a b a b a")


if __name__ == "__main__":
    unittest.main()
