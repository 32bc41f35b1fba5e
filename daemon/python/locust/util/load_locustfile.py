"""Finding locustfiles, loading them, and what is in them: User classes and load shapes."""

import importlib.util
import inspect
import linecache
import os
import sys
import tempfile
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlparse

# As the value of --locustfile: a worker gets it when it has found its coordinator.
COORDINATORS_FILE = "-"
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class LocustfileError(Exception):
    """A locustfile that is missing or wrong. The text is for its author, as it is."""


@dataclass
class Loaded:
    """What several locustfiles hold together."""

    files: list = field(default_factory=list)
    user_classes: dict = field(default_factory=dict)
    shape_classes: dict = field(default_factory=dict)


def find_locustfiles(argument):
    """The absolute paths that the value of --locustfile means; "-" stays."""
    if argument == COORDINATORS_FILE:
        return [COORDINATORS_FILE]
    names = [name.strip() for name in argument.split(",") if name.strip()]
    if not names:
        raise LocustfileError("--locustfile must name a file")
    found = []
    for name in names:
        for path in _find_one(name):
            if path not in found:
                found.append(path)
    return found


def _find_one(name):
    if urlparse(name).scheme in ("http", "https"):
        return [download(name)]
    path = Path(name).expanduser()
    if path.is_dir():
        return find_in_directory(path)
    for candidate in (path, path.with_name(path.name + ".py"), _package_path(name)):
        if candidate is not None and candidate.is_dir():
            return find_in_directory(candidate)
        if candidate is not None and candidate.suffix == ".py" and candidate.is_file():
            return [str(candidate.absolute())]
    raise LocustfileError(
        f"Could not find '{name}'. Ensure your locustfile ends with '.py' or is a directory "
        "with locustfiles. See --help for available options."
    )


def _package_path(name):
    """pkg.module as a path under the working directory; None when it is no such name."""
    parts = name.split(".")
    if len(parts) < 2 or not all(part.isidentifier() for part in parts):
        return None
    path = Path(*parts)
    return path if path.is_dir() else path.with_suffix(".py")


def find_in_directory(directory):
    """Every *.py below it but those that begin with _, in the order of their paths."""
    paths = sorted(
        path
        for path in Path(directory).absolute().rglob("*.py")
        if not path.name.startswith("_") and path.is_file()
    )
    if not paths:
        raise LocustfileError(f"Could not find any locustfiles in directory '{directory}'")
    return [str(path) for path in paths]


def download(url):
    """Fetches a locustfile to a temporary file and gives its path."""
    import requests

    try:
        response = requests.get(url, timeout=30)
        response.raise_for_status()
    except requests.RequestException as error:
        raise LocustfileError(f"Failed to get locustfile from: {url}. {error}") from error
    name = os.path.basename(urlparse(url).path).removesuffix(".py") or "locustfile"
    path = Path(tempfile.mkdtemp(prefix="locustfile-")) / f"{name}.py"
    path.write_text(response.text, encoding="utf-8")
    return str(path)


def load_all(paths):
    """Loads every file; LocustfileError when one cannot be, or when two define the same name."""
    loaded = Loaded(files=list(paths))
    for path in paths:
        users, shapes = load_locustfile(path)
        _merge("user", loaded.user_classes, users)
        _merge("shape", loaded.shape_classes, shapes)
    return loaded


def _merge(kind, known, new):
    for name, cls in new.items():
        if name in known and _file_of(known[name]) != _file_of(cls):
            raise LocustfileError(
                f"Duplicate {kind} class names: {name} is defined in both "
                f"{_file_of(known[name])} and {_file_of(cls)}"
            )
        known[name] = cls


def _file_of(cls):
    try:
        return inspect.getfile(cls)
    except (OSError, TypeError):
        return f"<module {cls.__module__}>"


def load_locustfile(path):
    """({name: User class}, {name: shape class}) of one file; its module is called as the file is.

    The file's directory comes first in sys.path, and the working directory after it. The file's
    own exceptions become LocustfileError with a traceback that begins in it; SystemExit does not.
    """
    path = os.path.abspath(path)
    _put_first_in_sys_path(os.path.dirname(path))
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(name, module)  # a file called requests.py must not replace requests
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise LocustfileError(users_traceback(error)) from error
    return find_classes(vars(module))


def _put_first_in_sys_path(directory):
    for entry in (os.getcwd(), directory):
        if entry in sys.path:
            sys.path.remove(entry)
        sys.path.insert(0, entry)


def find_classes(names):
    """The User classes and the shapes among the values of {name: value}, imported ones too."""
    users, shapes = {}, {}
    for name, value in names.items():
        if is_user_class(value):
            users[name] = value
        elif is_shape_class(value):
            shapes[name] = value
    return users, shapes


def is_user_class(item):
    """True for a class whose users can be started."""
    from ..user.users import User

    return inspect.isclass(item) and issubclass(item, User) and item.abstract is False


def is_shape_class(item):
    """True for a class that says how many users there are when."""
    from ..shape import LoadTestShape

    return (
        inspect.isclass(item)
        and issubclass(item, LoadTestShape)
        and item is not LoadTestShape
        and not getattr(item, "abstract", False)
    )


def users_traceback(error):
    """The traceback as text, without the frames of this package that lead to the user's file."""
    linecache.checkcache()
    report = traceback.TracebackException.from_exception(error)
    while report.stack and _is_ours(report.stack[0].filename):
        del report.stack[0]
    lines = list(report.format(chain=True))
    if not report.stack:  # the file could not be compiled
        lines = [line for line in lines if not line.startswith("Traceback ")]
    return "".join(lines).rstrip("\n")


def _is_ours(filename):
    return filename.startswith(_PACKAGE) or filename.startswith("<frozen importlib")
