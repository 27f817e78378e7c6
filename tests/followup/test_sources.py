"""How the sources stand: alarms before evidence is lost, a report that stands still, rows that say the same again."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from onboarding.domain.confirmation import Assessment, assess
from onboarding.domain.evidence import Registration, Status
from onboarding.domain.lifecycle import State
from onboarding.errors import OperatorError, Throttled
from onboarding.followup import followed, sources
from onboarding.followup.evidence import take_list
from onboarding.followup.track import take_stream, track
from onboarding.ports import CaseQuery, CaseSummary, Page, SeenEvidence, SeenRegistration
from tests.support.followup_doubles import MONDAY, USER, Tripwire, World, audit, make_case, world

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CASE = "c_00000000000000000001"


async def cursor_at(w: World, age: timedelta) -> None:
    await w.s.cases.write_marker(sources.AUDIT_CURSOR, {"until": (MONDAY - age).isoformat()}, None)


@pytest.mark.parametrize(
    ("age", "state", "action"),
    [
        (timedelta(minutes=5), "ok", None),
        (timedelta(days=14.9), "ok", None),
        (timedelta(days=15), "behind", "audit_falling_behind"),
        (timedelta(days=23.9), "behind", "audit_falling_behind"),
        (timedelta(days=24), "at_risk", "audit_evidence_at_risk"),
        (timedelta(days=30), "at_risk", "audit_evidence_at_risk"),
        (timedelta(days=30.1), "lost", "audit_evidence_lost"),
    ],
)
async def test_an_alarm_sounds_before_records_are_lost(
    caplog: pytest.LogCaptureFixture, age: timedelta, state: str, action: str | None
) -> None:
    w = world()
    await cursor_at(w, age)
    with caplog.at_level(logging.INFO):
        found = await sources.alarm(w.s, MONDAY)
    assert found.audit == state
    assert [r.message for r in caplog.records if r.message.startswith("audit_")] == (
        [action] if action else []
    )
    assert bool(found.sentences) == (action is not None)


async def test_without_premium_records_are_kept_for_seven_days_and_the_alarm_comes_sooner() -> None:
    w = world()
    w.security.report_error = OperatorError("P1", code="report_needs_premium")
    await track(w.s)
    assert (await sources.look(w.s, MONDAY)).kept_days == 7
    assert (await sources.look(w.s, MONDAY + 3.5 * DAY)).audit == "behind"
    assert (await sources.look(w.s, MONDAY + 5.7 * DAY)).audit == "at_risk"
    (sentence,) = (await sources.look(w.s, MONDAY)).sentences
    assert "no Entra ID P1 or P2" in sentence
    assert (await sources.rules(w.s, MONDAY)).audit_retention_days == 7


async def test_an_outage_is_caught_up_window_by_window_and_what_was_read_stays_read() -> None:
    w = world()
    await w.add(make_case())
    await cursor_at(w, 20 * DAY)
    w.security.events = [
        SeenEvidence(USER, audit(f"e{n}", "reviewed", "user", "all", MONDAY - n * DAY + HOUR))
        for n in range(13, 0, -1)
    ]
    left = 5

    async def fail_in_the_sixth() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Throttled("slow down")

    w.security.after_page = fail_in_the_sixth
    with pytest.raises(Throttled):
        await track(w.s)
    found = await sources.look(w.s, MONDAY)
    assert found.audit_until is not None
    assert MONDAY - 10 * DAY < found.audit_until < MONDAY - 7 * DAY
    asked = len(w.security.asked)
    w.security.after_page = None
    await track(w.s)
    assert len((await w.load(CASE)).evidence) == 13
    assert w.security.asked[0] == (MONDAY - 21 * DAY, MONDAY - 20 * DAY), "the last day again"
    assert w.security.asked[asked][0] == found.audit_until - HOUR, "on from the cursor, with the overlap"
    assert (await sources.look(w.s, MONDAY)).audit_until == MONDAY
    assert all(until - since <= DAY + HOUR for since, until in w.security.asked)


async def test_what_was_lost_is_told_for_three_months() -> None:
    w = world()
    await cursor_at(w, 40 * DAY)
    await track(w.s)
    found = await sources.look(w.s, MONDAY)
    assert (found.audit, found.gap) == ("ok", (MONDAY - 40 * DAY, MONDAY - 30 * DAY))
    assert any("deleted before they could be read" in sentence for sentence in found.sentences)
    w.clock.at += 61 * DAY
    await cursor_moved(w)
    assert (await sources.look(w.s, w.clock.at)).gap is None


async def test_a_log_that_was_never_read_is_alarmed_on_by_the_time_since_the_first_try(
    caplog: pytest.LogCaptureFixture,
) -> None:
    w = world()
    assert (await sources.look(w.s, MONDAY)).audit_says == (True, "not read yet")

    async def refused(since: datetime, until: datetime) -> AsyncIterator[list[SeenEvidence]]:
        if since < until:
            raise OperatorError("the app may not read it", code="refused")
        yield []

    w.security.audit_events = refused  # type: ignore[method-assign]
    for days in (0, 1):
        w.clock.at = MONDAY + days * DAY
        with pytest.raises(OperatorError):
            await track(w.s)
    assert "tried since 5 October 2026" in (await sources.look(w.s, MONDAY + DAY)).audit_says[1]
    states = [(await sources.look(w.s, MONDAY + days * DAY)).audit for days in (1, 15, 24, 31)]
    assert states == ["never", "behind", "at_risk", "lost"]
    found = await sources.look(w.s, MONDAY + 31 * DAY)
    assert found.audit_says[0] is False
    assert "never been read, though it was tried since 5 October 2026" in found.audit_says[1]
    assert found.sentences[0] == found.audit_says[1]
    with caplog.at_level(logging.WARNING):
        await sources.alarm(w.s, MONDAY + 31 * DAY)
    (record,) = [r for r in caplog.records if r.message == "audit_evidence_lost"]
    assert record.__dict__["onboarding_fields"]["hours"] == 31 * 24


async def test_once_the_log_is_read_the_first_try_is_nothing() -> None:
    w = world()
    await w.s.cases.write_marker(sources.AUDIT_CURSOR, {"since": (MONDAY - 40 * DAY).isoformat()}, None)
    await track(w.s)
    found = await sources.look(w.s, MONDAY)
    assert (found.audit, found.gap, found.audit_since) == ("ok", None, None)


async def cursor_moved(w: World) -> None:
    marker = await w.s.cases.read_marker(sources.AUDIT_CURSOR)
    assert marker is not None
    await w.s.cases.write_marker(
        sources.AUDIT_CURSOR, {**marker.value, "until": w.clock.at.isoformat()}, marker.etag
    )


# --- another number of required methods ------------------------------------------------------------------------


async def test_since_when_so_many_methods_are_required_is_kept() -> None:
    w = world()
    await track(w.s)
    assert (await sources.rules(w.s, w.clock.at)).required_since is None
    w.s = replace(w.s, settings=replace(w.s.settings, methods_required=2))
    w.clock.at += HOUR
    noticed = w.clock.at + 4 * HOUR
    assert (await sources.rules(w.s, w.clock.at)).required_since == w.clock.at, "before the next reading"
    for _ in range(3):
        w.clock.at += 4 * HOUR
        await track(w.s)
        rules = await sources.rules(w.s, w.clock.at)
        assert (rules.methods_required, rules.required_since) == (2, noticed)


@pytest.mark.parametrize("error", [None, OperatorError("Free", code="report_needs_premium")])
async def test_a_marker_of_an_older_version_says_nothing_of_it(error: Exception | None) -> None:
    w = world(methods_required=2)
    w.security.report_error = error
    await w.s.cases.write_marker(sources.REPORT_STATE, {"state": "ok", "at": MONDAY.isoformat()}, None)
    await track(w.s)
    assert (await sources.rules(w.s, w.clock.at)).required_since is None
    marker = await w.s.cases.read_marker(sources.REPORT_STATE)
    assert marker is not None
    assert marker.value["required"] == 2


# --- a report that stands still ----------------------------------------------------------------------------


EMPTY = "The registration report is empty: check that the app may read it."


def readings(*as_of: float) -> list[str]:
    """States after readings every four hours; `as_of` in hours."""
    value: dict[str, Any] = {}
    found = []
    for number, hours in enumerate(as_of):
        value = sources.next_report(value, MONDAY + number * 4 * HOUR, MONDAY + hours * HOUR)
        value = json.loads(json.dumps(value))
        found.append(value["state"])
    return found


def test_a_report_that_moved_at_each_reading_is_frozen_at_the_first_that_says_the_same() -> None:
    assert readings(0, 4, 8, 8, 8, 20) == ["ok", "ok", "ok", "frozen", "frozen", "ok"]


def test_how_slow_a_tenants_report_is_is_learned() -> None:
    assert readings(*[0] * 6, *[24] * 6, *[48] * 7) == [*["ok"] * 18, "frozen"]


@pytest.mark.parametrize("first", range(1, 7))
def test_a_daily_report_is_never_called_frozen_whenever_the_service_was_installed(first: int) -> None:
    states = readings(*[0] * first, *[hours for day in range(1, 8) for hours in [24 * day] * 6])
    assert set(states) == {"ok"}


@pytest.mark.parametrize("moved", [0, 1])
def test_a_report_that_stands_still_from_the_beginning_is_found_in_two_days(moved: int) -> None:
    states = readings(*[-24] * moved, *[0] * 12)
    assert states.index("frozen") * 4 <= 36 + 4 * moved
    assert states[-1] == "frozen"


def test_a_freeze_at_the_beginning_is_not_learned() -> None:
    states = readings(*[0] * 14, *range(56, 76, 4), *[72] * 3)
    assert states[14:] == [*["ok"] * 5, *["frozen"] * 3]


@pytest.mark.parametrize("between", [1, 2, 5])
def test_a_freeze_is_not_learned_as_usual(between: int) -> None:
    moving, freezes = [0, 4, 8], []
    for _ in range(4):
        last = moving[-1]
        moving += [last] * 6
        freezes.append(len(moving) - 6)
        moving += [last + 24 + 4 * n for n in range(between + 1)]
    states = readings(*moving)
    assert [states[at - 1 : at + 6] for at in freezes] == [["ok", *["frozen"] * 6]] * 4


def test_a_report_that_becomes_slower_is_a_freeze_twice_and_then_usual() -> None:
    slow = [hours for day in range(1, 7) for hours in [24 * day] * 6]
    states = readings(*range(0, 24, 4), *slow)[6:]
    days = [states[at : at + 6].count("frozen") for at in range(0, 36, 6)]
    assert days[:2] == [5, 5]
    assert days[3:] == [0, 0, 0]


def test_one_reading_more_than_usual_is_learned_and_what_is_longer_still_stands_out() -> None:
    daily = [hours for day in range(8) for hours in [24 * day] * (5 + day % 2)]
    states = readings(*daily, *[192] * 7)
    assert "frozen" not in states[12 : len(daily)]
    assert states[-2:] == ["ok", "frozen"]


def test_a_marker_of_an_older_version_is_read_and_an_empty_report_forgets_nothing() -> None:
    older = {"as_of": MONDAY.isoformat(), "same": 0, "usual": 2, "state": "ok"}
    once = sources.next_report(older, MONDAY + 4 * HOUR, MONDAY)
    empty = sources.next_report(once, MONDAY + 8 * HOUR, None)
    assert (once["state"], once["runs"]) == ("ok", [2])
    assert (empty["state"], empty["runs"]) == ("empty", [2])


async def test_an_empty_report_is_no_news_until_somebody_should_be_in_it() -> None:
    """Sixty hours is what a new account may take to come into the report."""
    w = world()
    w.security.rows = []

    async def stands(hours: float) -> tuple[str, list[str]]:
        w.clock.at = MONDAY + hours * HOUR
        await track(w.s)
        found = await sources.look(w.s, w.clock.at)
        assert (found.report_says == (False, EMPTY)) is (found.report == "empty")
        return found.report, found.sentences

    assert await stands(0) == ("nobody", []), "nobody is there yet"
    assert await stands(200) == ("nobody", []), "nor a week later"
    await w.add(make_case())
    assert await stands(204) == ("nobody", [])
    assert (await sources.look(w.s, w.clock.at)).report_says == (True, "read, and nobody is in it yet")
    assert await stands(260) == ("nobody", [])
    assert await stands(264) == ("empty", [EMPTY])
    assert await stands(300) == ("empty", [EMPTY])
    w.security.rows = [SeenRegistration(USER, Registration((), w.clock.at))]
    assert (await stands(304))[0] == "ok"
    w.security.rows = []
    assert await stands(308) == ("empty", [EMPTY]), "there was somebody in it"


@pytest.mark.parametrize("state", ["empty", "ok", "frozen"])
def test_what_is_known_of_an_older_version_makes_an_empty_report_news(state: str) -> None:
    assert sources.next_report({"state": state}, MONDAY, None)["state"] == "empty"


async def test_a_frozen_report_says_nobody_has_nothing_until_it_moves_on() -> None:
    w = world()
    await w.add(make_case())
    await w.add(make_case("c_" + "2" * 20, on_account={"id": "u-2"}))

    async def read(hours: float) -> list[Status]:
        w.security.rows = [
            SeenRegistration(USER, Registration((), MONDAY + hours * HOUR)),
            SeenRegistration("u-2", Registration(("microsoftAuthenticatorPush",), MONDAY + hours * HOUR)),
        ]
        await track(w.s)
        w.clock.at += 4 * HOUR
        return [(await w.load(case_id)).status for case_id in (CASE, "c_" + "2" * 20)]

    for hours in (-8, -4, 0):
        assert await read(hours) == ["directory_only", "user_registered"]
    assert await read(0) == ["unknown", "user_registered"]
    assert "stands still" in (await sources.look(w.s, w.clock.at)).sentences[0]
    assert await read(0) == ["unknown", "user_registered"]
    assert await read(9) == ["directory_only", "user_registered"]
    assert (await sources.look(w.s, w.clock.at)).sentences == []


async def test_a_report_that_is_two_days_old_is_stale_even_if_nobody_reads_it() -> None:
    w = world()
    w.security.rows = [SeenRegistration("stranger", Registration((), MONDAY))]
    await track(w.s)
    assert (await sources.look(w.s, MONDAY + 47 * HOUR)).report == "ok"
    assert (await sources.look(w.s, MONDAY + 49 * HOUR)).report == "stale"


async def test_methods_that_nobody_knows_are_told_and_never_fatal() -> None:
    w = world()
    await w.add(make_case())
    names = ("microsoftAuthenticatorPush", "brainWave", "+49 151 99999901", "x" * 60, "password")
    w.security.rows = [SeenRegistration(USER, Registration(names, MONDAY))]
    await track(w.s)
    assert (await sources.look(w.s, MONDAY)).unknown_methods == ("brainWave",)
    assert (await w.load(CASE)).status is Status.USER_REGISTERED


# --- rows that say the same again ----------------------------------------------------------------------------


async def test_a_row_that_says_the_same_again_costs_no_look_at_the_case() -> None:
    w = world()
    people = 30
    for n in range(people):
        await w.add(make_case(f"c_{n:020d}", on_account={"id": f"u-{n}"}))

    async def loads(hours: float, changed: int = 0) -> int:
        w.clock.at = MONDAY + hours * HOUR
        methods = [("email",) if n < changed else () for n in range(people)]
        w.security.rows = [
            SeenRegistration(f"u-{n}", Registration(methods[n], w.clock.at, sspr_enabled=True))
            for n in range(people)
        ]
        wire = Tripwire()
        await track(w.wired(wire))
        return wire.names.count("before get")

    assert await loads(0) == people
    assert await loads(4) == 0
    assert await loads(8, changed=3) == 3
    assert await loads(11.9, changed=3) == 0, "not read yet"
    assert await loads(24, changed=3) == 0
    assert await loads(28, changed=3) == people - 3, "to keep 'as of' fresh"


@pytest.mark.parametrize("behind", [0, 24, 36], ids="{}h".format)
async def test_a_report_that_is_behind_as_ever_carries_that_nothing_is_registered(behind: int) -> None:
    """36 hours are usual (Learn), and a case is not written at each reading: that is no reason to know less."""
    w = world()
    await w.add(make_case())

    def rows() -> list[SeenRegistration]:
        return [SeenRegistration(USER, Registration((), w.clock.at - behind * HOUR, sspr_enabled=True))]

    assert await _hourly(w, 6, rows) == {Status.DIRECTORY_ONLY}


async def test_who_was_read_by_name_goes_on_to_be_known_by_a_report_that_is_behind() -> None:
    w = world()
    await w.add(make_case())
    w.security.rows = [SeenRegistration(USER, Registration((), MONDAY - 36 * HOUR, sspr_enabled=True))]
    await track(w.s)
    case = await w.load(CASE)
    assert take_list(case, Registration((), MONDAY, direct=True))
    await w.s.cases.save(case)

    def rows() -> list[SeenRegistration]:
        return [SeenRegistration(USER, Registration((), w.clock.at - 36 * HOUR, sspr_enabled=True))]

    assert await _hourly(w, 6, rows) == {Status.DIRECTORY_ONLY}


async def test_who_is_absent_stays_absent_as_long_as_the_report_goes_on_without_them() -> None:
    w = world()
    await w.add(make_case(on_account={"created_at": MONDAY - 9 * 24 * HOUR}))

    def rows() -> list[SeenRegistration]:
        return [SeenRegistration("other", Registration((), w.clock.at - 12 * HOUR, sspr_enabled=True))]

    assert await _hourly(w, 9, rows) == {Status.ABSENT}


async def test_a_report_that_stands_still_carries_nothing_for_long() -> None:
    w = world()
    await w.add(make_case())
    seen = await _hourly(
        w, 4, lambda: [SeenRegistration(USER, Registration((), MONDAY - 12 * HOUR, sspr_enabled=True))]
    )
    assert seen == {Status.DIRECTORY_ONLY, Status.UNKNOWN}
    assert (await _shown(w)).status is Status.UNKNOWN


async def _hourly(w: World, days: int, rows: Callable[[], list[SeenRegistration]]) -> set[Status]:
    """What is said of the person at each hour of so many days; the report is read as often as always."""
    seen = set()
    for hours in range(24 * days):
        w.clock.at = MONDAY + hours * HOUR
        w.security.rows = rows()
        await track(w.s)
        seen.add((await _shown(w)).status)
    return seen


async def _shown(w: World) -> Assessment:
    return assess(await w.load(CASE), await sources.rules(w.s, w.clock.at), w.clock.at)


async def test_changed_settings_are_applied_to_everybody_at_the_next_report() -> None:
    w = world(methods_required=1)
    await w.add(make_case())
    row = Registration(("microsoftAuthenticatorPush",), MONDAY, sspr_enabled=True)
    w.security.rows = [SeenRegistration(USER, row)]
    await track(w.s)
    assert (await w.load(CASE)).status is Status.USER_REGISTERED
    w.clock.at += 4 * HOUR
    await track(replace(w.s, settings=replace(w.s.settings, methods_required=2)))
    assert (await w.load(CASE)).status is Status.PARTIAL


async def test_cases_whose_list_row_names_no_account_yet_are_found_by_their_alias(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rows that an older version wrote."""
    w = world()
    await w.add(make_case())
    store, search = w.s.cases, w.s.cases.search

    async def older(query: CaseQuery, page: str | None = None, size: int = 50) -> Page[CaseSummary]:
        found = await search(query, page, size)
        return Page([replace(row, object_id=None, seen=None) for row in found.items], found.next_page)

    monkeypatch.setattr(store, "search", older)
    assert (await followed.load(store)).unplaced == {CASE}
    w.security.rows = [SeenRegistration(USER, Registration(("microsoftAuthenticatorPush",), MONDAY))]
    await track(w.s)
    assert (await w.load(CASE)).status is Status.USER_REGISTERED


