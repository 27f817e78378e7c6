"""The process dies at every port call and HTTP request of the story, writes before and after, and is started again.

Points are recorded from a clean run, never listed by hand. Whatever point it was, afterwards there is one account,
no rung was sent twice, at most one pass is usable and it is the one mailed last, and the case reached its end.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from onboarding import bootstrap
from onboarding.domain.case import Case, RungStatus
from onboarding.domain.lifecycle import State
from onboarding.simulator.server import running_simulator
from tests.faults import harness, story
from tests.faults.harness import Stage
from tests.support.azurite import shared
from tests.support.host import Tenant
from tests.support.tracing import Point

CHUNKS = 8


@pytest.fixture(scope="module")
def simulator() -> Iterator[str]:
    with running_simulator(seed=1) as running:
        yield running.base_url


STORES = ("embedded", "azure")
#: Port methods that only look. Dying before a look is dying after whatever came before it: one state, died at once.
#: A method that is not named here counts as a write.
LOOKS = frozenset(
    {
        "clock.now", "cases.get", "cases.timeline", "cases.owners", "cases.find_aliases", "cases.due", "cases.search",
        "cases.counts", "cases.read_marker", "cases.get_operation", "cases.walk", "cases.walk_aliases",
        "deliveries.get", "deliveries.page", "deliveries.older", "deliveries.walk", "directory.get_user",
        "directory.find_by_employee_id", "directory.find_by_address", "directory.get_manager",
        "directory.has_privileges", "security.audit_events", "security.registration_report",
        "security.registration_of", "security.pass_limits", "security.passes", "mailer.look_up",
    }
)  # fmt: skip


def sides(store: str, name: str) -> tuple[str, ...]:
    """Where to die at a point. The azure store's points are writes: what lies between two of them is one state."""
    looks = name in LOOKS or name.startswith("http GET")
    return ("after",) if store == "azure" or looks else ("before", "after")


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


_recorded: dict[str, list[tuple[int, str, int]]] = {}


@pytest.fixture
def points(
    store: str, simulator: str, tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[int, str, int]]:
    """Recorded once for each store."""
    if store not in _recorded:
        folder = tmp_path_factory.mktemp("clean") / "run"
        found = harness.record(stage(store, folder, simulator))
        _recorded[store] = found
    return _recorded[store]


@pytest.mark.parametrize("store", ["embedded"])
def test_the_clean_run_meets_every_kind_of_effect(points: list[tuple[int, str, int]]) -> None:
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


@pytest.mark.parametrize("store", ["azure"])
def test_the_clean_run_over_a_storage_account_writes_to_everything_in_it(
    points: list[tuple[int, str, int]],
) -> None:
    names = {name for _, name, _ in points}
    assert {f"storage {place}" for place in (*DECISIVE, *HINTS)} <= names, sorted(names)
    assert any(name.startswith("http POST") for name in names)


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("store", STORES)
def test_every_point(
    store: str,
    chunk: int,
    simulator: str,
    points: list[tuple[int, str, int]],
    tmp_path: Path,
    pytestconfig: pytest.Config,
) -> None:
    """Beside each recorded point; a point that was not met fails the test."""
    if store == "azure" and not pytestconfig.getoption("every_point"):
        points = [point for point in points if decisive(point[1])]
    for index, targets in enumerate(harness.schedules(points, partial(sides, store))[chunk::CHUNKS]):
        missed = one_run(stage(store, tmp_path / str(index), simulator), targets)
        for number, target in enumerate(missed):
            alone = one_run(stage(store, tmp_path / f"{index}-{number}", simulator), [target])
            assert not alone, f"the point was not hit: {target}"


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
    _messages(tenant, case, target)


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
