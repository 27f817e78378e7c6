"""One case, followed up: reminded in working time, escalated, confirmed, told that it is done, watched."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from onboarding.domain.case import Case
from onboarding.domain.evidence import By, Recoverable, Registration, Status
from onboarding.domain.lifecycle import State
from onboarding.domain.policy import FollowUpPolicy, Policy, Rung
from onboarding.domain.records import RungRecord, RungStatus
from onboarding.errors import OperatorError, PermissionMissing, StoreConflict, Throttled, Unavailable
from onboarding.followup import escalate, nudge, sources
from onboarding.followup.advance import advance
from onboarding.followup.track import track
from onboarding.ports import CLAIM_LEASE, DirectoryUser, SeenEvidence, SeenRegistration
from tests.support.followup_doubles import (
    MANAGER,
    MONDAY,
    USER,
    Killed,
    Tripwire,
    World,
    audit,
    make_case,
    world,
)

PRIVATE, WORK = "j.gross@private.example", "juergen.gross@contoso.example"
DESK, BOSS = "desk@contoso.example", "boss@contoso.example"
DAY = timedelta(days=1)


async def look(w: World, case_id: str = "c_00000000000000000001") -> Case:
    """The case as stored, advanced once at the clock's time."""
    case = await w.load(case_id)
    await advance(w.s, case, w.clock.at)
    return await w.load(case_id)


async def is_listed(w: World, *methods: str) -> None:
    """The report of this moment lists these methods, and is read."""
    w.security.methods[USER] = methods
    w.security.rows = [SeenRegistration(USER, Registration(methods, w.clock.at))]
    await track(w.s)


async def run_until(w: World, end: datetime) -> Case:
    """Follow next_action, as the due rows do."""
    case = await look(w)
    while case.next_action.when is not None and case.next_action.when <= end:
        assert case.next_action.when > w.clock.at, "a next action that is not later would spin"
        w.clock.at = case.next_action.when
        case = await look(w)
    w.clock.at = end
    return case


async def test_the_first_nudge_goes_out_and_the_next_is_planned() -> None:
    w = world()
    await w.add(make_case())
    case = await look(w)
    assert [mail.to for mail in w.mailer.sent] == [(PRIVATE, WORK)]
    assert (case.status, case.recoverable) == (Status.DIRECTORY_ONLY, Recoverable.NO)
    # Day 2 of the ladder, at the start of the working time in Berlin.
    assert (case.next_action.what, case.next_action.when) == ("nudge", datetime(2026, 10, 7, 7, tzinfo=UTC))
    assert await w.actions(case.case_id) == ["status_changed", "message_sent"]


async def test_before_the_start_nothing_is_read_and_nothing_sent() -> None:
    w = world(MONDAY - 10 * DAY)
    await w.add(make_case())
    case = await look(w)
    assert (w.mailer.sent, w.security.targeted) == ([], 0)
    assert (case.next_action.what, case.next_action.when) == ("nudge", datetime(2026, 10, 5, 7, tzinfo=UTC))


async def test_a_person_who_does_nothing_is_reminded_escalated_and_never_told_twice() -> None:
    w = world(MONDAY - 3 * DAY)
    await w.add(make_case())
    case = await run_until(w, MONDAY + 40 * DAY)
    assert [len(w.mailer.to(who)) for who in (PRIVATE, BOSS, DESK)] == [4, 1, 1]
    assert len({mail.ref for mail in w.mailer.sent}) == len(w.mailer.sent) == 6
    assert case.state is State.FOLLOWING_UP
    assert case.next_action.why == "ladder_done"
    assert case.next_action.when is not None
    assert case.next_action.when - case.updated_at == 7 * DAY, (
        "only a changed policy would find something to do"
    )
    for record in case.rungs.values():
        assert record.sent_at is not None
        local = record.sent_at.astimezone(ZoneInfo("Europe/Berlin"))
        assert (local.weekday() < 5, 9 <= local.hour < 17) == (True, True)


