"""set_manager finds the manager for sure or not at all; send_welcome tells the person once, in working time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from onboarding.domain.account import Account, PassRecord, PassStatus
from onboarding.domain.case import Alias, AliasKind, Case, aliases_of
from onboarding.domain.hire import ManagerRef
from onboarding.domain.lifecycle import State
from onboarding.domain.records import RungRecord, RungStatus, Said, StepRecord, StepStatus
from onboarding.errors import NotYetVisible, Unavailable
from onboarding.ports import CLAIM_LEASE, DirectoryUser
from onboarding.settings import Settings
from tests.support.doubles import MANAGER, T0, Messages, World, advance, drive, hire, look_now, make_case

MakeWorld = Callable[..., World]
USER = DirectoryUser("user-1", "zoe@contoso.example", employee_id="4711", account_enabled=True, created_at=T0)
BEFORE_MANAGER = ("reserve_username", "create_account")
BEFORE_WELCOME = (*BEFORE_MANAGER, "set_manager", "issue_access_pass")


async def start(world: World, done: tuple[str, ...], *, at: datetime = T0, **changes: Any) -> Case:
    world.tenant.add(USER)
    world.clock.at = at
    values: dict[str, Any] = {
        "state": State.PROVISIONING,
        "account": Account(USER.id, USER.user_principal_name, "4711", T0),
        "steps": {name: StepRecord(StepStatus.DONE) for name in done},
    }
    await world.file(make_case(**{**values, **changes}))
    return await advance(world)


async def manager_of(world: World, ref: ManagerRef | None) -> tuple[str | None, str | None]:
    case = await start(world, BEFORE_MANAGER, hire=hire(manager=ref))
    assert case.account is not None
    assert case.account.manager_id == world.tenant.managers.get(USER.id)
    return case.account.manager_id, case.steps["set_manager"].detail


async def test_found_by_address_whatever_its_case(world: World) -> None:
    assert await manager_of(world, ManagerRef(email="CHEF@contoso.example")) == (MANAGER.id, None)


async def test_found_by_hrs_id_through_our_own_case(world: World) -> None:
    other = make_case("c_00000000000000000002", hire=hire(employee_id="900"))
    other.account = Account(MANAGER.id, MANAGER.user_principal_name, "900", T0)
    await world.store.cases.create(other)
    alias = Alias("greenhouse", AliasKind.EMPLOYEE_ID, "900")
    await world.store.cases.claim_alias(alias, other.case_id)
    assert await manager_of(world, ManagerRef(id="900")) == (MANAGER.id, None)


async def test_whoever_is_found_by_employee_id_alone_is_linked_and_told_nothing(world: World) -> None:
    """HR's own ids and the payroll numbers in `employeeId` are told apart by nothing here."""
    case = await start(world, BEFORE_MANAGER, hire=hire(manager=ManagerRef(id="1")))
    assert world.tenant.managers == {USER.id: MANAGER.id}
    assert case.account is not None
    assert (case.account.manager_id, case.account.manager_named) == (None, None)
    assert case.steps["set_manager"].detail == "by_employee_id_alone"


async def test_a_pass_does_not_go_to_whoever_was_found_by_employee_id_alone(world: World) -> None:
    await world.file(make_case(hire=hire(manager=ManagerRef(id="1"))))
    case = await drive(world)
    assert case.access_pass is not None
    assert case.access_pass.recipient == "desk"
    assert MANAGER.mail not in {address for mail in world.tenant.mail for address in mail.to}


@pytest.mark.parametrize(
    "changes",
    [
        {
            "manager": ManagerRef(id="1"),
            "employee_id": "900",
            "employee_number": "4711",
        },  # ids are no numbers
        {"manager": ManagerRef(id="1", email="gone@contoso.example")},
        {"manager": ManagerRef(id="1", name="Somebody Else")},
    ],
)
async def test_employee_id_counts_for_nothing_where_something_contradicts_it(
    world: World, changes: dict[str, Any]
) -> None:
    world.tenant.add(replace(MANAGER, display_name="Ångström, Örjan"))
    case = await start(world, BEFORE_MANAGER, hire=hire(**changes))
    assert case.steps["set_manager"].detail == "manager_not_found"
    assert world.tenant.managers == {}


