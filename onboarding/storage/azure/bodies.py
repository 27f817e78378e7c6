"""Bodies of deliveries: blobs `<delivery id>/<digest of the body>`.

The name holds a digest, so that two attempts to store one delivery never write over each other's bytes, and an
upload that is repeated changes nothing. What a crash leaves behind (a body that no row names) goes with the
container's lifecycle rule. An empty body is no blob.
"""

from __future__ import annotations

import hashlib
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob.aio import ContainerClient

from onboarding.storage import names
from onboarding.storage.azure.connection import Connection, code_of

#: Stands for an empty body, and for none.
EMPTY, NONE = "empty", ""


def digest_of(body: bytes | None) -> str:
    """What the row says of the body."""
    if body is None:
        return NONE
    return hashlib.sha256(body).hexdigest()[:32] if body else EMPTY


class Bodies:
    """Bodies by delivery and digest."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def put(self, delivery_id: str, digest: str, body: bytes | None) -> None:
        """Write it, unless there is nothing to write."""
        if body is None or digest in (EMPTY, NONE):
            return

        async def run(client: ContainerClient) -> Any:
            return await client.upload_blob(_name(delivery_id, digest), body, overwrite=True)

        await self._connection.on_container(names.BODIES, run)

    async def get(self, delivery_id: str, digest: str) -> bytes | None:
        """Read it; None if it is gone, as the lifecycle rule or an erasure removed it."""
        if digest in (EMPTY, NONE):
            return b"" if digest == EMPTY else None

        async def run(client: ContainerClient) -> bytes | None:
            try:
                stream = await client.download_blob(_name(delivery_id, digest))
            except ResourceNotFoundError as exc:
                if code_of(exc) == "BlobNotFound":
                    return None
                raise
            return await stream.readall()

        return await self._connection.on_container(names.BODIES, run)

    async def keep_only(self, delivery_id: str, digest: str) -> None:
        """Delete every body of this delivery but one: also those that an interrupted change left behind."""
        kept = _name(delivery_id, digest)

        async def run(client: ContainerClient) -> None:
            async for name in client.list_blob_names(name_starts_with=_name(delivery_id, "")):
                if name != kept:
                    await _delete(client, name)

        await self._connection.on_container(names.BODIES, run)


async def _delete(client: ContainerClient, name: str) -> None:
    try:
        await client.delete_blob(name)
    except ResourceNotFoundError as exc:
        if code_of(exc) != "BlobNotFound":
            raise


def _name(delivery_id: str, digest: str) -> str:
    return f"{delivery_id}/{digest}"
