"""Counters of lists on the azure store: exact however many write, and writers keep out of each other's way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from onboarding.domain.lifecycle import State
from onboarding.ports import CaseQuery
from onboarding.storage.azure import AzureStore, open_azure
from tests.storage.stores import case_id, make_case
from tests.support.azurite import Shared

#: Processes, as far as the store is concerned; and cases each of them opens.
WRITERS, EACH = 3, 12


@pytest.fixture
async def stores(azurite: Shared) -> AsyncIterator[list[AzureStore]]:
    account = azurite.account()
    opened = [open_azure(azurite.settings(account)) for _ in range(WRITERS)]
    yield opened
    for store in opened:
        await store.aclose()


def mine(writer: int) -> range:
    return range(writer * EACH, (writer + 1) * EACH)


async def open_cases(store: AzureStore, writer: int) -> None:
    await asyncio.gather(*(store.cases.create(make_case(n, display_name="Zoë")) for n in mine(writer)))


async def test_counters_are_exact_when_many_write_at_once(stores: list[AzureStore]):
    """Opened by one process, moved on by another: what one counter gained another one loses."""
    await asyncio.gather(*(open_cases(store, writer) for writer, store in enumerate(stores)))
    assert await stores[0].cases.counts() == {"received": WRITERS * EACH}

    async def move(store: AzureStore, n: int) -> None:
        case = await store.cases.get(case_id(n))
        assert case is not None
        case.state, case.updated_at = State.PROVISIONING, case.updated_at + timedelta(seconds=1)
        await store.cases.save(case)

    others = [*stores[1:], stores[0]]
    await asyncio.gather(*(move(s, n) for writer, s in enumerate(others) for n in mine(writer)))
    assert await stores[0].cases.counts() == {"provisioning": WRITERS * EACH}
    page = await stores[0].cases.search(CaseQuery(state="provisioning"), size=200)
    assert len({item.case_id for item in page.items}) == WRITERS * EACH


async def test_a_process_that_writes_beside_others_seldom_has_to_write_a_counter_twice(
    stores: list[AzureStore], monkeypatch: pytest.MonkeyPatch
):
    """Each keeps to some of the counters, and knows what is in them."""
    statuses: list[int] = []
    plain = aiohttp.ClientSession._request

    async def request(self: Any, method: str, url: Any, **kwargs: Any) -> Any:
        answer = await plain(self, method, url, **kwargs)
        if "listings" in str(url) or b"/listings" in bytes(kwargs.get("data") or b""):
            statuses.append(answer.status)
        return answer

    for writer, store in enumerate(stores):
        await store.cases.create(make_case(1000 + writer, display_name="Zoë"))
    monkeypatch.setattr(aiohttp.ClientSession, "_request", request)
    await asyncio.gather(*(open_cases(store, writer) for writer, store in enumerate(stores)))
    # A list row and its counter are one transaction; each counter is read when a process first meets it.
    assert WRITERS * EACH <= len(statuses) <= WRITERS * EACH * 1.5
