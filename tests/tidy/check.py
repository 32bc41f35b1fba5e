#!/usr/bin/python3
"""The house rules that a machine can check.

  tests/tidy/check.py                  every rule that needs only the files
  tests/tidy/check.py --layers FILE    the rooms against FILE (build/dev/layers.txt)

Prints one "path:line: must …" a finding; exits 1 when there is one. What the rules know of this
house stands in tables.py.
"""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import layers  # noqa: E402
import rules  # noqa: E402
from tree import Tree  # noqa: E402


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    root = pathlib.Path(__file__).resolve().parents[2]
    parser.add_argument("--root", type=pathlib.Path, default=root, help="the tree to check")
    parser.add_argument("--layers", type=pathlib.Path, help="layers.txt of a configured build")
    options = parser.parse_args(arguments)

    tree = Tree.read(options.root)
    if options.layers:
        found = list(layers.check(layers.parse(options.layers.read_text()), tree))
    else:
        found = [violation for rule in rules.ALL for violation in rule(tree)]
    for violation in found:
        print(violation)
    print(f"{len(found)} findings in {len(tree.texts)} files")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
