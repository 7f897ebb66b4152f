#!/usr/bin/python3
"""tools/count-results takes for passed only what passed, and only explained skips."""

import json
import pathlib
import subprocess
import sys
import tempfile

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "count-results"

SKIPS = "# unexplained: in a comment\nknown: its reason\nsilent:\nbare\n"

CASES = {
    "nothing ran": ([], "0 0 0"),
    "passed": ([("a", "OK"), ("b", "EXPECTEDFAIL")], "2 0 0"),
    "project and suite before the name": ([("ocfgw:unit / known", "SKIP")], "0 0 1"),
    "every way to fail": ([("a", r) for r in ("FAIL", "ERROR", "TIMEOUT", "UNEXPECTEDPASS",
                                              "INTERRUPT", "new in a later meson")], "0 6 0"),
    "explained skip": ([("known", "SKIP")], "0 0 1"),
    "unknown skip": ([("a", "OK"), ("other", "SKIP")], "1 1 0"),
    "only in a comment": ([("unexplained", "SKIP")], "0 1 0"),
    "no reason": ([("silent", "SKIP"), ("bare", "SKIP")], "0 2 0"),
    "a failure that may skip": ([("known", "FAIL")], "0 1 0"),
}


def run(results):
    with tempfile.TemporaryDirectory() as folder:
        skips, log = pathlib.Path(folder, "skips"), pathlib.Path(folder, "log")
        skips.write_text(SKIPS)
        log.write_text("".join(json.dumps({"name": n, "result": r}) + "\n" for n, r in results))
        return subprocess.run([sys.executable, TOOL, log, skips], capture_output=True, text=True)


def main():
    failures = 0
    for name, (results, want) in CASES.items():
        got = run(results)
        if got.returncode or got.stdout.strip() != want:
            print(f"{name}: got {got.stdout!r} {got.stderr!r}, want {want!r}")
            failures += 1
    print(f"{len(CASES) - failures} of {len(CASES)} cases")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
