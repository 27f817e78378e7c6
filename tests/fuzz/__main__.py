"""`make fuzz [RUNS=1000000] [TARGET=parse:scim]`: every target under atheris, one process each, one line each.

atheris is installed by that make target only, into build/fuzz/lib. Exit 1 with the input in build/fuzz/ when a target
found something.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

FOLDER = Path("build/fuzz")
DONE = re.compile(r"Done (\d+) runs")


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.fuzz")
    asked.add_argument("--runs", type=int, default=1_000_000)
    asked.add_argument("--target", help="one of them; default: all")
    asked.add_argument("--child", help=argparse.SUPPRESS)
    args = asked.parse_args()
    if args.child:
        return child(args.child, args.runs)
    from tests.fuzz import targets

    wanted = [args.target] if args.target else targets.names()
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:  # a process each; the threads only wait
        return 0 if all(list(pool.map(lambda name: fuzz(name, args.runs), wanted))) else 1


def fuzz(name: str, runs: int) -> bool:
    """Run one target in a process of its own; print what it did. False: it found something."""
    began = time.monotonic()
    command = [sys.executable, "-m", "tests.fuzz", "--child", name, "--runs", str(runs)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    found = DONE.search(done.stderr)
    good = done.returncode == 0 and found is not None and int(found[1]) >= runs
    seconds = time.monotonic() - began
    count = found[1] if found else "?"
    print(f"{'ok   ' if good else 'FOUND'} {name:<28} {count:>10} executions  {seconds:7.1f} s", flush=True)
    if not good:
        print(done.stdout[-4000:], done.stderr[-4000:], sep="\n", file=sys.stderr)
    return good


def child(name: str, runs: int) -> int:
    """Under atheris: never returns normally, since libFuzzer ends the process."""
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["onboarding.intake"]):
        from tests.fuzz import targets
    run = targets.target(name)
    corpus = FOLDER / "corpus" / name.replace(":", "-")
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(targets.seeds(name)):
        (corpus / f"seed-{number}").write_bytes(seed)
    prefix = f"-artifact_prefix={FOLDER}{os.sep}{name.replace(':', '-')}-"
    atheris.Setup(
        [name, f"-runs={runs}", "-max_len=4096", "-timeout=20", "-verbosity=1", prefix, str(corpus)], run
    )
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
