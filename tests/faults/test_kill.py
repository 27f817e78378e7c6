"""The process dies in every state that the story's port calls and HTTP requests leave behind, and is started again.

A look leaves nothing behind, and before a write lies what is after the write before it: so each write is died after
once, and the first one of a phase, which follows the outside world's move, before it too. With --every-point also
beside every look and on both sides of every write.

Points are recorded from a clean run, never listed by hand. Whatever point it was, afterwards there is one account,
no rung was sent twice, at most one pass is usable and it is the one mailed last, and the case reached its end.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from onboarding import bootstrap
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import State
from onboarding.domain.records import RungStatus
from onboarding.simulator.server import running_simulator
from tests.faults import harness, story
from tests.faults.harness import Recorded, Stage
from tests.support.azurite import shared
from tests.support.host import Tenant
from tests.support.tracing import Point

CHUNKS = 4


@pytest.fixture(scope="module")
def simulator() -> Iterator[str]:
    with running_simulator(seed=1) as running:
        yield running.base_url


STORES = ("embedded", "azure")
BOTH = ("before", "after")


#: Ports of the tenant.
TENANT = ("directory.", "security.", "mailer.")


def in_one_process(store: str) -> Any:
    """What a store's tests share, the recorded points and the fork server, is made once."""
    return pytest.param(store, marks=pytest.mark.xdist_group(f"kill-{store}"))


#: Port methods that only look. A method that is not named here counts as a write.
LOOKS = frozenset(
    {
        "clock.now", "cases.get", "cases.timeline", "cases.owners", "cases.find_aliases", "cases.due", "cases.search",
        "cases.counts", "cases.read_marker", "cases.get_operation", "cases.walk", "cases.walk_aliases",
        "deliveries.get", "deliveries.page", "deliveries.older", "deliveries.walk", "directory.get_user",
        "directory.find_by_employee_id", "directory.find_by_address", "directory.get_manager",
        "directory.has_privileges", "directory.role_holders", "directory.find_deleted", "directory.get_deleted",
        "directory.groups", "directory.memberships", "directory.licence_units", "queue.backlog",
        "security.audit_events", "security.registration_report", "security.registration_of", "security.pass_limits",
        "security.sign_in_methods",
        "security.passes", "mailer.look_up",
    }
)  # fmt: skip


def targets_of(store: str, points: list[Recorded], every: bool) -> list[Point]:
    """Where to die: once in each state, or beside everything."""
    if store == "azure":
        # Every sixth one: on the embedded store each is met, and `test_azure_crash` dies at each request of a write.
        return [(*point, "after") for point in points if every or decisive(point[1])][:: 1 if every else 6]
    if every:
        return [(*point, side) for point in points for side in (("after",) if looks(point[1]) else BOTH)]
    # A call of the tenant ends in the state that its request left: that is a point of its own.
    writes = [point for point in points if not looks(point[1]) and not point[1].startswith(TENANT)]
    first = {phase: number for number, (phase, _, _) in reversed(list(enumerate(writes)))}
    found: list[Point] = []
    for number, point in enumerate(writes):
        found += [(*point, side) for side in (BOTH if first[point[0]] == number else ("after",))]
    return found


def looks(name: str) -> bool:
    return name in LOOKS or name.startswith("http GET")


#: Writes to the storage account that decide something …
DECISIVE = (
    "POST transaction cases",
    "PUT cases",
    "POST aliases",
    "POST deliveries",
    "PUT deliveries",
    "PUT markers",
    "POST onboarding-work",
    "DELETE onboarding-work",
)
#: … and those that only hint at it. `tests/storage/test_azure_crash.py` dies at each of those, in every order that a
#: write has; here they are points with --every-point.
HINTS = ("POST transaction listings", "POST transaction words", "PUT listings", "PUT due", "DELETE due")


def stage(store: str, folder: Path, simulator: str) -> Stage:
    """A stage with an empty store."""
    azurite = shared()
    storage = azurite.connection_string(azurite.account()) if store == "azure" else None
    return Stage(folder, simulator, storage)


_recorded: dict[str, list[Recorded]] = {}


@pytest.fixture
def points(store: str, simulator: str, tmp_path_factory: pytest.TempPathFactory) -> list[Recorded]:
    """Recorded once for each store."""
    if store not in _recorded:
        folder = tmp_path_factory.mktemp("clean") / "run"
        found = harness.record(stage(store, folder, simulator))
        _recorded[store] = found
    return _recorded[store]


@pytest.mark.parametrize("store", [in_one_process("embedded")])
def test_the_clean_run_meets_every_kind_of_effect(points: list[Recorded]) -> None:
    """The story would prove little if it did not touch what can go wrong."""
    names = {name for _, name, _ in points}
    expected = {
        "deliveries.put_if_absent",
        "queue.send",
        "cases.create",
        "cases.claim_alias",
        "cases.save",
        "cases.postpone",
        "directory.create_user",
        "directory.set_manager",
        "security.create_pass",
        "mailer.send_now",
        "mailer.create_draft",
        "mailer.send_draft",
    }
    assert expected <= names
    assert any(name.startswith("http POST") for name in names)


