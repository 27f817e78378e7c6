"""The azure store when the process dies between two of its requests, or two of them race.

A write of the store is several requests: each test counts those of a clean run, and dies before and after every
one of them. Whatever point it was, the truth is whole, no due row is lost, and doing it again ends as if nothing had
happened.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from onboarding.domain.case import Case
from onboarding.domain.lifecycle import State
from onboarding.domain.records import NextAction, TimelineEntry
from onboarding.errors import StoreConflict
from onboarding.ports import CaseQuery, DueRow
from onboarding.settings import StorageSettings
from onboarding.storage.azure.cases import AzureCaseStore
from onboarding.storage.azure.connection import Connection
from onboarding.storage.times import micros
from tests.storage.stores import T0, case_id, make_case
from tests.support.azurite import Shared

LATER = T0 + timedelta(days=2)
HOUR = timedelta(hours=1)


class Killed(BaseException):
    """The process is gone: nothing catches this."""


class Mortal:
    """A transport that ends the process at the nth request, before it is sent or before its answer is read."""

    def __init__(self, inner: Any, die_at: int | None, side: str) -> None:
        self.inner, self.die_at, self.side = inner, die_at, side
        self.count, self.dead = 0, False

    async def send(self, request: Any, **kwargs: Any) -> Any:
        self.count += 1
        here = self.count == self.die_at
        if self.dead or (here and self.side == "before"):
            self.dead = True
            raise Killed
        answer = await self.inner.send(request, **kwargs)
        if here or self.dead:
            self.dead = True
            raise Killed
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class MortalConnection(Connection):
    """A connection that dies at its nth request; None: never."""

    def __init__(self, settings: StorageSettings, die_at: int | None = None, side: str = "before") -> None:
        super().__init__(settings)
        self.die_at, self.side = die_at, side
        self.mortal: Mortal | None = None

    def _transport(self) -> Any:
        self.mortal = self.mortal or Mortal(super()._transport(), self.die_at, self.side)
        return self.mortal

    @property
    def requests(self) -> int:
        return self.mortal.count if self.mortal else 0


class Place:
    """One empty account, and clients of it."""

    def __init__(self, settings: StorageSettings) -> None:
        self.settings = settings
        self.connections: list[Connection] = []

    def client(
        self, die_at: int | None = None, side: str = "before"
    ) -> tuple[AzureCaseStore, MortalConnection]:
        connection = MortalConnection(self.settings, die_at, side)
        self.connections.append(connection)
        return AzureCaseStore(connection), connection

    async def close(self) -> None:
        for connection in self.connections:
            await connection.aclose()


@pytest.fixture
async def place(azurite: Shared) -> AsyncIterator[Place]:
    made = Place(azurite.settings(azurite.account()))
    yield made
    await made.close()


async def newcomer(n: int = 1) -> Case:
    case = make_case(n, display_name="Søren Alt", employee_id=f"E{n}")
    case.next_action = NextAction("look", T0, "x")
    return case


async def changed(store: AzureCaseStore, n: int = 1) -> Case:
    """The case as its next worker would leave it: other name, other list, other time."""
    case = await store.get(case_id(n))
    assert case is not None
    case.hire = make_case(n, display_name="Søren Neu", employee_id=f"E{n}", employee_number="77").hire
    case.state, case.reason_code = State.BLOCKED, "no_start_date"
    case.next_action = NextAction("look", LATER, "y")
    case.updated_at = case.updated_at + HOUR
    return case


def line(action: str) -> list[TimelineEntry]:
    return [TimelineEntry(T0, "service", action)]


Act = Callable[[AzureCaseStore, int], Awaitable[Any]]


async def create(store: AzureCaseStore, n: int) -> None:
    await store.create(await newcomer(n), line("opened"))


async def save(store: AzureCaseStore, n: int) -> None:
    await store.save(await changed(store, n), line("changed"))


async def postpone(store: AzureCaseStore, n: int) -> None:
    await store.postpone(DueRow(case_id(n), T0), LATER)


async def erase(store: AzureCaseStore, n: int) -> None:
    case = await store.get(case_id(n))
    if case is not None:
        await store.erase(case)


async def points(place: Place, act: Act) -> list[tuple[int, str]]:
    """Every point of a clean run of `act`, in tables that exist, on a case 900 of its own."""
    store, connection = place.client()
    if act is not create:
        await create(store, 900)
    before = connection.requests
    await act(store, 900)
    left = await store.get(case_id(900))
    if left is not None:
        await store.erase(left)
    count = connection.requests - before
    # Before a request lies what is after the one before it.
    return [(1, "before"), *((number, "after") for number in range(1, count + 1))]


async def die(place: Place, act: Act, n: int, number: int, side: str) -> bool:
    """True if the process died in it."""
    store, _ = place.client(number, side)
    try:
        await act(store, n)
    except Killed:
        return True
    return False


async def whole(store: AzureCaseStore, n: int) -> Case | None:
    """The case, if it is there: as one of its versions left it, its history beside it, and nothing planned lost."""
    case = await store.get(case_id(n))
    actions = [entry.action for entry in await store.timeline(case_id(n))]
    if case is None:
        return None
    assert actions in (["opened"], ["opened", "changed"], [])
    if actions:
        assert (actions[-1] == "changed") == (case.state is State.BLOCKED)
    due = {row.when for row in await store.due(LATER + HOUR, 500) if row.case_id == case_id(n)}
    assert case.next_action.when is not None
    assert due, "nothing would ever look at this case again"
    assert min(due) in {case.next_action.when, LATER}
    return case


async def tidy(store: AzureCaseStore, n: int, *, names: list[str], state: str) -> None:
    """After everything was done again: in one list, under its words, and due once."""
    found = await store.search(CaseQuery(), size=500)
    assert [item.case_id for item in found.items].count(case_id(n)) == 1
    for name in ("alt", "neu"):
        hits = [item.case_id for item in (await store.search(CaseQuery(q=name), size=500)).items]
        assert (case_id(n) in hits) == (name in names), name
    listed = await store.search(CaseQuery(state=state), size=500)
    assert case_id(n) in [item.case_id for item in listed.items]
    assert len([row for row in await store.due(LATER + HOUR, 500) if row.case_id == case_id(n)]) == 1
    case = await store.get(case_id(n))
    assert case is not None
    assert await store.mend(case) == ()


@pytest.mark.parametrize("act", [create, save, postpone, erase], ids=lambda act: act.__name__)
async def test_dying_at_any_request_loses_nothing_and_doing_it_again_ends_well(place: Place, act: Act):
    clean, _ = place.client()
    for n, (number, side) in enumerate(await points(place, act), 1):
        if act is not create:
            await create(clean, n)
        died = await die(place, act, n, number, side)
        case = await whole(clean, n)
        assert case is not None or act in (create, erase)
        if not died:
            break  # fewer requests than in the run that was counted: all of them were met
        if case is not None:
            assert set(await clean.mend(case)) <= {"list_row", "words"}, "a due row was missing"
            assert await clean.mend(case) == ()
        await again(clean, act, n)
    counts = await clean.counts()
    listed = await clean.search(CaseQuery(), size=500)
    assert sum(counts.values()) == len(listed.items), "the counters count what the lists hold"


async def again(store: AzureCaseStore, act: Act, n: int) -> None:
    """The next worker does it once more, and all is as it should be."""
    if act is create and await store.get(case_id(n)) is not None:
        with pytest.raises(StoreConflict):
            await act(store, n)
    elif act is save:
        case = await changed(store, n)
        if [entry.action for entry in await store.timeline(case_id(n))][-1] == "changed":
            await store.save(case)
        else:
            await store.save(case, line("changed"))
    else:
        await act(store, n)
    if act is erase:
        assert await store.get(case_id(n)) is None
        assert await store.timeline(case_id(n)) == []
        assert case_id(n) not in [item.case_id for item in (await store.search(CaseQuery(), size=500)).items]
        assert case_id(n) not in [item.case_id for item in (await store.search(CaseQuery(q="alt"))).items]
        assert [row for row in await store.due(LATER + HOUR, 500) if row.case_id == case_id(n)] == []
        return
    await tidy(
        store, n, names=["neu"] if act is save else ["alt"], state="blocked" if act is save else "received"
    )


async def test_a_sweep_removes_what_the_dead_left_and_nothing_else(place: Place):
    clean, _ = place.client()
    for n, (number, side) in enumerate(await points(place, save), 1):
        await create(clean, n)
        await die(place, save, n, number, side)
        case = await clean.get(case_id(n))
        assert case is not None
        await clean.mend(case)
    removed, page = 0, None
    while True:
        swept = await clean.sweep(page, 7)
        removed += swept.removed
        page = swept.next_page
        if page is None:
            break
    assert removed > 0
    page = None
    while True:
        swept = await clean.sweep(page, 500)
        assert swept.removed == 0
        page = swept.next_page
        if page is None:
            break
    for n in range(1, 4):
        case = await clean.get(case_id(n))
        assert case is not None
        assert await clean.mend(case) == ()


async def test_a_save_that_meets_its_own_postponement_keeps_both(place: Place):
    """The timer postpones while a worker has the case open: the worker's save is no conflict, and its time holds."""
    store, _ = place.client()
    await create(store, 1)
    case = await changed(store)
    (row,) = await store.due(T0, 9)
    assert await store.postpone(row, T0 + HOUR)
    await store.save(case, line("changed"))
    assert await store.due(LATER, 9) == [DueRow(case_id(1), LATER)]