async def test_a_registration_confirms_within_one_pass_and_nothing_more_is_sent() -> None:
    w = world()
    await w.add(make_case())
    await look(w)
    w.clock.at += DAY / 2
    w.security.events = [SeenEvidence(USER, audit("e1", "registered", "user", "mobilePhone", w.clock.at))]
    await track(w.s)
    case = await look(w)
    assert (case.state, case.status, case.confirmed_at) == (
        State.CONFIRMED,
        Status.USER_REGISTERED,
        w.clock.at,
    )
    entries = {entry.action: entry.detail for entry in await w.s.cases.timeline(case.case_id)}
    assert (entries["confirmed"]["evidence"], entries["confirmed"]["methods"]) == ("e1", "mobilePhone")
    assert (case.next_action.what, case.next_action.when) == ("watch", w.clock.at + 90 * DAY)
    await run_until(w, MONDAY + 200 * DAY)
    assert len(w.mailer.sent) == 1
    assert (await w.load(case.case_id)).state is State.CLOSED


async def test_the_app_seen_in_the_targeted_read_is_enough() -> None:
    w = world()
    await w.add(make_case())
    w.security.methods[USER] = ("microsoftAuthenticatorPush",)
    case = await look(w)
    assert (case.state, w.mailer.sent) == (State.CONFIRMED, [])
    assert [(e.kind, e.method, e.by) for e in case.evidence] == [
        ("methods", "microsoftAuthenticatorPush", By.UNKNOWN)
    ]
    (entry,) = [e for e in await w.s.cases.timeline(case.case_id) if e.action == "confirmed"]
    assert entry.detail["evidence"] == case.evidence[0].id


@pytest.mark.parametrize(
    ("method", "by"), [("fido2", "user"), ("mobilePhone", "admin"), ("temporaryAccessPass", "user")]
)
async def test_a_passkey_a_pass_and_an_administrators_phone_do_not_confirm(method: str, by: str) -> None:
    w = world()
    await w.add(make_case())
    w.security.methods[USER] = (method,)
    w.security.events = [
        SeenEvidence(USER, audit("e1", "registered", by, method, MONDAY - timedelta(hours=1)))
    ]
    await track(w.s)
    case = await look(w)
    assert case.state is State.FOLLOWING_UP
    assert len(w.mailer.sent) == 1


async def test_who_was_told_hears_at_once_that_it_is_done_even_at_night() -> None:
    w = world()
    await w.add(make_case())
    await run_until(w, MONDAY + 11 * DAY)
    w.clock.at = datetime(2026, 10, 17, 1, tzinfo=UTC)  # Saturday night
    w.security.events = [SeenEvidence(USER, audit("e1", "registered", "user", "email", w.clock.at))]
    await track(w.s)
    case = await look(w)
    assert case.state is State.CONFIRMED
    last = w.mailer.sent[-1]
    assert (set(last.to), last.subject.startswith("Done:")) == ({DESK, BOSS}, True)
    assert len(w.mailer.sent) == 7
    await look(w)
    assert len(w.mailer.sent) == 7


async def test_nobody_above_hears_of_somebody_who_was_never_escalated() -> None:
    w = world()
    await w.add(make_case())
    await run_until(w, MONDAY + 3 * DAY)
    w.clock.at += DAY
    await is_listed(w, "microsoftAuthenticatorPush")
    assert (await look(w)).state is State.CONFIRMED
    assert not w.mailer.to(DESK) + w.mailer.to(BOSS)


async def test_a_failed_resolved_message_is_sent_later_and_once() -> None:
    w = world()
    await w.add(make_case())
    await run_until(w, MONDAY + 11 * DAY)
    w.mailer.faults["create_draft"] = [("before", Throttled("slow down"))]
    w.clock.at += DAY
    await is_listed(w, "microsoftAuthenticatorPush")
    case = await look(w)
    assert (case.state, case.next_action.why) == (State.CONFIRMED, "throttled")
    await run_until(w, w.clock.at + DAY)
    assert len([mail for mail in w.mailer.sent if mail.subject.startswith("Done:")]) == 1


