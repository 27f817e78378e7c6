"""Every step for every kind of person does what docs/steps.md says: one run per row, one test per cell."""

from __future__ import annotations

from pathlib import Path

import pytest

from onboarding.operate.explain import REASONS
from onboarding.provisioning import table
from onboarding.provisioning.plan import steps
from tests.support.kinds import SETUPS, outcomes

STEPS = [planned.step.name for planned in steps()]
_lived: dict[str, dict[str, str]] = {}


async def lived(kind: str) -> dict[str, str]:
    """The row of this kind as it comes out; lived through once."""
    if kind not in _lived:
        world, case = SETUPS[kind]()
        try:
            _lived[kind] = await outcomes(world, case)
        finally:
            world.close()
    return _lived[kind]


def test_the_page_is_drawn_from_the_code() -> None:
    page = Path(__file__).parents[2] / "docs" / "steps.md"
    assert page.read_text(encoding="utf-8") == table.markdown(), "python -m onboarding.provisioning.table"


def test_every_row_has_somebody_who_lives_through_it_and_a_cell_for_every_step() -> None:
    assert [kind.name for kind in table.KINDS] == list(SETUPS)
    assert set(STEPS) == table.EMPLOYEE.keys()
    for kind in table.KINDS:
        assert set(kind.cells) <= set(STEPS), kind.name


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("kind", table.KINDS, ids=lambda kind: kind.name)
async def test_every_cell_is_what_happens(kind: table.Kind, step: str) -> None:
    assert (await lived(kind.name))[step] == kind.row()[step]


@pytest.mark.parametrize("kind", table.KINDS, ids=lambda kind: kind.name)
async def test_every_refusal_and_question_says_who_does_what(kind: table.Kind) -> None:
    cells = [cell for cell in (await lived(kind.name)).values() if "refused" in cell or "asks" in cell]
    for cell in cells:
        assert cell.split("`")[1] in REASONS, cell


@pytest.mark.parametrize("kind", [kind for kind in table.KINDS if kind.stops], ids=lambda kind: kind.name)
async def test_whoever_is_refused_before_the_account_leaves_the_tenant_as_it_was(kind: table.Kind) -> None:
    world, case = SETUPS[kind.name]()
    try:
        before = (dict(world.tenant.users), dict(world.tenant.held.deleted))
        await outcomes(world, case)
        if kind.stops != "assign_licenses":  # by then the account is ours
            assert (dict(world.tenant.users), dict(world.tenant.held.deleted)) == before
            assert world.tenant.created == []
        held = world.tenant.held
        assert (world.tenant.mail, world.tenant.issued, held.assigned, held.restored) == ([], [], [], [])
    finally:
        world.close()
