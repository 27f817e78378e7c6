"""issue_access_pass: each guard of the first credential by itself, time, claim and doubt (design section 4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from onboarding.domain.account import Account, PassRecord, PassStatus
from onboarding.domain.case import Case
from onboarding.domain.hire import Certainty, EventType, Hire, HireEvent
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.people_policy import PeoplePolicy
from onboarding.domain.policy import AccountPolicy, PassPolicy, Policy
from onboarding.domain.policy_file import load
from onboarding.domain.protected import RESOURCE_SKUS
from onboarding.domain.records import StepRecord, StepStatus
from onboarding.errors import EffectUnknown, OperatorError, PermissionMissing, Unavailable
from onboarding.intake.decide import apply_event
from onboarding.intake.outcome import Circumstances
from onboarding.ports import CLAIM_LEASE, AccessPass, DirectoryUser, PassLimits
from onboarding.settings import Settings
from tests.support.doubles import MANAGER, T0, World, advance, drive, hire, look_now, make_case

MakeWorld = Callable[..., World]
DESK = "desk@contoso.example"
#: Friday before the start on Monday 24 August 2026, 09:00 in Berlin.
FRIDAY = datetime(2026, 8, 21, 7, 0, tzinfo=UTC)
USER = DirectoryUser(
    "user-1",
    "zoe@contoso.example",
    employee_id="4711",
    account_enabled=True,
    created_at=T0,
    user_type="Member",
)


def _account(**changes: Any) -> Account:
    named = {"manager_id": MANAGER.id, "manager_named": hire().manager}
    return Account(USER.id, USER.user_principal_name, "4711", T0, **{**named, **changes})


def case_before_pass(**changes: Any) -> Case:
    """Everything before the pass is done; the start is on Monday."""
    values: dict[str, Any] = {
        "state": State.PROVISIONING,
        "account": _account(),
        "steps": {
            name: StepRecord(StepStatus.DONE)
            for name in ("reserve_username", "create_account", "set_manager")
        },
    }
    return make_case(**{**values, **changes})


async def start(world: World, *, at: datetime = FRIDAY, **changes: Any) -> Case:
    world.tenant.add(USER)
    world.clock.at = at
    await world.file(case_before_pass(**changes))
    return await advance(world)


def told(world: World) -> list[tuple[tuple[str, ...], str]]:
    """Recipients of every mail with a pass in it."""
    return [(mail.to, mail.subject) for mail in world.tenant.mail if "TAP-PLANTED" in mail.text + mail.html]


async def test_the_manager_whom_the_creating_event_named_gets_it_the_working_day_before(world: World) -> None:
    case = await start(world)
    assert [to for to, _ in told(world)] == [("chef@contoso.example",)]
    record = case.access_pass
    assert record is not None
    assert (record.status, record.recipient) == (PassStatus.DELIVERED, "manager")
    assert record.usable_from == datetime(2026, 8, 24, 6, 0, tzinfo=UTC)
    assert record.usable_until == record.usable_from + timedelta(minutes=480)
    assert [entry.action for entry in await world.story()][:3] == [
        "pass_intended",
        "pass_created",
        "pass_delivered",
    ]


async def test_the_pass_is_never_in_the_store_the_timeline_or_the_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await start(world)
    dump = await world.store.database.read(lambda c: "\n".join(c.iterdump()))
    assert "PLANTED" not in dump
    assert "PLANTED" not in caplog.text
    assert "PLANTED" not in repr(world.tenant.issued)
    assert world.tenant.saved == [], "no copy stays in the sender's mailbox"
    assert all("PLANTED" not in mail.text for mail in world.tenant.drafts.values())


@pytest.mark.parametrize(
    "personal", ["zoe.private@example.org", "chef@contoso.example.evil.example", "desk@evil.example"]
)
async def test_no_address_from_the_payload_ever_gets_a_pass(make_world: MakeWorld, personal: str) -> None:
    world = make_world(settings=Settings(service_desk=DESK))
    person = hire(personal_email=personal, work_email=personal)
    await start(world, hire=person)
    assert told(world)
    assert all(personal not in to for to, _ in told(world))


# --- time ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "planned"),
    [
        (T0, FRIDAY),
        (FRIDAY - timedelta(seconds=1), FRIDAY),
        (FRIDAY + timedelta(hours=9), datetime(2026, 8, 24, 7, 0, tzinfo=UTC)),  # Friday evening
        (datetime(2026, 8, 22, 10, 0, tzinfo=UTC), datetime(2026, 8, 24, 7, 0, tzinfo=UTC)),  # Saturday
    ],
)
async def test_it_waits_for_the_working_day_before_the_start_and_for_working_time(
    world: World, now: datetime, planned: datetime
) -> None:
    case = await start(world, at=now)
    assert case.access_pass is None
    assert (case.next_action.what, case.next_action.when) == ("issue_access_pass", planned)
    case = await look_now(world)
    assert case.access_pass is not None
    assert case.access_pass.status is PassStatus.DELIVERED


SATURDAY, NEW_YEAR = date(2026, 8, 22), date(2027, 1, 1)  # a Friday, and a public holiday in Germany
MONDAY, AFTER_NEW_YEAR = datetime(2026, 8, 24, 6, 0, tzinfo=UTC), datetime(2027, 1, 4, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start_date", "policy", "sent", "usable"),
    [
        (SATURDAY, "", FRIDAY, MONDAY),
        (NEW_YEAR, "", datetime(2026, 12, 31, 8, 0, tzinfo=UTC), AFTER_NEW_YEAR),
        (
            SATURDAY,
            "[first_credential]\nbegins_on_days_off = true",
            FRIDAY,
            datetime(2026, 8, 22, 6, 0, tzinfo=UTC),
        ),
        (
            NEW_YEAR,
            "[working_time]\npublic_holidays = false",
            datetime(2026, 12, 31, 8, 0, tzinfo=UTC),
            datetime(2027, 1, 1, 7, 0, tzinfo=UTC),
        ),
    ],
)
async def test_for_a_first_day_that_is_a_day_off_it_works_when_the_person_begins(
    make_world: MakeWorld, start_date: date, policy: str, sent: datetime, usable: datetime
) -> None:
    world = make_world(policy=load(policy))
    case = await start(world, at=sent - timedelta(days=1), hire=hire(start_date=start_date))
    assert case.next_action.when == sent
    case = await look_now(world)
    record = case.access_pass
    assert record is not None
    assert (record.delivered_at, record.usable_from) == (sent, usable)
    assert record.usable_until == usable + timedelta(hours=8)


async def test_whoever_is_hired_for_a_weekend_has_it_on_that_weekend(make_world: MakeWorld) -> None:
    world = make_world()
    employed = hire(start_date=SATURDAY, end_date=date(2026, 8, 23))
    await start(world, at=FRIDAY - timedelta(days=1), hire=employed)
    record = (await look_now(world)).access_pass
    assert record is not None
    assert record.usable_from == datetime(2026, 8, 22, 6, 0, tzinfo=UTC)


async def test_whoever_stands_at_the_desk_on_a_day_off_need_not_wait(world: World) -> None:
    at = datetime(2026, 8, 22, 10, 0, tzinfo=UTC)
    case = await start(world, at=at, hire=hire(start_date=SATURDAY), identity_proofed_at=at)
    assert case.access_pass is not None
    assert case.access_pass.usable_from == at


async def test_a_late_hire_gets_one_that_works_at_once(world: World) -> None:
    late = datetime(2026, 8, 26, 9, 30, tzinfo=UTC)
    case = await start(world, at=late)
    assert case.access_pass is not None
    assert case.access_pass.usable_from == late


@pytest.mark.parametrize(("days", "blocked"), [(7, False), (8, True)])
async def test_only_within_a_few_days_of_the_start_date(world: World, days: int, blocked: bool) -> None:
    at = datetime.combine(date(2026, 8, 24) + timedelta(days=days), time(9), UTC)
    case = await start(world, at=at)
    assert (case.reason_code == "needs_approval_pass") is blocked
    assert bool(told(world)) is not blocked


@pytest.mark.parametrize(
    ("wanted", "low", "high", "minutes"),
    [(480, 60, 480, 480), (480, 60, 240, 240), (30, 60, 480, 60), (100_000, 10, 43200, 43200)],
)
async def test_the_lifetime_stays_inside_the_tenants_limits(
    make_world: MakeWorld, wanted: int, low: int, high: int, minutes: int
) -> None:
    world = make_world(policy=Policy(first_credential=PassPolicy(lifetime_minutes=wanted)))
    world.tenant.limits = PassLimits(True, low, high)
    await start(world)
    assert world.tenant.issued[0].lifetime_minutes == minutes


# --- guards ----------------------------------------------------------------------------------------------


async def test_an_account_with_roles_never_gets_one_not_even_with_an_approval(world: World) -> None:
    world.tenant.privileged.add(USER.id)
    case = await start(world, approvals=["needs_approval_pass"])
    assert (case.state, case.reason_code) == (State.BLOCKED, "protected_privileged")
    assert world.tenant.issued == []


@pytest.mark.parametrize("method", ["microsoftAuthenticatorPush", "fido2", "mobilePhone", "somethingNew"])
async def test_an_account_with_any_method_is_in_use_and_gets_none(world: World, method: str) -> None:
    world.tenant.methods[USER.id] = (method,)
    case = await start(world)
    assert case.steps["issue_access_pass"].status is StepStatus.SKIPPED
    assert case.steps["issue_access_pass"].detail == "already_in_use"
    assert world.tenant.issued == []


async def test_a_pass_that_was_used_is_a_sign_of_use(world: World) -> None:
    world.tenant.passes[USER.id] = [AccessPass("p", FRIDAY, 60, usable=False, reason="OneTimeUsed")]
    case = await start(world)
    assert case.steps["issue_access_pass"].detail == "already_in_use"
    assert world.tenant.issued == []


async def test_an_adopted_account_needs_an_approver_for_each_pass(world: World) -> None:
    case = await start(world, account=_account(origin="adopted"))
    assert case.reason_code == "needs_approval_pass"
    case.approvals.append("needs_approval_pass")
    case.apply(Event.UNBLOCK)
    await world.store.cases.save(case)
    case = await advance(world)
    assert told(world)
    assert case.approvals == [], "the next pass needs its own approval"


async def test_without_a_start_date_an_approver_decides(world: World) -> None:
    assert (await start(world, hire=hire(start_date=None))).reason_code == "needs_approval_pass"


async def test_an_account_that_cannot_be_read_yet_is_waited_for(world: World) -> None:
    world.tenant.hidden.add(USER.id)
    case = await start(world)
    assert case.steps["issue_access_pass"].code == "not_yet_visible"
    assert world.tenant.issued == []


async def test_a_tenant_without_passes_blocks(world: World) -> None:
    world.tenant.limits = PassLimits(False)
    assert (await start(world)).reason_code == "access_pass_policy"


async def test_a_company_with_its_own_way_gets_none(make_world: MakeWorld) -> None:
    world = make_world(settings=Settings(first_credential="none"))
    case = await start(world)
    assert case.steps["issue_access_pass"].detail == "company_own_way"
    assert world.tenant.issued == []


# --- who gets it -----------------------------------------------------------------------------------------


def _as_manager(world: World, **changes: Any) -> None:
    world.tenant.add(replace(MANAGER, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"account_enabled": False},
        {"account_enabled": None},
        {"created_at": T0 + timedelta(seconds=1)},  # made after the event that named them
        {"created_at": T0},
        {"created_at": None},
        {"user_type": "Guest"},
    ],
    ids=["disabled", "unknown", "younger", "same_moment", "ageless", "guest"],
)
async def test_a_manager_who_is_not_safe_is_passed_over_for_the_desk(
    world: World, changes: dict[str, Any]
) -> None:
    _as_manager(world, **changes)
    await start(world)
    assert [to for to, _ in told(world)] == [(DESK,)]


@pytest.mark.parametrize("approved", [False, True])
@pytest.mark.parametrize("how", ["listed", "by_name", "sender", "role_holder", "sync", "room", "guest_name"])
async def test_a_protected_account_that_hr_names_as_manager_is_passed_over_for_the_desk(
    make_world: MakeWorld, how: str, approved: bool
) -> None:
    """A kiosk, a service or a shared mailbox is read by whoever stands before it."""
    people = PeoplePolicy(protected_accounts=(MANAGER.user_principal_name,) if how == "listed" else ())
    account = AccountPolicy(protected_names=("chef",) if how == "by_name" else ())
    sender = str(MANAGER.mail) if how == "sender" else ""
    world = make_world(
        policy=Policy(people=people, account=account), settings=Settings(service_desk=DESK, sender=sender)
    )
    name = {"sync": "msol_0123456789ab@contoso.example", "guest_name": "a#EXT#@contoso.example"}.get(how)
    licences = tuple(RESOURCE_SKUS)[:1] if how == "room" else None
    _as_manager(world, user_principal_name=name or MANAGER.user_principal_name, licences=licences)
    if how == "role_holder":
        world.tenant.privileged.add(MANAGER.id)
    await start(world, approvals=["needs_approval_manager"] if approved else [])
    to = MANAGER.mail if how == "role_holder" else DESK  # a person, who is only not written to
    assert [found for found, _ in told(world)] == [(to,)]


async def test_a_manager_who_is_gone_is_passed_over_for_the_desk(world: World) -> None:
    del world.tenant.users[MANAGER.id]
    await start(world)
    assert [to for to, _ in told(world)] == [(DESK,)]


@pytest.mark.parametrize("changes", [{"manager_changed": True}, {"manager_named_at": None}])
async def test_a_manager_whom_a_later_event_named_is_not_trusted(
    world: World, changes: dict[str, Any]
) -> None:
    await start(world, **changes)
    assert [to for to, _ in told(world)] == [(DESK,)]


async def test_a_changed_manager_is_trusted_on_an_approvers_word(make_world: MakeWorld) -> None:
    world = make_world(settings=Settings(service_desk=None))
    case = await start(world, manager_changed=True)
    assert case.reason_code == "needs_approval_manager"
    case.approvals.append("needs_approval_manager")
    case.apply(Event.UNBLOCK)
    await world.store.cases.save(case)
    await advance(world)
    assert [to for to, _ in told(world)] == [("chef@contoso.example",)]


async def test_no_manager_and_no_desk_blocks(make_world: MakeWorld) -> None:
    world = make_world(settings=Settings(service_desk=None))
    account = Account(USER.id, USER.user_principal_name, "4711", T0)
    assert (await start(world, account=account)).reason_code == "no_credential_route"
    assert world.tenant.issued == []


async def test_the_policy_can_send_every_pass_to_the_desk(make_world: MakeWorld) -> None:
    world = make_world(settings=Settings(first_credential="access_pass_to_desk", service_desk=DESK))
    await start(world)
    assert [to for to, _ in told(world)] == [(DESK,)]


async def test_the_managers_address_is_that_of_the_directory(world: World) -> None:
    _as_manager(world, mail=None, user_principal_name="c.hef@contoso.example")
    await start(world)
    assert [to for to, _ in told(world)] == [("c.hef@contoso.example",)]


# --- doubt -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [PassStatus.INTENDED, PassStatus.CREATED])
async def test_in_doubt_it_waits_for_the_lease_then_voids_and_issues_anew(
    world: World, status: PassStatus
) -> None:
    world.tenant.passes[USER.id] = [AccessPass("old", FRIDAY, 480, usable=False, reason="NotYetValid")]
    record = PassRecord(status, FRIDAY, "manager", pass_id="old")
    case = await start(world, access_pass=record, at=FRIDAY + timedelta(minutes=1))
    assert case.next_action.when == FRIDAY + CLAIM_LEASE
    assert world.tenant.issued == []
    case = await look_now(world)
    assert world.tenant.voided == ["old"]
    assert [item.id for item in world.tenant.usable_passes(USER.id)] == ["pass-1"]
    assert "pass_voided" in [entry.action for entry in await world.story()]


@pytest.mark.parametrize("why", ["privileged", "in_use", "own_way", "far"])
async def test_in_doubt_the_pass_that_the_case_knows_is_void_also_where_the_list_lags(
    make_world: MakeWorld, why: str
) -> None:
    world = make_world(
        settings=Settings(first_credential="none" if why == "own_way" else "access_pass_to_desk")
    )
    if why == "privileged":
        world.tenant.privileged.add(USER.id)
    if why == "in_use":
        world.tenant.methods[USER.id] = ("fido2",)
    record = PassRecord(PassStatus.CREATED, FRIDAY - CLAIM_LEASE, "desk", pass_id="old")
    start_date = date(2026, 9, 28) if why == "far" else date(2026, 8, 24)
    case = await start(world, access_pass=record, hire=hire(start_date=start_date))
    assert world.tenant.voided == ["old"]
    assert case.access_pass is not None
    assert case.access_pass.status is PassStatus.VOID


@pytest.mark.parametrize("why", ["privileged", "in_use", "own_way"])
async def test_in_doubt_the_pass_is_voided_even_if_no_new_one_may_be_issued(
    make_world: MakeWorld, why: str
) -> None:
    world = make_world(
        settings=Settings(first_credential="none" if why == "own_way" else "access_pass_to_desk")
    )
    if why == "privileged":
        world.tenant.privileged.add(USER.id)
    if why == "in_use":
        world.tenant.methods[USER.id] = ("fido2",)
    world.tenant.passes[USER.id] = [AccessPass("old", FRIDAY, 480, reason="EnabledByPolicy")]
    record = PassRecord(PassStatus.CREATED, FRIDAY - CLAIM_LEASE, "desk", pass_id="old")
    case = await start(world, access_pass=record)
    assert world.tenant.usable_passes(USER.id) == []
    assert case.access_pass is not None
    assert case.access_pass.status is PassStatus.VOID


async def test_a_doubt_that_the_person_has_resolved_by_using_the_pass_issues_no_other(world: World) -> None:
    world.tenant.passes[USER.id] = [AccessPass("old", FRIDAY, 480, usable=False, reason="OneTimeUsed")]
    record = PassRecord(PassStatus.CREATED, FRIDAY - CLAIM_LEASE, "manager", pass_id="old")
    case = await start(world, access_pass=record)
    assert case.steps["issue_access_pass"].detail == "already_in_use"
    assert world.tenant.voided == []


@pytest.mark.parametrize("call", ["create_pass", "send_now", "void_pass", "passes"])
@pytest.mark.parametrize("effect", ["before", "after"])
async def test_a_call_without_an_answer_leads_to_one_usable_pass_that_was_sent(
    world: World, call: str, effect: str
) -> None:
    """Known to have stopped: the retry need not wait for the lease."""
    world.tenant.passes[USER.id] = [AccessPass("stale", FRIDAY, 480, reason="NotYetValid")]
    getattr(world.faults, effect)(call, EffectUnknown("no answer"))
    case = await start(world)
    assert case.state is State.PROVISIONING
    assert case.next_action.when is not None
    assert case.next_action.when - FRIDAY <= timedelta(seconds=5)
    case = await look_now(world)
    assert case.access_pass is not None
    assert case.access_pass.status is PassStatus.DELIVERED
    assert [item.id for item in world.tenant.usable_passes(USER.id)] == [case.access_pass.pass_id]


async def test_a_mailbox_that_refuses_holds_and_the_next_try_voids_what_nobody_got(world: World) -> None:
    world.faults.before("send_now", PermissionMissing("grant Mail.Send"))
    case = await start(world)
    assert (case.state, case.reason_code) == (State.PROVISIONING, "held_for_permission")
    case = await look_now(world)
    assert case.access_pass is not None
    assert case.access_pass.pass_id == "pass-2"
    assert world.tenant.voided == ["pass-1"]


async def test_a_policy_that_refuses_this_person_blocks(world: World) -> None:
    world.faults.before("create_pass", OperatorError("not allowed", code="access_pass_policy"))
    assert (await start(world)).reason_code == "access_pass_policy"


async def test_a_tenant_that_is_down_is_tried_again(world: World) -> None:
    world.faults.before("has_privileges", Unavailable("down", retry_after=120.5))
    case = await start(world)
    assert case.next_action.when is not None
    assert case.next_action.when >= FRIDAY + timedelta(seconds=120.5)
    assert (await look_now(world)).access_pass is not None


async def test_delivered_is_final(world: World) -> None:
    record = PassRecord(PassStatus.DELIVERED, FRIDAY, "manager", pass_id="p", delivered_at=FRIDAY)
    await start(world, access_pass=record)
    assert world.tenant.issued == []
    assert told(world) == []


async def test_whom_only_a_draft_named_gets_none(world: World) -> None:
    """No event that creates the account named anybody (design: first credential)."""
    named = hire().manager
    await world.file(make_case(hire=hire(manager=None), manager_named_at=None, certainty=Certainty.DRAFT))
    case = await world.case()
    draft = HireEvent(
        "greenhouse", EventType.HIRE_UPDATED, Hire(manager=named), "x", certainty=Certainty.DRAFT
    )
    for number, event in enumerate((draft, HireEvent("greenhouse", EventType.HIRE_CREATED, Hire(), "x"))):
        apply_event(case, event, Circumstances(f"d_{number}", T0), T0)
    await world.store.cases.save(case)
    case = await drive(world)
    assert (case.hire.manager, case.access_pass.recipient) == (named, "desk")  # type: ignore[union-attr]
    assert [mail.to for mail in world.tenant.mail][:1] == [("desk@contoso.example",)]