async def test_a_removed_method_begins_a_new_episode() -> None:
    w = world()
    await w.add(make_case())
    w.security.events = [SeenEvidence(USER, audit("e1", "registered", "user", "mobilePhone", MONDAY))]
    await track(w.s)
    assert (await look(w)).state is State.CONFIRMED
    w.clock.at = MONDAY + 3 * DAY
    w.security.events += [SeenEvidence(USER, audit("e2", "deleted", "user", "mobilePhone", w.clock.at))]
    await track(w.s)
    case = await look(w)
    assert (case.state, case.status, case.episode) == (State.FOLLOWING_UP, Status.REMOVED, 2)
    assert case.episode_started_at == w.clock.at
    case = await look(w)
    assert [(r.rung, r.episode, r.status) for r in case.rungs.values()] == [
        ("person_day_0", 2, RungStatus.SENT)
    ]
    assert "was removed" in w.mailer.sent[0].text
    w.clock.at += DAY
    w.security.events += [SeenEvidence(USER, audit("e3", "registered", "user", "email", w.clock.at))]
    await track(w.s)
    assert (await look(w)).state is State.CONFIRMED


async def test_a_report_that_lags_does_not_undo_a_confirmation() -> None:
    w = world()
    await w.add(make_case())
    w.security.methods[USER] = ("microsoftAuthenticatorPush",)
    await look(w)
    w.clock.at += timedelta(hours=6)
    w.security.rows = [
        SeenRegistration(USER, Registration((), w.clock.at - timedelta(hours=1), sspr_enabled=True))
    ]
    await track(w.s)
    case = await look(w)
    assert (case.state, case.status, case.episode) == (State.CONFIRMED, Status.USER_REGISTERED, 1)


async def test_an_app_that_is_really_gone_resumes_follow_up() -> None:
    w = world()
    await w.add(make_case())
    w.security.methods[USER] = ("microsoftAuthenticatorPush",)
    await look(w)
    w.security.methods[USER] = ()
    # The row of a day later may be from before the read; that of three days is not.
    for days, status in ((1, Status.USER_REGISTERED), (3, Status.REMOVED)):
        w.clock.at = MONDAY + days * DAY
        w.security.rows = [SeenRegistration(USER, Registration((), w.clock.at))]
        await track(w.s)
        assert (await look(w)).status is status


async def test_outside_the_scope_nobody_is_nagged_and_coming_in_begins_at_day_zero() -> None:
    w = world(sspr_scope="report")
    case = make_case()
    case.registration = Registration((), MONDAY, sspr_enabled=False)
    await w.add(case)
    case = await run_until(w, MONDAY + 21 * DAY)
    assert (case.status, case.state, w.mailer.sent) == (Status.EXCLUDED, State.FOLLOWING_UP, [])
    w.security.rows = [SeenRegistration(USER, Registration((), w.clock.at, sspr_enabled=True))]
    await track(w.s)
    case = await look(w)
    assert (case.episode, [mail.to for mail in w.mailer.sent]) == (2, [(PRIVATE, WORK)])


async def test_coming_into_scope_before_the_start_date_sends_nothing_early() -> None:
    w = world(MONDAY - 10 * DAY, sspr_scope="report")
    case = make_case(status=Status.EXCLUDED)
    case.registration = Registration((), w.clock.at, sspr_enabled=True)
    await w.add(case)
    case = await look(w)
    assert (case.episode, case.next_action.when) == (2, datetime(2026, 10, 5, 7, tzinfo=UTC))