async def test_the_payroll_number_of_somebody_else_is_no_managers_id(world: World) -> None:
    """HR knows them by the id 500; the number 1 is in `employeeId`, and HR names the manager by its id 1."""
    other = make_case("c_00000000000000000002", hire=hire(employee_id="500", employee_number="1"))
    other.account = Account(MANAGER.id, MANAGER.user_principal_name, "1", T0)
    await world.file(other)
    for alias in aliases_of(other):
        await world.store.cases.claim_alias(alias, other.case_id)
    assert await manager_of(world, ManagerRef(id="1")) == (None, "manager_not_found")


@pytest.mark.parametrize("ref", [None, ManagerRef()])
async def test_nobody_named_is_left_out(world: World, ref: ManagerRef | None) -> None:
    assert await manager_of(world, ref) == (None, "no_manager_named")


@pytest.mark.parametrize(
    "ref",
    [
        ManagerRef(name="Ö. Ångström"),
        ManagerRef(email="nobody@contoso.example"),
        ManagerRef(id="4711"),  # the person's own number
        ManagerRef(email="zoe@contoso.example"),
    ],
)
async def test_nobody_found_is_left_out(world: World, ref: ManagerRef) -> None:
    assert await manager_of(world, ref) == (None, "manager_not_found")


async def test_a_disabled_manager_is_nobody(world: World) -> None:
    world.tenant.add(replace(MANAGER, account_enabled=False))
    assert await manager_of(world, ManagerRef(email=MANAGER.mail)) == (None, "manager_not_found")


async def test_two_who_could_be_meant_are_nobody(world: World) -> None:
    world.tenant.add(replace(MANAGER, id="manager-2", user_principal_name="x@contoso.example"))
    assert await manager_of(world, ManagerRef(email=MANAGER.mail)) == (None, "manager_ambiguous")


async def test_the_id_counts_in_the_hr_system_that_named_the_manager(world: World) -> None:
    other = make_case("c_00000000000000000002", source="personio", hire=hire(employee_id="900"))
    other.account = Account(MANAGER.id, MANAGER.user_principal_name, "900", T0)
    await world.store.cases.create(other)
    await world.store.cases.claim_alias(Alias("personio", AliasKind.EMPLOYEE_ID, "900"), other.case_id)
    said = {"manager": Said(T0, True, "d_1", "personio")}
    case = await start(world, BEFORE_MANAGER, hire=hire(manager=ManagerRef(id="900")), said=said)
    assert case.account is not None
    assert case.account.manager_id == MANAGER.id


async def test_replication_lag_is_waited_for(world: World) -> None:
    world.faults.before("set_manager", NotYetVisible("not there yet"))
    case = await start(world, BEFORE_MANAGER)
    assert case.steps["set_manager"].code == "not_yet_visible"
    await look_now(world)
    assert world.tenant.managers == {USER.id: MANAGER.id}


# --- welcome ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("personal", "to"),
    [
        ("zoe.private@example.org", "zoe.private@example.org"),
        ("  zoe.private@example.org ", "zoe.private@example.org"),
        (None, "zoe@contoso.example"),
        ("", "zoe@contoso.example"),
        ("not an address", "zoe@contoso.example"),
        ("a@example.org, b@example.org", "zoe@contoso.example"),
        ("a@example.org\nBcc: b@example.org", "zoe@contoso.example"),
    ],
)
async def test_it_goes_to_the_persons_own_address_if_that_is_one(
    world: World, personal: str | None, to: str
) -> None:
    case = await start(world, BEFORE_WELCOME, hire=hire(personal_email=personal))
    assert [mail.to for mail in world.tenant.mail] == [(to,)]
    assert case.state is State.FOLLOWING_UP


@pytest.mark.parametrize(
    ("at", "moment"),
    [
        (datetime(2026, 8, 17, 4, 0, tzinfo=UTC), datetime(2026, 8, 17, 7, 0, tzinfo=UTC)),
        (datetime(2026, 8, 21, 15, 0, tzinfo=UTC), datetime(2026, 8, 24, 7, 0, tzinfo=UTC)),
        # The night on which the clocks go back in Berlin.
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 26, 8, 0, tzinfo=UTC)),
    ],
)
async def test_it_waits_for_the_persons_working_time(world: World, at: datetime, moment: datetime) -> None:
    case = await start(world, BEFORE_WELCOME, at=at)
    assert world.tenant.mail == []
    assert (case.next_action.when, case.next_action.why) == (moment, "working_time")
    await look_now(world)
    assert len(world.tenant.mail) == 1


