"""Whatever arrives at the door, the answer is a documented one, never 500, and nothing of the body is logged.

The bodies hold the planted values of `tests/support/planted.py`; the scanner at the end of the run reads every
log line for them. Here the captured records of each call are searched as well, before any redaction.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from onboarding.storage.embedded.database import EmbeddedDatabase
from tests.support import planted
from tests.support.intake_services import logged
from tests.support.outer import Outer

GOOD = planted.body()
NAME = planted.GIVEN.encode()
#: Bodies that are signed well and cannot be used: (name, body, reason).
UNREADABLE: list[tuple[str, bytes, str]] = [
    ("not JSON", b"{" + NAME, "not_json"),
    ("a bare name", b'"' + NAME + b'"', "not_an_object"),
    ("a list", b"[" + GOOD + b"]", "not_an_object"),
    ("truncated", GOOD[:-10], "not_json"),
    ("two documents", GOOD + GOOD, "not_json"),
    ("not UTF-8", GOOD.replace(b"Zzyzx", b"Zzyzx\xff"), "not_utf8"),
    ("UTF-16", GOOD.decode().encode("utf-16"), "not_utf8"),
    ("duplicate keys", b'{"given_name":"a",' + GOOD[1:], "duplicate_key"),
    ("NaN", GOOD[:-1] + b',"x":NaN}', "not_a_number"),
    ("Infinity", GOOD[:-1] + b',"x":-Infinity}', "not_a_number"),
    ("1e999", GOOD[:-1] + b',"x":1e999}', "not_a_number"),
    ("a huge integer", GOOD[:-1] + b',"x":' + b"9" * 5000 + b"}", "huge_integer"),
    ("a lone surrogate", GOOD[:-1] + b',"x":"' + NAME + rb'\ud800"}', "lone_surrogate"),
    ("a lone surrogate as a key", GOOD[:-1] + rb',"\udfff":1}', "lone_surrogate"),
    ("NUL", GOOD[:-1] + rb',"x":"a\u0000b"}', "nul_character"),
    ("deep nesting", b'{"x":' * 70 + GOOD + b"}" * 70, "too_deep"),
    ("very deep nesting", b"[" * 100_000, "too_deep"),
    ("a number for a name", planted.body(given_name=7), "expected_text"),
    ("a long name", planted.body(given_name=planted.GIVEN * 100), "too_long"),
    ("no id", planted.body(employee_id=None), "missing_id"),
    ("29 February of a common year", planted.body(start_date="2027-02-29"), "expected_iso_date"),
    ("a day that is a time", planted.body(start_date="2027-03-08T00:00:00Z"), "expected_iso_date"),
]


async def ask(
    outer: Outer, body: bytes, headers: dict[str, str] | None = None, method: str = "POST", source: str = ""
) -> tuple[int, dict[str, Any], dict[str, str]]:
    source = source or "standard-webhooks"
    given = outer.signed(body) if headers is None else headers
    answer = await outer.http("hr", method, f"/api/hr/{source}", {"source": source}, body, given)
    return answer.status_code, json.loads(answer.get_body()), dict(answer.headers)


@pytest.fixture(autouse=True)
def nothing_of_the_body_is_logged(caplog: pytest.LogCaptureFixture) -> Any:
    """Every record of every logger during the test. (The raw log file of the run has them before redaction.)"""
    caplog.set_level("DEBUG")
    yield
    assert planted.found_in(logged(caplog.records)) is None


@pytest.mark.parametrize(("name", "body", "reason"), UNREADABLE, ids=[item[0] for item in UNREADABLE])
async def test_a_signed_body_that_cannot_be_used_is_400_and_kept_for_an_operator(
    outer: Outer, name: str, body: bytes, reason: str
) -> None:
    status, said, headers = await ask(outer, body)
    assert (status, said["code"]) == (400, "unreadable"), said
    assert said["reason"] == reason
    assert headers["Content-Type"] == "application/problem+json"
    assert planted.found_in(json.dumps(said)) is None
    (kept,) = (await outer.app.services.deliveries.page()).items
    assert kept.status == "unreadable"
    assert planted.found_in(repr(kept).replace("msg_1", "")) is None, "the list of deliveries shows no value"


def other(outer: Outer, **changes: str | None) -> dict[str, str]:
    headers = {**outer.signed(GOOD), **{name.replace("_", "-"): value for name, value in changes.items()}}
    return {name: value for name, value in headers.items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"webhook_signature": None}, 401, "signature_missing"),
        ({"webhook_signature": ""}, 401, "signature_missing"),
        ({"webhook_signature": "v1,AAAA"}, 401, "signature_wrong"),
        ({"webhook_signature": "v1,Zzyzx-Plantedname\u00e9"}, 401, "signature_wrong"),
        ({"webhook_id": None}, 401, "signature_missing"),
        ({"webhook_timestamp": "1000000000"}, 401, "signature_wrong"),
        ({"webhook_timestamp": "NaN"}, 401, "signature_wrong"),
        ({"content_length": None}, 411, "length_required"),
        ({"content_length": "zzyzx"}, 411, "length_required"),
        ({"content_length": "999999999"}, 413, "too_large"),
        ({"content_type": "text/xml"}, 415, "media_type"),
        ({"content_type": None}, 415, "media_type"),
        ({"content_type": "application/json; charset=utf-16"}, 415, "media_type"),
        ({"content_encoding": "gzip"}, 415, "media_type"),
    ],
)
async def test_headers_that_are_wrong_have_their_documented_answer(
    outer: Outer, changes: dict[str, str | None], status: int, code: str
) -> None:
    got, said, _ = await ask(outer, GOOD, other(outer, **changes))
    assert (got, said["code"]) == (status, code)
    assert planted.found_in(json.dumps(said)) is None


async def test_an_old_signature_is_401(outer: Outer) -> None:
    headers = outer.signed(GOOD)
    outer.clock.move(minutes=6)
    got, said, _ = await ask(outer, GOOD, headers)
    assert (got, said["code"]) == (401, "signature_expired")


async def test_a_body_signed_with_another_secret_is_401(outer: Outer) -> None:
    foreign = "whsec_Zm9yZWlnbi1mb3JlaWduLWZvcmVpZ24tZm9yZWlnbg=="
    got, said, _ = await ask(outer, GOOD, outer.signed(GOOD, secret=foreign))
    assert (got, said["code"]) == (401, "signature_wrong")


async def test_a_body_that_was_changed_after_signing_is_401(outer: Outer) -> None:
    got, _, _ = await ask(outer, GOOD + b" ", outer.signed(GOOD) | {"content-length": str(len(GOOD) + 1)})
    assert got == 401


async def test_an_oversize_body_is_413_before_anything_is_looked_at(outer: Outer) -> None:
    body = planted.body(note="x" * 300_000)
    got, said, _ = await ask(outer, body, {"content-length": str(len(body))})
    assert (got, said["code"]) == (413, "too_large")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
async def test_other_methods_are_405_with_allow(outer: Outer, method: str) -> None:
    got, said, headers = await ask(outer, GOOD, method=method)
    assert (got, said["code"], headers["Allow"]) == (405, "method_not_allowed", "POST")


@pytest.mark.parametrize(
    "source", ["Zzyzx-Plantedname", "nobody", "..", "%2e%2e", "a" * 5000, "grün", "<script>"]
)
async def test_an_unknown_source_is_404_and_is_not_repeated(outer: Outer, source: str) -> None:
    got, said, _ = await ask(outer, GOOD, source=source)
    assert (got, said["code"]) == (404, "unknown_source")
    assert source not in json.dumps(said)


async def test_a_source_without_a_secret_is_503_and_asks_for_patience() -> None:
    outer = Outer({"ONBOARDING_HR_STANDARD_WEBHOOKS_SECRET": ""})
    got, said, headers = await ask(outer, GOOD)
    assert (got, said["code"]) == (503, "secret_missing")
    assert int(headers["Retry-After"]) > 0
    await outer.close()


async def test_a_fault_of_ours_is_503_so_that_the_hire_is_sent_again(
    outer: Outer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No HR system repeats a delivery after a 500. The error's own text, which may quote HR, is nowhere."""

    async def crash(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError(f"{planted.GIVEN} {planted.PHONE}")

    monkeypatch.setattr(EmbeddedDatabase, "write", crash)
    got, said, headers = await ask(outer, GOOD)
    assert (got, said["code"]) == (503, "internal")
    assert int(headers["Retry-After"]) > 0
    assert planted.found_in(json.dumps(said)) is None
    assert any(text.startswith("request_crashed") for text in caplog.messages)


@pytest.mark.parametrize("body", [b"", b"{", NAME, b'{"case": "c_00000000000000000001"}'])
async def test_a_queue_message_leaves_no_value_in_the_log_or_in_what_the_host_is_told(
    outer: Outer, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host logs the text of what a function raises, so a foreign error's text does not reach it."""
    import azure.functions as func

    import function_app
    from onboarding.operate import work

    async def crash(*args: object, **kwargs: object) -> None:
        raise KeyError(planted.GIVEN)

    monkeypatch.setattr(work, "handle", crash)
    with pytest.raises(RuntimeError) as raised:
        await function_app.work(func.QueueMessage(id="m", body=body))
    assert planted.found_in(f"{raised.value!r} {raised.value.__cause__!r}") is None
    assert raised.value.__suppress_context__
    assert await function_app.work_poison(func.QueueMessage(id="m", body=body)) is None


@pytest.mark.parametrize("timer", ["track", "followup", "watchdog", "at_risk"])
async def test_a_timer_that_fails_tells_the_host_type_and_place_only(
    outer: Outer, timer: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import function_app

    def crash() -> None:
        raise KeyError(planted.GIVEN)

    monkeypatch.setattr(function_app, "_services", crash)
    with pytest.raises(RuntimeError, match="KeyError") as raised:
        await getattr(function_app, timer)(None)
    assert planted.found_in(str(raised.value)) is None
    assert any(text.startswith(f"{timer}_failed") for text in caplog.messages)


async def test_the_same_hire_with_everything_right_is_taken(outer: Outer) -> None:
    got, said, _ = await ask(outer, GOOD)
    assert (got, said["result"]) == (202, "queued")
    got, said, _ = await ask(outer, GOOD)
    assert (got, said["result"]) == (202, "duplicate")
