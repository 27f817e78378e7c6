"""`phone`: normalise numbers, streaming. One JSON object a line, in order, blank lines included."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from contextlib import ExitStack

from onboarding.cli import context
from onboarding.domain.phone import PhoneStatus, normalise


def run(args: argparse.Namespace) -> int:
    """Lines `COUNTRY<TAB>RAW` (no TAB: no country). Exit 0 also when numbers are rejected: that is data."""
    with ExitStack() as stack:
        lines: Iterable[str]
        if args.file and args.file != "-":
            try:
                # Only a line feed ends a line: a lone carriage return belongs to what somebody typed.
                lines = stack.enter_context(
                    open(args.file, encoding="utf-8", errors="surrogateescape", newline="\n")
                )
            except OSError as exc:
                context.note(f"The file cannot be read: {exc.strerror}.")
                return context.USAGE
        else:
            sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape", newline="\n")  # type: ignore[union-attr]
            lines = sys.stdin
        write = sys.stdout.write
        for line in lines:
            country, tab, raw = line.rstrip("\r\n").partition("\t")
            if not tab:
                country, raw = "", country
            result = normalise(raw, (country or None,))
            if args.json:
                write(json.dumps(result.as_json(), ensure_ascii=True) + "\n")
            elif result.status is PhoneStatus.OK:
                write(f"ok            {result.e164}  {result.kind}  {result.region}\n")
            else:
                write(f"{result.status:<13} {result.reason}  {result.raw_masked}\n")
    return context.OK
