"""`phone --json`: one object a line, in order, whatever the bytes are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from onboarding.domain.phone import normalise

ROOT = Path(__file__).parents[2]
KEYS = {
    "raw_masked", "status", "reason", "e164", "entra", "kind", "region", "assumed_region", "extension"
}  # fmt: skip


def phone(stdin: bytes, *argv: str) -> tuple[int, list[Any], bytes]:
    done = subprocess.run(
        [sys.executable, "-m", "onboarding", "phone", "--json", *argv],
        cwd=ROOT, input=stdin, capture_output=True, env={"PATH": "/usr/bin:/bin"}, check=False,
    )  # fmt: skip
    assert done.stdout == b"" or done.stdout.endswith(b"\n")
    return done.returncode, [json.loads(line) for line in done.stdout.split(b"\n")[:-1]], done.stderr


#: (line without its end, status, reason).
LINES: list[tuple[bytes, str, str | None]] = [
    (b"DE\t0151 23456789", "ok", None),
    (b"Germany\t0151 23456789", "ok", None),
    (b"+49 151 23456789", "ok", None),
    (b"0151 23456789", "needs_review", "no_region"),
    (b"", "rejected", "empty"),
    (b"\t", "rejected", "empty"),
    (b"DE\t", "rejected", "empty"),
    (b"Atlantis\t0151 23456789", "needs_review", "unknown_country"),
    (b"DE\tcall me", "rejected", "letters"),
    (b"DE\t4.915123456789E+11", "rejected", "scientific_notation"),
    (b"DE\t0151 23456789\t", "ok", None),
    ("DE\t٠١٥١ ٢٣٤٥٦٧٨٩".encode(), "ok", None),
]


def test_one_object_a_line_in_order_blank_lines_included() -> None:
    code, rows, err = phone(b"".join(line + b"\n" for line, _, _ in LINES))
    assert (code, err) == (0, b"")
    assert [(row["status"], row["reason"]) for row in rows] == [
        (status, reason) for _, status, reason in LINES
    ]
    for row in rows:
        assert row.keys() == KEYS
        assert (row["e164"] is None) == (row["entra"] is None) == (row["status"] != "ok")
        assert row["entra"] is None or row["entra"].count(" ") == 1
    assert rows[0]["assumed_region"] is True
    assert rows[2]["assumed_region"] is False


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_line_ends_of_either_kind_and_a_last_line_without_one(end: bytes) -> None:
    code, rows, _ = phone(end.join([b"DE\t0151 23456789", b"", b"+49 151 23456789"]))
    assert code == 0
    assert [row["status"] for row in rows] == ["ok", "rejected", "ok"]


def test_a_carriage_return_alone_ends_no_line() -> None:
    """One object a line feed: otherwise every later answer belongs to another question."""
    code, rows, _ = phone(b"DE\t0151\r23456789\nDE\t0151 23456789\r\n\r\n")
    assert code == 0
    assert len(rows) == 3
    assert [row["status"] for row in rows[1:]] == ["ok", "rejected"]


def test_what_else_unicode_calls_a_line_end_ends_no_line() -> None:
    ends = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
    _, rows, _ = phone("".join(f"DE\t0151{end}23456789\nDE\t0151 23456789\n" for end in ends).encode())
    assert len(rows) == 2 * len(ends)
    assert all(row["status"] == "ok" for row in rows[1::2])


JUNK = [b"\xff\xfe", b"\x80", b"\xed\xa0\x80", b"\xc3", b"\xf0\x9f", b"\x00", bytes(range(128, 256))]


def test_bytes_that_are_no_text_are_an_answer_and_not_a_crash() -> None:
    good = b"DE\t0151 23456789"
    lines = [line for junk in JUNK for line in (b"DE\t0151 " + junk + b"23456789", junk + b"\tx", good)]
    code, rows, err = phone(b"".join(line + b"\n" for line in lines))
    assert (code, err) == (0, b"")
    assert len(rows) == 3 * len(JUNK)
    assert all(row["status"] == "ok" for row in rows[2::3])


def test_a_byte_order_mark_is_no_part_of_a_country() -> None:
    code, rows, _ = phone(b"\xef\xbb\xbfDE\t0151 23456789\n\xef\xbb\xbfDE\t0151 23456789\n")
    assert code == 0
    assert [(row["reason"], row["region"]) for row in rows] == [(None, "DE"), (None, "DE")]


def test_a_line_of_any_length_is_one_answer() -> None:
    """Longer than what is read at once, in the middle and at the end, with and without a line feed."""
    good = b"DE\t0151 23456789\n"
    code, rows, _ = phone(
        good + b"DE\t" + b"9" * 700_000 + b"\n" + good + b"x" * 200_000 + b"\n" + good + b"1" * 99_999
    )
    assert code == 0
    assert [row["reason"] for row in rows] == [None, "too_long", None, "too_long", None, "too_long"]


def test_a_big_file_is_answered_line_by_line_wherever_it_is_cut() -> None:
    """Letters of two to four bytes stand at every place where a read may end."""
    lines = [
        f"{c}\t{n:07} {x}"
        for n in range(1_500)
        for c, x in (("DE", "ü"), ("", "山田"), ("日本", "\U0001f4de"))
    ]
    lines += [f"DE\t0151 2{n:07}" for n in range(1_500)]
    _, rows, _ = phone("\n".join(lines).encode())
    expected = [normalise(raw, (country,)).as_json() for country, raw in (line.split("\t") for line in lines)]
    assert rows == expected


def test_no_input_is_no_output() -> None:
    assert phone(b"") == (0, [], b"")


def test_answers_come_while_questions_still_arrive() -> None:
    """A pipe may stay open: nothing waits for its end."""
    child = subprocess.Popen(
        [sys.executable, "-u", "-m", "onboarding", "phone", "--json"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(b"+49 151 23456789\n")
    child.stdin.flush()
    assert json.loads(child.stdout.readline())["status"] == "ok"
    child.stdin.close()
    child.stdout.close()
    assert child.wait(10) == 0


def test_a_file_is_read_like_standard_input(tmp_path: Path) -> None:
    file = tmp_path / "numbers"
    file.write_bytes(b"DE\t0151\r23456789\n\xff\n\n")
    code, rows, _ = phone(b"", str(file))
    assert code == 0
    assert len(rows) == 3
    assert phone(b"", str(tmp_path / "none"))[0] == 2


def test_without_json_every_line_is_a_line_for_people() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "onboarding", "phone"],
        cwd=ROOT, input=b"DE\t0151 23456789\nDE\t\xff\n\n", capture_output=True, check=False,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 3
    assert b"+4915123456789" in done.stdout