async def test_many_savers_and_postponers_at_once_leave_one_due_row_and_one_list_row(place: Place):
    clients = [place.client()[0] for _ in range(4)]
    for n in range(1, 6):
        await create(clients[0], n)

    async def saver(k: int) -> None:
        for step in range(6):
            store = clients[k]
            for n in range(1, 6):
                case = await store.get(case_id(n))
                assert case is not None
                case.state = (State.RECEIVED, State.BLOCKED, State.PAUSED)[(step + k) % 3]
                case.next_action = NextAction("look", T0 + HOUR * ((step + k) % 2), "x")
                case.updated_at += timedelta(seconds=1)
                try:
                    await store.save(case)
                except StoreConflict:
                    continue

    async def postponer(k: int) -> None:
        for step in range(12):
            for row in await clients[k].due(LATER, 9):
                await clients[k].postpone(row, T0 + HOUR * (step % 3))

    await asyncio.gather(saver(0), saver(1), postponer(2), postponer(3))
    store = clients[0]
    found = await store.search(CaseQuery())
    assert sorted(item.case_id for item in found.items) == [case_id(n) for n in range(1, 6)]
    for n in range(1, 6):
        case = await store.get(case_id(n))
        assert case is not None
        assert "due_row" not in await store.mend(case)
        rows = [row for row in await store.due(LATER, 99) if row.case_id == case_id(n)]
        assert len(rows) == 1
    assert sum((await store.counts()).values()) == 5


