"""Forms with brackets: what they mean, and that nothing but Unreadable comes of any bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onboarding.intake.forms import MAX_FIELDS, MAX_LEVELS, is_form, read_form
from onboarding.intake.payload import Unreadable

MEANINGS: dict[bytes, dict[str, object]] = {
    b"a=1": {"a": "1"},
    b"a=&b": {"a": ""},
    b"a[b]=1&a[c]=2": {"a": {"b": "1", "c": "2"}},
    b"a[10]=x&a[9]=y": {"a": ["y", "x"]},
    b"a[]=x&a[]=y": {"a": ["x", "y"]},
    b"a%5B0%5D%5Bid%5D=5": {"a": [{"id": "5"}]},
    b"a[b c #]=1+2": {"a": {"b c #": "1 2"}},
    "a=%C3%98&b=Ø".encode(): {"a": "Ø", "b": "Ø"},
}


@pytest.mark.parametrize("body", MEANINGS, ids=repr)
def test_brackets_make_objects_and_lists(body: bytes):
    meant = {key: value for key, value in MEANINGS[body].items() if value != ""}
    assert {key: value for key, value in read_form(body).value.items() if value != ""} == meant


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not_a_form"),
        (b"[", "not_a_form"),
        (b"a[b=1", "not_a_form"),
        (b"a]=1", "not_a_form"),
        (b"a=1&a=2", "duplicate_key"),
        (b"a=1&a[b]=2", "duplicate_key"),
        (b"a[b]=2&a=1", "duplicate_key"),
        (b"a[0]=1&a[0]=2", "duplicate_key"),
        (b"a=%FF", "not_utf8"),
        (b"a=\xff", "not_utf8"),
        (b"a=%00", "nul_character"),
        (b"a" + b"[b]" * MAX_LEVELS + b"=1", "too_deep"),
        (b"&".join(b"a%d=1" % number for number in range(MAX_FIELDS + 1)), "too_many_fields"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_cannot_be_read_is_named(body: bytes, reason: str):
    with pytest.raises(Unreadable) as caught:
        read_form(body)
    assert caught.value.reason == reason


@settings(max_examples=100)
@given(st.one_of(st.binary(max_size=80), st.text("a[]=&%+0Ø\0", max_size=40).map(str.encode)))
def test_any_bytes_are_an_object_or_unreadable(body: bytes):
    try:
        assert isinstance(read_form(body).value, dict)
    except Unreadable as error:
        assert error.path.startswith(("$", "character", "byte"))  # noqa: PT017


def test_a_form_is_known_by_its_media_type():
    assert is_form("application/x-www-form-urlencoded; charset=utf-8")
    assert not is_form("application/json")
    assert not is_form("")
