"""The guard before every write: what it refuses, and that every place that writes to an account asks it."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import onboarding
from onboarding import dry_run
from onboarding.domain import protected
from onboarding.domain.account import Account, AccountIntent, LostMethod
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import State
from onboarding.domain.policy_file import load
from onboarding.domain.records import StepRecord, StepStatus
from onboarding.operate import lost_phone
from onboarding.operate.explain import REASONS
from onboarding.ports import DirectoryUser
from onboarding.provisioning import existing
from onboarding.provisioning.step import Block, Context, Outcome
from onboarding.provisioning.steps import (
    assign_groups,
    assign_licenses,
    create_account,
    disable_account,
    enable_account,
    issue_access_pass,
    prepopulate_phone,
    set_hire_date,
    set_leave_date,
    set_manager,
)
from onboarding.safeguards import protection
from onboarding.settings import Settings
from tests.support.doubles import T0, World, make_case
from tests.support.full_policy import BREAK_GLASS, full_case, full_policy, full_world
from tests.support.kinds import ROOM, account

MakeWorld = Callable[..., World]

# --- what it refuses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"user_principal_name": BREAK_GLASS.upper()}, "protected_listed"),
        ({"mail": BREAK_GLASS}, "protected_listed"),
        ({"user_principal_name": "onboarding@contoso.example"}, "protected_listed"),
        ({"mail": "desk@contoso.example"}, "protected_listed"),
        ({"user_principal_name": "jane.admin@other.example"}, "protected_listed"),
        ({"user_type": "Guest"}, "protected_guest"),
        ({"user_principal_name": "a_b.example#EXT#@contoso.example"}, "protected_guest"),
        ({"user_principal_name": "Sync_SRV-01_0a1b2c3d4e5f@contoso.example"}, "protected_sync_account"),
        ({"user_principal_name": "ADToAADSyncServiceAccount@contoso.example"}, "protected_sync_account"),
        ({"user_principal_name": "MSOL_0a1b2c3d@contoso.example"}, "protected_sync_account"),
        (
            {"display_name": "On-Premises Directory Synchronization Service Account"},
            "protected_sync_account",
        ),
        ({"user_principal_name": "SystemMailbox{bb558c35-97f1}@contoso.example"}, "protected_sync_account"),
        ({"user_principal_name": "sync.meister@contoso.example"}, None),
        ({"user_principal_name": "sync_team@contoso.example"}, None),
        ({"licences": (ROOM,)}, "protected_resource_account"),
        (
            {"account_enabled": False, "mail": "team@contoso.example", "licences": ()},
            "protected_shared_mailbox",
        ),
        ({"account_enabled": False, "mail": "z@contoso.example"}, None),
        ({"account_enabled": False, "licences": ()}, None),
        ({"mail": "z@contoso.example", "licences": ()}, None),
    ],
)
def test_what_one_reading_of_a_user_tells(changes: dict[str, Any], reason: str | None) -> None:
    policy = full_policy('protected_names = ["jane.admin"]')
    addresses = ("onboarding@contoso.example", "desk@contoso.example", None)
    assert protected.reason(account(**changes), policy, addresses) == reason


def test_an_account_is_listed_by_its_id_as_well() -> None:
    key = "0000000a-0000-4000-8000-00000000000A"
    policy = load(f'[people]\nprotected_accounts = ["{key}"]')
    assert protected.reason(account(id=key.lower()), policy, ()) == "protected_listed"


def test_whoever_we_made_is_no_shared_mailbox_before_the_licence() -> None:
    user = account(account_enabled=False, mail="z@contoso.example", licences=())
    assert protected.reason(user, full_policy(), (), ours=True) is None


def test_every_reason_says_who_does_what() -> None:
    assert set(protected.REASONS) <= REASONS.keys()


async def test_a_role_is_asked_for_but_not_of_an_account_made_a_moment_ago() -> None:
    world = full_world()
    user = world.tenant.add(account())
    world.tenant.privileged.add(user.id)
    assert await protection.refusal(world.s, user) == "protected_privileged"
    asked = len(world.tape.calls)
    assert await protection.refusal(world.s, user, made_now=True) is None
    assert len(world.tape.calls) == asked
    world.close()


# --- every path that writes --------------------------------------------------------------------------------


def _case(**changes: Any) -> Case:
    """Everything before is done; the account is ours."""
    base = full_case(hire=changes.pop("hire", {}), state=State.PROVISIONING)
    base.account = Account("old-1", "z.mueller@contoso.example", "4711", T0)
    for name, value in changes.items():
        setattr(base, name, value)
    return base


def _adopting(**_: Any) -> Case:
    case = make_case(state=State.PROVISIONING, intent=AccountIntent("zoe@contoso.example", "4711", T0))
    codes = (existing.NEEDS_APPROVAL, existing.NEEDS_APPROVAL_RESTORE)
    case.approvals = [f"{code}:old-1" for code in codes]
    return case


def _withdrawn(**_: Any) -> Case:
    return _case(state=State.CANCELLED, hire={"start_date": date(2026, 9, 1)})


def _losing(**_: Any) -> Case:
    return _case(state=State.FOLLOWING_UP, lost_method=LostMethod("id-mobilePhone", "mobilePhone", T0, T0))


async def _lost_phone(ctx: Context) -> Outcome:
    """The refusal as a step would say it."""
    await lost_phone.advance(ctx.s, ctx.case, ctx.now)
    entry = (await ctx.s.cases.timeline(ctx.case.case_id))[-1]
    assert entry.action == "lost_phone_refused"
    return Block(entry.detail["reason"])


Run = Callable[[Context], Any]
#: Where Directory and SecurityInfo are written to, and how such a write begins.
PATHS: Mapping[str, tuple[str, Run, Callable[..., Case]]] = {
    "adopt": ("provisioning/existing.py", create_account.run, _adopting),
    "restore": ("provisioning/existing.py", create_account.run, _adopting),
    "enable": ("provisioning/steps/enable_account.py", enable_account.run, _case),
    "disable": ("provisioning/steps/disable_account.py", disable_account.run, _withdrawn),
    "manager": ("provisioning/steps/set_manager.py", set_manager.run, _case),
    "group": ("provisioning/steps/assign_groups.py", assign_groups.run, _case),
    "licence": ("provisioning/steps/assign_licenses.py", assign_licenses.run, _case),
    "hire date": ("provisioning/steps/set_hire_date.py", set_hire_date.run, _case),
    "leave date": ("provisioning/steps/set_leave_date.py", set_leave_date.run, _case),
    "phone": ("provisioning/steps/prepopulate_phone.py", prepopulate_phone.run, _case),
    "lost phone": ("operate/lost_phone.py", _lost_phone, _losing),
    "pass": ("provisioning/steps/issue_access_pass.py", issue_access_pass.run, _case),
}
#: Writes that need no guard: the account is not there yet, or a credential is taken away.
UNGUARDED = {
    ("provisioning/steps/create_account.py", "create_user"),
    ("provisioning/steps/issue_access_pass.py", "void_pass"),
    ("provisioning/steps/revoke_pass.py", "void_pass"),
}


def test_every_place_that_writes_to_an_account_is_walked_here() -> None:
    """Whoever writes somewhere else adds a path above, and is held to the guard by it."""
    root = Path(onboarding.__file__).parent
    writes = "|".join([*dry_run.DIRECTORY_WRITES, *dry_run.SECURITY_WRITES])
    call = re.compile(rf"\b(?:directory|security)\.({writes})\(")
    found = {
        (str(path.relative_to(root)), name)
        for path in root.rglob("*.py")
        if path.relative_to(root).parts[0] not in {"graph", "ports", "simulator", "cli", "devhost"}
        for name in call.findall(path.read_text(encoding="utf-8"))
    }
    assert found >= UNGUARDED
    walked = {path for path, _, _ in PATHS.values()}
    assert {path for path, _ in found - UNGUARDED} == walked


PROTECTED: Mapping[str, dict[str, Any]] = {
    protected.LISTED: {"user_principal_name": BREAK_GLASS},
    protected.GUEST: {"user_type": "Guest"},
    protected.SYNC: {"user_principal_name": "Sync_DC01_0a1b2c3d4e5f@contoso.example"},
    protected.RESOURCE: {"licences": (ROOM,)},
    protected.SHARED: {"account_enabled": False, "mail": "team@contoso.example", "licences": ()},
    protected.PRIVILEGED: {},
}
#: What cannot be: ours is no shared mailbox, and a deleted account can neither be asked for roles nor has a mailbox.
IMPOSSIBLE = {
    ("disable", protected.SHARED),
    ("phone", protected.SHARED),
    ("restore", protected.SHARED),
    ("restore", protected.PRIVILEGED),
}
WALKED = [(path, reason) for path in PATHS for reason in PROTECTED if (path, reason) not in IMPOSSIBLE]


@pytest.mark.parametrize(("path", "reason"), WALKED)
async def test_no_path_writes_to_a_protected_account_whatever_was_approved(path: str, reason: str) -> None:
    _, run, make = PATHS[path]
    world = full_world(settings=Settings(service_desk="desk@contoso.example", prepopulate_phone=True))
    user = account(**PROTECTED[reason])
    case = make()
    if path == "restore":
        world.tenant.held.deleted[user.id] = user
    else:
        world.tenant.add(user)
    if reason == protected.PRIVILEGED:
        world.tenant.privileged.add(user.id)
    if reason == protected.SHARED and case.account is not None:
        case.account.origin = "adopted"
        case.approvals = ["needs_approval_pass"]
    if path == "lost phone":
        world.tenant.methods[user.id] = ("mobilePhone",)
    world.clock.move(days=4)
    await _run_refused(world, run, await world.file(case), reason)
    world.close()


async def _run_refused(world: World, run: Run, case: Case, reason: str) -> None:
    before = _tenant(world)
    outcome: Outcome = await run(Context(world.s, case, world.clock.at))
    assert isinstance(outcome, Block), outcome
    assert outcome.reason == reason
    assert _tenant(world) == before, "nothing was written"


def _tenant(world: World) -> Any:
    tenant = world.tenant
    return copy.deepcopy(
        (
            tenant.users,
            tenant.created,
            tenant.managers,
            tenant.passes,
            tenant.methods,
            tenant.held,
            tenant.mail,
            tenant.deleted_methods,
            tenant.revoked,
        )
    )


async def test_a_role_that_came_after_the_account_is_seen_in_a_later_run(make_world: MakeWorld) -> None:
    world = make_world(policy=full_policy())
    user: DirectoryUser = world.tenant.add(replace(account(), account_enabled=False, licences=()))
    case = _case(steps={"create_account": StepRecord(StepStatus.DONE)})
    assert case.account is not None
    case.account.disabled_by_us = True
    ctx = Context(world.s, await world.file(case), world.clock.at)
    assert await ctx.writable() == user
    world.tenant.privileged.add(user.id)
    assert await ctx.writable() == user, "once a run"
    assert await ctx.writable(thorough=True) == Block("protected_privileged")
    assert await Context(world.s, case, world.clock.at).writable() == Block("protected_privileged")