async def test_a_refused_save_takes_away_no_due_row_that_another_one_is_about_to_make_true(place: Place):
    """A and C plan the very same time; B was faster than A; C, who has loaded after B, is between its row and its
    transaction while A cleans up."""
    a, b, c = (place.client()[0] for _ in range(3))
    await create(a, 1)
    of_a, of_b = await changed(a), await b.get(case_id(1))
    assert of_b is not None
    of_b.updated_at += timedelta(seconds=1)
    await b.save(of_b)
    of_c = await changed(c)
    put = c._due.put

    async def put_and_let_a_lose(*arguments: Any) -> None:
        await put(*arguments)
        with pytest.raises(StoreConflict):
            await a.save(of_a)

    c._due.put = put_and_let_a_lose  # type: ignore[method-assign,assignment]
    await c.save(of_c)
    assert await b.due(LATER, 9) == [DueRow(case_id(1), LATER)]
    case = await b.get(case_id(1))
    assert case is not None
    assert await b.mend(case) == ()


async def test_a_save_that_loses_to_an_erasure_leaves_no_word_behind(place: Place):
    a, b = (place.client()[0] for _ in range(2))
    await create(a, 1)
    renamed = await changed(a)
    case = await b.get(case_id(1))
    assert case is not None
    await b.erase(case)
    with pytest.raises(StoreConflict):
        await a.save(renamed)
    assert (await a.search(CaseQuery(q="neu"))).items == []
    assert await a._words.page("", 9) == []


async def test_an_erasure_that_died_after_its_claim_removes_the_list_row_when_it_is_done_again(place: Place):
    store, _ = place.client()
    await create(store, 1)
    dropped = store._listings.drop

    async def dies(place: str) -> None:
        raise Killed

    case = await store.get(case_id(1))
    assert case is not None
    store._listings.drop = dies  # type: ignore[method-assign]
    with pytest.raises(Killed):
        await store.erase(case)
    store._listings.drop = dropped  # type: ignore[method-assign]
    case = await store.get(case_id(1))
    assert case is not None
    await store.erase(case)
    assert await store.counts() == {}


async def test_what_is_due_is_found_behind_any_number_of_leftovers(place: Place):
    store, _ = place.client()
    await create(store, 1)
    for n in range(30):
        await store._due.put(case_id(2), micros(T0 - timedelta(minutes=n + 1)), 9)
    assert await store.due(T0, 4) == [DueRow(case_id(1), T0)]
