"""Where options come from besides the command line: configuration files and the environment.

A source gives {key: Setting}. Keys are long options without their dashes. What a value means is
for the option to say (argument_parser.py); here it is a text, a list of texts or True.
"""

import json
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

# Later ones win.
DEFAULT_CONFIG_FILES = ("pyproject.toml", "~/.locust.conf", "locust.conf")
_TOML_TABLE = ("tool", "locust")


class SourceError(Exception):
    """A configuration file that cannot be read; the text names it."""


@dataclass(frozen=True)
class Setting:
    """A value and where it was found."""

    value: str | list[str] | bool
    where: str


def read_config_files(config_argument):
    """All settings of the default files and of the one named by --config, the strongest kept."""
    settings = {}
    for name in DEFAULT_CONFIG_FILES:
        path = Path(name).expanduser()
        if path.is_file():
            settings.update(read_config_file(path, name))
    if config_argument:
        path = Path(config_argument).expanduser()
        settings.update(read_config_file(path, config_argument))
    return settings


def read_config_file(path, shown_name):
    """The settings of one file; TOML by its name, or when it starts like it, else key = value."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"Unable to open config file: {shown_name}: {reason}") from error
    if path.suffix == ".toml" or f"[{'.'.join(_TOML_TABLE)}]" in text:
        return parse_toml(text, shown_name)
    return parse_conf(text, shown_name)


def parse_toml(text, shown_name):
    """The keys of the table tool.locust; the rest of the file is somebody else's."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SourceError(f"{shown_name}: {error}") from error
    for name in _TOML_TABLE:
        table = table.get(name, {})
        if not isinstance(table, dict):
            raise SourceError(f"{shown_name}: [tool.locust] must be a table")
    return {
        key: Setting(_toml_value(value), f"{shown_name}: {key}") for key, value in table.items()
    }


def _toml_value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return [str(_toml_value(item)) for item in value]
    return str(value)


def parse_conf(text, shown_name):
    """Lines like `key = value`, `key: value`, `key value` or `key`; # and ; start comments."""
    settings = {}
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if not line or line[0] in "#;[" or line.startswith("---"):
            continue
        key, value = _split_conf_line(line)
        settings[key] = Setting(value, f"{shown_name}:{number}")
    return settings


def _split_conf_line(line):
    line = line.removeprefix("--")
    end = next((i for i, char in enumerate(line) if char in "=: \t"), len(line))
    key, rest = line[:end], line[end:].strip()
    if rest[:1] in ("=", ":"):
        rest = rest[1:].strip()
    for comment in (" #", " ;", "\t#", "\t;"):
        rest = rest.split(comment, 1)[0].rstrip()
    if not rest:
        return key, True
    if len(rest) >= 2 and rest[0] == rest[-1] and rest[0] in "'\"":
        return key, rest[1:-1]
    return key, split_list(rest) if rest.startswith("[") and rest.endswith("]") else rest


def split_list(text):
    """The items of `[a, b]`; a JSON array of objects stays the text it is."""
    try:
        parsed = json.loads(text)
    except ValueError:
        pass
    else:
        if any(isinstance(item, (dict, list)) for item in parsed):
            return text
    items = (item.strip().strip("'\"") for item in text[1:-1].split(","))
    return [item for item in items if item]


def read_environment(names):
    """The environment variables that are set, by name."""
    settings = {}
    for name in names:
        text = os.environ.get(name)
        if text is not None:
            is_list = text.startswith("[") and text.endswith("]")
            value = split_list(text) if is_list else text
            settings[name] = Setting(value, f"environment variable {name}")
    return settings
