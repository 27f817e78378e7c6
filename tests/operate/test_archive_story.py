"""A case that moves to another store in the middle of its story goes on exactly where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from onboarding.domain.lifecycle import State
from onboarding.domain.records import RungStatus
from onboarding.errors import StoreConflict
from onboarding.intake import catalog, receive, signing
from onboarding.operate import archive, due, watchdog, work
from onboarding.operate.archive_file import existing, new_file
from onboarding.ports import CaseQuery, DeliveryStatus
from onboarding.settings import Secret, Settings, SourceSettings
from onboarding.web import Request
from tests.storage.stores import FACTORIES, PLACES, StoreUnderTest, open_store
from tests.support.doubles import CASE_ID, T0, Killed, SeededEntropy, World, make_case

DOOR = "standard-webhooks"
WHSEC = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
FAR = datetime(2100, 1, 1, tzinfo=UTC)
#: Steps of the whole story: from the hire to the last escalation.
STEPS = 24
STORES = sorted(FACTORIES)
#: From one store to another, of which one is on this machine.
WAYS = [(a, b) for a in STORES for b in STORES if "embedded" in {a, b}]


class Journey:
    """A world whose store can be exchanged for another while everything around it stays."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        secret = SourceSettings(DOOR, DOOR, Secret(WHSEC))
        self.world = World(settings=Settings(service_desk="desk@contoso.example", sources={DOOR: secret}))
        self.world.store.close()
        self.stores: list[StoreUnderTest] = []

    def open(self, kind: str) -> StoreUnderTest:
        """A new, empty store, which the service uses from now on."""
        self.stores.append(open_store(kind, PLACES[kind](self.folder / f"store-{len(self.stores)}")))
        store: Any = self.stores[-1]
        self.world.store = store
        self.world.s = self.world.services()
        return self.stores[-1]

    async def move(self, kind: str) -> None:
        """Export, then import into a new store. Messages stay behind; so does the worker with its randomness."""
        path = self.folder / f"copy-{len(self.stores)}.jsonl.gz"
        with new_file(path) as write:
            await archive.export(self.world.s, write)
        self.open(kind)
        with existing(path) as found:
            await archive.load(self.world.s, found)
        self.world.queue.sent.clear()
        self.world.entropy = SeededEntropy(len(self.stores))
        self.world.s = self.world.services()

    async def work(self) -> None:
        """Every message, until none is left."""
        while self.world.queue.sent:
            message, _ = self.world.queue.sent.pop(0)
            await work.handle(self.world.s, message)

    async def step(self) -> bool:
        """To the next due row, and what follows from it. False: nothing is planned any more."""
        rows = await self.world.store.cases.due(FAR, 1)
        if not rows:
            return False
        self.world.clock.at = max(self.world.clock.at, rows[0].when)
        await due.enqueue_due(self.world.s)
        await self.work()
        return True

    async def run(self) -> None:
        """What is on the queue, then every step."""
        await self.work()
        for _ in range(STEPS):
            await self.step()

    async def post(self, message_id: str = "msg_1", **said: Any) -> str:
        """HR posts; returns the door's result."""
        body = {
            "event_type": "hire.created",
            "occurred_at": "2026-08-16T09:00:00Z",
            "employee_id": "4711",
            "given_name": "Søren",
            "family_name": "O'Neill-Weiß",
            "start_date": "2026-08-24",
            "work_country": "DE",
            "manager": {"email": "chef@contoso.example"},
            **said,
        }
        text = json.dumps(body).encode()
        headers = signing.sign(
            catalog.adapters()[DOOR], WHSEC, text, now=self.world.clock.at, message_id=message_id
        )
        answer = await receive.receive(
            self.world.s, DOOR, Request("POST", f"/api/hr/{DOOR}", headers, body=text)
        )
        assert answer.status < 300, answer
        return str(json.loads(answer.body)["result"])

    def told(self) -> list[tuple[str, ...]]:
        """Every mail that left: to whom, and what it was."""
        return [(*mail.to, mail.subject) for mail in self.world.tenant.mail]

    async def only(self) -> str:
        page = await self.world.store.cases.search(CaseQuery())
        (item,) = page.items
        return item.case_id


@pytest.fixture
async def journey(tmp_path: Path) -> AsyncIterator[Journey]:
    made = Journey(tmp_path)
    yield made
    for store in made.stores:
        await store.close_all()


@pytest.fixture
async def control(tmp_path: Path) -> AsyncIterator[Journey]:
    (tmp_path / "control").mkdir()
    made = Journey(tmp_path / "control")
    yield made
    for store in made.stores:
        await store.close_all()


async def told_without_moving(control: Journey) -> list[tuple[str, ...]]:
    control.open("embedded")
    await control.post()
    await control.run()
    return control.told()


