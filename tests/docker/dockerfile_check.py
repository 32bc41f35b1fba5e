#!/usr/bin/python3
"""dockerfile_check.py [FILE...]: what must hold of a Dockerfile (default: that of this tree).

The rules are hadolint's that matter here, and those of docs/containers.md: a base that an ARG pins,
no "latest", no ADD, exec form, package lists removed in the layer that fetched them, no secret in a
layer, and of each image that is shipped: a user who is not root, a health check, an entry point, a
stop signal, labels. Of the tree's own also: what BUILD=compile needs gets into the build.
"""

import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LABELS = ("title", "description", "version", "revision", "licenses", "source")
SECRET = re.compile(r"(?i)(password|passwd|secret|token|api_?key|credential)")


def instructions(text):
    """(line, word, rest) of each; lines that go on are joined, comments left out."""
    found, parts, start = [], [], 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#") or (not parts and not line.strip()):
            continue
        if not parts:
            start = number
        if line.rstrip().endswith("\\"):
            parts.append(line.rstrip()[:-1])
            continue
        word, _, rest = " ".join(parts + [line]).strip().partition(" ")
        found.append((start, word.upper(), rest.strip()))
        parts = []
    return found


class Stage:
    """A FROM and what follows it. `parent` is another stage; None where it begins with an image."""

    def __init__(self, line, name, base, parent):
        self.line, self.name, self.base, self.parent = line, name, base, parent
        self.lines = []

    def chain(self):
        return self.lines + (self.parent.chain() if self.parent else [])

    def find(self, word):
        """The rest of the last such instruction that holds here, or None."""
        for lines in (self.lines, *([self.parent.chain()] if self.parent else [])):
            for _, each, rest in reversed(lines):
                if each == word:
                    return rest
        return None

    def labels(self):
        return " ".join(rest for _, word, rest in self.chain() if word == "LABEL")


def stages_of(lines):
    stages, arguments = [], {}
    for line, word, rest in lines:
        if word == "ARG" and not stages:
            name, _, value = rest.partition("=")
            arguments[name] = value
        elif word == "FROM":
            match = re.fullmatch(r"(?:--platform=\S+ )?(\S+)(?: AS (\S+))?", rest, re.IGNORECASE)
            base, name = match.groups()
            parent = next((stage for stage in stages if stage.name == base), None)
            stages.append(Stage(line, name, base, parent))
        elif stages:
            stages[-1].lines.append((line, word, rest))
    return stages, arguments


def check_base(stage, arguments, names):
    if stage.parent or stage.base == "scratch":
        return
    match = re.fullmatch(r"\$\{(\w+)\}", stage.base)
    if not match or match.group(1) not in arguments:
        yield stage.line, f"FROM {stage.base}: the base must be an ARG with a default"
        return
    value = arguments[match.group(1)]
    if value in names:
        return  # chooses a stage
    if ":" not in value or value.endswith(":latest"):
        yield stage.line, f"{match.group(1)}={value}: must name a release of the base"


def check_lines(stage):
    for line, word, rest in stage.lines:
        if word == "ADD":
            yield line, "ADD must be COPY: it unpacks and fetches what nobody looked at"
        if word in ("CMD", "ENTRYPOINT"):
            try:
                json.loads(rest)
            except ValueError:
                yield line, f"{word} must have exec form, so that the program gets the signals"
        if word == "HEALTHCHECK" and rest != "NONE" and not re.search(r"CMD \[", rest):
            yield line, "HEALTHCHECK must have exec form: there is no shell"
        if word in ("ENV", "ARG") and SECRET.search(rest.partition("=")[0]):
            yield line, f"{word} {rest.partition('=')[0]}: a secret in a layer stays; mount it"
        if word == "COPY" and re.match(r"(\./?|/) ", rest):
            yield line, "COPY must name what it takes"
        if word == "RUN":
            yield from check_run(line, rest)


def check_run(line, rest):
    fetches = "apt-get update" in rest or re.search(r"setup --(build-only|runtime)", rest)
    if fetches and not re.search(r"rm -rf /var/lib/apt/lists/\*", rest):
        yield line, "RUN must remove /var/lib/apt/lists/* in the layer that fetched them"
    for install in re.findall(r"apt-get install[^&|;]*", rest):
        if "--no-install-recommends" not in install or not re.search(r" -\w*y", install):
            yield line, "apt-get install must have -y and --no-install-recommends"
    if re.search(r"(?<![\w-])sudo |apt (install|update)|curl [^|]*\| *(ba)?sh", rest):
        yield line, "RUN must use neither sudo, nor apt, nor a script from the network"