async def test_old_methods_of_unknown_origin_are_not_nagged() -> None:
    w = world()
    await w.add(make_case(on_account={"origin": "adopted", "created_at": MONDAY - 900 * DAY}))
    w.security.methods[USER] = ("mobilePhone",)
    assert (await look(w)).status is Status.UNATTRIBUTED
    await run_until(w, MONDAY + 20 * DAY)
    assert w.mailer.sent == []


async def test_a_listed_phone_without_its_record_yet_holds_the_message_for_two_hours() -> None:
    w = world()
    await w.add(make_case())
    w.security.methods[USER] = ("mobilePhone",)
    case = await look(w)
    assert (w.mailer.sent, case.next_action.why) == ([], "awaiting_audit_record")
    await run_until(w, MONDAY + timedelta(minutes=110))
    assert w.mailer.sent == []
    await run_until(w, MONDAY + timedelta(minutes=125))
    assert len(w.mailer.sent) == 1


async def test_a_record_that_arrives_meanwhile_spares_the_person_the_message() -> None:
    w = world()
    await w.add(make_case())
    w.security.methods[USER] = ("mobilePhone",)
    await look(w)
    w.clock.at += timedelta(minutes=5)
    w.security.events = [SeenEvidence(USER, audit("e1", "registered", "user", "mobilePhone", MONDAY))]
    await track(w.s)
    assert (await look(w)).state is State.CONFIRMED
    assert w.mailer.sent == []


async def test_an_escalation_is_never_built_on_a_stale_list() -> None:
    w = world(
        policy=Policy(follow_up=FollowUpPolicy(ladder=(Rung("desk_day_1", "desk", 1, "escalate_desk"),)))
    )
    case = make_case(registration=Registration((), MONDAY - 5 * DAY))
    await w.add(case)
    w.security.targeted_error = PermissionMissing("not granted")
    w.clock.at = MONDAY + DAY
    case = await look(w)
    assert (w.mailer.sent, case.next_action.why) == ([], "sources_stale")
    w.security.targeted_error = None
    w.clock.at += timedelta(hours=1)
    await look(w)
    assert [mail.to for mail in w.mailer.sent] == [(DESK,)]


async def test_without_a_desk_or_manager_the_rung_is_skipped_and_the_ladder_goes_on() -> None:
    w = world(service_desk=None)
    w.directory.users[MANAGER] = replace(w.directory.users[MANAGER], account_enabled=False)
    await w.add(make_case())
    case = await run_until(w, MONDAY + 20 * DAY)
    assert case.rungs["1:manager_day_5"].why == "manager_disabled"
    assert case.rungs["1:desk_day_10"].why == "no_desk"
    assert len(w.mailer.sent) == 4


async def test_an_outage_sends_one_message_and_the_timeline_names_the_skipped() -> None:
    w = world(MONDAY + 3 * DAY)
    await w.add(make_case())
    case = await look(w)
    assert (len(w.mailer.sent), case.rungs["1:person_day_0"].why) == (1, "overtaken")
    assert "message_skipped" in await w.actions(case.case_id)


async def test_a_mailbox_that_refuses_one_message_does_not_stop_the_ladder() -> None:
    w = world()
    await w.add(make_case())
    w.mailer.faults["create_draft"] = [("before", OperatorError("refused", code="graph_bad_value"))]
    case = await look(w)
    assert (case.state, case.rungs["1:person_day_0"].why) == (State.FOLLOWING_UP, "graph_bad_value")


@pytest.mark.parametrize(
    ("error", "why", "least"),
    [
        (Throttled("slow down", retry_after=1800), "throttled", timedelta(seconds=1800)),
        (Unavailable("503"), "unavailable", timedelta(minutes=10)),
    ],
)
async def test_a_tenant_that_does_not_answer_is_asked_again_later(
    error: Exception, why: str, least: timedelta
) -> None:
    w = world()
    await w.add(make_case())
    w.security.targeted_error = error
    case = await look(w)
    assert (case.next_action.why, case.next_action.when, w.mailer.sent) == (why, MONDAY + least, [])


