"""The process dies before and after every port call and HTTP request of the story, and is started again.

Points are recorded from a clean run, never listed by hand. Whatever point it was, afterwards there is one account,
no rung was sent twice, at most one pass is usable and it is the one mailed last, and the case reached its end.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from onboarding import bootstrap
from onboarding.domain.case import Case, RungStatus
from onboarding.domain.lifecycle import State
from onboarding.simulator.server import running_simulator
from tests.faults import harness, story
from tests.support.host import Tenant
from tests.support.tracing import Point

CHUNKS = 8


@pytest.fixture(scope="module")
def simulator() -> Iterator[str]:
    with running_simulator(seed=1) as running:
        yield running.base_url


@pytest.fixture(scope="module")
def points(simulator: str, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[int, str, int]]:
    return harness.record(tmp_path_factory.mktemp("clean") / "run", simulator)


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


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_point(chunk: int, simulator: str, points: list[tuple[int, str, int]], tmp_path: Path) -> None:
    """Before and after each recorded point; a point that was not met fails the test."""
    for index, targets in enumerate(harness.schedules(points)[chunk::CHUNKS]):
        missed = one_run(tmp_path / str(index), simulator, targets)
        for number, target in enumerate(missed):
            alone = one_run(tmp_path / f"{index}-{number}", simulator, [target])
            assert not alone, f"the point was not hit: {target}"


def one_run(folder: Path, simulator: str, targets: list[Point]) -> list[Point]:
    with Tenant(simulator) as tenant:
        missed = harness.killed_at(folder, tenant, simulator, targets)
        check(tenant, load(folder, simulator), [target for target in targets if target not in missed])
    return missed


def load(folder: Path, simulator: str) -> Case:
    """The only case in the store."""

    async def read() -> list[Case]:
        from onboarding.ports import CaseQuery

        app = bootstrap.build(story.settings(folder, simulator))
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
