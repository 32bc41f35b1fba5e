#!/usr/bin/python3
"""Every rule must find the violation planted for it, and must leave its innocent twin alone."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import layers  # noqa: E402
import rules  # noqa: E402
from tree import Tree, code_only  # noqa: E402


def found(rule, texts, **facts):
    return [f"{v.path}:{v.line}" for v in rule(Tree(texts, **facts))]


class CodeOnlyTest(unittest.TestCase):
    def test_blanks_comments_and_literals_and_keeps_line_numbers(self):
        text = 'a; // new x\nb("new y");\n/* new\nz */ c;\n#include "daemon/base/clock.h"\n'
        self.assertEqual(code_only(text), 'a; \nb("");\n\n c;\n#include "daemon/base/clock.h"\n')

    def test_digit_separators_are_not_character_literals(self):
        self.assertEqual(code_only("f(1'000, 2'000);"), "f(1'000, 2'000);")

    def test_raw_strings_are_blanked(self):
        self.assertEqual(code_only('x = R"(new\ny)";'), 'x = ""\n;')


class BannedCallsTest(unittest.TestCase):
    PLANTED = (
        "auto t = std::chrono::steady_clock::now();",
        "auto t = system_clock::now();",
        "std::this_thread::sleep_for(1ms);",
        "int x = rand();",
        "const char* v = std::getenv(name);",
        "std::cout << x;",
        "std::printf(text);",
        "std::regex r(text);",
        "#include <absl/strings/str_cat.h>",
        "co_spawn(io, body(), asio::detached);",
        "auto* x = new Thing();",
        "Registry::Instance().Add(x);",
    )

    def test_each_planted_call_is_found(self):
        for line in self.PLANTED:
            with self.subTest(line):
                self.assertEqual(found(rules.banned_calls, {"daemon/plan/a.cc": "x\n" + line}),
                                 ["daemon/plan/a.cc:2"])

    def test_comments_strings_and_lookalikes_are_innocent(self):
        for line in ("// a new thing", 'Say("new rand()");', "Brand(x);", "fmt::sprintf(x);",
                     "std::fprintf(stderr, x);", "renewed = news;", "my_rand(x);",
                     "static void* operator new(size_t size);",
                     "std::unique_ptr<Reactor> reactor(new Reactor(clock));",
                     "std::unique_ptr<Reactor> reactor(\n    new Reactor(clock));"):
            with self.subTest(line):
                self.assertEqual(found(rules.banned_calls, {"daemon/plan/a.cc": line}), [])

    def test_main_and_base_may_ask_the_machine(self):
        text = "int main() {}\nauto t = steady_clock::now();\n"
        self.assertEqual(found(rules.banned_calls, {"daemon/programs/a.cc": text}), [])
        self.assertEqual(found(rules.banned_calls, {"daemon/base/a.cc": "getenv(x);"}), [])

    def test_main_may_not_do_what_is_banned_everywhere(self):
        text = "int main() {}\nauto* t = new T();\n"
        self.assertEqual(found(rules.banned_calls, {"daemon/programs/a.cc": text}),
                         ["daemon/programs/a.cc:2"])

    def test_a_reason_allows_one_rule_on_its_line_and_the_next(self):
        text = "// tidy-allow(new): gRPC deletes it\nauto* t = new T();\nauto* u = new U();\n"
        self.assertEqual(found(rules.banned_calls, {"daemon/agent/a.cc": text}),
                         ["daemon/agent/a.cc:3"])
        text = "auto* t = new T();  // tidy-allow(new):\n"
        self.assertEqual(found(rules.banned_calls, {"daemon/agent/a.cc": text}),
                         ["daemon/agent/a.cc:1"])


class SizesTest(unittest.TestCase):
    def test_long_files_and_wide_lines(self):
        self.assertEqual(found(rules.file_sizes, {"a.cc": "x\n" * 601}), ["a.cc:601"])
        self.assertEqual(found(rules.file_sizes, {"a.cc": "x\n" * 600}), [])
        self.assertEqual(found(rules.file_sizes, {"a.h": "y\n" + "x" * 101}), ["a.h:2"])

    def test_columns_are_characters_not_bytes(self):
        self.assertEqual(found(rules.file_sizes, {"a.h": "é" * 100}), [])

    def test_blobs(self):
        big = {"logo.png": 256 * 1024 + 1}
        self.assertEqual(found(rules.blobs, {"logo.png": ""}, sizes=big), ["logo.png:1"])


class TextTest(unittest.TestCase):
    def test_unfinished_work(self):
        self.assertEqual(found(rules.unfinished, {"a.cc": "// TODO(" + "now): x"}), ["a.cc:1"])
        self.assertEqual(found(rules.unfinished, {"a.cc": "// TODO(perf): x"}), [])

    def test_machine_paths(self):
        self.assertEqual(found(rules.machine_paths, {"a.md": "see /" + "work/main"}), ["a.md:1"])
        self.assertEqual(found(rules.machine_paths, {"a.md": "the network/worker"}), [])

    def test_executable_bits(self):
        script = {"scripts/go": "#!/bin/sh\n"}
        self.assertEqual(found(rules.executable_bits, script), ["scripts/go:1"])
        self.assertEqual(found(rules.executable_bits, script, executable=["scripts/go"]), [])
        self.assertEqual(found(rules.executable_bits, {"a.cc": "x"}, executable=["a.cc"]),
                         ["a.cc:1"])


class HeadersTest(unittest.TestCase):
    def test_header_shape(self):
        self.assertEqual(found(rules.headers, {"a.h": "// A.\n#pragma once\n"}), [])
        self.assertEqual(found(rules.headers, {"a.h": "// A.\n"}), ["a.h:1"])
        self.assertEqual(found(rules.headers, {"a.h": "\n#pragma once\n"}), ["a.h:1"])

    def test_own_header_comes_first(self):
        own = {"d/a.h": "// A.\n#pragma once\n"}
        wrong = {"d/a.cc": '#include <string>\n#include "d/a.h"\n'}
        right = {"d/a.cc": '#include "d/a.h"\n#include <string>\n'}
        self.assertEqual(found(rules.headers, own | wrong), ["d/a.cc:1"])
        self.assertEqual(found(rules.headers, own | right), [])

    def test_owners_of_libraries(self):
        text = "#include <yaml-cpp/yaml.h>\n"
        self.assertEqual(found(rules.header_owners, {"daemon/engine/a.cc": text}),
                         ["daemon/engine/a.cc:1"])
        self.assertEqual(found(rules.header_owners, {"daemon/plan/a.cc": text}), [])

    def test_a_heavy_header_may_not_reach_another_room_even_through_a_third(self):
        texts = {
            "daemon/plan/node.h": "#include <yaml-cpp/yaml.h>\n",
            "daemon/plan/plan.h": '#include "daemon/plan/node.h"\n',
            "daemon/plan/plan.cc": '#include "daemon/plan/node.h"\n',
        }
        self.assertEqual(found(rules.heavy_headers, texts), [])
        texts["daemon/engine/a.cc"] = '#include "daemon/plan/plan.h"\n'
        self.assertEqual(found(rules.heavy_headers, texts), ["daemon/plan/plan.h:1"])


class OneDefinitionTest(unittest.TestCase):
    ROUTE = "namespace squall {\n\nstruct Route {\n  int a;\n};\n\n}  // namespace squall\n"

    def test_two_types_of_one_name_are_found(self):
        for other in ("struct Route {", "class Route final {", "class Route : public Way {",
                      "enum class Route {", "using Route = int;"):
            with self.subTest(other):
                text = self.ROUTE.replace("struct Route {", other)
                self.assertEqual(found(rules.one_definition, {
                    "daemon/a/route.h": self.ROUTE, "operator/b/route.h": text}),
                    ["operator/b/route.h:3"])

    def test_a_namespace_of_its_own_makes_it_innocent(self):
        for own in ("namespace squall::other {", "namespace {"):
            with self.subTest(own):
                text = self.ROUTE.replace("namespace squall {", own, 1)
                self.assertEqual(found(rules.one_definition, {
                    "daemon/a/route.h": self.ROUTE, "operator/b/route.cc": text,
                    "operator/c/route.cc": text.replace("squall::other", "third")}), [])

    def test_a_declaration_or_the_same_name_in_a_comment_is_innocent(self):
        for line in ("struct Route;", "// struct Route {", "  struct Route {"):
            with self.subTest(line):
                text = self.ROUTE.replace("struct Route {", line)
                self.assertEqual(found(rules.one_definition, {
                    "daemon/a/route.h": self.ROUTE, "operator/b/route.h": text}), [])


class MirrorTest(unittest.TestCase):
    def test_a_source_needs_its_test_and_a_test_its_source(self):
        self.assertEqual(found(rules.mirror, {"daemon/plan/a.cc": ""}), ["daemon/plan/a.cc:1"])
        self.assertEqual(found(rules.mirror, {"tests/daemon/plan/b_test.cc": ""}),
                         ["tests/daemon/plan/b_test.cc:1"])
        pair = {"daemon/plan/a.cc": "", "tests/daemon/plan/a_test.cc": ""}
        self.assertEqual(found(rules.mirror, pair), [])
        self.assertEqual(found(rules.mirror, {"daemon/programs/a.cc": "int main() {}"}), [])

    def test_a_source_that_no_cmake_names_is_never_built(self):
        texts = {"d/CMakeLists.txt": "squall_library(SRCS ab.cc)", "d/b.cc": ""}
        self.assertEqual(found(rules.listed_sources, texts), ["d/b.cc:1"])
        texts["d/CMakeLists.txt"] = "squall_library(SRCS b.cc)"
        self.assertEqual(found(rules.listed_sources, texts), [])


class MarkdownTest(unittest.TestCase):
    def test_links(self):
        self.assertEqual(found(rules.markdown, {"docs/a.md": "# A\n[b](b.md)"}), ["docs/a.md:2"])
        good = {"docs/a.md": "# A\n[b](b.md#part) [r](../README.md) [w](https://x.y)",
                "docs/b.md": "# B\n", "README.md": "# R\n[docs](docs/)"}
        self.assertEqual(found(rules.markdown, good), [])

    def test_links_in_code_are_not_links(self):
        text = "# A\n```\n[b](b.md)\n```\n`[c](c.md)`"
        self.assertEqual(found(rules.markdown, {"a.md": text}), [])

    def test_one_title(self):
        self.assertEqual(found(rules.markdown, {"a.md": "# A\n# B\n"}), ["a.md:2"])
        self.assertEqual(found(rules.markdown, {"a.md": "## A\n"}), ["a.md:1"])
        self.assertEqual(found(rules.markdown, {"a.md": "# A\n```\n# comment\n```\n"}), [])


class LayersTest(unittest.TestCase):
    PAGE = {"docs/architecture.md": "`daemon/base` `daemon/stats` `daemon/plan` `daemon/engine` "
                                    "`daemon/wire` `daemon/net`"}

    def check(self, text, sources=()):
        tree = Tree(self.PAGE | dict(sources))
        return [str(v) for v in layers.check(layers.parse(text), tree)]

    def test_an_undeclared_include_is_named_with_what_was_declared(self):
        sources = {"daemon/stats/a.cc": '#include "daemon/engine/pacer.h"\n'}
        self.assertEqual(
            self.check("daemon/base:\ndaemon/stats: daemon/base\ndaemon/engine:\n", sources),
            ["daemon/stats/a.cc:1: daemon/stats may not include daemon/engine "
             "(declared: daemon/base)"])

    def test_declared_and_own_includes_are_fine(self):
        sources = {"daemon/stats/a.cc": '#include "daemon/stats/a.h"\n#include "daemon/base/b.h"\n'}
        self.assertEqual(self.check("daemon/base:\ndaemon/stats: daemon/base\n", sources), [])

    def test_stairs_only_go_down(self):
        self.assertIn("stairs only go down",
                      self.check("daemon/base: daemon/stats\ndaemon/stats:\n")[0])
        self.assertEqual(self.check("daemon/stats:\ndaemon/plan: daemon/stats\n"), [])

    def test_cycles(self):
        messages = self.check("daemon/stats: daemon/plan\ndaemon/plan: daemon/stats\n")
        self.assertTrue(any("cycle among: daemon/plan, daemon/stats" in m for m in messages))

    def test_forbidden_arrows_count_through_other_rooms(self):
        messages = self.check("daemon/wire:\ndaemon/net: daemon/wire\ndaemon/engine: daemon/net\n")
        self.assertTrue(any("daemon/engine must not reach daemon/wire" in m for m in messages))

    def test_generated_headers_belong_to_protos(self):
        sources = {"daemon/stats/a.cc": '#include "squall/v1/plan.pb.h"\n'}
        self.assertIn("may not include protos", self.check("daemon/stats:\n", sources)[0])

    def test_unknown_rooms_must_get_a_floor_and_a_line_in_the_docs(self):
        messages = self.check("daemon/attic:\n")
        self.assertIn("must have a floor", messages[0])
        self.assertIn("must have a line for `daemon/attic`", messages[1])


if __name__ == "__main__":
    unittest.main()
