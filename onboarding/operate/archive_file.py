"""Files of archives: written whole or not at all, for their owner only; read twice from one opened file."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from onboarding.errors import NotFound, Refused
from onboarding.operate.archive_rows import (
    FORMAT,
    KINDS,
    MAX_LINE,
    VERSION,
    End,
    Header,
    cut,
    damaged,
    kind_of,
    other,
    read,
)

_GZIP = b"\x1f\x8b"
#: How the first line begins; a file may be cut before that is all there.
_FIRST = b'{"row":"archive"'
Write = Callable[[bytes], object]


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[Write]:
    """Writes a new file at `path`, compressed if its name ends in `.gz`; mode 0600, since it holds people.

    It has its name only once everything is written and synced; whatever ends this early leaves nothing behind (a
    killed process a `.part` file). Refused if there is something of this name already.
    """
    _refuse_existing(path)
    try:
        handle, part = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as exc:
        raise Refused(f"The file cannot be made: {exc.strerror}.", code="archive_not_written") from exc
    try:
        with open(handle, "wb") as raw:
            yield from _compressed(raw) if path.name.endswith(".gz") else iter((raw.write,))
            raw.flush()
            os.fsync(raw.fileno())
        _refuse_existing(path)
        os.replace(part, path)
        _sync_folder(path.parent)
    except OSError as exc:
        raise Refused(f"The file cannot be written: {exc.strerror}.", code="archive_not_written") from exc
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)


def _compressed(raw: IO[bytes]) -> Iterator[Write]:
    with gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as packed:
        yield packed.write


def _refuse_existing(path: Path) -> None:
    """An archive is never written over: what is there may be the only copy of something."""
    if os.path.lexists(path):
        raise Refused("There is a file of this name already: choose another name.", code="archive_exists")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def existing(path: Path) -> Iterator[Archive]:
    """The archive at `path`, opened once: what is verified is what is read. NotFound if there is no file."""
    try:
        raw = open(path, "rb")  # noqa: SIM115 - closed below
    except OSError as exc:
        raise NotFound(f"The archive cannot be read: {exc.strerror}.", code="no_archive") from exc
    with raw:
        yield Archive(raw)


@dataclass(frozen=True, slots=True)
class Archive:
    """An opened archive, compressed or not: that is seen by its first bytes, not by its name."""

    raw: IO[bytes]

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """(number from 1, the line with its line feed), from the beginning. Refused for what cannot be read."""
        number = 0
        try:
            self.raw.seek(0)
            packed = self.raw.read(2) == _GZIP
            self.raw.seek(0)
            source = gzip.GzipFile(fileobj=self.raw, mode="rb") if packed else self.raw
            while text := source.readline(MAX_LINE + 1):
                number += 1
                if number == 1 and not _may_begin(text):
                    raise other()
                if not text.endswith(b"\n"):
                    raise cut(number) if len(text) <= MAX_LINE else damaged(number, "is too long")
                yield number, text
        except EOFError as exc:
            raise cut(number) from exc
        except (OSError, zlib.error) as exc:
            raise damaged(number + 1, "cannot be read: copy the file again") from exc

    def verified(self) -> End:
        """Read everything once: every row typed, the counts and the digest of the last line true.

        Returns that last line. Refused otherwise; nothing was written anywhere then.
        """
        digest, counts, end = hashlib.sha256(), dict.fromkeys(KINDS, 0), None
        number = 0
        for number, text in self.lines():
            if end is not None:
                raise damaged(number, "comes after the end")
            row = read(number, text)
            if isinstance(row, Header) is not (number == 1):
                raise damaged(number, "is a first line, and is not the first")
            if isinstance(row, Header):
                _check_header(row)
            elif isinstance(row, End):
                end = row
                continue
            else:
                counts[kind_of(row)] += 1
            digest.update(text)
        if end is None:
            raise cut(number) if number else other()
        # An archive of a version that had fewer kinds does not name the others.
        if dict.fromkeys(KINDS, 0) | end.counts != counts or end.sha256 != digest.hexdigest():
            raise damaged(number, "does not agree with the lines before it: the archive was changed")
        return end


def _may_begin(text: bytes) -> bool:
    """Is this the first line of an archive, or what was left of it? Anything else never was one."""
    start = text[: 2 * len(_FIRST)].replace(b" ", b"")
    return start.startswith(_FIRST) or _FIRST.startswith(start)


def _check_header(header: Header) -> None:
    if header.format != FORMAT:
        raise other()
    if header.version != VERSION:
        raise Refused(
            f"The archive has version {header.version:d}, this program knows {VERSION}: use the program that wrote it.",
            code="archive_version",
        )
