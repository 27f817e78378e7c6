"""A policy in which every step of the plan has something to do, and a tenant that has it."""

from __future__ import annotations

from datetime import date
from typing import Any

from onboarding.domain.case import Case
from onboarding.domain.policy import Policy
from onboarding.domain.policy_file import load
from onboarding.settings import Settings
from tests.support.doubles import World, hire, make_case

STAFF = "aaaaaaaa-0000-4000-8000-000000000001"
SSPR = "aaaaaaaa-0000-4000-8000-000000000002"
GERMANY = "aaaaaaaa-0000-4000-8000-000000000003"
E3 = "05e9a617-0261-4cee-bb44-138d3ef5d965"
F1 = "bbbbbbbb-0000-4000-8000-000000000001"
BREAK_GLASS = "break.glass@contoso.example"

TEXT = f"""
[account]
enable_days_before_start = 3
leave_date = true
[people]
synced = [{{ employment_type = ["on-premises"] }}]
protected_accounts = ["{BREAK_GLASS}"]
[groups]
allowed = ["{STAFF}", "{SSPR}", "{GERMANY}"]
sspr_scope = "{SSPR}"
rules = [{{ group = "{STAFF}" }}, {{ group = "{GERMANY}", country = ["DE"] }}]
[licences]
rules = [
  {{ sku = "{F1}", department = ["Factory"] }},
  {{ sku = "{E3}", department = ["R&D"], mailbox = true }},
]
"""
SETTINGS = Settings(service_desk="desk@contoso.example", prepopulate_phone=True)


def full_policy(more: str = "") -> Policy:
    """The policy of `TEXT`; `more` goes into the section `[account]`."""
    return load(TEXT.replace("[account]\n", f"[account]\n{more}\n"))


def equip(world: World) -> World:
    """The tenant has the groups and some units of the licences."""
    held = world.tenant.held
    for group in (STAFF, SSPR, GERMANY):
        held.group(group)
    held.units, held.mailbox_skus = {E3: 5, F1: 5}, {E3}
    return world


def full_world(**given: Any) -> World:
    """Services in which every step applies."""
    return equip(World(**{"settings": SETTINGS, "policy": full_policy(), **given}))


def full_case(**changes: Any) -> Case:
    """Somebody for whom every step has something to do: a contractor who starts in a week."""
    person = hire(
        **{"employment_type": "Contractor", "end_date": date(2027, 1, 31), **changes.pop("hire", {})}
    )
    return make_case(hire=person, **changes)
