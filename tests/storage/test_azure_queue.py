"""What the azure queue adds to the contract: the wire, long queues, and a service that does not answer."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from azure.storage.queue.aio import QueueClient

from onboarding.domain.case import TENANT, Alias, AliasKind
from onboarding.errors import Unavailable
from onboarding.ports import POISON, WORK_QUEUE, WorkMessage
from onboarding.settings import Secret, StorageSettings
from onboarding.storage.azure import open_azure
from onboarding.storage.azure.connection import Connection
from onboarding.storage.azure.queue import AzureQueue
from tests.storage.stores import case_id, make_delivery
from tests.support.azurite import Shared


@pytest.fixture
def connection_string(azurite: Shared) -> str:
    return azurite.connection_string(azurite.account())


@pytest.fixture
async def queue(connection_string: str) -> AsyncIterator[AzureQueue]:
    connection = Connection(StorageSettings(connection_string=Secret(connection_string)))
    yield AzureQueue(connection)
    await connection.aclose()


async def test_a_message_is_base64_on_the_wire_and_never_expires(queue: AzureQueue, connection_string: str):
    await queue.send(WorkMessage(case_id=case_id(1), why="due"))
    async with QueueClient.from_connection_string(connection_string, WORK_QUEUE) as client:
        (seen,) = await client.peek_messages()
    assert base64.b64decode(seen.content) == f'{{"case":"{case_id(1)}","why":"due"}}'.encode()
    assert seen.expires_on is not None
    assert seen.expires_on.year == 9999


async def test_poison_has_the_text_of_the_message_and_never_expires(
    queue: AzureQueue, connection_string: str
):
    body = base64.b64encode("山田 O'Neill Ø".encode()).decode()
    await queue.put_raw(WORK_QUEUE, body)
    (message,) = await queue.receive(WORK_QUEUE, 1, 30)
    await queue.to_poison(WORK_QUEUE, message)
    async with QueueClient.from_connection_string(connection_string, WORK_QUEUE + POISON) as client:
        (seen,) = await client.peek_messages()
    assert seen.content == body
    assert seen.expires_on is not None
    assert seen.expires_on.year == 9999


async def test_a_long_queue_counts_as_visible(queue: AzureQueue):
    for n in range(40):
        await queue.send(WorkMessage(case_id=case_id(n)))
    assert await queue.depth(WORK_QUEUE) == (40, 0)
    assert len(await queue.receive(WORK_QUEUE, 50, 30)) == 32
    assert await queue.depth(WORK_QUEUE) == (8, 32)


async def test_half_seconds_are_rounded_up(queue: AzureQueue):
    await queue.send(WorkMessage(case_id=case_id(1)), delay=0.2)
    assert await queue.depth(WORK_QUEUE) == (0, 1)
    await queue.send(WorkMessage(case_id=case_id(2)))
    assert len(await queue.receive(WORK_QUEUE, 1, 0.3)) == 1
    assert (await queue.depth(WORK_QUEUE))[0] == 0


async def test_nobody_there_is_unavailable_soon_and_says_nothing_of_the_address():
    nowhere = "AccountName=test;AccountKey=a2V5;" + "".join(
        f"{name}Endpoint=http://127.0.0.1:9/test;" for name in ("Blob", "Queue", "Table")
    )
    store = open_azure(StorageSettings(connection_string=Secret(nowhere)))
    try:
        asks: tuple[Callable[[], Awaitable[Any]], ...] = (
            lambda: store.queue.send(WorkMessage(case_id=case_id(1))),
            lambda: store.queue_host.depth(WORK_QUEUE),
            lambda: store.cases.owners([Alias(TENANT, AliasKind.UPN, "x")]),
            lambda: store.deliveries.put_if_absent(make_delivery()),
        )
        for ask in asks:
            with pytest.raises(Unavailable) as raised:
                await asyncio.wait_for(ask(), 15)
            assert "127.0.0.1" not in raised.value.message
    finally:
        await store.aclose()