async def test_what_only_a_deployer_can_mend_waits_for_an_hour_and_what_an_operator_can_is_blocked() -> None:
    w = world()
    await w.add(make_case())
    w.mailer.faults["create_draft"] = [("before", PermissionMissing("Mail.ReadWrite"))]
    case = await look(w)
    assert (case.next_action.why, case.next_action.when) == (
        "permission_missing",
        MONDAY + timedelta(hours=1),
    )
    w = world()
    await w.add(make_case())
    w.security.targeted_error = OperatorError("?", code="graph_bad_value")
    case = await look(w)
    assert (case.state, case.reason_code) == (State.BLOCKED, "graph_bad_value")


async def test_a_new_account_that_is_not_visible_yet_is_not_called_absent() -> None:
    w = world()
    await w.add(make_case(on_account={"created_at": MONDAY - timedelta(hours=2)}))
    w.security.absent.add(USER)
    case = await look(w)
    assert (case.status, case.next_action.why, case.registration) == (Status.UNKNOWN, "not_yet_visible", None)
    w.clock.at += 2 * DAY
    case = await look(w)
    assert (case.status, case.next_action.why, w.mailer.sent) == (Status.ABSENT, "not_in_report", [])


async def test_a_lost_race_goes_up_and_nothing_is_sent() -> None:
    w = world()
    await w.add(make_case())
    stale = await w.load("c_00000000000000000001")
    await w.s.cases.save(await w.load(stale.case_id))
    with pytest.raises(StoreConflict):
        await advance(w.s, stale, w.clock.at)
    assert w.mailer.sent == []


async def test_a_dry_run_reads_and_sends_nothing() -> None:
    w = world(mode="dry_run")
    await w.add(make_case())
    case = await look(w)
    assert (w.mailer.calls, case.next_action.why, case.status) == ([], "dry_run", Status.DIRECTORY_ONLY)


async def _points() -> int:
    w, wire = world(), Tripwire()
    await w.add(make_case())
    await run_until(w, MONDAY + 9 * DAY)
    w.clock.at = MONDAY + 10 * DAY
    await advance(w.wired(wire), await w.load("c_00000000000000000001"), w.clock.at)
    return len(wire.names)


async def test_killed_at_any_await_of_a_pass_with_two_messages_no_rung_goes_out_twice() -> None:
    points = await _points()
    assert points >= 18
    for point in range(points):
        w = world()
        await w.add(make_case())
        await run_until(w, MONDAY + 9 * DAY)
        w.clock.at = MONDAY + 10 * DAY
        with pytest.raises(Killed):
            await advance(w.wired(Tripwire(at=point)), await w.load("c_00000000000000000001"), w.clock.at)
        w.clock.at += CLAIM_LEASE
        case = await run_until(w, MONDAY + 20 * DAY)
        refs = [mail.ref for mail in w.mailer.sent]
        assert len(refs) == len(set(refs)), point
        assert all(record.status in {RungStatus.SENT, RungStatus.UNCERTAIN} for record in case.rungs.values())


async def _escalated_and_registered() -> World:
    w = world()
    await w.add(make_case())
    await run_until(w, MONDAY + 11 * DAY)
    w.clock.at += DAY
    await is_listed(w, "microsoftAuthenticatorPush")
    return w


async def test_killed_at_any_await_of_a_confirmation_it_is_told_once_and_recorded_once() -> None:
    case_id, point = "c_00000000000000000001", 0
    while True:
        w = await _escalated_and_registered()
        try:
            await advance(w.wired(Tripwire(at=point)), await w.load(case_id), w.clock.at)
        except Killed:
            point += 1
        else:
            break
        w.clock.at += CLAIM_LEASE
        case = await run_until(w, w.clock.at + DAY)
        assert case.state is State.CONFIRMED
        assert (await w.actions(case_id)).count("confirmed") == 1, point
        done = [mail for mail in w.mailer.sent if mail.subject.startswith("Done:")]
        status = case.rungs["1:resolved_desk"].status
        assert (len(done), status) in {(1, RungStatus.SENT), (0, RungStatus.UNCERTAIN)}, point
    assert point >= 10


