"""create_account and reserve_username: exactly one account, whatever Entra and the network say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from onboarding.domain.case import TENANT, Alias, AliasKind
from onboarding.domain.hire import Phone
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.records import StepStatus
from onboarding.errors import EffectUnknown, Throttled, Unavailable
from onboarding.ports import REPLICATION, DirectoryUser
from onboarding.provisioning.steps import create_account
from onboarding.settings import Settings
from tests.support.doubles import CASE_ID, T0, World, advance, drive, hire, look_now, make_case

MakeWorld = Callable[..., World]
UPN = "zoe.mueller-strauss@contoso.example"


def _upn(upn: str) -> Alias:
    return Alias(TENANT, AliasKind.UPN, upn)


def _somebody(upn: str = UPN, **changes: Any) -> DirectoryUser:
    user = DirectoryUser("other-1", upn, employee_id="99", account_enabled=True, created_at=T0)
    return replace(user, **changes)


async def _start(world: World, **changes: Any) -> None:
    await world.file(make_case(**changes))


async def test_a_free_name_becomes_an_account_with_hrs_number_as_its_mark(world: World) -> None:
    await _start(world)
    case = await advance(world)
    assert case.account is not None
    assert case.account.user_principal_name == UPN
    assert case.account.origin == "created"
    assert case.account.mark == "4711"
    assert case.intent is None
    assert [user.employee_id for user in world.tenant.created] == ["4711"]
    owners = await world.store.cases.owners([_upn(UPN), Alias(TENANT, AliasKind.OBJECT_ID, case.account.id)])
    assert set(owners.values()) == {CASE_ID}
    assert case.steps["create_account"].status is StepStatus.DONE


async def test_a_number_that_does_not_fit_into_employee_id_gives_way_to_a_token(world: World) -> None:
    await _start(world, hire=hire(employee_id="HR/2026/Ø-000000000001", employee_number=None))
    case = await advance(world)
    assert case.account is not None
    assert len(case.account.mark) == 16
    assert case.account.mark.isalnum()
    assert world.tenant.created[0].employee_id == case.account.mark


async def test_the_name_that_another_case_holds_is_passed_over(world: World) -> None:
    await world.store.cases.claim_alias(_upn(UPN), "c_00000000000000000009")
    await _start(world)
    case = await advance(world)
    assert case.account is not None
    assert case.account.user_principal_name == "zoe.mueller-strauss2@contoso.example"


async def test_somebody_elses_account_of_that_name_costs_the_name_and_gives_the_alias_back(
    world: World,
) -> None:
    world.tenant.add(_somebody())
    await _start(world)
    case = await advance(world)
    assert case.account is not None
    assert case.account.user_principal_name == "zoe.mueller-strauss2@contoso.example"
    assert case.refused_names == [UPN]
    assert await world.store.cases.owners([_upn(UPN)]) == {}
    assert "username_taken" in [entry.action for entry in await world.story()]


async def test_when_every_name_is_taken_an_operator_is_told(world: World, monkeypatch: Any) -> None:
    from onboarding.provisioning.steps import reserve_username

    monkeypatch.setattr(reserve_username, "CANDIDATES", 3)
    for n in ("", "2", "3"):
        upn = f"zoe.mueller-strauss{n}@contoso.example"
        await world.store.cases.claim_alias(_upn(upn), "c_00000000000000000009")
    await _start(world)
    case = await advance(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, "no_free_username")


async def test_no_answer_but_it_took_effect_the_retry_finds_it(world: World) -> None:
    world.faults.after("create_user", EffectUnknown("no answer"))
    await _start(world)
    case = await advance(world)
    assert case.account is None
    assert case.intent is not None
    assert case.steps["create_account"].status is StepStatus.RETRYING
    case = await look_now(world)
    assert case.account is not None
    assert case.account.origin == "created"
    assert len(world.tenant.created) == 1


async def test_no_answer_and_no_effect_the_retry_creates_it(world: World) -> None:
    world.faults.before("create_user", EffectUnknown("no answer"))
    await _start(world)
    await advance(world)
    case = await look_now(world)
    assert case.account is not None
    assert len(world.tenant.created) == 1
    assert case.account.user_principal_name == UPN


async def test_a_taken_name_that_cannot_be_read_yet_is_waited_for_and_never_given_up(world: World) -> None:
    """404 after ObjectConflict is replication lag: the next candidate would make a second account."""
    world.faults.after("create_user", EffectUnknown("no answer"))
    world.tenant.hidden.add(UPN)
    await _start(world)
    await advance(world)
    for _ in range(30):
        case = await look_now(world)
        assert len(world.tenant.created) == 1
        assert case.intent is not None
        assert case.intent.user_principal_name == UPN
        if case.state is State.BLOCKED:
            assert case.reason_code == create_account.NAME_HELD
            break
        assert case.steps["create_account"].code == "not_yet_visible"
    assert world.tenant.named("zoe.mueller-strauss2@contoso.example") is None
    world.tenant.hidden.clear()
    if case.state is State.BLOCKED:
        case.apply(Event.RERUN)
        case.next_action.when = world.clock.at
        await world.store.cases.save(case)
    case = await look_now(world)
    assert case.account is not None
    assert len(world.tenant.created) == 1


async def test_lag_that_outlasts_a_day_blocks_and_still_makes_no_second_account(world: World) -> None:
    world.faults.after("create_user", EffectUnknown("no answer"))
    world.tenant.hidden.add(UPN)
    world.entropy.fixed = 0.999
    await _start(world)
    case = await drive(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, create_account.NAME_HELD)
    assert world.clock.at - T0 >= REPLICATION
    assert len(world.tenant.created) == 1


@pytest.mark.parametrize(("seconds_before_intent", "adopted"), [(0, True), (1, False), (86400 * 400, False)])
async def test_our_mark_counts_only_on_an_account_that_is_not_older_than_the_intent(
    world: World, seconds_before_intent: int, adopted: bool
) -> None:
    world.tenant.add(_somebody(employee_id="4711", created_at=T0 - timedelta(seconds=seconds_before_intent)))
    await _start(world)
    case = await advance(world)
    if adopted:
        assert case.account is not None
        assert case.account.origin == "created"
    else:
        assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_adopt")
        assert case.account is None
    assert world.tenant.created == []


async def test_microseconds_of_our_clock_do_not_make_our_own_account_look_older(world: World) -> None:
    """createdDateTime has whole seconds."""
    world.clock.at = T0.replace(microsecond=999_999)
    world.faults.after("create_user", EffectUnknown("no answer"))
    await _start(world)
    await advance(world)
    case = await look_now(world)
    assert case.account is not None
    assert case.account.origin == "created"


async def test_an_older_account_with_our_mark_is_adopted_on_an_approvers_word_only(world: World) -> None:
    world.tenant.add(_somebody(employee_id="4711", created_at=T0 - timedelta(days=400)))
    await _start(world)
    case = await advance(world)
    assert case.reason_code == "needs_approval_adopt"
    assert case.found_account == UPN, "an approver has to know which account it is about"
    case.approvals.append("needs_approval_adopt")
    case.apply(Event.UNBLOCK)
    await world.store.cases.save(case)
    case = await advance(world)
    assert case.account is not None
    assert (case.account.id, case.account.origin) == ("other-1", "adopted")
    assert case.found_account is None
    assert world.tenant.created == []


async def test_every_account_that_carries_the_number_is_named_to_the_approver(world: World) -> None:
    for n, upn in enumerate(("zoë.alt@contoso.example", "old@contoso.example")):
        world.tenant.add(_somebody(upn, id=f"other-{n}", employee_id="4711"))
    await _start(world)
    case = await advance(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_adopt")
    assert case.found_account == "old@contoso.example, zoë.alt@contoso.example"


async def test_an_account_without_a_creation_time_is_not_taken_for_ours(world: World) -> None:
    world.tenant.add(_somebody(employee_id="4711", created_at=None))
    await _start(world)
    assert (await advance(world)).reason_code == "needs_approval_adopt"


async def test_an_account_that_is_linked_to_another_case_is_not_linked_twice(world: World) -> None:
    world.tenant.add(_somebody(employee_id="4711", created_at=T0 + timedelta(hours=1)))
    await world.store.cases.claim_alias(
        Alias(TENANT, AliasKind.OBJECT_ID, "other-1"), "c_00000000000000000009"
    )
    await _start(world)
    assert (await advance(world)).reason_code == "account_of_another_case"


async def test_raw_phones_leave_the_case_with_the_account_and_a_hash_and_two_digits_stay(
    world: World,
) -> None:
    await _start(world, hire=hire(phones=(Phone("0800 1234567"), Phone("+49 1512 3456789", "mobile"))))
    case = await advance(world)
    assert case.hire.phones == ()
    assert case.phone_tail == "89"
    assert case.phone_hash is not None
    assert len(case.phone_hash) == 64
    assert case.phone_reason == "not_a_personal_number"
    stored = await world.store.database.read(
        lambda c: [row for (row,) in c.execute("SELECT row FROM cases").fetchall()]
    )
    assert all(b"3456789" not in row for row in stored)


MOBILE = "+49 1512 3456789"
LANDLINE = "+49 30 901820"
BEFORE, AFTER = date(2026, 9, 7), date(2026, 8, 17)


@pytest.mark.parametrize(
    ("deadline", "attribute", "raw", "country", "written"),
    [
        (AFTER, "mobilePhone", MOBILE, "DE", "+49 15123456789"),
        (date(2026, 8, 18), "mobilePhone", MOBILE, "DE", None),  # the day before the deadline
        (BEFORE, "mobilePhone", MOBILE, "DE", None),
        (AFTER, "none", MOBILE, "DE", None),
        (AFTER, "mobilePhone", LANDLINE, "DE", None),
        (AFTER, "mobilePhone", "01512 3456789", "DE", None),  # the country was assumed
        (AFTER, "mobilePhone", "+1 212 555 0123", "US", "+1 2125550123"),  # fixed line or mobile
        (AFTER, "mobilePhone", "+49 1512 3456789 ext. 12", "DE", None),
        (AFTER, "mobilePhone", "rubbish", "DE", None),
        (AFTER, "mobilePhone", "", "DE", None),
    ],
)
async def test_the_directory_gets_a_phone_only_when_it_is_certain_and_counts_no_more(
    make_world: MakeWorld, deadline: date, attribute: str, raw: str, country: str, written: str | None
) -> None:
    """Before the deadline `mobilePhone` is a recovery factor that nobody confirmed (design section 2)."""
    world = make_world(settings=Settings(deadline=deadline, phone_attribute=attribute))
    await _start(world, hire=hire(phones=(Phone(raw),), work_country=country, home_country=None))
    await advance(world)
    (created,) = world.tenant.created
    if written is None or created.mobile_phone is None:
        assert created.mobile_phone == written
    else:
        assert created.mobile_phone.replace(" ", "") == written.replace(" ", "")
        assert created.mobile_phone.count(" ") == 1


async def test_the_deadline_counts_at_the_moment_of_creation_also_when_it_is_crossed_in_flight(
    make_world: MakeWorld,
) -> None:
    world = make_world(settings=Settings(deadline=date(2026, 8, 19)))
    world.faults.before("create_user", Unavailable("down", retry_after=2 * 86400.0))
    await _start(world)
    await advance(world)
    await look_now(world)
    assert world.tenant.created[0].mobile_phone is not None


async def test_the_password_is_new_each_time_and_kept_nowhere(world: World) -> None:
    world.faults.before("create_user", Throttled("slow down", retry_after=1.5))
    await _start(world)
    await advance(world)
    await look_now(world)
    assert len(set(world.entropy.passwords)) == 2
    dump = await world.store.database.read(lambda c: "\n".join(c.iterdump()))
    assert "PLANTED" not in dump
    assert "PLANTED" not in repr(world.tenant.created)


@pytest.mark.parametrize(
    ("given", "family", "display", "country", "local"),
    [
        ("Søren", "Ærøskøbing", None, "DK", "soeren.aeroeskoebing"),
        ("太郎", "山田", None, "JP", None),
        ("Conan", "O'Neill", None, "IE", "conan.oneill"),
        (None, None, "Suharto", "ID", "suharto"),
        ("G" * 64, "F" * 64, None, "US", None),
    ],
)
async def test_names_of_the_world_get_an_account_within_entras_limits(
    world: World, given: str | None, family: str | None, display: str | None, country: str, local: str | None
) -> None:
    await _start(
        world, hire=hire(given_name=given, family_name=family, display_name=display, work_country=country)
    )
    await advance(world)
    (user,) = world.tenant.created
    name = user.user_principal_name.partition("@")[0]
    assert name.isascii()
    assert len(name) <= 64
    assert local is None or name == local
    assert len(user.given_name or "") <= 64
    assert len(user.surname or "") <= 64


async def test_what_hr_writes_is_cut_to_the_limits_and_odd_values_are_left_out(world: World) -> None:
    await _start(
        world,
        hire=hire(
            job_title="J" * 500,
            employment_type=" Contingent\tworker " + "x" * 90,
            department="7",
            department_is_id=True,
            locale="klingon; drop table",
            start_date=date(2028, 2, 29),
        ),
    )
    world.clock.at = datetime(2028, 2, 20, 9, tzinfo=UTC)
    await advance(world)
    (user,) = world.tenant.created
    assert user.job_title == "J" * 128
    assert user.employee_type is not None
    assert user.employee_type.startswith("Contingent worker x")
    assert len(user.employee_type) == 64
    assert user.department is None
    assert user.preferred_language == "de-DE", "the country's, in place of what is no language"
    assert user.employee_hire_date == datetime(2028, 2, 28, 23, tzinfo=UTC)


async def test_a_name_that_cannot_be_shown_blocks_before_anything_is_reserved(world: World) -> None:
    await _start(world, hire=hire(given_name=".", family_name=None))
    case = await advance(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, "name_unusable")


async def test_a_name_that_hr_spoils_after_the_reservation_blocks_too(world: World) -> None:
    world.faults.before("create_user", Unavailable("down"))
    await _start(world)
    case = await advance(world)
    assert case.intent is not None
    case.hire = replace(case.hire, given_name="…", family_name=None)
    await world.store.cases.save(case)
    case = await look_now(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, "name_unusable")
