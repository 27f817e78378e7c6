"""One process's clients of the storage account, and the one place where its errors become ours.

Clients are made on first use, in the event loop that uses them, and share one HTTP session. A table, queue or
container that does not exist is created once (a developer's Azurite starts empty; in Azure the infrastructure
has made them), so nothing here needs a set-up step.

Errors. Throttling, server errors and silence are `Unavailable`; refusals of the identity are `DeployerError` and
name the missing role; a full entity is `OperatorError`. What a caller has to decide on passes through as the
SDK's own: ResourceExistsError, ResourceModifiedError, ResourceNotFoundError (of an entity, a message or a blob)
and TableTransactionError. Nothing of a URL, key or value gets into a message.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.core.pipeline.transport import AioHttpTransport
from azure.data.tables import TableTransactionError
from azure.data.tables.aio import TableClient, TableServiceClient
from azure.storage.blob.aio import BlobServiceClient, ContainerClient
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from onboarding.errors import ConfigurationError, DeployerError, OperatorError, StoreConflict, Unavailable
from onboarding.settings import StorageSettings

T = TypeVar("T")

TABLE_ROLE = "Storage Table Data Contributor"
QUEUE_ROLE = "Storage Queue Data Contributor"
BLOB_ROLE = "Storage Blob Data Owner"

#: Sockets to the account at once, per process.
SOCKETS = 64
#: One way of trying again for all three services, ours: few and short, because whoever waits is a webhook, or a message
#: that comes again anyway. The SDKs' own differ from each other, and sleep as long as an answer tells them to.
_NO_RETRY: dict[str, Any] = {"retry_total": 0, "logging_enable": False}
_TRIES = 3
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 2.0
#: Seconds until a connection stands, and until an answer begins.
CONNECT, READ = 5, 10
_ABSENT = {"TableNotFound", "QueueNotFound", "ContainerNotFound"}
#: The container that holds it is being deleted, or the name was taken a moment ago: it comes back.
_COMING = {"TableBeingDeleted", "QueueBeingDeleted", "ContainerBeingDeleted"}
_TOO_BIG = {"EntityTooLarge", "PropertyValueTooLarge", "RequestBodyTooLarge", "MessageTooLarge"}


class Connection:
    """Clients of one storage account. `aclose` lets go of them; nothing connects before the first call."""

    def __init__(self, settings: StorageSettings) -> None:
        if not settings.configured:
            raise ConfigurationError(
                "ONBOARDING_STORE=azure needs AzureWebJobsStorage (a connection string; "
                "UseDevelopmentStorage=true for Azurite), or AzureWebJobsStorage__blobServiceUri, "
                "__queueServiceUri and __tableServiceUri."
            )
        self._settings = settings
        self._session: Any = None
        self._credential: Any = None
        self._date: str | None = None
        self._writer, self._writes = secrets.token_hex(6), itertools.count(1)
        self._services: dict[str, Any] = {}
        self._clients: dict[tuple[str, str], Any] = {}

    async def on_table(self, name: str, run: Callable[[TableClient], Awaitable[T]]) -> T:
        """Run against a table, which is created if it does not exist."""
        client: TableClient = self._client("table", name)
        return await self._run(client.create_table, TABLE_ROLE, lambda: run(client))

    async def on_queue(self, name: str, run: Callable[[QueueClient], Awaitable[T]]) -> T:
        """Run against a queue, which is created if it does not exist."""
        client: QueueClient = self._client("queue", name)
        return await self._run(client.create_queue, QUEUE_ROLE, lambda: run(client))

    async def on_container(self, name: str, run: Callable[[ContainerClient], Awaitable[T]]) -> T:
        """Run against a blob container, which is created if it does not exist."""
        client: ContainerClient = self._client("blob", name)
        return await self._run(client.create_container, BLOB_ROLE, lambda: run(client))

    async def aclose(self) -> None:
        """Close the session and the credential."""
        for service in self._services.values():
            await service.close()
        if self._session is not None:
            await self._session.close()
        if self._credential is not None:
            await self._credential.close()
        self._services, self._clients, self._session, self._credential = {}, {}, None, None

    def write_id(self) -> str:
        """A name for one write, so that its own first try can be told from somebody else's."""
        return f"{self._writer}-{next(self._writes)}"

    def is_old(self, row: Any, age: timedelta) -> bool:
        """True if a row was last written so long ago, by the account's own clock: ours may be a virtual one."""
        written: datetime | None = row.metadata.get("timestamp")
        if written is None or self._date is None:
            return False
        return parsedate_to_datetime(self._date) - written > age

    async def _run(
        self, create: Callable[[], Awaitable[Any]], role: str, run: Callable[[], Awaitable[T]]
    ) -> T:
        for attempt in itertools.count(1):
            try:
                with translated(role, local=self._settings.loopback):
                    return await self._once(create, run)
            except Unavailable as exc:
                wait = _FIRST_WAIT * 3 ** (attempt - 1) if exc.retry_after is None else exc.retry_after
                if attempt >= _TRIES or wait > _LONGEST_WAIT:
                    raise
                await asyncio.sleep(wait)
        raise AssertionError("unreachable")

    async def _once(self, create: Callable[[], Awaitable[Any]], run: Callable[[], Awaitable[T]]) -> T:
        try:
            return await run()
        except (ResourceNotFoundError, TableTransactionError) as exc:
            if code_of(exc) not in _ABSENT:
                raise
        with contextlib.suppress(ResourceExistsError):
            await create()
        return await run()

    def _client(self, kind: str, name: str) -> Any:
        found = self._clients.get((kind, name))
        if found is None:
            service = self._service(kind)
            getter = {
                "table": "get_table_client", "queue": "get_queue_client", "blob": "get_container_client"
            }[kind]  # fmt: skip
            found = self._clients[kind, name] = getattr(service, getter)(name)
        return found

    def _service(self, kind: str) -> Any:
        if kind not in self._services:
            makers = {"table": TableServiceClient, "queue": QueueServiceClient, "blob": BlobServiceClient}
            options = {**_NO_RETRY, "transport": self._transport()}
            maker: Any = makers[kind]
            whole = self._settings.connection_string
            try:
                if whole:
                    service = maker.from_connection_string(whole.reveal(), **options)
                else:
                    endpoint = getattr(self._settings, f"{kind}_endpoint")
                    service = maker(endpoint, credential=self._identity(), **options)
            except ValueError:  # its text repeats parts of the connection string
                raise ConfigurationError(
                    "AzureWebJobsStorage is not a connection string, or an endpoint is not a URL."
                ) from None
            self._services[kind] = service
        return self._services[kind]

    def _identity(self) -> Any:
        from azure.identity import aio

        if self._credential is None:
            client = self._settings.client_id
            self._credential = (
                aio.ManagedIdentityCredential(client_id=client)
                if self._settings.managed_identity
                else aio.DefaultAzureCredential(managed_identity_client_id=client)
            )
        return self._credential

    def _transport(self) -> AioHttpTransport:
        import aiohttp

        if self._session is None:
            # The SDK decompresses bodies itself; cookies of one service are nobody else's. Where no proxy is set,
            # aiohttp need not ask for one, in another thread, at every request.
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=SOCKETS),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=bool(urllib.request.getproxies()),
            )
        return _Transport(self._note, session=self._session)

    def _note(self, date: str | None) -> None:
        self._date = date or self._date