@pytest.mark.parametrize(
    ("hire", "now", "expected"),
    [
        ({}, MONDAY, (PRIVATE, WORK)),
        ({}, MONDAY - 3 * DAY, (PRIVATE,)),
        ({"personal_email": None}, MONDAY - 3 * DAY, (WORK,)),
        ({"personal_email": "x@y.example, z@y.example"}, MONDAY - 3 * DAY, (WORK,)),
        ({"personal_email": WORK}, MONDAY, (WORK,)),
        ({"start_date": None}, MONDAY, (PRIVATE, WORK)),
        # Sunday 23:00 in UTC is Monday in Berlin: the start date has come
        ({}, datetime(2026, 10, 4, 23, tzinfo=UTC), (PRIVATE, WORK)),
        ({"start_date": date(2026, 10, 6)}, MONDAY, (PRIVATE,)),
    ],
)
def test_where_a_person_is_reached(hire: dict[str, object], now: datetime, expected: tuple[str, ...]) -> None:
    assert nudge.recipients(make_case(hire=hire), Policy(), now) == expected


@pytest.mark.parametrize(
    ("audience", "manager", "desk", "expected"),
    [
        ("desk", None, DESK, ((DESK,), None)),
        ("desk", None, None, ((), "no_desk")),
        ("manager", None, DESK, ((), "no_manager")),
        ("manager", DirectoryUser("m", BOSS, mail="m@c.example"), DESK, (("m@c.example",), None)),
        ("manager", DirectoryUser("m", BOSS), DESK, ((BOSS,), None)),
        ("manager", DirectoryUser("m", BOSS, account_enabled=False), DESK, ((), "manager_disabled")),
        ("manager", DirectoryUser("m", "no address"), DESK, ((), "no_manager_address")),
    ],
)
def test_where_somebody_above_is_reached(
    audience: str,
    manager: DirectoryUser | None,
    desk: str | None,
    expected: tuple[tuple[str, ...], str | None],
) -> None:
    assert escalate.recipients(audience, manager, desk) == expected


def test_who_was_told_in_this_episode() -> None:
    case = make_case(episode=2)
    for key, audience, status in (
        ("1:desk_day_10", "desk", RungStatus.SENT),
        ("2:manager_day_5", "manager", RungStatus.UNCERTAIN),
        ("2:person_day_0", "person", RungStatus.SENT),
    ):
        episode, rung = key.split(":")
        case.rungs[key] = RungRecord(rung, int(episode), audience, status, MONDAY)
    assert escalate.told(case) == ("manager",)
    case.rungs["2:resolved_desk"] = RungRecord("resolved_desk", 2, "manager", RungStatus.SENT, MONDAY)
    assert escalate.told(case) == ()


async def test_one_persons_methods_are_read_before_an_escalation_and_not_before_every_reminder() -> None:
    w = world(MONDAY - 3 * DAY)
    await w.add(make_case())
    for day in range(-3, 4):
        await is_listed(w)
        await run_until(w, MONDAY + (day + 1) * DAY)
    assert (len(w.mailer.to(PRIVATE)), w.security.targeted) == (2, 0)
    await run_until(w, MONDAY + 20 * DAY)
    assert (len(w.mailer.to(BOSS)), len(w.mailer.to(DESK)), w.security.targeted) == (1, 1, 2)


async def test_whoever_has_registered_by_the_time_of_an_escalation_is_not_escalated() -> None:
    w = world()
    await w.add(make_case())
    await is_listed(w)
    await run_until(w, MONDAY + 9 * DAY)
    w.security.methods[USER] = ("microsoftAuthenticatorPush",)
    case = await run_until(w, MONDAY + 11 * DAY)
    assert (case.state, w.mailer.to(DESK)) == (State.CONFIRMED, [])


