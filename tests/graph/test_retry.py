"""When a call is sent again, and when it is handed on instead. Time is virtual."""

import httpx
import pytest

from onboarding.errors import EffectUnknown, RetryLater, Throttled, Unavailable
from onboarding.graph.retry import ATTEMPTS, BUDGET
from onboarding.ports import Mail, NewUser

NEW = NewUser("a@b.c", "a", "A", "1", "pw")
MAIL = Mail(("a@example.org",), "s", "<p>h</p>", "h", "en", "r")
OK = httpx.Response(200, json={"id": "u", "value": []})
DATE = "Sun, 22 Nov 2026 10:00:00 GMT"


def status(code: int, retry_after: str | None = None, **headers: str) -> httpx.Response:
    if retry_after is not None:
        headers["Retry-After"] = retry_after
    return httpx.Response(code, json={"error": {"code": "X", "message": "m"}}, headers=headers)


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
async def test_a_read_is_repeated_after_what_passes(rig, code):
    rig.reply(status(code), status(code), OK)
    assert await rig.directory.get_user("u") is not None
    assert len(rig.wire.requests) == 3
    assert rig.time.slept == [0.25, 0.5]  # 0.5 of 0.5, 0.5 of 1.0


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("x"),
        httpx.ReadTimeout("x"),
        httpx.ReadError("x"),
        httpx.RemoteProtocolError("x"),
        httpx.PoolTimeout("x"),
        httpx.WriteError("x"),
        httpx.DecodingError("x"),
    ],
)
async def test_a_read_is_repeated_after_a_lost_connection(rig, error):
    rig.reply(error, OK)
    assert await rig.directory.get_user("u") is not None


@pytest.mark.parametrize(
    ("value", "seconds"), [("2.128", 2.128), ("0", 0.0), ("7", 7.0), ("Sun, 22 Nov 2026 10:00:09 GMT", 9.0)]
)
async def test_retry_after_is_honoured_with_decimals_and_dates(rig, value, seconds):
    """The SDK's own handler reads neither decimals nor a date by the server's clock."""
    rig.reply(status(429, value, Date=DATE), OK)
    await rig.directory.get_user("u")
    assert rig.time.slept == [seconds]


@pytest.mark.parametrize("value", ["soon", "-3", "", "1e3", "NaN", "inf", "Sun, 22 Nov 2026 09:00:00 GMT"])
async def test_a_retry_after_that_says_nothing_falls_back_to_backoff_or_no_wait(rig, value):
    rig.reply(status(429, value, Date=DATE), OK)
    await rig.directory.get_user("u")
    assert rig.time.slept in ([0.25], [0.0])


async def test_a_date_without_the_servers_own_time_cannot_be_judged(rig):
    rig.reply(status(429, "Sun, 22 Nov 2126 10:00:00 GMT"), OK)
    await rig.directory.get_user("u")
    assert rig.time.slept == [0.25]


@pytest.mark.parametrize("value", ["20.5", "180", "86400"])
async def test_a_longer_wait_than_the_budget_is_handed_on_at_once(rig, value):
    rig.reply(status(429, value))
    with pytest.raises(Throttled) as caught:
        await rig.directory.get_user("u")
    assert caught.value.retry_after == float(value)
    assert rig.time.slept == []
    assert len(rig.wire.requests) == 1


async def test_waits_add_up_to_the_budget_and_no_further(rig):
    rig.reply(status(429, "7"))
    with pytest.raises(Throttled):
        await rig.directory.get_user("u")
    assert sum(rig.time.slept) == 14.0 <= BUDGET


async def test_without_jitter_the_number_of_attempts_still_ends(rig):
    rig.fraction[0] = 0.0
    rig.reply(status(503))
    with pytest.raises(Unavailable):
        await rig.directory.get_user("u")
    assert len(rig.wire.requests) == ATTEMPTS


async def test_with_full_jitter_waits_stay_inside_their_doubling_bounds(rig):
    rig.fraction[0] = 0.999999
    rig.reply(status(500))
    with pytest.raises(Unavailable):
        await rig.directory.get_user("u")
    for wait, bound in zip(rig.time.slept, [0.5, 1, 2, 4, 8], strict=False):
        assert wait < bound


