"""The files under check as plain data: rules stay pure functions and their tests need no disk."""

import dataclasses
import pathlib
import re
import subprocess


@dataclasses.dataclass(frozen=True)
class Violation:
    path: str
    line: int
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.message}"


class Tree:
    """Path -> text of every file that git knows or would add; binary files have empty text."""

    def __init__(self, texts, executable=(), sizes=None):
        self.texts = dict(texts)
        self.executable = set(executable)
        self.sizes = sizes or {path: len(text) for path, text in self.texts.items()}

    @classmethod
    def read(cls, root):
        root = pathlib.Path(root)
        listing = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=root, check=True, capture_output=True, text=True).stdout
        texts, executable, sizes = {}, set(), {}
        for path in filter(None, listing.split("\0")):
            file = root / path
            if not file.is_file():
                continue
            data = file.read_bytes()
            sizes[path] = len(data)
            texts[path] = "" if b"\0" in data else data.decode("utf-8", "replace")
            if file.stat().st_mode & 0o100:
                executable.add(path)
        return cls(texts, executable, sizes)

    def matching(self, *suffixes):
        """Yields (path, text) of the files with one of the suffixes, in order of their paths."""
        for path in sorted(self.texts):
            if path.endswith(suffixes):
                yield path, self.texts[path]

    def has_directory(self, path):
        prefix = path.rstrip("/") + "/"
        return any(name.startswith(prefix) for name in self.texts)


_TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|'
                    r"(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'", re.DOTALL)


def code_only(text):
    """C++ text with comments and the insides of literals blanked; lines keep their numbers."""
    def blank(match):
        return '""' + "\n" * match.group().count("\n") if match.group()[0] in "\"'R" else (
            "\n" * match.group().count("\n"))
    # Include paths are quoted, too, and are code here.
    return "\n".join(
        line if kept.startswith("#include") else line_blanked
        for line, kept, line_blanked in _zip_lines(text, _TOKEN.sub(blank, text)))


def _zip_lines(text, blanked):
    originals, blanks = text.split("\n"), blanked.split("\n")
    return ((original, original.lstrip(), blank) for original, blank in zip(originals, blanks))


INCLUDE = re.compile(r'^\s*#include\s*(<([^>]+)>|"([^"]+)")')


def includes(text):
    """Yields (line number, path, is_quoted) of every include."""
    for number, line in enumerate(text.split("\n"), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(2) or match.group(3), match.group(3) is not None
