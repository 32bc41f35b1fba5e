#!/usr/bin/env python3
"""Records what Locust does with the locustfiles of tests/e2e/locustfiles.

Run it by hand when a file is new or changed, in an environment that has Locust and PyYAML, and look
at the difference before you commit it; CI has no Locust and only reads the records:

    python3 -m venv /tmp/locust && /tmp/locust/bin/pip install locust==2.46.3 pyyaml
    SQUALL_BIN=build/dev/bin tests/e2e/record_locust.py /tmp/locust/bin/locust [CASE…]

Each case is run twice; one that is not the same twice is no test, and is refused.
"""
import json
import subprocess
import sys
import tempfile

import harness
import locust_cases


def record(program, case):
    with tempfile.TemporaryDirectory() as folder:
        outcomes = []
        for _ in range(2):
            target = harness.Target(folder)  # its own, as stocks and cookies change
            try:
                outcome, errors = locust_cases.run([program], case, target.url)
            except subprocess.TimeoutExpired as late:
                print(f"{case.name}: does not end: {(late.stderr or b'')[-1500:].decode()}",
                      file=sys.stderr)
                return False
            finally:
                target.stop()
            outcomes.append(outcome)
    if outcomes[0] != outcomes[1]:
        print(f"{case.name}: not the same twice:\n{outcomes[0]}\n{outcomes[1]}", file=sys.stderr)
        return False
    path = locust_cases.GOLDEN / f"{case.name}.json"
    path.write_text(json.dumps(outcomes[0], indent=1, ensure_ascii=False) + "\n")
    print(f"{case.name}: exit {outcome['exit_code']}, {len(outcome['requests'])} names, "
          f"{len(outcome['failures'])} kinds of failures, {len(outcome['output'])} lines")
    if not outcome["requests"]:
        print(errors[-1500:], file=sys.stderr)
    return True


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    wanted = set(sys.argv[2:])
    locust_cases.GOLDEN.mkdir(parents=True, exist_ok=True)
    recorded = [record(sys.argv[1], case) for case in locust_cases.CASES
                if not wanted or case.name in wanted]
    sys.exit(0 if recorded and all(recorded) else 1)


if __name__ == "__main__":
    main()
