"""Which files are locustfiles, what is found in them, and what is said of those that are wrong."""

import os
import sys
import tempfile
import textwrap
import threading
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from unittest import mock

from locust.util.load_locustfile import (
    LocustfileError,
    find_locustfiles,
    load_all,
    load_locustfile,
)


class FilesCase(unittest.TestCase):
    """A working directory of its own; modules that a test has loaded are forgotten."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        self.work = Path(directory.name).resolve()
        os.chdir(self.work)
        path, modules = list(sys.path), set(sys.modules)
        self.addCleanup(sys.path.__setitem__, slice(None), path)
        self.addCleanup(lambda: [sys.modules.pop(m) for m in set(sys.modules) - modules])

    def write(self, name, text=""):
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return str(path)

    def failure(self, function, *arguments):
        with self.assertRaises(LocustfileError) as caught:
            function(*arguments)
        return str(caught.exception)


class FindTest(FilesCase):
    def test_one_file_several_files_and_names_without_py(self):
        a, b = self.write("a.py"), self.write("sub/b.py")
        for argument, expected in (
            ("a.py", [a]),
            ("a", [a]),
            ("a.py,sub/b.py", [a, b]),
            ("a.py, sub/b.py", [a, b]),
            ("a.py,a.py", [a]),
            (a, [a]),
            ("sub.b", [b]),
            ("-", ["-"]),
        ):
            with self.subTest(argument):
                self.assertEqual(expected, find_locustfiles(argument))

    def test_a_directory_means_all_files_below_it_but_those_that_begin_with_underscore(self):
        names = ("d/b.py", "d/a.py", "d/_helper.py", "d/__init__.py", "d/sub/c.py", "d/data.csv")
        for name in names:
            self.write(name)
        expected = [str(self.work / name) for name in ("d/a.py", "d/b.py", "d/sub/c.py")]
        self.assertEqual(expected, find_locustfiles("d"))

    def test_what_is_not_there_is_named(self):
        self.write("notes.txt")
        (self.work / "empty").mkdir()
        for argument, text in (
            ("missing.py", "Could not find 'missing.py'"),
            ("notes.txt", "Could not find 'notes.txt'"),
            ("notes.txt,missing.py", "Could not find 'notes.txt'"),
            ("empty", "Could not find any locustfiles in directory 'empty'"),
            ("", "must name a file"),
            ("http://127.0.0.1:1/x.py", "Failed to get locustfile from: http://127.0.0.1:1/x.py"),
        ):
            with self.subTest(argument):
                self.assertIn(text, self.failure(find_locustfiles, argument))


class DownloadTest(FilesCase):
    def setUp(self):
        super().setUp()
        place = mock.patch.object(tempfile, "tempdir", str(self.work))
        place.start()
        self.addCleanup(place.stop)

        class Pages(BaseHTTPRequestHandler):
            def do_GET(self):
                found = self.path.startswith("/shop")
                self.send_response(200 if found else 404)
                self.end_headers()
                self.wfile.write(b"from locust import User\nclass Remote(User): pass\n")

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Pages)
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(self.server.shutdown)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def test_a_url_is_fetched_and_keeps_its_name(self):
        for path, name in (("/shop.py", "shop.py"), ("/shop", "shop.py"), ("/shop/?x=1", "")):
            with self.subTest(path):
                found, = find_locustfiles(self.url + path)
                self.assertTrue(found.endswith("/" + (name or "locustfile.py")), found)
                self.assertEqual(["Remote"], list(load_locustfile(found)[0]))

    def test_an_answer_that_is_an_error_is_no_locustfile(self):
        text = self.failure(find_locustfiles, self.url + "/other.py")
        self.assertIn(f"Failed to get locustfile from: {self.url}/other.py. 404", text)


class LoadTest(FilesCase):
    def test_users_that_can_be_started_are_found_imported_ones_too(self):
        self.write("base_users.py", """
            from locust import User
            class Imported(User): pass
            class Base(User):
                abstract = True
        """)
        path = self.write("shop.py", """
            from locust import User, HttpUser, LoadTestShape
            from base_users import Base, Imported
            class Buyer(Base): pass
            class Hidden(Base):
                abstract = True
            class Shape(LoadTestShape):
                def tick(self): return None
            class ShapeBase(LoadTestShape):
                abstract = True
            not_a_class = 3
        """)
        users, shapes = load_locustfile(path)
        self.assertEqual(["Buyer", "Imported"], sorted(users))
        self.assertEqual(["Shape"], list(shapes))

    def test_the_module_is_named_after_the_file_and_finds_what_lies_beside_it(self):
        self.write("sub/helper_beside.py", "VALUE = 1")
        self.write("helper_in_cwd.py", "VALUE = 2")
        path = self.write("sub/my-shop.py", """
            import os, sys
            import helper_beside, helper_in_cwd
            from locust import User
            class Buyer(User):
                name = __name__
                path = sys.path[:2]
                cwd = os.getcwd()
        """)
        buyer = load_locustfile(path)[0]["Buyer"]
        self.assertEqual("my-shop", buyer.name)
        self.assertEqual([str(self.work / "sub"), str(self.work)], buyer.path)
        self.assertEqual(str(self.work), buyer.cwd)

    def test_a_file_that_is_named_like_a_library_does_not_replace_it(self):
        before = sys.modules["json"]
        load_locustfile(self.write("json.py", "import json as real"))
        self.assertIs(before, sys.modules["json"])

    def test_several_files_are_one_test(self):
        shared = self.write("shared_user.py", "from locust import User\nclass Shared(User): pass")
        one = self.write("one.py", """
            from shared_user import Shared
            class A(Shared): pass
        """)
        two = self.write("two.py", """
            from shared_user import Shared
            class B(Shared): pass
        """)
        loaded = load_all([one, two])
        self.assertEqual(["A", "B", "Shared"], sorted(loaded.user_classes))
        self.assertEqual([one, two], loaded.files)
        self.assertNotIn(shared, loaded.files)

    def test_the_same_name_in_two_files_is_refused(self):
        text = """
            from locust import {base}
            class Same({base}):
                def tick(self): return None
        """
        for base, kind in (("User", "user"), ("LoadTestShape", "shape")):
            one = self.write(f"one_{kind}.py", textwrap.dedent(text).format(base=base))
            two = self.write(f"two_{kind}.py", textwrap.dedent(text).format(base=base))
            self.assertEqual(
                f"Duplicate {kind} class names: Same is defined in both {one} and {two}",
                self.failure(load_all, [one, two]),
            )


class ErrorTest(FilesCase):
    def test_a_traceback_begins_in_the_users_file(self):
        self.write("broken_helper.py", "\n1 / 0\n")
        for name, text, expected in (
            ("imports.py", "\nimport nowhere_to_be_found\n", [
                "Traceback (most recent call last):",
                '  File "{path}", line 2, in <module>',
                "    import nowhere_to_be_found",
                "ModuleNotFoundError: No module named 'nowhere_to_be_found'",
            ]),
            ("syntax.py", "x = = 3\n", [
                '  File "{path}", line 1',
                "    x = = 3",
                "        ^",
                "SyntaxError: invalid syntax",
            ]),
            ("helper.py", "import broken_helper\n", [
                "Traceback (most recent call last):",
                '  File "{path}", line 1, in <module>',
                "    import broken_helper",
                f'  File "{self.work}/broken_helper.py", line 2, in <module>',
                "    1 / 0",
                "    ~~^~~",
                "ZeroDivisionError: division by zero",
            ]),
        ):
            with self.subTest(name):
                path = self.write(name, text)
                lines = self.failure(load_locustfile, path).splitlines()
                self.assertEqual([line.format(path=path) for line in expected], lines)

    def test_sys_exit_is_left_to_the_caller(self):
        with self.assertRaises(SystemExit) as caught:
            load_locustfile(self.write("leaves.py", "import sys\nsys.exit(3)"))
        self.assertEqual(3, caught.exception.code)


if __name__ == "__main__":
    unittest.main()
