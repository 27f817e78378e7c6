"""Outcome: the account's manager in Entra is the person whom HR named, if that person can be found for sure.

A manager who cannot be found, or is ambiguous, is data and not an outage: the step is skipped with the reason,
escalations go to the service desk, and the pass does too. Whoever may be there later, as the managers of a mass arrival
are, is looked for again before the pass and with each look of the follow-up. HR's id of a manager is that HR system's
own: it is compared with the ids by which the same system knows its people (our own cases), not with payroll numbers.
`employeeId` in Entra may be either, so whoever is found by it alone is linked in Entra where nothing speaks against it,
and is told nothing: as if nobody had been found, pass and escalations go to the service desk. Whom HR replaces is
nobody's manager here from that moment on (`intake.merging`); in Entra the link to one whom HR took away without a
successor stays.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from onboarding.domain.case import TENANT, Alias, AliasKind, Case, ids_in
from onboarding.domain.hire import ManagerRef
from onboarding.domain.records import StepRecord, StepStatus
from onboarding.ports import DirectoryUser
from onboarding.provisioning.step import Block, Context, Done, Outcome, Skip, Step

STEP = Step(
    "set_manager",
    "The manager is set in Entra",
    after=("create_account",),
    permissions=(
        "User.ReadWrite.All",
        "User.Read.All",
        "RoleManagement.Read.Directory",
        "Directory.Read.All",
    ),
    after_end=True,
)
#: Detail of the step where only `employeeId` speaks for the one who was set.
UNSURE = "by_employee_id_alone"
#: Details of the step where somebody may be found later.
_NOT_FOUND, _AMBIGUOUS = "manager_not_found", "manager_ambiguous"
#: Nobody is looked for twice within this time.
_LOOK_AGAIN = timedelta(minutes=5)


def looks_again(record: StepRecord | None, now: datetime) -> bool:
    """Nobody was found when the step ran last, or several, and it is time to look again."""
    if record is None or record.status is not StepStatus.SKIPPED:
        return False
    return record.detail in {_NOT_FOUND, _AMBIGUOUS} and (record.at is None or now >= record.at + _LOOK_AGAIN)


async def run(ctx: Context) -> Outcome:
    """Find by address, then by HR's id (our own cases, then employeeId); PUT the reference; read nothing back."""
    if ctx.account.synced:
        return await _read(ctx)
    ref, account = ctx.hire.manager, ctx.account
    account.manager_id = account.manager_named = None
    if not ref:
        return Skip("no_manager_named")
    people, sure = _apart(ctx, await _find(ctx, ref)), True
    if not people and ref.id:
        people, sure = _apart(ctx, await _by_employee_id(ctx, ref)), False
    if len(people) != 1:
        return Skip(_AMBIGUOUS if people else _NOT_FOUND)
    user = await ctx.writable()
    if isinstance(user, Block):
        return user
    if user.synced:  # Active Directory took it over since it was linked
        return await _read(ctx)
    await ctx.s.directory.set_manager(user.id, people[0].id)
    if not sure:
        return Done(UNSURE)
    account.manager_id, account.manager_named = people[0].id, ref
    return Done()


def _apart(ctx: Context, found: list[DirectoryUser]) -> list[DirectoryUser]:
    return [user for user in found if user.account_enabled is not False and user.id != ctx.account.id]


async def _read(ctx: Context) -> Outcome:
    """Active Directory decides; who it is has to be known for escalations."""
    manager = await ctx.s.directory.get_manager(ctx.account.id)
    ctx.account.manager_id = manager.id if manager else None
    return Skip("synced_account")


async def _find(ctx: Context, ref: ManagerRef) -> list[DirectoryUser]:
    """By address; else by the id that the same HR system gives its people."""
    if ref.email and (found := await ctx.s.directory.find_by_address(ref.email)):
        return found
    if not ref.id:
        return []
    ours = []
    alias = Alias(_namer(ctx.case), AliasKind.EMPLOYEE_ID, ref.id)
    for owner in (await ctx.s.cases.owners([alias])).values():
        case = await ctx.s.cases.get(owner)
        if case and case.account and (user := await ctx.s.directory.get_user(case.account.id)):
            ours.append(user)
    return ours


def _namer(case: Case) -> str:
    """The HR system that named the manager."""
    said = case.said.get("manager")
    return (said.source if said else None) or case.source


async def _by_employee_id(ctx: Context, ref: ManagerRef) -> list[DirectoryUser]:
    """Who carries the id in Entra, unless something says that it is another kind of number, or somebody else."""
    assert ref.id is not None  # noqa: S101 (asked by the caller)
    hire = ctx.hire
    if ref.email or (hire.employee_number and hire.employee_number != hire.employee_id):
        return []  # HR's address is nobody's here; or its ids are not the numbers that accounts carry
    found = await ctx.s.directory.find_by_employee_id(ref.id)
    return [user for user in found if not await _is_another(ctx, user, ref)]


async def _is_another(ctx: Context, user: DirectoryUser, ref: ManagerRef) -> bool:
    if ref.name and user.display_name and not _words(ref.name) & _words(user.display_name):
        return True
    alias, source = Alias(TENANT, AliasKind.OBJECT_ID, user.id), _namer(ctx.case)
    for owner in (await ctx.s.cases.owners([alias])).values():
        case = await ctx.s.cases.get(owner)
        if case and ids_in(case, source).get("employee_id", ref.id) != ref.id:
            return True
    return False


def _words(name: str) -> set[str]:
    return set(name.casefold().replace(",", " ").split())