@pytest.mark.parametrize("store", [in_one_process("azure")])
def test_the_clean_run_over_a_storage_account_writes_to_everything_in_it(
    points: list[Recorded],
) -> None:
    names = {name for _, name, _ in points}
    assert {f"storage {place}" for place in (*DECISIVE, *HINTS)} <= names, sorted(names)
    assert any(name.startswith("http POST") for name in names)


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("store", [in_one_process(store) for store in STORES])
def test_every_point(
    store: str,
    chunk: int,
    simulator: str,
    points: list[Recorded],
    tmp_path: Path,
    pytestconfig: pytest.Config,
) -> None:
    """At each of the targets; one that was not met fails the test."""
    every = bool(pytestconfig.getoption("every_point"))
    left: list[Point] = []
    for index, targets in enumerate(harness.schedules(targets_of(store, points, every))[chunk::CHUNKS]):
        left += one_run(stage(store, tmp_path / f"{index}", simulator), targets)
    # An earlier death changed what came after it: fewer in a run, and at last one.
    rounds = (("fewer", harness.schedules(sorted(left), len(left) or 1)), ("alone", [[one] for one in left]))
    for name, runs in rounds:
        for index, wanted in enumerate(runs):
            if targets := [target for target in wanted if target in left]:
                missed = one_run(stage(store, tmp_path / f"{name}-{index}", simulator), targets)
                left = [target for target in left if target not in targets or target in missed]
    assert not left, f"points that were not hit: {left}"


#: What the story's first delivery meets before it is answered; what comes after must not lose it.
ACCEPTED = "deliveries.put_if_absent"


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("store", [in_one_process("embedded")])
def test_a_power_failure_after_every_write_to_the_tenant(
    store: str, simulator: str, points: list[Recorded], tmp_path: Path
) -> None:
    """What a killed process leaves is in the kernel's hands; here it is gone, back to the last sync."""
    effects = [point for point in points if point[1].startswith("http ") and not looks(point[1])]
    targets: list[Point] = [(*point, "after") for point in points if point[1] == ACCEPTED]
    targets += [(*point, side) for point in effects for side in BOTH]
    left: list[Point] = []
    for index, wanted in enumerate(harness.schedules(targets)):
        left += one_run(Stage(tmp_path / f"{index}", simulator, power=True), wanted)
    for index, target in enumerate(left):
        assert not one_run(Stage(tmp_path / f"alone-{index}", simulator, power=True), [target])


def decisive(name: str) -> bool:
    """A write to the tenant, or one to the storage account that decides something."""
    return name.startswith("http ") or name.removeprefix("storage ") in DECISIVE


def one_run(stage: Stage, targets: list[Point]) -> list[Point]:
    with Tenant(stage.simulator) as tenant:
        missed = harness.killed_at(stage, tenant, targets)
        check(tenant, load(stage), [target for target in targets if target not in missed])
    return missed


def load(stage: Stage) -> Case:
    """The only case in the store."""

    async def read() -> list[Case]:
        from onboarding.ports import CaseQuery

        app = bootstrap.build(story.settings(stage.folder, stage.simulator, stage.storage))
        found = await app.services.cases.search(CaseQuery())
        cases = [await app.services.cases.get(item.case_id) for item in found.items]
        await app.aclose()
        return [case for case in cases if case]

    (case,) = asyncio.run(read())
    return case


def check(tenant: Tenant, case: Case, target: list[Point]) -> None:
    """The invariants."""
    made = [user for user in tenant.users() if user.get("employeeId") == story.EMPLOYEE]
    assert len(made) == 1, f"{target}: {len(made)} accounts"
    assert case.account, f"{target}: no account on the case"
    assert case.account.id == made[0]["id"], f"{target}: the case links another account"
    assert case.state is State.CONFIRMED, f"{target}: {case.state} {case.reason_code} {case.next_action}"
    assert case.next_action.when is not None, f"{target}: nothing is planned"
    _entitled(tenant, made[0], target)
    _messages(tenant, case, target)


def _entitled(tenant: Tenant, user: dict[str, Any], target: list[Point]) -> None:
    """What the steps after the account left in the tenant."""
    held = tenant.get("/_control/groups")["items"]
    members = {group["id"]: group["members"].count(user["id"]) for group in held}
    assert (members[story.STAFF], members[story.SSPR]) == (1, 1), f"{target}: {members}"
    assert user["accountEnabled"] is True, f"{target}: the account is not enabled"
    assert user["mail"], f"{target}: no licence, so no mailbox"
    assert str(user["employeeHireDate"]).startswith("2027-03-08T00"), f"{target}: no first day"
    assert str(user["employeeLeaveDateTime"]).startswith("2028-01-01T00"), f"{target}: no end of the last day"


def _messages(tenant: Tenant, case: Case, target: list[Point]) -> None:
    mail = tenant.mail()
    passes = [item for item in mail if "first sign-in" in item["subject"]]
    others = Counter(
        (tuple(item["to"]), item["subject"]) for item in mail if item["id"] not in {p["id"] for p in passes}
    )
    twice = {key: count for key, count in others.items() if count > 1}
    assert not twice, f"{target}: sent twice: {twice}"
    sent = [rung for rung in case.rungs.values() if rung.status is RungStatus.SENT]
    doubt = [rung for rung in case.rungs.values() if rung.status is RungStatus.UNCERTAIN]
    assert len(sent) <= sum(others.values()), f"{target}: a rung counts as sent and was not"
    assert len(doubt) <= len(target), f"{target}: more rungs than deaths are in doubt"
    assert passes, f"{target}: no pass was handed over"
