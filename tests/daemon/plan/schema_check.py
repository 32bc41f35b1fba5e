#!/usr/bin/env python3
"""schema_check.py SCHEMA REFUSED PLAN…: holds the plan's JSON Schema to the parser's grammar.

Every PLAN (which the parser takes) must be valid; every document in REFUSED (which the parser does
not take) must not be; and every property of the schema must be used by some PLAN, which is found by
taking it out: a plan must become invalid then.
"""

import copy
import re
import sys

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """YAML as the plan reads it: only true and false are truths, dates are text."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers
            if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))


def load(path):
    with open(path, encoding="utf-8") as file:
        return list(yaml.load_all(file, Loader))


def properties(schema, path=()):
    """The paths of all named properties in a schema."""
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "properties":
                for name in value:
                    yield path + (key, name)
            yield from properties(value, path + (key,))
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from properties(value, path + (index,))


def without(schema, path):
    """A copy of the schema in which nothing may stand in the property at `path`."""
    changed = copy.deepcopy(schema)
    at = changed
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = False
    return changed


def main():
    schema = load(sys.argv[1])[0]
    validator = jsonschema.Draft202012Validator
    validator.check_schema(schema)
    plans = [load(path)[0] for path in sys.argv[3:]]
    failures = []
    for path, plan in zip(sys.argv[3:], plans):
        for error in validator(schema).iter_errors(plan):
            failures.append(f"{path}: {error.json_path}: {error.message}")
    for number, document in enumerate(load(sys.argv[2]), 1):
        if validator(schema).is_valid(document):
            failures.append(f"{sys.argv[2]}: document {number} must be refused: {document}")
    for path in properties(schema):
        if all(validator(without(schema, path)).is_valid(plan) for plan in plans):
            failures.append(f"no plan uses {'/'.join(map(str, path))}")
    print("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
