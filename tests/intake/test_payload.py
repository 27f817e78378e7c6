"""Reading bytes strictly, and naming places without showing values."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.intake.dates import instant, iso_date, us_date
from onboarding.intake.payload import MAX_DEPTH, MAX_DIGITS, MAX_TEXT, Payload, Unreadable, read_json


def refusal(body: bytes) -> tuple[str, str]:
    with pytest.raises(Unreadable) as caught:
        read_json(body)
    assert caught.value.status == 400
    assert caught.value.reason in caught.value.message
    return caught.value.reason, caught.value.path


@pytest.mark.parametrize(
    ("body", "reason", "path"),
    [
        (b"", "not_json", "character 0"),
        (b"{", "not_json", "character 1"),
        (b"\xff{}", "not_utf8", "byte 0"),
        (b"[]", "not_an_object", "$"),
        (b'"Ping test"', "not_an_object", "$"),
        (b'{"a": 1, "a": 2}', "duplicate_key", "$.a"),
        (b'{"a": [1, {"b": 1, "c": 2, "b": 3}]}', "duplicate_key", "$.a[1].b"),
        (b'{"a": {"b": NaN}}', "not_a_number", "$.a.b"),
        (b'{"a": [-Infinity]}', "not_a_number", "$.a[0]"),
        (b'{"a": 1e400}', "not_a_number", "$.a"),
        (b'{"a": ' + b"1" * (MAX_DIGITS + 1) + b"}", "huge_integer", "$.a"),
        (b'{"a": -' + b"1" * 5000 + b"}", "huge_integer", "$.a"),
        (b'{"a": "\\ud83d"}', "lone_surrogate", "$.a"),
        (b'{"a": "x\\u0000"}', "nul_character", "$.a"),
        (b'{"Karl Valentin": NaN}', "not_a_number", "$.<key>"),
        (b'{"+49 151": {"a": NaN}}', "not_a_number", "$.<key>.a"),
        (b'{"' + b"k" * 60 + b'": NaN}', "not_a_number", "$.<key>"),
        (b'{"a": "unterminated \\" string [[[[', "not_json", "character 6"),
        (b'{"a": "trailing backslash \\', "not_json", "character 6"),
        (b"{'a': 1}", "not_json", "character 1"),
        (b'{"a": 1} {"a": 2}', "not_json", "character 9"),
    ],
)
def test_what_is_refused_is_named_by_reason_and_place(body: bytes, reason: str, path: str):
    assert refusal(body) == (reason, path)


def test_nesting_is_counted_outside_texts_and_64_levels_are_allowed():
    deep = b'{"a": ' + b"[" * (MAX_DEPTH - 1) + b'"[[[{{{\\"]]]"' + b"]" * (MAX_DEPTH - 1) + b"}"
    assert read_json(deep).has("a")
    assert refusal(b'{"a": ' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}")[0] == "too_deep"
    assert refusal(b"[" * 200_000)[0] == "too_deep"


def test_a_text_full_of_escapes_is_scanned_in_linear_time():
    # A quadratic scan would need minutes for this.
    assert refusal(b'{"a": "' + b'\\"' * 120_000 + b"\\")[0] == "not_json"


def test_a_byte_order_mark_and_paired_surrogates_are_taken():
    assert read_json(b'\xef\xbb\xbf{"a": "\\ud83d\\ude00"}').text("a") == "😀"


@given(st.binary(max_size=200))
def test_no_bytes_whatever_raise_anything_but_unreadable(body: bytes):
    with contextlib.suppress(Unreadable):
        read_json(body)


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
numbers = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), json_values, max_size=5))
def test_every_plain_object_reads_as_itself(tree: dict[str, object]):
    payload = read_json(json.dumps(tree).encode())
    assert {key: payload.raw(key) for key in payload} == tree


SAMPLE = Payload(
    {
        "a": {
            "b": "  Grüße  ",
            "n": 7,
            "flag": True,
            "blank": " ",
            "nothing": None,
            "zeros": "007",
            "f": 1.5,
        },
        "list": [{"x": 1}, None, {"x": 2}],
        "mixed": [{"x": 1}, "text"],
        "texts": ["a", " b "],
        "day": "2028-02-29",
        "us": "02/29/2028",
        "at": "2026-08-17T11:12:04.25+02:00",
        "long": "x" * (MAX_TEXT + 1),
    }
)


def test_texts_ids_and_flags():
    assert SAMPLE.text("a.b") == "Grüße"
    assert SAMPLE.optional_text("a.blank") is None
    assert SAMPLE.optional_text("a.nothing") is None
    assert SAMPLE.optional_text("nowhere.at.all") is None
    assert SAMPLE.identifier("a.n") == "7"
    assert SAMPLE.identifier("a.zeros") == "007"
    assert SAMPLE.optional_flag("a.flag") is True
    assert SAMPLE.texts("texts") == ("a", "b")
    assert SAMPLE.texts("nowhere") == ()


def test_objects_lists_and_dates():
    assert [item.identifier("x") for item in SAMPLE.items("list")] == ["1", "2"]
    assert SAMPLE.object("a").place("b") == "$.a.b"
    assert SAMPLE.items("list")[1].path == "$.list[2]"
    assert SAMPLE.optional_date("day") == date(2028, 2, 29)
    assert SAMPLE.optional_date("us", us_date) == date(2028, 2, 29)
    assert SAMPLE.optional_instant("at") == datetime(2026, 8, 17, 9, 12, 4, 250000, UTC)


@pytest.mark.parametrize(
    ("access", "reason", "path"),
    [
        (lambda p: p.text("a.nothing"), "missing", "$.a.nothing"),
        (lambda p: p.text("a.n"), "expected_text", "$.a.n"),
        (lambda p: p.text("long"), "too_long", "$.long"),
        (lambda p: p.identifier("a.flag"), "expected_id", "$.a.flag"),
        (lambda p: p.identifier("a.f"), "expected_id", "$.a.f"),
        (lambda p: p.optional_flag("a.n"), "expected_true_or_false", "$.a.n"),
        (lambda p: p.optional_text("day.inside"), "expected_object", "$.day"),
        (lambda p: p.optional_date("us"), "expected_iso_date", "$.us"),
        (lambda p: p.optional_date("day", us_date), "expected_us_date", "$.day"),
        (lambda p: p.optional_instant("day"), "expected_rfc3339_time", "$.day"),
        (lambda p: p.object("texts"), "expected_object", "$.texts"),
        (lambda p: p.object("nowhere"), "missing", "$.nowhere"),
        (lambda p: p.items("a"), "expected_list", "$.a"),
        (lambda p: p.items("mixed"), "expected_object", "$.mixed[1]"),
        (lambda p: p.texts("list"), "expected_text", "$.list[0]"),
    ],
)
def test_a_wrong_type_is_named_by_place_and_expectation(access, reason: str, path: str):
    with pytest.raises(Unreadable) as caught:
        access(SAMPLE)
    assert (caught.value.reason, caught.value.path) == (reason, path)


@pytest.mark.parametrize(
    "text",
    ["2026-02-29", "2026-13-01", "26-01-01", "20260101", "2026-1-1", "2026-W01-1", "2026-01-01T00:00", "٢٠٢٦-01-01",
     "0001-01-01", "9999-12-31", "01/02/2026", " 2026-01-01"],
)  # fmt: skip
def test_dates_that_are_not_exactly_iso_or_no_day_are_none(text: str):
    assert iso_date(text) is None


@pytest.mark.parametrize(
    "text", ["2/29/2028", "29/02/2028", "02/29/2027", "2028-02-29", "02/29/28", "13/01/2028"]
)
def test_dates_that_are_not_exactly_us_or_no_day_are_none(text: str):
    assert us_date(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "2026-10-25T02:30:00+02:00",
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        ),  # the night the clocks go back
        ("2026-10-25T02:30:00+01:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("2026-03-22 00:00:00Z", datetime(2026, 3, 22, tzinfo=UTC)),
        ("2016-12-31T23:59:60z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2026-08-17T09:12:04.123456789Z", datetime(2026, 8, 17, 9, 12, 4, 123456, UTC)),
        ("2026-08-17T09:12:04-0730", datetime(2026, 8, 17, 16, 42, 4, tzinfo=UTC)),
        ("2026-08-17T09:12:04", None),
        ("2026-08-17", None),
        ("2026-08-17T25:00:00Z", None),
        ("2026-08-17T09:12:61Z", datetime(2026, 8, 17, 9, 12, 59, tzinfo=UTC)),
        ("2026-08-17T09:12:04+24:00", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("1723885924", None),
    ],
)
def test_instants_are_rfc_3339_with_a_zone(text: str, expected: datetime | None):
    assert instant(text) == expected


def test_what_is_said_to_be_empty_is_not_what_is_missing():
    said = Payload({"a": {"null": None, "blank": " ", "list": [], "zero": 0, "no": False}, "b": None})
    assert [key for key in ("null", "blank", "list", "zero", "no", "gone") if said.is_empty(f"a.{key}")] == [
        "null",
        "blank",
        "list",
    ]
    assert [path for path in ("b", "b.c", "c", "c.d") if said.is_empty(path)] == ["b"]