class _Transport(AioHttpTransport):  # type: ignore[misc]
    """The shared session, with timeouts (the SDKs pass on none to a transport that they are given), and the account's
    own time taken from each answer."""

    def __init__(self, note: Callable[[str | None], None], *, session: Any) -> None:
        super().__init__(session=session, session_owner=False, connection_timeout=CONNECT, read_timeout=READ)
        self._note = note

    async def send(self, request: Any, **config: Any) -> Any:
        """As the transport does."""
        answer = await super().send(request, **config)
        self._note(answer.headers.get("Date"))
        return answer


def code_of(error: AzureError) -> str:
    """The service's error code (`TableNotFound`, …), or ''. The SDKs give it as text or as an enumeration."""
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or "")


@contextlib.contextmanager
def translated(role: str, *, local: bool = False) -> Iterator[None]:
    """Errors of the SDK as ours; those that a caller decides on pass through (see the module's text).

    `local`: the account is an Azurite on this machine.
    """
    try:
        yield
    except ClientAuthenticationError as exc:
        # azure-identity raises the same class, without an answer of the account: there was no token to send.
        raise (_refused(role) if exc.status_code in {401, 403} else _no_token()) from exc
    except HttpResponseError as exc:
        status, code = exc.status_code or 0, code_of(exc)
        if status in {401, 403}:
            raise _refused(role) from exc
        if status == 413 or code in _TOO_BIG:
            raise OperatorError(
                "a row is larger than the storage account takes: see docs/storage.md, limits",
                code="row_too_large",
            ) from exc
        if code in _COMING or status == 408 or status == 429 or status >= 500 or status == 0:
            raise Unavailable(
                "the storage account is busy or down; nothing was lost", retry_after=_retry_after(exc)
            ) from exc
        if isinstance(
            exc, ResourceExistsError | ResourceModifiedError | ResourceNotFoundError | TableTransactionError
        ):
            raise
        if status in {409, 412}:
            raise StoreConflict("the row was changed by somebody else: load it again") from exc
        raise DeployerError(
            f"the storage account refused a request ({status} {code}): check that it is a StorageV2 account "
            "and that its endpoints are those of AzureWebJobsStorage",
            code="storage_refused",
        ) from exc
    except AzureError as exc:
        raise Unavailable(
            "Azurite does not answer on this machine: start it with make serve STORE=azure"
            if local
            else "the storage account does not answer: check its network rules"
        ) from exc


def _refused(role: str) -> DeployerError:
    return DeployerError(
        f"the storage account refused this identity: give it the role {role} on the account and restart",
        code="storage_forbidden",
    )


def _no_token() -> DeployerError:
    return DeployerError(
        "there is no token for the storage account: sign in with `az login`; in Azure, check that the app has its "
        "managed identity and that AzureWebJobsStorage__clientId names it",
        code="storage_sign_in",
    )


def _retry_after(error: HttpResponseError) -> float | None:
    headers: Any = getattr(error.response, "headers", None) or {}
    try:
        return float(headers.get("Retry-After", ""))
    except (ValueError, TypeError):
        return None
