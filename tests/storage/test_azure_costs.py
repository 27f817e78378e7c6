"""What docs/storage.md says an action costs, in requests to the storage account."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from onboarding.domain.lifecycle import State
from onboarding.domain.records import NextAction, TimelineEntry
from onboarding.domain.usage import Group, UsageEvent
from onboarding.ports import CaseQuery
from onboarding.storage.azure import AzureStore, open_azure
from tests.storage.stores import T0, case_id, make_case, make_delivery
from tests.support.azurite import Shared

LINE = [TimelineEntry(T0, "service", "something")]


@pytest.fixture
async def store(azurite: Shared) -> AsyncIterator[AzureStore]:
    """With tables, queues and facets that exist."""
    opened = open_azure(azurite.settings(azurite.account()))
    for n, state in enumerate((State.RECEIVED, State.PROVISIONING, State.RECEIVED)):
        case = make_case(n, state=state, display_name="Anna Berg", employee_id=f"E{n}")
        case.next_action = NextAction("look", T0 + timedelta(days=n), "x")
        await opened.cases.create(case)
    await opened.deliveries.put_if_absent(make_delivery(1))
    yield opened
    await opened.aclose()


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`await count(…)` gives the number of requests."""
    made = 0
    plain = aiohttp.ClientSession._request

    async def request(self: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal made
        made += 1
        return await plain(self, *args, **kwargs)

    monkeypatch.setattr(aiohttp.ClientSession, "_request", request)

    async def counted(work: Awaitable[Any]) -> int:
        before = made
        await work
        return made - before

    return counted


async def test_opening_and_reading_a_case(store: AzureStore, count: Any):
    case = make_case(9, display_name="Carl Dahl", employee_id="E9")
    case.next_action = NextAction("look", T0, "x")
    # Words, due row, the transaction, and a list row; a counter that this process has not seen is read first.
    assert await count(store.cases.create(case, LINE)) in (4, 5)
    assert await count(store.cases.get(case_id(9))) == 1


async def test_saving_a_case(store: AzureStore, count: Any):
    case = await store.cases.get(case_id(0))
    assert case is not None
    case.updated_at += timedelta(seconds=1)
    assert await count(store.cases.save(case, LINE)) == 2
    case.next_action = NextAction("look", T0 + timedelta(hours=5), "x")
    case.updated_at += timedelta(seconds=1)
    assert await count(store.cases.save(case, LINE)) == 4
    case.next_action = NextAction("look", T0 + timedelta(hours=6), "x")
    case.state, case.updated_at = State.PROVISIONING, case.updated_at + timedelta(seconds=1)
    assert await count(store.cases.save(case, LINE)) <= 8
    case.next_action = NextAction("look", T0 + timedelta(hours=7), "x")
    case.state, case.updated_at = State.RECEIVED, case.updated_at + timedelta(seconds=1)
    assert await count(store.cases.save(case, LINE)) <= 6


async def test_what_is_due_costs_by_what_is_due(store: AzureStore, count: Any):
    assert await count(store.cases.due(T0, 100)) == 2
    (row,) = await store.cases.due(T0, 100)
    assert await count(store.cases.postpone(row, T0 + timedelta(days=9))) == 4
    assert await count(store.cases.due(T0, 100)) == 1


async def test_lists_and_counts(store: AzureStore, count: Any):
    facets, cases = 2, 3
    assert await count(store.cases.search(CaseQuery())) == 1 + facets + cases
    assert await count(store.cases.search(CaseQuery(state="received"))) == 1 + 1 + 2
    assert await count(store.cases.search(CaseQuery(employee_id="E1"))) == 1 + 1
    assert await count(store.cases.counts()) == 1 + facets


async def test_storing_a_delivery(store: AzureStore, count: Any):
    assert await count(store.deliveries.put_if_absent(make_delivery(2))) == 3


async def test_usage_counters(store: AzureStore, count: Any):
    groups = (Group(), Group("department", "Sales"), Group("country", "DE"))
    events = [UsageEvent(f"e{n}", "2026-W45", "registered:user:email:-") for n in range(2)]
    await store.usage.count("somebody", groups, [UsageEvent("e9", "2026-W45", "x")])
    # The mark, count and person of each group, and the transaction; known already: the marks.
    assert await count(store.usage.count("other", groups, events[:1])) == 8
    assert await count(store.usage.count("other", groups, events)) == 9
    assert await count(store.usage.count("other", groups, events)) == 2
    weeks = [f"2026-W{n}" for n in range(34, 46)]
    assert await count(store.usage.cells(weeks, "")) == 48
    assert await count(store.usage.cells(weeks, "department")) == 48