def shipped(stages):
    """The stages that are images: those with a title of their own."""
    title = "org.opencontainers.image.title="
    return [stage for stage in stages
            if any(word == "LABEL" and title in rest for _, word, rest in stage.lines)]


def check_image(stage):
    where = f"stage {stage.name}"
    user = stage.find("USER")
    if user is None or user.split(":")[0] in ("root", "0") or not user.split(":")[0].isdigit():
        yield stage.line, f"{where}: USER must be a number that is not root's, got {user}"
    for word in ("HEALTHCHECK", "ENTRYPOINT", "STOPSIGNAL", "EXPOSE"):
        if stage.find(word) in (None, "NONE"):
            yield stage.line, f"{where}: must have {word}"
    for label in LABELS:
        if f"org.opencontainers.image.{label}=" not in stage.labels():
            yield stage.line, f"{where}: must have the label org.opencontainers.image.{label}"


def check(text):
    """The findings, as (line, what)."""
    stages, arguments = stages_of(instructions(text))
    names = {stage.name for stage in stages}
    findings = []
    for stage in stages:
        findings += check_base(stage, arguments, names)
        findings += check_lines(stage)
    images = shipped(stages)
    for stage in images:
        findings += check_image(stage)
    if not images or images[-1] is not stages[-1]:
        findings.append((1, "the last stage must be an image with a title"))
    return findings


# -- what a build with BUILD=compile is given -----------------------------------------------------


def ignored(patterns, path):
    """Whether a .dockerignore with these lines keeps the file out: the last one that fits it, or a
    folder that it lies in, says."""
    out = False
    for pattern in patterns:
        keeps = pattern.startswith("!")
        text = re.escape(pattern.lstrip("!").strip("/"))
        text = text.replace(r"\*\*/", "(?:.*/)?").replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
        if re.fullmatch(f"{text}(?:/.*)?", path):
            out = not keeps
    return out


def needed(cmake_files):
    """The folders at the top of the tree that CMake reads when it configures and builds the
    programs: {"CMakeLists.txt": its text, …}."""
    folders = set(re.findall(r"add_subdirectory\((\w+)", cmake_files["CMakeLists.txt"]))
    folders |= {"cmake", "scripts"}  # include(), and what the stage itself calls
    for text in cmake_files.values():
        folders |= set(re.findall(r"\$\{(?:CMAKE|PROJECT)_SOURCE_DIR\}/(\w+)/", text))
    return folders


def check_context(dockerfile, dockerignore, cmake_files, tracked):
    """No test builds the stage `compile`; this finds that it was not given a file of the tree."""
    patterns = [line.strip() for line in dockerignore.splitlines()
                if line.strip() and not line.startswith("#")]
    stages, _ = stages_of(instructions(dockerfile))
    copied = {word for stage in stages if stage.name == "compile"
              for _, instruction, rest in stage.lines if instruction == "COPY"
              for word in rest.split()[:-1]}
    for folder in sorted(needed(cmake_files)):
        if folder not in copied:
            yield f"the stage compile must COPY {folder}, which CMake reads"
        files = [path for path in tracked if path.startswith(f"{folder}/")]
        kept_out = next((path for path in files if ignored(patterns, path)), None)
        if not files or kept_out:
            yield f".dockerignore must let in {kept_out or folder}, which the stage compile needs"


def check_tree():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    tracked = [path for path in listed.stdout.decode().split("\0") if (ROOT / path).is_file()]
    cmake_files = {path: (ROOT / path).read_text() for path in tracked
                   if path.endswith((".cmake", "CMakeLists.txt")) and not path.startswith("tests/")}
    return check_context((ROOT / "Dockerfile").read_text(), (ROOT / ".dockerignore").read_text(),
                         cmake_files, tracked)


def main():
    files = [pathlib.Path(file) for file in sys.argv[1:]] or [ROOT / "Dockerfile"]
    count = 0
    for file in files:
        for line, what in check(file.read_text()):
            print(f"{file}:{line}: {what}")
            count += 1
    if not sys.argv[1:]:
        for what in check_tree():
            print(what)
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
