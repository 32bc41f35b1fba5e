"""The house rules that need only the text of the files. Each rule: Tree -> violations.

A C++ line may break a banned-call rule with `// tidy-allow(NAME): reason` on it or just above.
"""

import posixpath
import re

from tables import (BANNED, BANNED_EVERYWHERE, BLOB_BYTES_MAX, COLUMNS_MAX, HEADER_OWNERS,
                    HEAVY_HEADERS, LINES_MAX, NO_MIRROR, SOURCE_ROOTS)
from tree import Violation, code_only, includes

_MAIN = re.compile(r"^int main\(", re.MULTILINE)
_ALLOW = re.compile(r"//.*tidy-allow\((\w+)\): \S")
_HEAVY = re.compile("|".join(f"(?:{pattern})$" for pattern in HEAVY_HEADERS))


def _is_source(path):
    return path.startswith(SOURCE_ROOTS) and path.endswith(".cc")


def banned_calls(tree):
    for path, text in tree.matching(".h", ".cc"):
        rules = [(name, pattern, instead) for name, pattern, instead in BANNED_EVERYWHERE]
        if not _MAIN.search(text):
            rules += [(name, pattern, instead) for name, pattern, instead, allowed in BANNED
                      if not path.startswith(allowed)]
        lines, above = text.split("\n"), ""
        for index, line in enumerate(code_only(text).split("\n")):
            whole = above + line
            around = lines[max(0, index - 1):index + 1]
            allowed = {name for near in around for name in _ALLOW.findall(near)}
            for name, pattern, instead in rules:
                if name in allowed:
                    continue
                if re.search(pattern, line) and re.search(pattern, whole):
                    yield Violation(path, index + 1, f"banned ({name}): use {instead}")
            above = line if line.endswith("(") else ""


def file_sizes(tree):
    for path, text in tree.matching(".h", ".cc", ".py", ".cmake", "CMakeLists.txt"):
        lines = text.split("\n")
        if len(lines) - 1 > LINES_MAX:
            yield Violation(path, LINES_MAX + 1, f"must be split: above {LINES_MAX} lines")
        for number, line in enumerate(lines, 1):
            if len(line) > COLUMNS_MAX:
                yield Violation(path, number, f"must be at most {COLUMNS_MAX} columns wide")


def blobs(tree):
    for path, size in sorted(tree.sizes.items()):
        if size > BLOB_BYTES_MAX:
            yield Violation(path, 1, f"must be at most {BLOB_BYTES_MAX} bytes, has {size}")


def unfinished(tree):
    pattern = re.compile(r"\bTODO\(now\)|\bFIXME\b")
    for path, text in tree.matching(".h", ".cc", ".py", ".cmake", "CMakeLists.txt", ".proto"):
        if path.startswith("tests/tidy/"):
            continue
        for number, line in enumerate(text.split("\n"), 1):
            if pattern.search(line):
                yield Violation(path, number, "must be finished, or become TODO(soon)")


def machine_paths(tree):
    pattern = re.compile("/(work|farm)/|/tmp/w/")
    for path in sorted(tree.texts):
        if path.startswith("tests/tidy/"):
            continue
        for number, line in enumerate(tree.texts[path].split("\n"), 1):
            if pattern.search(line):
                yield Violation(path, number, "must not name a path of one machine")


def headers(tree):
    for path, text in tree.matching(".h"):
        if not text.startswith("//"):
            yield Violation(path, 1, "must start with a comment that says what it is for")
        if "\n#pragma once\n" not in text:
            yield Violation(path, 1, "must have #pragma once")
    for path, text in tree.matching(".cc"):
        own = path.removesuffix(".cc") + ".h"
        first = next((included for _, included, _ in includes(text)), None)
        if own in tree.texts and first != own:
            yield Violation(path, 1, f'must include its own header first: "{own}"')


def mirror(tree):
    for path, text in tree.matching(".cc"):
        if not _is_source(path) or _MAIN.search(text) or path.startswith(tuple(NO_MIRROR)):
            continue
        test = f"tests/{path.removesuffix('.cc')}_test.cc"
        if test not in tree.texts:
            yield Violation(path, 1, f"must have a test: {test}")
    for path, _ in tree.matching("_test.cc"):
        if not path.startswith("tests/"):
            continue  # a source with an unlucky name: load_test.cc
        source = path.removeprefix("tests/").removesuffix("_test.cc")
        # A program's own test may lie with the room that it needs helpers from.
        program = f"daemon/programs/{posixpath.basename(source)}.cc"
        known = any(name in tree.texts for name in (source + ".cc", source + ".h", program))
        if source.startswith(SOURCE_ROOTS) and not known:
            yield Violation(path, 1, f"tests nothing: there is no {source}.cc or .h")


