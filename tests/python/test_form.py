"""The form of the web page: what it offers of a locustfile, and what becomes of a choice."""

import contextlib
import io
import unittest

from locust import User, _form, events, tag, task
from locust.argument_parser import get_whole_parser, read_options
from locust.user.task import TaskSet


class Shopper(User):
    @task
    class Browse(TaskSet):
        @tag("read")
        @task
        def look(self):
            pass

    @tag("write", "slow")
    @task
    def buy(self):
        pass


class FormTest(unittest.TestCase):
    def setUp(self):
        events.init_command_line_parser.add_listener(self.add)
        self.addCleanup(events.init_command_line_parser.remove_listener, self.add)

    def add(self, parser, **_):
        parser.add_argument("--depth", type=int, default=3, help="How deep")
        parser.add_argument("--key", is_secret=True, default="k")
        parser.add_argument("--account", is_required=True)
        parser.add_argument("--fast", action="store_true")
        parser.add_argument("--kind", choices=["tea", "coffee"], default="tea")
        parser.add_argument("--ids", nargs="*", type=int, default=[1, 2])
        parser.add_argument("--hidden", include_in_web_ui=False)

    def options(self, arguments=(), **chosen):
        parser = get_whole_parser()
        options = read_options(parser, list(arguments))
        _form.apply(parser, options, chosen)
        return options

    def refused(self, **chosen):
        with contextlib.redirect_stderr(io.StringIO()) as stderr:
            with self.assertRaises(SystemExit) as caught:
                self.options(**chosen)
        self.assertEqual(2, caught.exception.code)
        return stderr.getvalue()

    def test_offers_what_the_file_has_added_and_no_secret(self):
        parser = get_whole_parser()
        offered = _form.describe(parser, read_options(parser, ["--fast"]), [Shopper])
        options = {option["name"]: option for option in offered["options"]}
        self.assertEqual(["depth", "key", "account", "fast", "kind", "ids"], list(options))
        self.assertEqual(
            {"name": "depth", "help": "How deep", "value": "3", "choices": [], "flag": False,
             "many": False, "secret": False, "required": False}, options["depth"])
        self.assertEqual(("", True), (options["key"]["value"], options["key"]["secret"]))
        self.assertTrue(options["account"]["required"])
        self.assertEqual(("true", True), (options["fast"]["value"], options["fast"]["flag"]))
        self.assertEqual(["tea", "coffee"], options["kind"]["choices"])
        self.assertEqual(("1\n2", True), (options["ids"]["value"], options["ids"]["many"]))
        self.assertEqual(["read", "slow", "write"], offered["all_tags"])

    def test_a_choice_wins_over_the_command_line(self):
        options = self.options(
            ["-u", "3", "--fast", "-T", "x"], num_users="50", spawn_rate="2.5", run_time="1m",
            host="http://b", fast="false", kind="coffee", ids="7\n8", tags=["read"],
            user_classes=["Shopper"], depth="9")
        self.assertEqual(
            (50, 2.5, 60, "http://b", False, "coffee", [7, 8], ["read"], ["Shopper"], 9),
            (options.num_users, options.spawn_rate, options.run_time, options.host, options.fast,
             options.kind, options.ids, options.tags, options.user_classes, options.depth))

    def test_what_is_not_chosen_stays(self):
        options = self.options(["-u", "3", "--depth", "5"], spawn_rate="4")
        self.assertEqual((3, 5, 4), (options.num_users, options.depth, options.spawn_rate))

    def test_an_empty_field_is_no_number(self):
        self.assertIsNone(self.options(depth="").depth)
        self.assertEqual("", self.options(account="").account)

    def test_a_wrong_choice_is_refused_as_on_the_command_line(self):
        self.assertIn("invalid int value: 'deep'", self.refused(depth="deep"))
        self.assertIn("invalid choice: 'milk'", self.refused(kind="milk"))
        self.assertIn("there is no option 'color'", self.refused(color="red"))


if __name__ == "__main__":
    unittest.main()