async def test_confirmed_people_are_written_every_second_week() -> None:
    """The list row knows the hour of the last time: whoever was read within it waits until it is over for certain."""
    w = world()
    await w.add(make_case(state=State.CONFIRMED, confirmed_at=MONDAY))
    for hours in range(0, 384, 12):
        w.clock.at = MONDAY + hours * HOUR
        row = Registration(("microsoftAuthenticatorPush",), w.clock.at)
        w.security.rows = [SeenRegistration(USER, row)]
        await track(w.s)
        registration = (await w.load(CASE)).registration
        assert registration is not None
        assert registration.as_of == MONDAY + (348 if hours >= 348 else 0) * HOUR


# --- the diagnostic stream -----------------------------------------------------------------------------------


async def test_the_stream_is_taken_like_the_log_and_anything_else_is_nothing() -> None:
    w = world()
    await w.add(make_case())
    record = {
        "id": "r1",
        "activityDisplayName": "User registered security info",
        "activityDateTime": "2026-10-05T07:00:00Z",
        "loggedByService": "Authentication Methods",
        "result": "success",
        "resultReason": "User registered Mobile Phone SMS",
        "initiatedBy": {"user": {"id": USER.upper()}},
        "targetResources": [{"id": USER.upper(), "type": "User"}],
    }
    outer = {
        "time": "2026-10-05T07:01:00Z",
        "category": "AuditLogs",
        "operationName": "User registered security info",
        "resultDescription": "User registered Email",
    }
    inner = {
        k: v
        for k, v in record.items()
        if k not in {"activityDisplayName", "activityDateTime", "resultReason"}
    }
    messages = [
        json.dumps({"records": [{"category": "AuditLogs", "properties": record}]}).encode(),
        json.dumps({"records": [{**outer, "properties": json.dumps({**inner, "id": "r2"})}]}).encode(),
        json.dumps([{**outer, "properties": {**inner, "id": "r1"}}]).encode(),
        b"",
        b"{",
        b"null",
        b'{"records": [1, null, {"properties": 5}, {"category": "SignInLogs", "properties": {}}]}',
        ("[" * 100_000).encode(),
    ]
    assert (await take_stream(w.s, messages)).events == 2
    case = await w.load(CASE)
    assert [(e.id, e.method) for e in case.evidence] == [("r1", "mobilePhone"), ("r2", "email")]
    assert (await take_stream(w.s, messages)).events == 0
