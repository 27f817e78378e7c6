"""CSV and XLSX: what people wrote is text and nothing else."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import Path

import pytest

from onboarding.errors import Refused
from onboarding.operate import sheets

NASTY = (
    "=HYPERLINK(\"http://evil.example\",\"x\")", "+1+1", "-2", "@SUM(A1)", " =1", "\t=1", "\r=1", "\n=1",
    "http://evil.example", "mailto:x@evil.example", "internal:Sheet1!A1", "{=1}", "山田 🙂", "a\x00b\x0b", "\ud800",
    "<b>&amp;",
)  # fmt: skip


def test_csv_has_no_formula_and_reads_back():
    text = sheets.as_csv(("name", "n"), [{"name": name, "n": 3} for name in NASTY[:12]] + [{"name": None}])
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[0] == ["name", "n"]
    assert rows[-1] == ["", ""]
    for (cell, number), wrote in zip(rows[1:], NASTY[:12], strict=False):
        assert number == "3"
        assert cell.lstrip("'") in {wrote, wrote.strip("'")}
        assert cell[:1] not in set("=+-@\t\r\n")
        assert cell.lstrip()[:1] not in set("=+-@")


def test_xlsx_holds_text_and_numbers_and_no_formula_or_link(tmp_path: Path):
    path = tmp_path / "x.xlsx"
    rows = [{"name": name, "n": 7, "f": 1.5, "b": True} for name in NASTY] + [{"name": "x" * 40_000}]
    assert sheets.xlsx(path, "Usage", ("name", "n", "f", "b"), iter(rows), ["=note", "second"]) == len(rows)
    assert path.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(path) as found:
        assert found.testzip() is None
        names = found.namelist()
        sheet = found.read("xl/worksheets/sheet1.xml").decode()
        notes = found.read("xl/worksheets/sheet2.xml").decode()
    assert not [name for name in names if "rels" in name and "sheet" in name], "no sheet has a link"
    for text in (sheet, notes):
        assert "<f>" not in text
        assert "hyperlink" not in text.replace("HYPERLINK", "").lower() or "<hyperlink" not in text
    assert sheet.count("<v>7</v>") == len(NASTY)
    assert sheet.count("<v>1.5</v>") == len(NASTY)
    assert "山田 🙂" in sheet
    assert max(len(text) for text in re.findall(r"<t[^>]*>([^<]*)</t>", sheet)) == sheets.LONGEST
    assert "=note" in notes


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path):
    path = tmp_path / "x.xlsx"
    path.write_text("mine")
    with pytest.raises(Refused, match="another name"):
        sheets.xlsx(path, "T", ("a",), [], [])
    assert path.read_text() == "mine"
    with pytest.raises(Refused, match="cannot be written"):
        sheets.xlsx(tmp_path / "no" / "x.xlsx", "T", ("a",), [], [])


def test_a_file_that_could_not_be_finished_is_gone(tmp_path: Path):
    def rows():
        yield {"a": 1}
        raise RuntimeError("the tenant does not answer")

    with pytest.raises(RuntimeError):
        sheets.xlsx(tmp_path / "x.xlsx", "T", ("a",), rows(), [])
    assert list(tmp_path.iterdir()) == []
