"""`export` and `import`: a whole store into a file, and a file into an empty store."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
from pathlib import Path

from onboarding.bootstrap import App
from onboarding.cli import context
from onboarding.operate import archive, quality
from onboarding.operate.archive_file import existing, new_file

#: Rows between two lines of progress.
EVERY = 5000


class _Progress:
    """A line on standard error now and then."""

    def __init__(self, verb: str) -> None:
        self._verb = verb
        self._said = 0

    def __call__(self, counts: Mapping[str, int]) -> None:
        done = sum(counts.values())
        if done - self._said >= EVERY:
            self._said = done
            context.note(f"{self._verb}: {done} rows")


async def export(app: App, args: argparse.Namespace) -> int:
    """`export FILE`, or `export --data-quality`."""
    if args.data_quality:
        return await _data_quality(app, args)
    if args.file is None or args.csv:
        context.note("usage: export FILE, or export --data-quality [--json|--csv]")
        return context.USAGE
    context.note(f"Store: {context.store(app)}")
    with new_file(Path(args.file)) as write:
        counts = await archive.export(app.services, write, _Progress("exported"))
    context.note(
        "The file holds everything about these people, and forget does not reach it: keep it as you keep the store."
    )
    context.note(
        "Each case is whole. For a copy that is to take the place of this store, stop the service first: what it "
        "did since would be done again. Take the settings along, ONBOARDING_HASH_KEY above all."
    )
    _say(args, {"file": args.file, "rows": counts})
    return context.OK


async def _data_quality(app: App, args: argparse.Namespace) -> int:
    rows = [line.as_json() async for line in quality.lines(app.services)]
    if args.csv:
        context.out(quality.as_csv(rows).rstrip("\r\n"))
    elif args.json:
        context.out_json({"items": rows})
    else:
        columns = [("employee_id", "EMPLOYEE"), ("source", "SOURCE"), ("field", "FIELD"), ("code", "CODE")]
        context.table(rows, [*columns, ("what", "WHAT")])
    return context.OK


async def load(app: App, args: argparse.Namespace) -> int:
    """`import FILE`."""
    context.note(f"Store: {context.store(app)}. Keep the service on it stopped until this ends.")
    try:
        with existing(Path(args.file)) as found:
            done = await archive.load(app.services, found, resume=args.resume, progress=_Progress("imported"))
    except asyncio.CancelledError:
        context.note("Interrupted: part of the archive is in the store. Go on with --resume.")
        raise
    _say(args, {"file": args.file, "rows": dict(done.counts), "there_already": done.there})
    return context.OK


def _say(args: argparse.Namespace, data: dict[str, object]) -> None:
    if args.json:
        context.out_json(data)
        return
    rows = data["rows"]
    if isinstance(rows, dict):
        context.out(f"{args.verb}: " + ", ".join(f"{kind} {count}" for kind, count in rows.items()))
