"""What a storage account may do to us: say nothing, ask for patience, name a person in an error."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest

from onboarding.errors import Unavailable
from onboarding.ports import WorkMessage
from onboarding.settings import Secret, StorageSettings
from onboarding.storage.azure import AzureStore, connection, open_azure
from tests.storage.stores import make_delivery

KEY = "c2VjcmV0"
ANSWERS: dict[str, bytes] = {
    "silent": b"",
    "patient": b"HTTP/1.1 503 Server Busy\r\nRetry-After: 30\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
}


@contextlib.asynccontextmanager
async def account(answer: bytes) -> AsyncIterator[AzureStore]:
    """An account that always says this."""

    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                if answer and line == b"\r\n":  # the end of a request's headers
                    writer.write(answer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    endpoints = "".join(f"{name}Endpoint=http://127.0.0.1:{port}/a;" for name in ("Blob", "Queue", "Table"))
    text = f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey={KEY};{endpoints}"
    store = open_azure(StorageSettings(Secret(text)))
    yield store
    await store.aclose()
    for writer in writers:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("kind", sorted(ANSWERS))
@pytest.mark.parametrize("call", ["get", "send", "put"])
async def test_nobody_waits_long_for_an_account_that_does_not_serve(
    kind: str, call: str, monkeypatch: pytest.MonkeyPatch
):
    """A webhook must answer; the SDKs would wait five minutes for an answer, and as long as one asks for."""
    monkeypatch.setattr(connection, "READ", 0.3)
    async with account(ANSWERS[kind]) as store:
        calls = {
            "get": lambda: store.cases.get("c_00000000000000000001"),
            "send": lambda: store.queue.send(WorkMessage(case_id="c_00000000000000000001")),
            "put": lambda: store.deliveries.put_if_absent(make_delivery()),
        }
        begin = time.monotonic()
        with pytest.raises(Unavailable) as raised:
            await calls[call]()
        assert time.monotonic() - begin < 8
        if kind == "patient":
            assert raised.value.retry_after == 30
