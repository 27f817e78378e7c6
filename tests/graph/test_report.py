"""Pages of the registration report: typed and tolerant reading say the same."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.errors import Unavailable
from onboarding.graph import calls_security
from onboarding.graph.answer import Answer
from onboarding.graph.report import Row, Rows, read_page

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
#: Makes a page unreadable for the typed decoder, and is about nobody.
ODD = {"id": 7}
TEXT = st.sampled_from(["", "mobilePhone", "fido2", "somethingNewIn2027", "2026-11-22T04:00:00.0000000Z"])
GOOD = st.fixed_dictionaries(
    {"id": TEXT | st.none()},
    optional={
        "methodsRegistered": st.none() | st.lists(TEXT, max_size=3),
        "lastUpdatedDateTime": st.none() | TEXT,
        **dict.fromkeys(
            ("isAdmin", "isSsprEnabled", "isSsprRegistered", "isSsprCapable"), st.none() | st.booleans()
        ),
    },
)
ANYTHING = (
    st.none() | st.booleans() | st.integers(-9, 9) | TEXT | st.lists(TEXT | st.integers(0, 9), max_size=2)
)
BAD = st.dictionaries(st.sampled_from([*Row.__struct_fields__, "methodsRegistered", "isAdmin"]), ANYTHING)


def page(rows: list[Any], **members: Any) -> tuple[list[Row], object]:
    return read_page(Answer(200, body=msgspec.json.encode({"value": rows, **members})), calls_security.REPORT)


def registrations(rows: list[Row]) -> list[Any]:
    reader = Rows()
    reader.fallback = AT
    return reader.read(rows)


@given(rows=st.lists(GOOD, max_size=4))
def test_a_page_reads_the_same_beside_an_odd_row(rows: list[dict[str, Any]]) -> None:
    typed, _ = page(rows)
    tolerant, _ = page([*rows, ODD])
    assert registrations(typed) == registrations(tolerant)
    assert len(registrations(typed)) == sum(row["id"] is not None for row in rows)


@given(rows=st.lists(BAD | ANYTHING, max_size=4))
def test_rows_of_any_shape_are_read_and_good_ones_beside_them_kept(rows: list[Any]) -> None:
    good = {"id": "A1", "methodsRegistered": ["fido2"], "isAdmin": True}
    found = registrations(page([*rows, good])[0])
    last = found[-1]
    assert (last.user_id, last.registration.methods, last.registration.is_admin) == ("a1", ("fido2",), True)


def test_the_next_link_is_handed_on_by_both_ways() -> None:
    link = {"@odata.nextLink": "https://graph.microsoft.com/v1.0/x"}
    assert page([], **link) == ([], link["@odata.nextLink"])
    assert page([ODD], **link)[1] == link["@odata.nextLink"]
    assert page([])[1] is None


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"value":{}}', b'{"value":null}', b"{}", b'{"value":[']
)
def test_what_is_no_page_is_read_again_later(body: bytes) -> None:
    with pytest.raises(Unavailable):
        read_page(Answer(200, body=body), calls_security.REPORT)


def test_a_time_that_is_none_takes_the_answers_time_and_is_not_kept_for_the_next_page() -> None:
    reader = Rows()
    rows, _ = page([{"id": "u"}])
    reader.fallback = AT
    assert reader.read(rows)[0].registration.as_of == AT
    reader.fallback = AT.replace(hour=11)
    assert reader.read(rows)[0].registration.as_of == AT.replace(hour=11)
