"""In dry-run mode nothing is written to the tenant and no mail goes out, whatever is asked."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from onboarding import dry_run
from onboarding.domain.account import Account
from onboarding.domain.lifecycle import State
from onboarding.domain.records import StepRecord, StepStatus
from onboarding.errors import OperatorError
from onboarding.ports import Directory, DirectoryUser, Mailer, SecurityInfo
from onboarding.settings import Settings
from tests.support import doubles
from tests.support.doubles import World, drive, make_case

MakeWorld = Callable[..., World]
#: Closed lists: a method that is new in a port must be put on one of the two sides.
READS: dict[Any, set[str]] = {
    Directory: {
        "get_user",
        "find_by_employee_id",
        "find_by_address",
        "get_manager",
        "has_privileges",
        "role_holders",
        "people",
        "check",
        "find_deleted",
        "get_deleted",
        "get_leave_date",
        "groups",
        "memberships",
        "licence_units",
    },
    SecurityInfo: {
        "audit_events",
        "streamed",
        "registration_report",
        "registration_of",
        "sign_in_methods",
        "pass_limits",
        "passes",
    },
    Mailer: {"look_up"},
}
WRITES: dict[Any, dict[str, str]] = {
    Directory: dry_run.DIRECTORY_WRITES,
    SecurityInfo: dry_run.SECURITY_WRITES,
    Mailer: dry_run.MAILER_WRITES,
}


@pytest.mark.parametrize("port", list(WRITES), ids=lambda port: port.__name__)
def test_every_method_of_every_port_is_known_to_read_or_is_refused(port: type) -> None:
    methods = {name for name, member in vars(port).items() if inspect.isfunction(member) and name[0] != "_"}
    assert methods == READS[port] | WRITES[port].keys()
    assert not READS[port] & WRITES[port].keys()


@pytest.mark.parametrize("port", list(WRITES), ids=lambda port: port.__name__)
async def test_every_write_is_refused_before_it_reaches_the_adapter(port: type) -> None:
    class Nothing:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(f"{name} reached the adapter")

    for name in WRITES[port]:
        with pytest.raises(OperatorError) as caught:
            await getattr(dry_run.DryRun(Nothing(), WRITES[port]), name)("x", save=False)
        assert caught.value.code == "dry_run"


async def test_a_case_stops_at_the_account_and_the_tenant_is_as_it_was(make_world: MakeWorld) -> None:
    world = make_world(settings=Settings(mode="dry_run", service_desk="desk@contoso.example"))
    before = dict(world.tenant.users)
    await world.file(make_case())
    case = await drive(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, "dry_run")
    assert case.intent is not None, "our own store knows which name it would be"
    assert world.tenant.users == before
    assert world.tenant.mail == []


async def test_an_account_that_exists_already_is_not_touched_either(make_world: MakeWorld) -> None:
    world = make_world(settings=Settings(mode="dry_run", service_desk="desk@contoso.example"))
    done = {name: StepRecord(StepStatus.DONE) for name in ("reserve_username", "create_account")}
    for steps in (done, {**done, "set_manager": StepRecord(StepStatus.DONE)}):
        world = make_world(settings=Settings(mode="dry_run", service_desk="desk@contoso.example"))
        world.tenant.add(DirectoryUser("user-1", "zoe@contoso.example", created_at=doubles.T0))
        account = Account("user-1", "zoe@contoso.example", "4711", doubles.T0, manager_id=doubles.MANAGER.id)
        await world.file(make_case(state=State.PROVISIONING, account=account, steps=dict(steps)))
        case = await drive(world)
        assert case.reason_code == "dry_run"
        assert (world.tenant.managers, world.tenant.issued, world.tenant.mail) == ({}, [], [])