async def test_503_with_retry_after_tells_the_caller_how_long(rig):
    rig.reply(status(503, "90"))
    with pytest.raises(Throttled) as caught:
        await rig.directory.get_user("u")
    assert caught.value.retry_after == 90


@pytest.mark.parametrize("code", [400, 401, 403, 409, 412, 423, 501])
async def test_what_does_not_pass_by_itself_is_asked_once(rig, code):
    rig.fraction[0] = 0.0
    rig.reply(status(code))
    with pytest.raises(Exception, match="HTTP"):
        await rig.directory.get_user("u")
    assert len(rig.wire.requests) == (ATTEMPTS if code in {409, 412, 423} else 1)


async def test_a_reference_and_a_deletion_are_repeated_too(rig):
    rig.reply(status(504), httpx.Response(204))
    await rig.directory.set_manager("u", "m")
    rig.reply(status(504), httpx.Response(204))
    await rig.security.void_pass("u", "p")
    assert len(rig.wire.requests) == 4


# --- writes that are not idempotent ----------------------------------------------------------------------


@pytest.mark.parametrize("code", [500, 502, 503, 504])
async def test_a_post_that_got_a_5xx_may_have_worked_and_is_never_repeated(rig, code):
    rig.reply(status(code, "1"))
    for call in (
        lambda: rig.directory.create_user(NEW),
        lambda: rig.mailer.send_now(MAIL, save=False),
        lambda: rig.mailer.send_draft("d"),
    ):
        before = len(rig.wire.requests)
        with pytest.raises(EffectUnknown):
            await call()
        assert len(rig.wire.requests) == before + 1
    assert rig.time.slept == []


@pytest.mark.parametrize(
    "error",
    [
        httpx.ReadTimeout("x"),
        httpx.ReadError("x"),
        httpx.RemoteProtocolError("x"),
        httpx.WriteError("x"),
        httpx.WriteTimeout("x"),
        httpx.CloseError("x"),
        httpx.DecodingError("x"),
    ],
)
async def test_a_post_whose_answer_was_lost_is_doubt(rig, error):
    rig.reply(error)
    with pytest.raises(EffectUnknown):
        await rig.directory.create_user(NEW)
    assert len(rig.wire.requests) == 1


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("x"), httpx.ConnectTimeout("x"), httpx.PoolTimeout("x")]
)
async def test_a_post_that_never_left_had_no_effect(rig, error):
    rig.reply(error)
    with pytest.raises(Unavailable):
        await rig.directory.create_user(NEW)
    assert len(rig.wire.requests) == 1


async def test_a_refused_post_waits_a_little_and_is_sent_again(rig):
    rig.reply(status(429, "2.5"), httpx.Response(201, json={"id": "u"}))
    assert (await rig.directory.create_user(NEW)).id == "u"
    assert rig.time.slept == [2.5]


@pytest.mark.parametrize("value", ["5.1", "60", None])
async def test_a_refused_post_does_not_wait_long_or_blindly(rig, value):
    rig.reply(status(429, value))
    with pytest.raises(Throttled) as caught:
        await rig.directory.create_user(NEW)
    assert caught.value.retry_after == (float(value) if value else None)
    assert len(rig.wire.requests) == 1


async def test_the_sdk_itself_repeats_nothing(rig):
    """Its default repeats POST three times on 429, 503 and 504, and sends Retry-Attempt."""
    rig.reply(status(504))
    with pytest.raises(EffectUnknown):
        await rig.directory.create_user(NEW)
    assert len(rig.wire.requests) == 1
    assert "retry-attempt" not in rig.wire.requests[0].headers


async def test_errors_hold_no_text_of_the_transport(rig):
    rig.reply(httpx.ReadError("connection to anna@contoso.example lost"))
    with pytest.raises(RetryLater) as caught:
        await rig.directory.create_user(NEW)
    assert "anna" not in str(caught.value)
