"""A connection to the storage account that breaks under a request: before it arrived, or after it had its effect."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from onboarding.domain.case import Alias, AliasKind
from onboarding.domain.lifecycle import State
from onboarding.domain.records import TimelineEntry
from onboarding.errors import StoreConflict
from onboarding.ports import CaseQuery
from onboarding.storage.azure import AzureStore, open_azure
from tests.storage.stores import T0, case_id, make_case, make_delivery
from tests.support.azurite import Shared

LINE = [TimelineEntry(T0, "service", "something")]
BEFORE, AFTER = "before", "after"
_OPERATIONS = re.compile(rb"^(?:\w+ \S+ HTTP/1\.1|\{.*\})", re.MULTILINE)


@pytest.fixture
async def store(azurite: Shared) -> AsyncIterator[AzureStore]:
    """With tables and counters that exist."""
    opened = open_azure(azurite.settings(azurite.account()))
    await opened.cases.create(make_case(0, display_name="Zoë"))
    await opened.cases.claim_alias(Alias("x", AliasKind.EMPLOYEE_ID, "0"), case_id(0))
    await opened.deliveries.put_if_absent(make_delivery(0))
    yield opened
    await opened.aclose()


@pytest.fixture
def broken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every POST breaks once; its repetition gets through. (PUT and DELETE aiohttp repeats by itself.)"""
    plain = aiohttp.ClientSession._request
    seen: set[bytes] = set()

    async def once(self: Any, method: str, url: Any, **kwargs: Any) -> Any:
        # Without the boundaries of its parts, which are new in every try.
        data = kwargs.get("data") or b""
        what = str(url).encode() + b"".join(
            _OPERATIONS.findall(data if isinstance(data, bytes) else data.encode())
        )
        if method != "POST" or what in seen:
            return await plain(self, method, url, **kwargs)
        seen.add(what)
        if request.param == AFTER:
            answer = await plain(self, method, url, **kwargs)
            await answer.read()
        raise aiohttp.ServerDisconnectedError

    monkeypatch.setattr(aiohttp.ClientSession, "_request", once)


@pytest.mark.parametrize("broken", [BEFORE], indirect=True)
async def test_what_never_arrived_is_sent_again(store: AzureStore, broken: None):
    await store.cases.create(make_case(1, display_name="Zoë"), LINE)
    case = await store.cases.get(case_id(1))
    assert case is not None
    case.state, case.updated_at = State.PROVISIONING, case.updated_at + timedelta(seconds=1)
    await store.cases.save(case, LINE)
    assert await store.cases.claim_alias(Alias("x", AliasKind.EMPLOYEE_ID, "1"), case_id(1)) == case_id(1)
    assert (await store.deliveries.put_if_absent(make_delivery(1)))[1] is True
    await everything_is_there_once(store)


@pytest.mark.parametrize("broken", [AFTER], indirect=True)
async def test_what_had_its_effect_has_it_once(store: AzureStore, broken: None):
    """The repetition is known for one's own, or it is a conflict: whoever looks again finds what was written."""
    with contextlib.suppress(StoreConflict):
        await store.cases.create(make_case(1, display_name="Zoë"), LINE)
    case = await store.cases.get(case_id(1))
    assert case is not None
    await store.cases.mend(case)
    case.state, case.updated_at = State.PROVISIONING, case.updated_at + timedelta(seconds=1)
    with contextlib.suppress(StoreConflict):
        await store.cases.save(case, LINE)
    case = await store.cases.get(case_id(1))
    assert case is not None
    assert case.state is State.PROVISIONING
    await store.cases.mend(case)
    assert await store.cases.claim_alias(Alias("x", AliasKind.EMPLOYEE_ID, "1"), case_id(1)) == case_id(1)
    stored, _ = await store.deliveries.put_if_absent(make_delivery(1))
    assert stored.body == make_delivery(1).body
    await everything_is_there_once(store)


async def everything_is_there_once(store: AzureStore) -> None:
    """Lists and their counters agree with the cases, and each save has its entry."""
    shown = await store.cases.search(CaseQuery(state="provisioning"))
    assert [item.case_id for item in shown.items] == [case_id(1)]
    old = await store.cases.search(CaseQuery(state="received"))
    assert [item.case_id for item in old.items] == [case_id(0)]
    assert await store.cases.counts() == {"received": 1, "provisioning": 1}
    assert len(await store.cases.timeline(case_id(1))) == 2
