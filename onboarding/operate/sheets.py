"""Rows for a spreadsheet: CSV and XLSX. What people wrote stays text: no cell of it is ever a formula or a link."""

from __future__ import annotations

import contextlib
import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from onboarding.errors import Refused

#: Characters of one cell (Excel specifications and limits).
LONGEST = 32_767


def as_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """RFC 4180 with a heading; see `csv_lines`."""
    return "".join(csv_lines(columns, rows))


def csv_lines(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The same, line by line. A cell that a spreadsheet would take for a formula gets an apostrophe in front
    (OWASP, CSV Injection)."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    yield out.getvalue()
    for row in rows:
        out.seek(0)
        out.truncate()
        writer.writerow([_cell(row.get(name)) for name in columns])
        yield out.getvalue()


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return "'" + text if text.lstrip()[:1] in set("=+-@") or text[:1] in set("\t\r\n") else text


def xlsx(
    path: Path, title: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]], notes: Sequence[str]
) -> int:
    """Write a workbook: a sheet of rows, and one of notes. Returns how many rows.

    Memory is that of one row. Numbers are numbers; everything else is written as text, formulas and links included.
    Refused when there is a file of this name.
    """
    import xlsxwriter

    plain = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    count = 0
    with _new(path) as raw, xlsxwriter.Workbook(raw, plain) as book:
        heading = book.add_format({"bold": True})
        sheet = book.add_worksheet(title)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(columns) - 1, 16)
        for at, name in enumerate(columns):
            sheet.write_string(0, at, _text(name), heading)
        for count, row in enumerate(rows, 1):
            for at, name in enumerate(columns):
                _write(sheet, count, at, row.get(name))
        told = book.add_worksheet("Notes")
        told.set_column(0, 0, 120)
        for at, text in enumerate(notes):
            told.write_string(at, 0, _text(text))
    return count


def _write(sheet: Any, row: int, column: int, value: Any) -> None:
    if isinstance(value, bool):
        sheet.write_string(row, column, str(value).lower())
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value)
    elif value is not None:
        sheet.write_string(row, column, _text(str(value)))


def _text(text: str) -> str:
    """What the format can hold: no half characters, and not too much."""
    return text.encode("utf-8", "replace").decode()[:LONGEST]


@contextlib.contextmanager
def _new(path: Path) -> Iterator[Any]:
    """A new file, for its owner only; gone again if it could not be finished."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as exc:
        raise Refused(
            "There is a file of this name already: choose another name.", code="file_exists"
        ) from exc
    except OSError as exc:
        raise Refused(f"The file cannot be written: {exc.strerror}.", code="file_unwritable") from exc
    try:
        with os.fdopen(handle, "wb") as raw:
            yield raw
    except BaseException:
        path.unlink(missing_ok=True)
        raise
