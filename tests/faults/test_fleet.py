"""Two hosts as real processes on one store: killed at random moments, with the storage account away for a while,
messages delivered again after their lease, and poison between them. Afterwards nobody is missing and nobody twice.
"""

from __future__ import annotations

import asyncio
import base64
import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from onboarding.ports import POISON, WORK_QUEUE
from onboarding.settings import Secret, StorageSettings
from onboarding.simulator.server import running_simulator
from onboarding.storage.azure import open_azure
from onboarding.storage.embedded import open_embedded
from tests.faults import story
from tests.faults.fleet import Fleet
from tests.support.azurite import Azurite
from tests.support.host import Tenant

HIRES = 5
#: Two days after the story begins: accounts are made at once.
START = date(2027, 3, 3)


@pytest.fixture
def simulator() -> Iterator[str]:
    with running_simulator(seed=1) as running:
        yield running.base_url


@pytest.fixture
def tenant(simulator: str) -> Iterator[Tenant]:
    with Tenant(simulator) as tenant:
        story.prepare(tenant)
        yield tenant


@pytest.fixture
def account(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Azurite | None]:
    if request.param == "embedded":
        yield None
        return
    azurite = Azurite(tmp_path / "azurite", persistent=True)
    azurite.start()
    yield azurite
    azurite.kill()


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("account", ["embedded", "azure"], indirect=True)
async def test_killed_hosts_lose_nobody_and_do_nothing_twice(
    account: Azurite | None,
    simulator: str,
    tenant: Tenant,
    tmp_path: Path,
    pytestconfig: pytest.Config,
) -> None:
    # Each death is a start of a process: by default each host dies twice, and with --every-point seven times in all.
    rounds, deadly_days = (4, 3) if pytestconfig.getoption("every_point") else (2, 2)
    storage = account.connection_string() if account else None
    with Fleet(tmp_path, tenant, simulator, storage) as fleet:
        posting = asyncio.create_task(fleet.post(range(HIRES), START, times=2))
        await asyncio.sleep(1.0)
        await asyncio.to_thread(_trouble, fleet, account, rounds)
        assert await posting >= 2 * HIRES
        await poison(tmp_path, storage)
        await asyncio.to_thread(fleet.wait_for, partial(provisioned, fleet, tenant), 120)
        made = Counter(user.get("employeeId") for user in tenant.users())
        assert {f"F{n}": 1 for n in range(HIRES)} == {key: n for key, n in made.items() if key != "M1"}
        # Working hours of three days: passes, welcomes, reminders and the managers' notes go out, with a death in
        # the middle of the days.
        for number, day in enumerate(("02", "03", "04")):
            tenant.move_to(datetime.fromisoformat(f"2027-03-{day}T10:05:00+00:00"))
            await asyncio.sleep(1.5)
            if number < deadly_days:
                fleet.kill(number % 2)
                await asyncio.sleep(0.5)
                fleet.start(number % 2)
            await asyncio.to_thread(fleet.wait_for, partial(quiet, fleet, number > 1), 90)
        messages_once(fleet, tenant, rounds + deadly_days)
        await poison_was_seen(tmp_path, storage)


def _trouble(fleet: Fleet, account: Azurite | None, rounds: int) -> None:
    """Kills and outages, at moments that differ from run to run only as the machine does."""
    chance = random.Random(4)
    for round_ in range(rounds):
        number = round_ % 2
        fleet.kill(number)
        if account is not None and round_ == 1:
            account.stop()
            fleet.start(number)
            account.start()
        else:
            fleet.start(number)
        fleet.wait_for(partial(fleet.healthy, number), 60)
        fleet.tenant.post("/_control/clock", {"advance": "PT1M"})
        time.sleep(chance.uniform(0.3, 1.5))


def provisioned(fleet: Fleet, tenant: Tenant) -> bool:
    """Everybody has an account, and a case that knows it. The clock goes on: what a dead host left comes back with
    its due row."""
    tenant.post("/_control/clock", {"advance": "PT2M"})
    known = [item for item in fleet.cases() if item["user_principal_name"]]
    return len(known) == HIRES and len(tenant.users()) >= HIRES + 1


def quiet(fleet: Fleet, last: bool) -> bool:
    """Nobody's next step is due. The clock goes on, so that what a dead host had begun is looked at again."""
    fleet.tenant.post("/_control/clock", {"advance": "PT2M"})
    now = fleet.tenant.now()
    items = fleet.cases()
    planned = [item["next_action"]["when"] for item in items]
    later = [when for when in planned if when and datetime.fromisoformat(when) > now + timedelta(hours=1)]
    states = {item["state"] for item in items}
    return len(later) == HIRES and (not last or states == {"following_up"})


def messages_once(fleet: Fleet, tenant: Tenant, deaths: int) -> None:
    mail = tenant.mail()
    passes = [item for item in mail if "first sign-in" in item["subject"]]
    others = Counter((tuple(item["to"]), item["subject"]) for item in mail if item not in passes)
    assert {key: n for key, n in others.items() if n > 1} == {}
    to_people = Counter(address for to, _ in others for address in to if address.startswith("person"))
    doubt = sum(_uncertain(fleet.get(f"/api/cases/{item['case_id']}")) for item in fleet.cases())
    assert doubt <= deaths, "more rungs in doubt than deaths"
    # Everybody's welcome, and their manager's note two days later.
    assert len(to_people) >= HIRES - doubt
    assert len(others) >= 2 * HIRES - doubt


def _uncertain(shown: dict[str, Any]) -> int:
    return sum(nudge["status"] == "uncertain" for nudge in shown["nudges"])


async def poison(folder: Path, storage: str | None) -> None:
    """Put what no worker can read between the others."""
    store = open_store(folder, storage)
    raw: Any = store.queue
    for text in ("not base64!", base64.b64encode(b"null").decode(), base64.b64encode(b'{"case":1}').decode()):
        await raw.put_raw(WORK_QUEUE, text)
    await store.aclose()


async def poison_was_seen(folder: Path, storage: str | None) -> None:
    """All three ended in the poison queue and were recorded from there; nothing else did."""
    store = open_store(folder, storage)
    for _ in range(100):
        left = await store.queue_host.depth(WORK_QUEUE + POISON)
        if sum(left) <= 1:
            break
        await asyncio.sleep(0.3)
    # What is not base64 stays there, counted: no function can be given it.
    assert sum(left) <= 1
    await store.aclose()
    logs = "".join(path.read_text() for path in folder.glob("host*.log"))
    assert logs.count("poison_unrecorded") >= 2


def open_store(folder: Path, storage: str | None) -> Any:
    if storage:
        return open_azure(StorageSettings(connection_string=Secret(storage)))
    from onboarding.bootstrap import system_time

    return open_embedded(str(folder / "store.db"), system_time)
