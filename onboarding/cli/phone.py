"""`phone`: normalise numbers, streaming. One JSON object a line, in order, blank lines included."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import msgspec

from onboarding.cli import context
from onboarding.domain.phone import PhoneResult, PhoneStatus, normalise

#: What is read at once: a pipe hands over what it has, so an answer never waits for more questions.
CHUNK = 1 << 16
#: Bytes of a line that are looked at. A phone field ends long before (`phone.clean.MAX_INPUT`).
MAX_LINE = 1 << 14


def run(args: argparse.Namespace) -> int:
    """Lines `COUNTRY<TAB>RAW` (no TAB: no country). Exit 0 also when numbers are rejected: that is data."""
    with ExitStack() as stack:
        source = sys.stdin.fileno()
        if args.file and args.file != "-":
            try:
                source = stack.enter_context(open(args.file, "rb", buffering=0)).fileno()
            except OSError as exc:
                context.note(f"The file cannot be read: {exc.strerror}.")
                return context.USAGE
        write, flush = sys.stdout.buffer.write, sys.stdout.buffer.flush
        answer = msgspec.json.Encoder().encode if args.json else _for_people
        for lines in _lines(source):
            write(b"".join([answer(_read(line)) + b"\n" for line in lines]))
            flush()
    return context.OK


def _read(line: bytes) -> PhoneResult:
    """Bytes that are no UTF-8 are carried along as such: no number holds them, and no line is lost."""
    text = line.rstrip(b"\r").decode("utf-8", "surrogateescape")
    country, tab, raw = text.partition("\t")
    return normalise(raw, (country,)) if tab else normalise(country)


def _for_people(result: PhoneResult) -> bytes:
    if result.status is PhoneStatus.OK:
        return f"ok            {result.e164}  {result.kind}  {result.region}".encode()
    return f"{result.status:<13} {result.reason}  {result.raw_masked}".encode()


def _lines(source: int) -> Iterator[list[bytes]]:
    """Lines as they arrive, without their ends, each cut at `MAX_LINE`. Only a line feed ends a line: a lone
    carriage return, or what else Unicode calls a line end, belongs to what somebody typed."""
    rest, first = b"", True
    while chunk := os.read(source, CHUNK):
        if first:
            chunk, first = chunk.removeprefix(b"\xef\xbb\xbf"), False
        lines = chunk.split(b"\n")
        lines[0] = rest + lines[0]
        rest = lines.pop()[:MAX_LINE]
        if lines:
            yield [line[:MAX_LINE] for line in lines]
    if rest:
        yield [rest]
