"""The audit log and the report, read into cases: nothing lost, nothing twice, nobody taken as unregistered."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from onboarding.domain.case import TENANT, Alias, AliasKind, Case
from onboarding.domain.evidence import Recoverable, Registration, Status
from onboarding.domain.lifecycle import State
from onboarding.domain.records import NextAction
from onboarding.domain.usage import figures, week_of
from onboarding.errors import OperatorError, StoreConflict, Throttled
from onboarding.followup.evidence import MOST_A_DAY, MOST_ATTEMPTS
from onboarding.followup.sources import AUDIT_CURSOR, REPORT_STATE
from onboarding.followup.track import TrackResult, track
from onboarding.ports import QUEUES, QueueHost, SeenEvidence, SeenRegistration
from tests.support.followup_doubles import MONDAY, USER, Killed, Tripwire, World, audit, make_case, world

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CASE = "c_00000000000000000001"


def seen(event_id: str, act: str = "registered", by: str = "user", method: str | None = "mobilePhone",
         user: str = USER, ago: timedelta = HOUR) -> SeenEvidence:  # fmt: skip
    return SeenEvidence(user, audit(event_id, act, by, method, MONDAY - ago))


async def messages(w: World) -> int:
    host: QueueHost = w.store.queue_host
    return (await host.depth(QUEUES[0]))[0]


async def test_evidence_reaches_the_case_of_its_object_id_and_wakes_it() -> None:
    w = world()
    await w.add(make_case())
    w.security.events = [seen("e1"), seen("e2", user="somebody-else")]
    assert await track(w.s) == TrackResult(events=1, rows=0, changed=1)
    case = await w.load(CASE)
    assert ([e.id for e in case.evidence], case.status) == (["e1"], Status.USER_REGISTERED)
    assert (case.next_action.when, case.next_action.why, await messages(w)) == (MONDAY, "evidence", 1)
    assert await w.actions(CASE) == ["evidence", "status_changed"]


async def test_the_same_events_again_change_nothing() -> None:
    w = world()
    await w.add(make_case())
    w.security.events = [seen("e1"), seen("e1"), seen("e2", method="email")]
    await track(w.s)
    etag = (await w.load(CASE)).etag
    w.clock.at += MINUTE
    assert (await track(w.s)).events == 0
    case = await w.load(CASE)
    assert (case.etag, [e.id for e in case.evidence]) == (etag, ["e1", "e2"])


async def test_a_copy_that_names_the_method_takes_the_place_of_one_that_does_not() -> None:
    w = world()
    await w.add(make_case())
    w.security.events = [seen("e0", method="email", act="reviewed"), seen("e1", by="unknown", method=None)]
    await track(w.s)
    assert (await w.load(CASE)).status is not Status.USER_REGISTERED
    w.security.events = [seen("e1"), seen("e1", method=None)]
    w.clock.at += MINUTE
    assert (await track(w.s)).events == 1
    case = await w.load(CASE)
    assert [(e.id, e.method) for e in case.evidence] == [("e0", "email"), ("e1", "mobilePhone")]
    assert case.status is Status.USER_REGISTERED
    w.clock.at += MINUTE
    assert (await track(w.s)).events == 0


async def test_the_cursor_overlaps_by_an_hour_and_reaches_back_as_far_as_records_are_kept() -> None:
    w = world()
    await track(w.s)
    w.clock.at += 5 * MINUTE
    await track(w.s)
    w.clock.at += 60 * DAY
    await track(w.s)
    weeks = [MONDAY - days * DAY for days in (30, 23, 16, 9, 2)]
    assert w.security.asked[:5] == list(pairwise([*weeks, MONDAY]))
    assert w.security.asked[5] == (MONDAY - HOUR, MONDAY + 5 * MINUTE)
    oldest = MONDAY + 30 * DAY + 5 * MINUTE
    assert w.security.asked[6:] == [(oldest + n * DAY, oldest + (n + 1) * DAY) for n in range(30)]


async def test_a_record_that_arrives_late_within_the_overlap_is_seen() -> None:
    w = world()
    await w.add(make_case())
    await track(w.s)
    w.security.events = [seen("late", ago=30 * MINUTE)]
    w.clock.at += 5 * MINUTE
    assert (await track(w.s)).events == 1


@pytest.mark.parametrize("late", [60, 66, 90, 10 * 60, 20 * 60])
async def test_a_record_that_shows_hours_after_its_time_is_read(late: int) -> None:
    w = world()
    await w.add(make_case())
    await track(w.s)
    happened = MONDAY + 7 * MINUTE
    shows = happened + late * MINUTE
    event = SeenEvidence(USER, audit("late", "registered", "user", "mobilePhone", happened))
    while w.clock.at < shows + 4 * HOUR:
        w.clock.at += 5 * MINUTE
        w.security.events = [event] if w.clock.at >= shows else []
        await track(w.s)
    assert [e.id for e in (await w.load(CASE)).evidence] == ["late"]


async def test_the_last_day_is_read_again_every_four_hours_and_no_more_often() -> None:
    w = world()
    await track(w.s)
    w.security.asked.clear()
    for _ in range(12 * 24):
        w.clock.at += 5 * MINUTE
        await track(w.s)
    lengths = [until - since for since, until in w.security.asked]
    assert len(lengths) == 12 * 24, "one question a pass, whatever its length"
    assert lengths.count(DAY + 5 * MINUTE) == 6
    assert lengths.count(HOUR + 5 * MINUTE) == 12 * 24 - 6


async def test_reading_a_day_again_holds_up_no_catching_up() -> None:
    """A tenant that lets one window a pass through: each pass gets on."""
    w = world()
    await track(w.s)
    w.clock.at += 6 * DAY
    reached = []

    async def one(since: datetime, until: datetime) -> AsyncIterator[list[SeenEvidence]]:
        if len(w.security.asked) > before:
            raise Throttled("slow down")
        w.security.asked.append((since, until))
        yield []

    w.security.audit_events = one  # type: ignore[method-assign]
    for _ in range(8):
        before = len(w.security.asked)
        try:
            await track(w.s)
        except Throttled:
            w.clock.at += 5 * MINUTE
        cursor = await w.s.cases.read_marker(AUDIT_CURSOR)
        assert cursor is not None
        reached.append(cursor.value["until"])
    assert reached == sorted(reached), "never back"
    assert reached[-1] > (MONDAY + 6 * DAY).isoformat()


def attempts(act: str, first: timedelta, number: int, name: str = "") -> list[SeenEvidence]:
    """A minute apart, the first so long ago."""
    return [
        seen(f"{name or act}-{n}", act, method=None, ago=first - n * MINUTE, by="unknown")
        for n in range(number)
    ]


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
async def test_of_many_failed_attempts_the_newest_are_kept_in_whatever_order_they_come(
    seed: int | None,
) -> None:
    w = world(methods_required=1)
    await w.add(make_case())
    events = attempts("reset_no_methods", 2 * HOUR, 25)
    events += [
        seen("phone", ago=HOUR),
        *attempts("reset_no_methods", 40 * MINUTE, 1, "last"),
        # Anybody can make these.
        *attempts("reset_failed", 10 * DAY, 300, "noise"),
        *attempts("reset_failed", 2 * HOUR, 50, "more"),
    ]
    if seed is None:
        events.reverse()
    else:
        random.Random(seed).shuffle(events)
    await in_turn(w, events)
    case = await w.load(CASE)
    kept = {e.id for e in case.evidence if e.act == "reset_no_methods"}
    assert kept == {"last-0", *(f"reset_no_methods-{n}" for n in range(16, 25))}
    assert case.recoverable == "no"
    assert (await in_turn(w, events)) == 0, "the same again changes nothing"


async def in_turn(w: World, events: list[SeenEvidence]) -> int:
    """Three to a page."""
    w.security.events, w.security.page = events, 3
    await w.s.cases.write_marker(AUDIT_CURSOR, {"until": (MONDAY - 15 * DAY).isoformat()}, await etag(w))
    w.clock.at += MINUTE
    return (await track(w.s)).events


async def etag(w: World) -> str | None:
    marker = await w.s.cases.read_marker(AUDIT_CURSOR)
    return marker.etag if marker else None


async def test_two_hundred_failures_by_anybody_hide_no_refusal_for_want_of_methods() -> None:
    w = world()
    await w.add(make_case())
    noise = [
        event for day in range(25, 1, -1) for event in attempts("reset_failed", day * DAY, 10, f"noise-{day}")
    ]
    w.security.events = [*noise, seen("refused", "reset_no_methods", method=None)]
    await track(w.s)
    case = await w.load(CASE)
    assert "refused" in {e.id for e in case.evidence}
    assert len(case.evidence) == MOST_ATTEMPTS + 1


async def test_every_attempt_is_counted_though_few_are_kept() -> None:
    w = world()
    await w.add(make_case())
    w.security.events = attempts("reset_no_methods", 2 * HOUR, 30)
    w.security.page = 30
    for _ in range(2):
        await track(w.s)
        w.clock.at += MINUTE
    (cell,) = await w.s.usage.cells([week_of(MONDAY)], "")
    assert sum(cell.counts.values()) == 30
    assert len((await w.load(CASE)).evidence) == MOST_A_DAY


@pytest.mark.parametrize("order", [("full", "thin"), ("thin", "full"), ("thin", "some", "full", "thin")])
async def test_usage_counts_the_most_exact_copy_of_a_record_whichever_comes_first(
    order: tuple[str, ...],
) -> None:
    copies = {
        "full": seen("e1", method="officePhone", ago=MINUTE),
        "some": seen("e1", method="phone", ago=MINUTE),
        "thin": seen("e1", by="unknown", method=None, ago=MINUTE),
    }
    w = world()
    await w.add(make_case())
    for copy in order:
        w.security.events = [copies[copy]]
        await track(w.s)
        w.clock.at += MINUTE
    (cell,) = await w.s.usage.cells([week_of(MONDAY - MINUTE)], "")
    row = figures(cell.counts)
    assert (row.registrations, row.registrations_by_others, row.methods) == (1, 0, {"officePhone": 1})
    assert cell.people == 1


async def test_the_cursor_moves_only_after_every_page_was_applied() -> None:
    w = world()
    await w.add(make_case())
    w.security.events = [seen(f"e{n}", act="reviewed", ago=n * MINUTE) for n in range(6)]

    async def fail() -> None:
        raise Throttled("slow down")

    w.security.after_page = fail
    with pytest.raises(Throttled):
        await track(w.s)
    cursor = await w.s.cases.read_marker(AUDIT_CURSOR)
    assert cursor is not None
    assert cursor.value["until"] == (MONDAY - 2 * DAY).isoformat(), "the window that failed is read again"
    assert len((await w.load(CASE)).evidence) == 2
    w.security.after_page = None
    await track(w.s)
    assert len((await w.load(CASE)).evidence) == 6


async def test_killed_at_any_await_and_run_again_loses_and_doubles_nothing() -> None:
    point = 0
    while True:
        w = world()
        await w.add(make_case())
        w.security.events = [seen("e1"), seen("e2", method="email"), seen("e3", act="reviewed", method="all")]
        w.security.rows = [SeenRegistration(USER, Registration(("mobilePhone",), MONDAY - HOUR))]
        try:
            await track(w.wired(Tripwire(at=point)))
        except Killed:
            point += 1
        else:
            break
        await track(w.s)
        case = await w.load(CASE)
        assert sorted(e.id for e in case.evidence if e.kind == "audit") == ["e1", "e2", "e3"]
        assert case.registration == Registration(("mobilePhone",), MONDAY - HOUR)
        due = await w.s.cases.due(MONDAY, 10)
        assert [row.case_id for row in due] == [CASE], "what was applied is also looked at"
    assert point > 15


async def test_a_case_that_changes_meanwhile_is_loaded_again() -> None:
    w = world()
    await w.add(make_case())
    store, conflicts = w.s.cases, 0
    original = store.save

    async def save(case: Case, timeline: object = ()) -> Case:
        nonlocal conflicts
        if conflicts < 2:
            conflicts += 1
            raise StoreConflict("somebody else")
        return await original(case, timeline)  # type: ignore[arg-type]

    store.save = save  # type: ignore[method-assign]
    w.security.events = [seen("e1")]
    assert (await track(w.s)).events == 1
    assert conflicts == 2


@pytest.mark.parametrize(
    ("state", "kept", "woken"),
    [
        (State.FOLLOWING_UP, True, True),
        (State.CONFIRMED, True, True),
        (State.PROVISIONING, True, True),  # what was only meant to lead to a registration is left out
        (State.PAUSED, True, False),
        (State.BLOCKED, True, False),
        (State.CLOSED, False, False),
        (State.CANCELLED, False, False),
        (State.EXCLUDED, False, False),
    ],
)
async def test_whose_evidence_is_kept_and_who_is_woken(state: State, kept: bool, woken: bool) -> None:
    w = world()
    await w.add(make_case(state=state))
    w.security.events = [seen("e1")]
    await track(w.s)
    case = await w.load(CASE)
    assert (bool(case.evidence), await messages(w) == 1) == (kept, woken)
    assert case.state is state


def watched(**changes: object) -> Case:
    """Confirmed by a phone of their own, and watched to the end."""
    case = make_case(state=State.CLOSED, status=Status.USER_REGISTERED, recoverable=Recoverable.YES)
    case.next_action = NextAction("none", None, "watch_ended")
    case.confirmed_at = MONDAY - 95 * DAY
    case.evidence = [audit("old", "registered", "user", "mobilePhone", MONDAY - 96 * DAY)]
    assert case.account is not None
    case.account.created_at = MONDAY - 97 * DAY
    for name, value in changes.items():
        setattr(case, name, value)
    return case


@pytest.mark.parametrize(
    ("event", "state", "status"),
    [
        (seen("new", method="email"), State.CLOSED, Status.USER_REGISTERED),
        (seen("new", act="reset_failed", method=None), State.CLOSED, Status.USER_REGISTERED),
        (seen("new", act="deleted", by="admin"), State.CONFIRMED, Status.REMOVED),
        (seen("new", act="updated", by="admin"), State.CONFIRMED, Status.ADMIN_REGISTERED),
        (seen("new", act="reset_no_methods", method=None), State.CONFIRMED, Status.USER_REGISTERED),
    ],
)
async def test_whoever_was_watched_to_the_end_is_read_on_and_watched_again_when_it_matters(
    event: SeenEvidence, state: State, status: Status
) -> None:
    w = world()
    await w.add(watched())
    w.security.events = [event]
    await track(w.s)
    case = await w.load(CASE)
    assert ([e.id for e in case.evidence], case.state, case.status) == (["old", "new"], state, status)
    assert await messages(w) == int(state is State.CONFIRMED)
    assert case.next_action.when == (MONDAY if state is State.CONFIRMED else None)


@pytest.mark.parametrize(
    "left",
    [
        {"ended_at": MONDAY - DAY},
        {"deleted_at": MONDAY - DAY},
        {"withdrawn_at": MONDAY - DAY},
        {"reason_code": "employment_ended"},
    ],
)
async def test_nothing_is_read_of_whoever_left_after_the_watch(left: dict[str, object]) -> None:
    w = world()
    await w.add(watched(**left))
    w.security.events = [seen("new", act="deleted", by="admin")]
    w.security.rows = [SeenRegistration(USER, Registration((), MONDAY))]
    await track(w.s)
    case = await w.load(CASE)
    assert ([e.id for e in case.evidence], case.registration, case.state) == (["old"], None, State.CLOSED)


async def test_the_report_brings_back_whom_it_does_not_list_any_more_and_loads_nobody_else() -> None:
    w, wire = world(), Tripwire()
    for n in range(5):
        case = watched()
        case.case_id = f"c_watched{n:013d}"
        assert case.account is not None
        case.account.id = f"watched-{n}"
        await w.add(case)
    row = Registration(("mobilePhone",), MONDAY)
    w.security.rows = [SeenRegistration(f"watched-{n}", row) for n in range(5)]
    await track(w.s)
    w.clock.at += 5 * HOUR
    row = replace(row, as_of=w.clock.at)
    w.security.rows = [SeenRegistration(f"watched-{n}", row) for n in range(1, 5)]
    w.security.rows.append(SeenRegistration("watched-0", replace(row, methods=())))
    await track(w.wired(wire))
    again = await w.load("c_watched0000000000000")
    assert (again.state, again.status) == (State.CONFIRMED, Status.REMOVED)
    assert wire.names.count("before save") == 1


@pytest.mark.parametrize("act", ["cancelled", "deleted"])
async def test_a_cancelled_registration_and_a_deletion_are_looked_at(act: str) -> None:
    w = world()
    await w.add(make_case())
    w.security.events = [seen("e1", act=act, method=None)]
    assert (await track(w.s)).changed == 1


async def test_a_report_row_is_written_when_it_says_something_new() -> None:
    w = world()
    await w.add(make_case())
    w.security.rows = [
        SeenRegistration("stranger", Registration(("email",), MONDAY)),
        SeenRegistration(USER, Registration(("microsoftAuthenticatorPush",), MONDAY - HOUR, False, True)),
        SeenRegistration("another", Registration((), MONDAY)),
    ]
    assert await track(w.s) == TrackResult(events=0, rows=3, changed=1)
    case = await w.load(CASE)
    assert (case.status, case.evidence[0].kind, case.evidence[0].at) == (
        Status.USER_REGISTERED,
        "report",
        MONDAY - HOUR,
    )
    state = await w.s.cases.read_marker(REPORT_STATE)
    assert state is not None
    assert (state.value["state"], state.value["as_of"], state.value["rows"]) == ("ok", MONDAY.isoformat(), 3)


async def test_the_report_is_read_every_four_hours_and_the_same_row_is_not_written_again() -> None:
    w = world()
    await w.add(make_case())
    w.security.rows = [SeenRegistration(USER, Registration((), MONDAY))]
    await track(w.s)
    etag = (await w.load(CASE)).etag
    for hours, reads in ((3.9, 1), (4, 2), (4.1, 2), (8, 3)):
        w.clock.at = MONDAY + hours * HOUR
        w.security.rows = [SeenRegistration(USER, Registration((), w.clock.at))]
        await track(w.s)
        assert w.security.reports == reads
    assert (await w.load(CASE)).etag == etag
    w.clock.at = MONDAY + 25 * HOUR
    w.security.rows = [SeenRegistration(USER, Registration((), w.clock.at))]
    await track(w.s)
    case = await w.load(CASE)
    assert case.registration is not None
    assert case.registration.as_of == w.clock.at, "so that 'as of' stays fresh"


async def test_a_row_older_than_what_is_known_fills_gaps_only() -> None:
    w = world()
    await w.add(make_case(registration=Registration(("email",), MONDAY - HOUR, direct=True)))
    w.security.rows = [
        SeenRegistration(USER, Registration((), MONDAY - DAY, is_admin=True, sspr_enabled=True))
    ]
    await track(w.s)
    assert (await w.load(CASE)).registration == Registration(
        ("email",), MONDAY - HOUR, True, True, direct=True, report_as_of=MONDAY - DAY
    )


@pytest.mark.parametrize(
    ("age", "status"), [(timedelta(hours=61), "absent"), (timedelta(hours=59), "unknown")]
)
async def test_who_is_missing_from_the_report_is_absent_once_they_can_be_in_it_and_never_unregistered(
    age: timedelta, status: str
) -> None:
    w = world()
    await w.add(make_case(on_account={"created_at": MONDAY - age}))
    w.security.rows = [SeenRegistration("stranger", Registration((), MONDAY))]
    await track(w.s)
    assert (await w.load(CASE)).status == status


async def test_who_is_back_in_the_report_is_judged_by_it() -> None:
    w = world()
    await w.add(make_case())
    w.security.rows = [SeenRegistration("stranger", Registration((), MONDAY))]
    await track(w.s)
    w.clock.at += 4 * HOUR
    w.security.rows = [SeenRegistration(USER, Registration(("email",), w.clock.at))]
    await track(w.s)
    case = await w.load(CASE)
    assert (case.status, case.registration) == (Status.UNKNOWN, Registration(("email",), w.clock.at))


async def test_a_report_that_has_lost_most_people_is_not_believed() -> None:
    w = world()
    for n in range(45):
        await w.add(make_case(f"c_{n:020d}", on_account={"id": f"u-{n}"}))
    w.security.rows = [SeenRegistration(f"u-{n}", Registration((), MONDAY)) for n in range(10)]
    await track(w.s)
    assert (await w.load(f"c_{44:020d}")).status is Status.UNKNOWN
    w.clock.at += 4 * HOUR
    w.security.rows = [SeenRegistration(f"u-{n}", Registration((), w.clock.at)) for n in range(30)]
    await track(w.s)
    assert (await w.load(f"c_{44:020d}")).status is Status.ABSENT


async def test_without_premium_the_audit_log_goes_on() -> None:
    w = world()
    await w.add(make_case())
    w.security.report_error = OperatorError("P1", code="report_needs_premium")
    w.security.events = [seen("e1")]
    assert (await track(w.s)).events == 1
    state = await w.s.cases.read_marker(REPORT_STATE)
    assert state is not None
    assert state.value["state"] == "needs_premium"
    await track(w.s)
    assert w.security.reports == 1, "asked again after four hours, not at every pass"


async def test_any_other_refusal_of_the_report_is_not_hidden() -> None:
    w = world()
    w.security.report_error = OperatorError("?", code="something_else")
    with pytest.raises(OperatorError):
        await track(w.s)


async def test_cases_of_people_who_left_are_not_even_loaded_for_the_report() -> None:
    w, wire = world(), Tripwire()
    for n in range(20):
        case = make_case(f"c_closed{n:014d}", state=State.CLOSED, on_account={"id": f"closed-{n}"})
        case.reason_code = "employment_ended"
        await w.add(case)
    await w.add(make_case())
    rows = [SeenRegistration(f"closed-{n}", Registration(("email",), MONDAY)) for n in range(20)]
    w.security.rows = [*rows, SeenRegistration(USER, Registration((), MONDAY))]
    w.security.page = 7
    await track(w.wired(wire))
    assert wire.names.count("before get") == 1
    assert wire.names.count("before owners") == 0, "the list rows name the accounts"


async def test_somebody_who_tries_to_reset_a_strangers_password_ten_thousand_times_fills_no_case() -> None:
    w = world()
    await w.add(make_case())
    w.security.page = 1000
    w.security.events = [
        seen(f"{act}-{n}", act=act, method=None, ago=timedelta(seconds=n * 5))
        for act in ("reset_failed", "reset_no_methods")
        for n in range(5000)
    ]
    await track(w.s)
    case = await w.load(CASE)
    assert len(case.evidence) == 20
    w.clock.at += MINUTE
    assert (await track(w.s)).events == 0
    assert (await w.load(CASE)).etag == case.etag
    w.security.events += [seen("real", ago=30 * MINUTE)]
    assert (await track(w.s)).events == 1
    assert (await w.load(CASE)).status is Status.USER_REGISTERED


# --- another account than before ---------------------------------------------------------------------------------


async def test_what_was_done_to_an_account_that_the_case_had_before_is_nothing_done_to_the_one_it_has() -> (
    None
):
    """IT restored the old one, or Active Directory enabled it again, and somebody registers there."""
    w = world()
    await w.add(make_case())
    case = await w.load(CASE)
    assert case.account is not None
    await w.store.cases.claim_alias(Alias(TENANT, AliasKind.OBJECT_ID, "old"), CASE)
    w.security.events = [seen("e1", user="old"), seen("e2", act="deleted", user="old")]
    assert await track(w.s) == TrackResult(events=0, rows=0, changed=0)
    case = await w.load(CASE)
    assert (case.evidence, case.status) == ([], Status.UNKNOWN)
    assert await w.s.usage.cells([week_of(MONDAY - HOUR)], "") == []


async def test_a_row_of_an_account_that_was_replaced_while_the_report_was_read_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    w = world()
    await w.add(make_case())
    row = Registration(("mobilePhone",), MONDAY - HOUR, sspr_registered=True)

    async def report() -> AsyncIterator[list[SeenRegistration]]:
        case = await w.load(CASE)
        assert case.account is not None
        case.account.id = "another"
        await w.store.cases.save(case)
        yield [SeenRegistration(USER, row)]

    monkeypatch.setattr(w.security, "registration_report", report)
    await track(w.s)
    case = await w.load(CASE)
    assert (case.registration, case.status) == (None, Status.UNKNOWN)