@pytest.mark.parametrize(
    ("status", "route"), [(None, "none"), (PassStatus.DELIVERED, "desk"), (PassStatus.VOID, "none")]
)
async def test_it_says_where_the_first_credential_is_only_if_it_is_there(
    make_world: MakeWorld, status: PassStatus | None, route: str
) -> None:
    messages = Messages()
    world = make_world(messages=messages)
    issued = PassRecord(status, T0, "desk") if status else None
    await start(world, BEFORE_WELCOME, access_pass=issued)
    assert messages.composed == [
        ("welcome", ("zoe.private@example.org",), {"first_credential": route}),
    ]


async def test_a_message_in_doubt_is_waited_for_as_long_as_the_claim_is_held(make_world: MakeWorld) -> None:
    world = make_world(messages=Messages(RungStatus.CLAIMED, RungStatus.DRAFTED, RungStatus.UNCERTAIN))
    case = await start(world, BEFORE_WELCOME)
    assert (case.next_action.when, case.next_action.why) == (T0 + CLAIM_LEASE, "message_in_doubt")
    await look_now(world)
    case = await look_now(world)
    assert case.state is State.FOLLOWING_UP
    assert case.steps["send_welcome"].detail == "uncertain"


async def test_an_outage_of_the_mailbox_sends_it_later_and_once(world: World) -> None:
    world.faults.before("create_draft", Unavailable("down", retry_after=61))
    case = await start(world, BEFORE_WELCOME)
    assert case.next_action.when == T0 + timedelta(seconds=61)
    await look_now(world)
    assert len(world.tenant.mail) == 1


async def test_an_address_that_hr_corrects_while_a_draft_is_kept_gets_the_welcome(world: World) -> None:
    world.faults.before("send_draft", Unavailable("down"))
    case = await start(world, BEFORE_WELCOME, hire=hire(personal_email="mistyped@stranger.example"))
    assert case.rungs["1:welcome"].status is RungStatus.DRAFTED
    case.hire = replace(case.hire, personal_email="zoe.private@example.org")
    await world.s.cases.save(case)
    assert (await look_now(world)).next_action.when == T0 + CLAIM_LEASE
    await look_now(world)
    assert [mail.to for mail in world.tenant.mail] == [("zoe.private@example.org",)]


def welcomed(episode: int, at: datetime, status: RungStatus = RungStatus.SENT) -> dict[str, RungRecord]:
    return {f"{episode}:welcome": RungRecord("welcome", episode, "person", status, at)}


@pytest.mark.parametrize("status", [RungStatus.SENT, RungStatus.UNCERTAIN])
async def test_nobody_is_welcomed_twice_whatever_episode_it_is(world: World, status: RungStatus) -> None:
    account = Account(USER.id, USER.user_principal_name, "4711", T0 - timedelta(days=90))
    rungs = welcomed(1, T0 - timedelta(days=9), status)
    case = await start(world, BEFORE_WELCOME, account=account, episode=2, rungs=rungs)
    assert world.tenant.mail == []
    assert case.steps["send_welcome"].detail == "welcomed_before"
    assert case.state is State.FOLLOWING_UP


@pytest.mark.parametrize("since", ["rehired_at", "instead_since"])
async def test_who_is_hired_again_or_has_another_account_is_welcomed_again(world: World, since: str) -> None:
    again = T0 - timedelta(days=1)
    account = Account(USER.id, USER.user_principal_name, "4711", T0 - timedelta(days=90))
    changes: dict[str, Any] = {"episode": 2, "rungs": welcomed(1, T0 - timedelta(days=80))}
    if since == "rehired_at":
        changes["rehired_at"] = again
    else:
        account.instead_since = again
    await start(world, BEFORE_WELCOME, account=account, **changes)
    assert len(world.tenant.mail) == 1


async def test_who_was_never_welcomed_and_had_registered_needs_none_later(world: World) -> None:
    case = await start(world, BEFORE_WELCOME, episode=2, confirmed_at=T0 - timedelta(days=9))
    assert world.tenant.mail == []
    assert case.steps["send_welcome"].detail == "already_registered"


async def test_it_holds_no_credential(make_world: MakeWorld) -> None:
    world = make_world(
        settings=Settings(first_credential="access_pass_to_desk", service_desk="d@contoso.example")
    )
    await start(world, BEFORE_MANAGER, at=datetime(2026, 8, 21, 8, 0, tzinfo=UTC))
    (welcome,) = [mail for mail in world.tenant.mail if "zoe.private@example.org" in mail.to]
    assert "PLANTED" not in welcome.text + welcome.html + welcome.subject
