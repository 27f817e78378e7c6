"""One person of every kind that the table of docs/steps.md has, in a tenant where every step has something to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from onboarding.domain.account import Account
from onboarding.domain.case import TENANT, Alias, AliasKind, Case
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.records import StepStatus
from onboarding.ports import DirectoryUser
from onboarding.provisioning.plan import steps
from tests.support.doubles import CASE_ID, T0, World, drive, hire, make_case
from tests.support.full_policy import BREAK_GLASS, E3, full_policy, full_world

OLD = datetime(2024, 1, 1, tzinfo=UTC)
NAME = "Zoë Müller-Strauß"
ROOM = "6070a4c8-34c6-4937-8dfb-39bbc6397a60"


def account(**changes: Any) -> DirectoryUser:
    """An account with HR's number that was there before us."""
    base = DirectoryUser(
        "old-1",
        "z.mueller@contoso.example",
        employee_id="4711",
        display_name=NAME,
        account_enabled=True,
        created_at=OLD,
        user_type="Member",
        synced=False,
        usage_location="DE",
        licences=(E3,),
    )
    return replace(base, **changes)


Setup = Callable[[], tuple[World, Case]]


def person(rehire: str = "ask", **changes: Any) -> tuple[World, Case]:
    """Somebody for whom every step has something to do, with these changes to what HR says."""
    world = full_world(policy=full_policy(f'rehire = "{rehire}"'))
    return world, make_case(hire=hire(**{"employment_type": "Employee", **changes}))


def before(rehire: str = "ask", *, deleted: bool = False, **changes: Any) -> tuple[World, Case]:
    """The same with an account that was there before us."""
    world, case = person(rehire)
    found = account(**changes)
    if deleted:
        world.tenant.held.deleted[found.id] = found
    else:
        world.tenant.add(found)
    return world, case


def _anothers() -> tuple[World, Case]:
    """An approver has said so."""
    world, case = before(display_name="Somebody Else")
    case.approvals = ["not_this:old-1"]
    return world, case


def _role() -> tuple[World, Case]:
    world, case = before()
    world.tenant.privileged.add("old-1")
    return world, case


def _synced(**changes: Any) -> tuple[World, Case]:
    world, case = person(employment_type="On-premises")
    world.tenant.add(account(synced=True, mail="z.mueller@contoso.example", **changes))
    return world, case


def _ours(*, deleted: bool) -> tuple[World, Case]:
    """We made it, HR withdrew the hire, we disabled it, and now HR hires the person again."""
    world, case = person()
    made = account(account_enabled=False, licences=(), mail=None)
    case.account = Account(made.id, made.user_principal_name, "4711", OLD, disabled_by_us=True)
    case.rehired_at, case.approvals = T0, ["needs_approval_rehire"]
    if deleted:
        world.tenant.held.deleted[made.id] = made
    else:
        world.tenant.add(made)
    return world, case


#: kind → how such a person and the tenant look at the start.
SETUPS: Mapping[str, Setup] = {
    "employee": person,
    "contractor with an end date": lambda: person(employment_type="Contractor", end_date=date(2027, 1, 31)),
    "contractor whose last day is over": lambda: person(
        employment_type="Contractor", end_date=date(2026, 8, 10)
    ),
    "frontline, no mailbox": lambda: person(department="Factory"),
    "frontline, no private address": lambda: person(department="Factory", personal_email=None),
    "one name": lambda: person(given_name="Sukarno", family_name=None),
    "no manager": lambda: person(manager=None),
    "no country": lambda: person(work_country=None, locale=None),
    "comes back, account disabled": lambda: before(account_enabled=False),
    "comes back, account deleted": lambda: before(account_enabled=False, deleted=True),
    "comes back, policy restores": lambda: before("restore", account_enabled=False, deleted=True),
    "comes back, number was another's": lambda: before(
        "restore", account_enabled=False, deleted=True, display_name="Somebody Else"
    ),
    "withdrawn and hired again": lambda: _ours(deleted=False),
    "withdrawn, deleted, hired again": lambda: _ours(deleted=True),
    "account made by HR or IT": before,
    "account made by IT, no number": lambda: before(
        employee_id=None, user_principal_name="zoe.mueller-strauss@contoso.example"
    ),
    "account made by IT, synced": lambda: before(synced=True),
    "number is on another person's account": _anothers,
    "synced": _synced,
    "synced, account missing": lambda: person(employment_type="on-premises"),
    "synced, no number": lambda: person(employment_type="on-premises", employee_id="x" * 40),
    "guest": lambda: person(employment_type="Guest"),
    "account is a guest's": lambda: before(user_type="Guest"),
    "account holds a role": _role,
    "account is listed": lambda: before(user_principal_name=BREAK_GLASS),
    "account is shared": lambda: before(account_enabled=False, mail="team@contoso.example", licences=()),
    "account is a room's": lambda: before(licences=(ROOM,)),
    "account is of the sync": lambda: before(user_principal_name="Sync_DC01_0a1b2c3d4e5f@contoso.example"),
}


async def outcomes(world: World, case: Case) -> dict[str, str]:
    """Step → what came of it, in the words of the table. Whoever is asked approves."""
    if case.account is not None:
        for alias in (
            Alias(TENANT, AliasKind.OBJECT_ID, case.account.id),
            Alias(TENANT, AliasKind.UPN, case.account.user_principal_name.lower()),
        ):
            await world.store.cases.claim_alias(alias, case.case_id)
    await world.file(case)
    asked: dict[str, list[str]] = {}
    for _ in range(6):
        case = await drive(world)
        code = case.reason_code or ""
        if case.state is not State.BLOCKED or not code.startswith("needs_approval_"):
            break
        stopped = next(name for name, record in case.steps.items() if record.status is StepStatus.BLOCKED)
        asked.setdefault(stopped, []).append(code)
        case.apply(Event.UNBLOCK)
        case.grant(code, world.clock.at)
        case.next_action.what, case.next_action.when = "provision", world.clock.at
        await world.store.cases.save(case)
    return {
        planned.step.name: _word(case, planned.step.name, asked.get(planned.step.name, []))
        for planned in steps()
    }


def _word(case: Case, name: str, asked: list[str]) -> str:
    record = case.steps.get(name)
    if record is None or record.status is StepStatus.PENDING:
        return "–"
    questions = "".join(f"asks `{code}`, then " for code in asked)
    if record.status is StepStatus.DONE:
        return questions + ("done" if record.detail is None else f"done: `{record.detail}`")
    if record.status is StepStatus.SKIPPED:
        return f"{questions}left out: `{record.detail}`"
    assert record.status is StepStatus.BLOCKED, record
    return f"{questions}refused: `{record.code}`"


LONG = timedelta(days=60)
__all__ = ["CASE_ID", "LONG", "SETUPS", "outcomes"]
