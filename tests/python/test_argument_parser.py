"""Options of a locustfile: their names and defaults, and which source of a value wins."""

import argparse
import contextlib
import io
import json
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from locust import argument_parser, events
from locust.argument_parser import get_parser, parse_options
from locust.util.load_locustfile import LocustfileError

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "locust"


class SourcesCase(unittest.TestCase):
    """An empty working and home directory, and no LOCUST_ variables."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.home = Path(directory.name, "home")
        self.work = Path(directory.name, "work")
        self.home.mkdir()
        self.work.mkdir()
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.work)
        clean = {k: v for k, v in os.environ.items() if not k.startswith("LOCUST_")}
        environment = mock.patch.dict(os.environ, clean | {"HOME": str(self.home)}, clear=True)
        environment.start()
        self.addCleanup(environment.stop)

    def refused(self, arguments):
        """(exit code, stderr) of arguments that are wrong."""
        with contextlib.redirect_stderr(io.StringIO()) as stderr:
            with self.assertRaises(SystemExit) as caught:
                parse_options(arguments)
        return caught.exception.code, stderr.getvalue()

    @contextlib.contextmanager
    def custom_arguments(self, add):
        events.init_command_line_parser.add_listener(add)
        try:
            yield
        finally:
            events.init_command_line_parser.remove_listener(add)


class OptionsTest(SourcesCase):
    def test_every_option_of_locust_is_there_with_its_names_and_default(self):
        found = {action.dest: action for action in get_parser()._actions}
        for row in json.loads((GOLDEN / "options.json").read_text()):
            with self.subTest(row["dest"]):
                action = found[row["dest"]]
                self.assertCountEqual(
                    row["flags"], action.option_strings or [action.metavar]
                )
                self.assertEqual(row["env"], action.env_var)
                self.assertEqual(row["nargs"], action.nargs)
                self.assertEqual(row["choices"], action.choices and list(action.choices))
                self.assertEqual(row["hidden"], action.help == argparse.SUPPRESS)
                if row["dest"] not in ("help", "version"):
                    self.assertEqual(row["default"], action.default)

    def test_values_have_their_types(self):
        options = parse_options(
            "-u 20 -r 2.5 -t 1h20m -s 3m -P 80 --loglevel debug --expect-workers 3".split()
        )
        self.assertEqual(20, options.num_users)
        self.assertEqual(2.5, options.spawn_rate)
        self.assertEqual(4800, options.run_time)
        self.assertEqual(180, options.stop_timeout)
        self.assertEqual(80, options.web_port)
        self.assertEqual("DEBUG", options.loglevel)
        self.assertEqual(3, options.expect_workers)

    def test_stop_timeout_is_zero_seconds_when_not_given(self):
        self.assertEqual(0, parse_options([]).stop_timeout)

    def test_what_is_wrong_is_said_in_one_line_with_exit_code_2(self):
        span = "Invalid time span format"
        for arguments, text in (
            (["-r", "0"], "argument -r/--spawn-rate: must be > 0"),
            (["-r", "-1"], "must be > 0"),
            (["-r", "fast"], "must be a number > 0, not 'fast'"),
            (["-u", "many"], "argument -u/--users: invalid int value: 'many'"),
            (["-t", "2x"], f"argument -t/--run-time: {span}"),
            (["-s", "1s1m"], span),
            (["--expect-workers", "0"], "(0), must be a positive number"),
            (["-L", "loud"], "invalid choice: 'LOUD'"),
            (["--csv-full-history"], "'--csv-full-history' requires '--csv'."),
            (["--slave"], "has been renamed --worker"),
            (["--expect-slaves"], "has been renamed --expect-workers"),
            (["--web-auth", "a:b"], "has been replaced with --web-login"),
            (["--legacy-ui"], "no longer supported"),
            (["--config-users", '{"a'], "must be a valid JSON string or file"),
            (["--usres", "3"], "unrecognized arguments: --usres\nDid you mean '--users'?"),
            (["--config", "missing.conf"], "missing.conf: No such file or directory"),
            (["--host"], "expected one argument"),
        ):
            with self.subTest(arguments):
                code, stderr = self.refused(arguments)
                self.assertEqual(2, code)
                self.assertIn(text, stderr)
                self.assertTrue(stderr.startswith("locust: error: "), stderr)

    def test_tags_are_separated_by_spaces_or_commas(self):
        for arguments, tags in (
            (["--tags", "a,b"], ["a", "b"]),
            (["--tags", "a", "b"], ["a", "b"]),
            (["-T", "a,b", "c"], ["a", "b", "c"]),
            (["-T", "a, b"], ["a", "b"]),
            ([], None),
        ):
            with self.subTest(arguments):
                self.assertEqual(tags, parse_options(arguments).tags)
        self.assertEqual(["x", "y"], parse_options(["-E", "x,y"]).exclude_tags)

    def test_user_classes_come_from_arguments_or_else_from_the_environment(self):
        os.environ["LOCUST_USER_CLASSES"] = "Buyer, Reader"
        self.assertEqual(["Buyer", "Reader"], parse_options([]).user_classes)
        self.assertEqual(["Admin"], parse_options(["-u", "1", "Admin"]).user_classes)

    def test_config_users_takes_json_and_files(self):
        Path("users.json").write_text('[{"user_class_name": "A"}]')
        options = parse_options(["--config-users", '{"user_class_name": "B"}', "users.json"])
        self.assertEqual(
            [[{"user_class_name": "B"}], [{"user_class_name": "A"}]], options.config_users
        )

    def test_headful_is_stronger_than_headless(self):
        self.assertFalse(parse_options(["--headless", "--headful"]).headless)


class PrecedenceTest(SourcesCase):
    def write(self, source):
        """Sets the option --host to the name of this source."""
        if source == "pyproject":
            Path("pyproject.toml").write_text('[tool.locust]\nhost = "pyproject"\n')
        elif source == "home":
            Path(self.home, ".locust.conf").write_text("host = home\n")
        elif source == "work":
            Path("locust.conf").write_text("host = work\n")
        elif source == "config":
            Path("own.conf").write_text("host = config\n")
            return ["--config", "own.conf"]
        elif source == "environment":
            os.environ["LOCUST_HOST"] = "environment"
        elif source == "argument":
            return ["-H", "argument"]
        return []

    def test_each_source_is_stronger_than_those_before_it(self):
        order = ("pyproject", "home", "work", "config", "environment", "argument")
        arguments = []
        for source in order:
            arguments += self.write(source)
            with self.subTest(source):
                self.assertEqual(source, parse_options(arguments).host)

    def test_a_source_that_says_nothing_of_an_option_leaves_it_to_a_weaker_one(self):
        Path("pyproject.toml").write_text("[tool.locust]\nusers = 5\nspawn-rate = 2\n")
        Path("locust.conf").write_text("spawn-rate = 3\n")
        options = parse_options(["-t", "1m"])
        self.assertEqual((5, 3.0, 60), (options.num_users, options.spawn_rate, options.run_time))

    def test_lines_of_a_conf_file(self):
        for text, expected in (
            ("users = 7", {"num_users": 7}),
            ("users: 7", {"num_users": 7}),
            ("users 7", {"num_users": 7}),
            ("--users = 7", {"num_users": 7}),
            ("[section]\n; no\n# no\nusers = 7 # seven", {"num_users": 7}),
            ("host = 'http://a/#top'", {"host": "http://a/#top"}),
            ("headless", {"headless": True}),
            ("headless = true", {"headless": True}),
            ("headless = no", {"headless": False}),
            ("tags = [a, b]", {"tags": ["a", "b"]}),
            ("tags = a,b", {"tags": ["a", "b"]}),
            ("csv = out", {"csv_prefix": "out"}),
        ):
            with self.subTest(text):
                Path("locust.conf").write_text(text + "\n")
                options = vars(parse_options([]))
                self.assertEqual(expected, {name: options[name] for name in expected})

    def test_values_of_toml(self):
        Path("own.toml").write_text(
            '[tool.locust]\nheadless = true\nonly-summary = false\nusers = 5\nspawn-rate = 0.5\n'
            'tags = ["a", "b"]\nrun-time = "5m"\n[tool.other]\nusers = 6\n'
        )
        options = parse_options(["--config=own.toml"])
        self.assertIs(True, options.headless)
        self.assertIs(False, options.only_summary)
        self.assertEqual((5, 0.5, 300), (options.num_users, options.spawn_rate, options.run_time))
        self.assertEqual(["a", "b"], options.tags)

    def test_values_of_the_environment(self):
        for name, text, dest, value in (
            ("LOCUST_USERS", "4", "num_users", 4),
            ("LOCUST_RUN_TIME", "2m", "run_time", 120),
            ("LOCUST_HEADLESS", "1", "headless", True),
            ("LOCUST_HEADLESS", "false", "headless", False),
            ("LOCUST_TAGS", "a b,c", "tags", ["a", "b", "c"]),
            ("LOCUST_TAGS", "[a, b]", "tags", ["a", "b"]),
            ("LOCUST_MODE_WORKER", "yes", "worker", True),
            ("LOCUST_LOGLEVEL", "debug", "loglevel", "DEBUG"),
        ):
            with self.subTest(name, text=text), mock.patch.dict(os.environ, {name: text}):
                self.assertEqual(value, getattr(parse_options([]), dest))

    def test_a_bad_value_names_its_source(self):
        for arrange, text in (
            (lambda: Path("locust.conf").write_text("\nusers = x\n"), "'x' (locust.conf:2)"),
            (lambda: os.environ.update(LOCUST_USERS="x"), "(environment variable LOCUST_USERS)"),
            (lambda: os.environ.update(LOCUST_HEADLESS="maybe", LOCUST_USERS="1"),
             "must be true or false, not 'maybe'"),
        ):
            arrange()
            code, stderr = self.refused([])
            self.assertEqual(2, code)
            self.assertIn(text, stderr)

    def test_an_unknown_key_is_refused_and_the_nearest_offered(self):
        Path("locust.conf").write_text("usres = 3\n")
        code, stderr = self.refused([])
        self.assertEqual(2, code)
        self.assertIn("--usres=3\nDid you mean '--users'?", stderr)

    def test_toml_that_is_none_is_refused(self):
        Path("pyproject.toml").write_text("[tool.locust\n")
        code, stderr = self.refused([])
        self.assertEqual(2, code)
        self.assertIn("pyproject.toml: ", stderr)


class CustomArgumentsTest(SourcesCase):
    def test_arguments_of_a_locustfile_have_all_sources(self):
        def add(parser, **_):
            parser.add_argument("--depth", type=int, env_var="SHOP_DEPTH", default=3)
            parser.add_argument("--ids", nargs="*", type=int, default=[])
            group = parser.add_argument_group("Shop")
            group.add_argument("--key", is_secret=True, include_in_web_ui=False, default="k")
            either = group.add_mutually_exclusive_group()
            either.add_argument("--fast", action="store_true", env_var="SHOP_FAST")
            either.add_argument("--slow", action="store_true")

        with self.custom_arguments(add):
            self.assertEqual(3, parse_options([]).depth)
            Path("locust.conf").write_text("depth = 4\nids = [1, 2]\n")
            self.assertEqual((4, [1, 2]), (parse_options([]).depth, parse_options([]).ids))
            with mock.patch.dict(os.environ, {"SHOP_DEPTH": "5"}):
                self.assertEqual(5, parse_options([]).depth)
                self.assertEqual(6, parse_options(["--depth", "6"]).depth)
            self.assertEqual([7], parse_options(["--ids", "7"]).ids)
            with mock.patch.dict(os.environ, {"SHOP_FAST": "1"}):
                self.assertTrue(parse_options([]).fast)
            self.assertIn("not allowed with argument", self.refused(["--fast", "--slow"])[1])

    def test_what_a_form_may_show_is_known(self):
        def add(parser, **_):
            parser.add_argument("--open", default="o")
            parser.add_argument("--key", is_secret=True, default="k")
            parser.add_argument("--hidden", include_in_web_ui=False)

        with self.custom_arguments(add):
            self.assertEqual({"open": "o", "key": "k"}, argument_parser.ui_extra_args_dict([]))

    def test_a_required_argument_may_come_from_the_environment(self):
        def add(parser, **_):
            parser.add_argument("--account", required=True, env_var="SHOP_ACCOUNT")

        with self.custom_arguments(add):
            code, stderr = self.refused([])
            self.assertEqual(2, code)
            self.assertIn("--account", stderr)
            os.environ["SHOP_ACCOUNT"] = "a-1"
            self.assertEqual("a-1", parse_options([]).account)

    def test_a_repeatable_argument_is_replaced_not_extended_by_a_stronger_source(self):
        def add(parser, **_):
            parser.add_argument("--part", action="append", default=["none"])

        with self.custom_arguments(add):
            Path("locust.conf").write_text("part = [one, two]\n")
            self.assertEqual(["none", "one", "two"], parse_options([]).part)
            self.assertEqual(["x", "y"], parse_options(["--part", "x", "--part", "y"]).part)

    def test_an_option_that_only_squall_has_gives_way(self):
        def add(parser, **_):
            parser.add_argument("-i", "--iterations", default="mine")

        with self.custom_arguments(add):
            self.assertEqual("mine", parse_options([]).iterations)

    def test_an_agent_takes_the_coordinators_options_whatever_its_environment_says(self):
        os.environ["LOCUST_USERS"] = "9"

        def add(parser, **_):
            parser.add_argument("--account", required=True)

        given = {"account": "a-1", "tags": ["t"], "config_users": [[{"user_class_name": "A"}]]}
        with self.custom_arguments(add):
            options = parse_options(["-u", "1", "--config-users", "not-here.json"], given)
        self.assertEqual(given, {name: getattr(options, name) for name in given})
        self.assertEqual(1, options.num_users)


class LocustfileOptionTest(SourcesCase):
    def test_the_locustfile_may_be_named_anywhere(self):
        Path("shop.py").touch()
        shop = [str(self.work / "shop.py")]
        find = argument_parser.parse_locustfile_option
        self.assertEqual(shop, find(["-f", "shop.py", "-u", "1"]))
        self.assertEqual(shop, find(["--custom", "1", "-fshop.py"]))
        Path("locust.conf").write_text("locustfile = shop.py\nnot-known-yet = 1\n")
        self.assertEqual(shop, find([]))
        Path("other.py").touch()
        os.environ["LOCUST_LOCUSTFILE"] = "other.py"
        self.assertEqual([str(self.work / "other.py")], find([]))

    def test_the_coordinators_file_is_for_workers_only(self):
        self.assertEqual(["-"], argument_parser.parse_locustfile_option(["-f", "-", "--worker"]))
        with self.assertRaisesRegex(LocustfileError, "only with --worker"):
            argument_parser.parse_locustfile_option(["-f", "-"])


if __name__ == "__main__":
    unittest.main()