@pytest.mark.parametrize(
    ("here", "there", "every"),
    [("embedded", "embedded", 1), ("embedded", "embedded", 5), *(("embedded", kind, 3) for kind in STORES)],
)
async def test_moving_again_and_again_makes_one_account_and_sends_nothing_twice(
    journey: Journey, control: Journey, here: str, there: str, every: int
) -> None:
    wanted = await told_without_moving(control)
    assert len(wanted) >= 7, "the pass, the welcome, the ladder"
    journey.open(here)
    await journey.post()
    await journey.work()
    for number in range(STEPS):
        if number % every == 0:
            await journey.move(there if (number // every) % 2 == 0 else here)
        await journey.step()
    assert journey.told() == wanted
    assert len(journey.world.tenant.created) == 1
    case = await journey.world.case(await journey.only())
    assert {record.status for record in case.rungs.values()} <= {RungStatus.SENT, RungStatus.SKIPPED}


@pytest.mark.parametrize(("here", "there"), WAYS)
async def test_what_hr_sends_again_is_a_repeat_and_what_is_new_finds_the_case(
    journey: Journey, here: str, there: str
) -> None:
    journey.open(here)
    assert await journey.post() == "queued"
    await journey.work()
    await journey.move(there)
    assert await journey.post() == "duplicate"
    case_id = await journey.only()
    assert await journey.post("msg_2", event_type="hire.updated", job_title="Chefin") == "queued"
    await journey.work()
    assert await journey.only() == case_id
    case = await journey.world.case(case_id)
    assert case.hire.job_title == "Chefin"
    actions = [entry.action for entry in await journey.world.story(case_id)]
    assert actions[:2] == ["hire_received", "hire_complete"]
    assert "hire_updated" in actions


@pytest.mark.parametrize(("here", "there"), [("embedded", kind) for kind in STORES])
async def test_a_delivery_that_was_not_worked_off_is_found_by_the_watchdog(
    journey: Journey, here: str, there: str
) -> None:
    journey.open(here)
    await journey.post()
    await journey.move(there)
    assert journey.world.queue.sent == []
    assert (await journey.world.store.cases.search(CaseQuery())).items == []
    journey.world.clock.move(minutes=16)
    await watchdog.watch(journey.world.s)
    await journey.work()
    assert (await journey.world.case(await journey.only())).state is not State.RECEIVED
    page = await journey.world.store.deliveries.page()
    assert [item.status for item in page.items] == [DeliveryStatus.PROCESSED]


@pytest.mark.parametrize(("here", "there"), [("embedded", kind) for kind in STORES])
async def test_a_name_that_is_reserved_stays_reserved(journey: Journey, here: str, there: str) -> None:
    """The second person of the same name gets the next one, also in the other store."""
    journey.open(here)
    await journey.post()
    await journey.work()
    while not journey.world.tenant.created:
        await journey.step()
    await journey.move(there)
    await journey.post("msg_2", employee_id="4712")
    await journey.run()
    names = [user.user_principal_name for user in journey.world.tenant.created]
    assert len(names) == len(set(names)) == 2


@pytest.mark.parametrize(("here", "there"), [("embedded", "embedded")])
@pytest.mark.parametrize("call", ["create_user", "send_draft", "create_draft", "create_pass", "send_now"])
async def test_a_worker_that_died_before_the_move_is_settled_after_it(
    journey: Journey, here: str, there: str, call: str
) -> None:
    """It died after an effect in the tenant and before it could write that down: the intent moved along."""
    journey.open(here)
    journey.world.tenant.faults.after(call, Killed())  # type: ignore[arg-type]
    await journey.post()
    with pytest.raises(Killed):
        await journey.run()
    await journey.move(there)
    journey.world.clock.move(minutes=20)
    for _ in range(STEPS):
        try:
            await journey.step()
        except StoreConflict:
            continue
    assert len(journey.world.tenant.created) == 1
    drafted = [mail for mail in journey.told() if mail[0] != "chef@contoso.example"]
    assert len(drafted) == len(set(drafted)), "only a pass whose delivery is in doubt is sent anew"
    usable = [p for user in journey.world.tenant.users for p in journey.world.tenant.usable_passes(user)]
    assert len(usable) <= 1


async def test_the_file_is_one_and_the_same_for_the_same_store(journey: Journey) -> None:
    """Nothing of the moment or the machine is in it but the clock's time: two copies can be compared."""
    journey.open("embedded")
    await journey.world.file(make_case(CASE_ID, at=T0 - timedelta(days=1)))
    digests = set()
    for name in ("a.gz", "b.gz"):
        with new_file(journey.folder / name) as write:
            await archive.export(journey.world.s, write)
        digests.add(hashlib.sha256((journey.folder / name).read_bytes()).hexdigest())
    assert len(digests) == 1
