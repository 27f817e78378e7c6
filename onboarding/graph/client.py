"""The connection to Graph: the SDK's client made once, and one way of sending.

The SDK builds requests (typed builders, request models) and authenticates them; answers come back whole through its
native response handler and are read as JSON. The SDK does not retry: `onboarding.graph.retry` decides. `msgraph`,
`kiota_*` and `azure.identity` are imported on first use, in a thread, since that takes 0.3 to 3 seconds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec

from onboarding import observe
from onboarding.errors import DeployerError, OperatorError, Unavailable
from onboarding.graph import batch, errors
from onboarding.graph.answer import Answer
from onboarding.graph.credentials import authentication_provider, check_base_url, default_credential
from onboarding.graph.errors import Call
from onboarding.graph.limiter import Limiter, LocalBudgets, Pressure
from onboarding.graph.retry import Fraction, RetryPolicy, Sleep
from onboarding.graph.sdk import Build, load_sdk
from onboarding.graph.urls import expand
from onboarding.ports import Budgets
from onboarding.ports.budgets import DIRECTORY_WRITES, REPORTS
from onboarding.settings import Settings

#: Seconds. Graph ends requests about authentication methods after 60 (Learn, "Authentication methods API
#: overview"); writes are given up earlier, since their effect is looked up anyway.
CONNECT_TIMEOUT, READ_TIMEOUT, WRITE_TIMEOUT, POOL_TIMEOUT = 10.0, 65.0, 30.0, 30.0


USER_AGENT = "entra-onboarding"
Rows = TypeVar("Rows")
#: What reads a page: its rows, and the next link (falsy on the last page).
ReadPage = Callable[[Answer, Call], tuple[Rows, object]]


class GraphConnection:
    """One client per process, made on first use.

    `credential` is an async azure-identity credential (None: by settings); it is closed by `aclose`.
    `sleep` waits in seconds, `fraction` is in [0, 1) for jitter, `monotonic` is in seconds. `pace` turns the
    limiters on; by default they are on for Microsoft and off for the simulator, whose time may run faster
    than ours and which says 429 itself. They spend from `budgets`, which all instances share; None: this process
    has the budgets to itself. `transport` replaces the network in tests.
    """

    def __init__(
        self,
        settings: Settings,
        credential: Any = None,
        *,
        sleep: Sleep = asyncio.sleep,
        fraction: Fraction,
        monotonic: Callable[[], float] = time.monotonic,
        pace: bool | None = None,
        budgets: Budgets | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.settings = settings
        #: Root with version, for `@odata.id` references and the base of all requests.
        self.base_url = check_base_url(settings) + "/v1.0"
        self._credential = credential
        self._policy = RetryPolicy(sleep, fraction)
        paced = settings.graph == "microsoft" if pace is None else pace
        shared = budgets or LocalBudgets(monotonic)
        self._reports = Limiter(REPORTS, shared, sleep, monotonic) if paced else None
        self._writes = Limiter(DIRECTORY_WRITES, shared, sleep, monotonic) if paced else None
        self._pressure = Pressure(sleep, monotonic)
        self._transport = transport
        self._client: Any = None
        self._http: httpx.AsyncClient | None = None
        self._handler: Any = None
        self._lock = asyncio.Lock()

    async def send(self, call: Call, build: Build) -> Answer:
        """Send with the retry policy. The answer is good, or absent where `call.may_be_absent`; else an error
        of `onboarding.graph.errors` is raised."""
        if call.writes and self.settings.mode == "dry_run":
            raise OperatorError(
                f"{call.name} was not sent: ONBOARDING_MODE is dry_run, which writes nothing.", code="dry_run"
            )
        client = await self._ready()

        async def attempt() -> Answer:
            return errors.check(await self._once(client, call, build), call)

        return await self._policy.run(attempt, idempotent=call.idempotent)

    async def read(self, call: Call, build: Build) -> dict[str, Any] | None:
        """`send`, and the body as an object; None where `call.may_be_absent` and it is."""
        answer = await self.send(call, build)
        return None if errors.absent(answer, call) else body(answer, call)

    async def items(self, call: Call, build: Build) -> list[dict[str, Any]]:
        """All rows of all pages, for short collections."""
        return [row async for page, _ in self.pages(call, build) for row in page]

    async def collections(self, *asks: batch.Ask) -> list[list[dict[str, Any]]]:
        """All rows of several short collections; their first pages come in one request (`$batch`)."""
        firsts = await self._together(asks)
        return [
            [row async for page, _ in self._from(first, read_page, call, build) for row in page]
            for first, (call, build) in zip(firsts, asks, strict=True)
        ]

    async def _together(self, asks: Sequence[batch.Ask]) -> list[Answer]:
        """The answers to reads that are sent as one request; all of them are good, or the first error is raised.

        What passes (a 429 of one read as well) is tried again as a whole: reads bear repetition.
        """
        client = await self._ready()

        def build(client: Any) -> Any:
            return batch.request(client, self.base_url, asks)

        async def attempt() -> list[Answer]:
            whole = errors.check(await self._once(client, batch.BATCH, build), batch.BATCH)
            found = batch.answers(body(whole, batch.BATCH), asks)
            for answer in found:
                self._heard(answer)
            return [errors.check(answer, call) for answer, (call, _) in zip(found, asks, strict=True)]

        return await self._policy.run(attempt, idempotent=True)

    async def pages(self, call: Call, build: Build) -> AsyncIterator[tuple[list[dict[str, Any]], Answer]]:
        """Follow `@odata.nextLink` whole; yields each page's rows with its answer."""
        async for page in self.pages_as(read_page, call, build):
            yield page

    async def pages_as(
        self, read: ReadPage[Rows], call: Call, build: Build
    ) -> AsyncIterator[tuple[Rows, Answer]]:
        """`pages` with rows as `read` makes them of an answer: `(rows, next link or None)`."""
        async for page in self._from(await self.send(call, build), read, call, build):
            yield page

    async def _from(
        self, answer: Answer, read: ReadPage[Rows], call: Call, build: Build
    ) -> AsyncIterator[tuple[Rows, Answer]]:
        """This page and those that follow it."""
        while True:
            found, following = read(answer, call)
            yield found, answer
            if not following:
                return
            answer = await self.send(call, self._following(call, build, following))

    def _following(self, call: Call, build: Build, link: object) -> Build:
        """A request for the next link. It is opaque, but it must not lead to another host."""
        if not isinstance(link, str) or _origin(link) != _origin(self.base_url):
            raise DeployerError(
                f"Graph sent a next link to another host for {call.name}.", code="graph_refused"
            )

        def again(client: Any) -> Any:
            info = build(client)
            # Headers are kept (ConsistencyLevel is not carried by the link); the link replaces the rest, in a
            # dict of its own: setting `info.url` would empty the one that the SDK shares between requests.
            info.path_parameters = {info.RAW_URL_KEY: link}
            info.query_parameters = {}
            return info

        return again

    async def _once(self, client: Any, call: Call, build: Build) -> Answer:
        limiter = self._limiter(call)
        if limiter:
            await limiter.acquire()
        if not (call.report or call.mailbox):
            await self._pressure.ease()
        info = fixed(build(client), self.base_url)
        info.add_request_options([self._handler])
        try:
            response = await client.request_adapter.send_primitive_async(info, "bytes", {})
        except httpx.RequestError as exc:
            raise errors.of_transport(exc, call) from exc
        except self._sign_in_errors() as exc:
            raise self._unsigned(exc, call) from exc
        answer = Answer(response.status_code, response.headers, response.content)
        self._heard(answer)
        if answer.status == 429 and limiter and answer.retry_after:
            await limiter.pause(answer.retry_after)
        return answer

    def _heard(self, answer: Answer) -> None:
        """What every answer says beside its content."""
        if answer.request_id:
            observe.note_request(answer.request_id)
        self._pressure.note(answer.throttle_share)

    def _limiter(self, call: Call) -> Limiter | None:
        """Whose budget the request takes from. Mailboxes have their own, which we do not come near."""
        if call.report:
            return self._reports
        return self._writes if call.writes and not call.mailbox else None

    def _sign_in_errors(self) -> tuple[type[Exception], ...]:
        """What a credential raises. Empty with the simulator, where azure-core is never loaded."""
        if self._credential is None:
            return ()
        from azure.core.exceptions import AzureError

        return (AzureError,)

    @staticmethod
    def _unsigned(exc: Exception, call: Call) -> Exception:
        from azure.core.exceptions import ServiceRequestError, ServiceResponseError

        kind = type(exc).__name__
        if isinstance(exc, (ServiceRequestError, ServiceResponseError)):
            return Unavailable(f"The sign-in service does not answer ({kind}, {call.name}).")
        return errors.no_token(call, kind)

    async def _ready(self) -> Any:
        if self._client is None:
            async with self._lock:
                if self._client is None:
                    self._client = await asyncio.to_thread(self._make)
        return self._client

    def _make(self) -> Any:
        load_sdk()
        from kiota_abstractions.native_response_handler import NativeResponseHandler
        from kiota_http.middleware.options import ResponseHandlerOption
        from msgraph import GraphServiceClient
        from msgraph.graph_request_adapter import GraphRequestAdapter

        self._credential = self._credential or default_credential(self.settings)
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(
                connect=CONNECT_TIMEOUT, read=READ_TIMEOUT, write=WRITE_TIMEOUT, pool=POOL_TIMEOUT
            ),
            limits=httpx.Limits(max_connections=20, max_keepalive_connections=20, keepalive_expiry=30.0),
            transport=self._transport,
            headers={"User-Agent": USER_AGENT},
            # A corporate proxy is for the internet, never for the loopback, which has no TLS either.
            trust_env=self.settings.graph != "simulated",
            verify=self.settings.graph != "simulated",
        )
        self._http._cookies = _NoCookies()
        # A client without the SDK's middleware, of which a request needs nothing: retries are ours, Graph sends no
        # redirects (and a token must not follow one), headers and bodies are not inspected, nobody asks for
        # `/users/me…`, parameters have plain names (`urls`), and the SDK's authors need not know on what we run.
        self._handler = ResponseHandlerOption(NativeResponseHandler())
        provider = authentication_provider(self.settings, self._credential)
        adapter = GraphRequestAdapter(provider, client=self._http)
        # Set here and not on httpx, which appends a slash: requests would go to `/v1.0//users`.
        adapter.base_url = self.base_url
        return GraphServiceClient(request_adapter=adapter)

    async def aclose(self) -> None:
        """Close connections and credential. Fine when nothing was ever sent."""
        if self._http is not None:
            await self._http.aclose()
        if self._credential is not None:
            await self._credential.close()
        self._client, self._http = None, None


class _NoCookies(httpx.Cookies):
    """Graph needs none, and looking for them in each answer costs more than reading it."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """Take none."""


def fixed(info: Any, base_url: str) -> Any:
    """The request with its URL expanded once: the SDK would expand the template at each of several looks at it."""
    # In dicts of their own: the builders share theirs between requests.
    info.path_parameters, info.query_parameters = {info.RAW_URL_KEY: expand(info, base_url)}, {}
    return info


def body(answer: Answer, call: Call) -> dict[str, Any]:
    """The answer's JSON object; Unavailable or EffectUnknown when it is not one."""
    try:
        return answer.json()
    except msgspec.DecodeError as exc:
        raise errors.unreadable(answer, call) from exc


def read_page(answer: Answer, call: Call) -> tuple[list[dict[str, Any]], object]:
    """`value` of a collection, and its next link."""
    data = body(answer, call)
    value = data.get("value")
    if not isinstance(value, list):
        raise errors.unreadable(answer, call)
    return value, data.get("@odata.nextLink")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