async def test_a_disabled_account_hears_nothing_and_is_not_escalated() -> None:
    w = world()
    await w.add(make_case())
    await is_listed(w)
    w.directory.users[USER] = replace(w.directory.users[USER], account_enabled=False)
    case = await run_until(w, MONDAY + 20 * DAY)
    assert (case.status in {Status.ABSENT, Status.UNKNOWN}, w.mailer.sent) == (True, [])


async def test_after_the_last_day_nobody_hears_anything_and_the_view_says_why() -> None:
    w = world()
    await w.add(make_case(hire={"end_date": date(2026, 10, 6)}))
    case = await run_until(w, MONDAY + 12 * DAY)
    assert [mail.to for mail in w.mailer.sent] == [(PRIVATE, WORK)], "day 0 alone"
    assert case.next_action.why == "employment_ended"


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize(("mail", "to"), [(WORK, (PRIVATE, WORK)), (None, (PRIVATE,))])
async def test_a_mailbox_that_came_late_is_written_to_from_then_on(
    mail: str | None, to: tuple[str, ...], listed: bool
) -> None:
    w = world()
    await w.add(make_case(on_account={"mailbox": False}))
    if listed:
        await is_listed(w)
    w.directory.users[USER] = DirectoryUser(USER, WORK, mail=mail, account_enabled=True)
    case = await look(w)
    assert [message.to for message in w.mailer.sent] == [to]
    assert case.account is not None
    assert case.account.mailbox is (mail is not None)


# --- a report that stands still --------------------------------------------------------------------------------


async def frozen(w: World) -> None:
    """Nobody is registered by the report, which does not move any more; the reminder of day 0 went out by it."""
    await w.add(make_case())
    await is_listed(w)
    await look(w)
    assert (len(w.mailer.sent), w.security.targeted) == (1, 0)
    for _ in range(12):
        w.clock.at += timedelta(hours=4)
        await track(w.s)
    assert (await sources.look(w.s, w.clock.at)).report in {"frozen", "stale"}


async def test_a_reminder_during_a_freeze_goes_to_whom_a_read_of_their_own_says_nothing_of() -> None:
    w = world()
    await frozen(w)
    case = await look(w)
    assert (len(w.mailer.sent), w.security.targeted) == (2, 1)
    assert case.status is Status.DIRECTORY_ONLY, "it is known again"
    case = await run_until(w, MONDAY + 20 * DAY)
    assert [len(w.mailer.to(who)) for who in (PRIVATE, BOSS, DESK)] == [4, 1, 1]


async def test_whoever_registered_during_a_freeze_is_not_reminded_but_confirmed() -> None:
    w = world()
    await frozen(w)
    w.security.methods[USER] = ("microsoftAuthenticatorPush",)
    case = await look(w)
    assert (case.state, len(w.mailer.sent)) == (State.CONFIRMED, 1)


async def test_without_the_right_to_read_one_person_nobody_of_unknown_status_is_reminded() -> None:
    w = world()
    await frozen(w)
    w.security.targeted_error = PermissionMissing("not granted")
    case = await run_until(w, w.clock.at + DAY)
    assert (len(w.mailer.sent), case.status, case.next_action.why) == (1, Status.UNKNOWN, "sources_stale")
    await is_listed(w)
    await run_until(w, w.clock.at + DAY)
    assert len(w.mailer.sent) == 2, "the report moves on"


async def test_a_person_whom_the_audit_log_knows_is_reminded_during_a_freeze_without_a_read() -> None:
    w = world(methods_required=2)
    await frozen(w)
    said = audit("e1", "registered", "user", "email", w.clock.at - timedelta(hours=1))
    w.security.events = [SeenEvidence(USER, said)]
    await track(w.s)
    before = w.security.targeted
    case = await look(w)
    assert (case.status, len(w.mailer.sent)) == (Status.PARTIAL, 2)
    assert w.security.targeted == before
