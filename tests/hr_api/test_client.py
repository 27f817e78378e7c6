"""The shared client: one host, no redirects, bounded in size, no text of an answer in errors, ids that cannot climb."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.domain.hire import Hire
from onboarding.errors import OnboardingError
from onboarding.hr_api.client import LARGEST, Client, retry_after, segment
from onboarding.hr_api.said import Said, day_of_millis, iso_day, iso_day_of_instant
from onboarding.settings import Secret, SourceSettings

PLANTED = "PLANTED-personal-value"
SOURCE = SourceSettings(
    "hr", "bamboohr", api_url="https://hr.example/base", api_token=Secret("PLANTED-token")
)
Answer = Callable[[httpx.Request], httpx.Response]


class Wire:
    """Answers in turn (the last one again and again), and what was asked and slept."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers, self.requests, self.slept = list(answers), list[httpx.Request](), list[float]()

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def client(self, source: SourceSettings = SOURCE) -> Client:
        transport = httpx.MockTransport(self.handle)
        return Client(source, None, "a key", self.sleep, lambda: 0.5, transport)


def reply(status: int, body: Any = None, **headers: str) -> httpx.Response:
    return httpx.Response(status, content=json.dumps(body or {"said": PLANTED}).encode(), headers=headers)


async def outcome(*answers: httpx.Response | Exception) -> tuple[str, Wire, str]:
    wire = Wire(*answers)
    client = wire.client()
    try:
        await client.get("test.call", "/people/1", client.bearer())
    except OnboardingError as exc:
        return exc.code, wire, str(exc) + repr(exc.__cause__)
    finally:
        await client.aclose()
    return "ok", wire, ""


async def test_each_answer_has_its_error_and_none_quotes_the_answer():
    table: list[tuple[httpx.Response | Exception, str, int]] = [
        (reply(200), "ok", 1),
        (reply(401), "hr_sign_in", 1),
        (reply(403), "hr_permission", 1),
        (reply(404), "hr_record_gone", 1),
        (reply(410), "hr_record_gone", 1),
        (reply(400), "hr_unreadable", 1),
        (reply(302, Location="https://elsewhere.example/"), "hr_unreadable", 1),
        (reply(500), "unavailable", 3),
        (reply(408), "unavailable", 3),
        (reply(429), "throttled", 3),
        (reply(503, **{"Retry-After": "0.25"}), "throttled", 3),
        (reply(429, **{"Retry-After": "3600"}), "throttled", 1),
        (httpx.Response(200, content=b"<html>PLANTED-personal-value"), "hr_unreadable", 1),
        (httpx.Response(200, content=b"[1]"), "hr_unreadable", 1),
        (httpx.Response(200, content=b"\xff\xfe"), "hr_unreadable", 1),
        (httpx.Response(200, content=b'{"a":' * 5000), "hr_unreadable", 1),
        (httpx.Response(204), "hr_unreadable", 1),
        (httpx.ConnectError("PLANTED-personal-value"), "unavailable", 3),
        (httpx.ReadTimeout("slow"), "unavailable", 3),
    ]
    for answer, code, requests in table:
        found, wire, text = await outcome(answer)
        assert (found, len(wire.requests)) == (code, requests), answer
        assert PLANTED not in text.replace("ConnectError('PLANTED-personal-value')", "")
        assert "PLANTED-token" not in text
        assert {request.url.host for request in wire.requests} == {"hr.example"}


async def test_an_answer_without_an_end_is_cut_off_packed_or_not():
    whole = b'{"a": "' + b"x" * (LARGEST + 10) + b'"}'
    for answer in (
        httpx.Response(200, content=whole),
        httpx.Response(200, content=gzip.compress(whole), headers={"Content-Encoding": "gzip"}),
    ):
        assert (await outcome(answer))[0] == "hr_unreadable"


async def test_a_short_wait_is_waited_for_and_the_next_answer_counts():
    code, wire, _ = await outcome(reply(429, **{"Retry-After": "1.5"}), reply(200))
    assert (code, wire.slept) == ("ok", [1.5])
    code, wire, _ = await outcome(reply(500), reply(500), reply(200))
    assert (code, len(wire.slept)) == ("ok", 2)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2.128"}, 2.128),
        ({"retry-after": "2,5"}, 2.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:27:00 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 0.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "1e9"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_decimals_or_a_date(headers: dict[str, str], seconds: float | None):
    assert retry_after(headers) == seconds


@given(st.text(max_size=40))
def test_an_id_is_one_segment_whatever_is_in_it(text: str):
    try:
        made = segment(text)
    except UnicodeEncodeError:
        return
    assert "/" not in made
    assert made not in {".", ".."}
    url = httpx.URL("https://hr.example/base/people/" + made + "/x")
    assert url.host == "hr.example"
    assert url.raw_path.count(b"/") == 4


def test_dates_are_read_in_one_format_each():
    assert iso_day("2026-02-28") is not None
    assert [
        iso_day(text) for text in ("2026-2-28", "28/02/2026", "2026-02-30", "0000-00-00", "20260228")
    ] == [None] * 5
    assert str(iso_day_of_instant("2026-09-01T00:00:00+02:00")) == "2026-09-01"
    assert str(iso_day_of_instant("2022-09-13T16:56:33.000Z")) == "2022-09-13"
    assert iso_day_of_instant("2026-09-01Tnonsense") is None
    assert str(day_of_millis("1490486400000")) == "2017-03-26"
    assert day_of_millis("9" * 30) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["a", "b", "data", "value"]), JSON, max_size=4))
def test_no_answer_makes_the_tolerant_reading_raise(value: dict[str, Any]):
    found = Said(value)
    for where in ("a", "data.value", "a.b.c"):
        found.text("field", where)
        found.day("field", where, iso_day)
        found.flag(where)
        list(found.items(where))
        found.part(where).text("field", "value")
    assert all(
        code in {"wrong_type", "text_too_long", "bad_date"} for code, _ in found.record(Hire()).unusable
    )