def listed_sources(tree):
    """A file that no CMakeLists.txt names is not built, and a test there never runs."""
    shared = " ".join(text for _, text in tree.matching(".cmake"))
    for path, _ in tree.matching(".cc"):
        directory, name = posixpath.split(path)
        while directory and f"{directory}/CMakeLists.txt" not in tree.texts:
            directory, above = posixpath.split(directory)
            name = f"{above}/{name}"
        listing = tree.texts.get(f"{directory}/CMakeLists.txt", "")
        if path not in shared and not re.search(rf"(?<![\w/]){re.escape(name)}\b", listing):
            yield Violation(path, 1, f"must be named in {directory}/CMakeLists.txt")


def header_owners(tree):
    for path, text in tree.matching(".h", ".cc"):
        if not path.startswith(SOURCE_ROOTS):
            continue
        for number, included, _ in includes(text):
            for prefix, owners in HEADER_OWNERS.items():
                if included.startswith(prefix) and not path.startswith(
                        tuple(f"{owner}/" for owner in owners)):
                    yield Violation(path, number, f"<{included}> belongs to {', '.join(owners)}")


_TYPE = re.compile(r"(?:struct|class|enum(?: class)?) (?:\[\[\w+\]\] )?(\w+)(?: final)?"
                   r"(?: *:[^:;]*)? *\{|using (\w+) =")


def one_definition(tree):
    """Two types of one name and namespace are one type to the linker: it keeps the destructor of
    one for both, and which one that is changes with the compiler's mood. No warning tells of it."""
    seen = {}
    for path, text in sorted(tree.matching(".h", ".cc")):
        namespaces = []
        lines = zip(text.split("\n"), code_only(text).split("\n"))
        for number, (whole, line) in enumerate(lines, 1):
            opened = re.match(r"(?:inline )?namespace ?([\w:]*) ?\{", line)
            if opened and "}" not in line:
                namespaces.append(opened[1] or path)
            elif whole.startswith("}  // namespace") and namespaces:
                namespaces.pop()
            elif found := _TYPE.match(line):
                name = "::".join([*namespaces, found[1] or found[2]])
                first = seen.setdefault(name, (path, number))
                if first != (path, number):
                    yield Violation(path, number, f"must have another name than the type of "
                                                  f"{first[0]}:{first[1]}")


def heavy_headers(tree):
    """No header that another room reads may bring a heavy one along, directly or through others."""
    ours = {path: [included for _, included, _ in includes(text)]
            for path, text in tree.matching(".h", ".cc") if path.startswith(SOURCE_ROOTS)}
    heavy = {path for path, included in ours.items()
             if path.endswith(".h") and any(_HEAVY.match(name) for name in included)}
    grown = True
    while grown:
        more = {path for path, included in ours.items()
                if path.endswith(".h") and path not in heavy and heavy & set(included)}
        heavy |= more
        grown = bool(more)
    for path, included in sorted(ours.items()):
        for name in included:
            if name in heavy and posixpath.dirname(name) != posixpath.dirname(path):
                yield Violation(name, 1, f"brings a heavy header to another room ({path})")


def executable_bits(tree):
    for path, text in sorted(tree.texts.items()):
        if text.startswith("#!") and path not in tree.executable:
            yield Violation(path, 1, "must be executable: it starts with #!")
        if path in tree.executable and text and not text.startswith("#!"):
            yield Violation(path, 1, "must not be executable, or must start with #!")


_FENCE = re.compile(r"^\s*(```|~~~)")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")


def _prose(text):
    """Yields (number, line) outside fenced code."""
    fenced = False
    for number, line in enumerate(text.split("\n"), 1):
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced:
            yield number, line


def markdown(tree):
    for path, text in tree.matching(".md"):
        if path.startswith("tests/golden/"):
            continue  # what our programs print, often a piece to paste into a page
        titles = [number for number, line in _prose(text) if line.startswith("# ")]
        if len(titles) != 1:
            yield Violation(path, titles[-1] if titles else 1,
                            f"must have one '# Title', has {len(titles)}")
        for number, line in _prose(text):
            for link in _LINK.findall(re.sub(r"`[^`]*`", "", line)):
                target = link.partition("#")[0]
                if not target or re.match(r"[a-z]+:", target):
                    continue
                resolved = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
                if resolved not in tree.texts and not tree.has_directory(resolved):
                    yield Violation(path, number, f"broken link: {link}")


ALL = (banned_calls, file_sizes, blobs, unfinished, machine_paths, headers, mirror, listed_sources,
       header_owners, one_definition, heavy_headers, executable_bits, markdown)
