"""One HR system over HTTP: the configured host and no other, JSON only, bounded in time and size.

| answer | we raise |
|---|---|
| 429, or 503 with Retry-After | Throttled, with the seconds (decimals and HTTP dates are read) |
| other 5xx, 408, 425, no connection, timeout | Unavailable |
| 401 | ReaderRefused `hr_sign_in` |
| 403 | ReaderRefused `hr_permission` |
| 404, 410 | RecordGone |
| other 4xx | RequestRefused `hr_unreadable`: a reader may know what is missing |
| 3xx, no JSON, over `LARGEST` bytes | ReaderRefused `hr_unreadable` |

Every call here only reads, a POST too, so it may be sent again: `ATTEMPTS` times within `BUDGET` seconds; a longer wait
is the caller's, as a due row. Redirects are not followed, since they would carry the token to another host. No text
of the HR system gets into a message; status, and the name of the call, do.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import msgspec
from tenacity import AsyncRetrying, RetryCallState

from onboarding.errors import RetryLater, Throttled, Unavailable
from onboarding.ports import ReaderRefused, RecordGone, hr
from onboarding.settings import SourceSettings

#: Seconds, bytes.
CONNECT_TIMEOUT, READ_TIMEOUT = 5.0, 15.0
LARGEST = 1024 * 1024
#: Tries and seconds of one read, waits included; the host renews its lease meanwhile.
ATTEMPTS, BUDGET = 3, 8.0
BASE, CAP = 0.5, 4.0
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_AGAIN = frozenset({408, 425})


class RequestRefused(ReaderRefused):
    """The HR system finds fault with the request itself."""

    code = hr.UNREADABLE


class Client:
    """Calls to one source's API. Paths begin with a slash and are joined to the configured root."""

    def __init__(
        self,
        source: SourceSettings,
        root: str | None,
        token_form: str,
        sleep: Callable[[float], Awaitable[None]],
        fraction: Callable[[], float],
        transport: Any = None,
    ) -> None:
        self.source = source
        self._root, self._token_form = root, token_form
        self._sleep, self._fraction, self._transport = sleep, fraction, transport
        self._http: httpx.AsyncClient | None = None

    @property
    def phone_fields(self) -> tuple[str, ...]:
        """Names of the fields that hold telephone numbers, where the customer chooses them."""
        return self.source.api_phone_fields

    # --- credentials ---------------------------------------------------------------------------------------------

    def token(self) -> str:
        """The token as it is set. ReaderRefused when it is not."""
        if not self.source.api_token:
            raise ReaderRefused(
                f"{setting_name(self.source, 'API_TOKEN')} is not set: it takes {self._token_form}.",
                code=hr.NOT_CONFIGURED,
            )
        return self.source.api_token.reveal()

    def pair(self) -> tuple[str, str]:
        """A token that is two parts with a colon between."""
        first, colon, second = self.token().partition(":")
        if not (first and colon and second):
            raise ReaderRefused(
                f"{setting_name(self.source, 'API_TOKEN')} must be {self._token_form}.",
                code=hr.NOT_CONFIGURED,
            )
        return first, second

    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token()}"}

    def basic(self, password: str | None = None) -> dict[str, str]:
        """Basic with the token as user and this password; without one, the token is `user:password`."""
        pair = ":".join(self.pair()) if password is None else f"{self.token()}:{password}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"}

    # --- calls ---------------------------------------------------------------------------------------------------

    async def get(
        self,
        name: str,
        path: str,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """GET, and the JSON object. `name` is the call's, for messages."""
        return await self._call(name, "GET", path, headers=headers, params=params)

    async def post(
        self,
        name: str,
        path: str,
        headers: Mapping[str, str],
        *,
        json: Any = None,
    ) -> dict[str, Any]:
        """POST of a read, and the JSON object."""
        return await self._call(name, "POST", path, headers=headers, json=json)

    async def _call(self, name: str, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        url = self._base() + path
        retrying = AsyncRetrying(sleep=self._sleep, retry=_again, wait=self._wait, stop=_stop, reraise=True)
        return await retrying(self._once, name, method, url, arguments)

    async def _once(self, name: str, method: str, url: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        try:
            async with self._client().stream(method, url, **arguments) as response:
                refusal = _refusal(response, name)
                if refusal is not None:
                    raise refusal
                body = await _read(response, name)
        except httpx.RequestError as exc:
            raise Unavailable(f"The HR system does not answer ({type(exc).__name__}, {name}).") from exc
        except httpx.InvalidURL as exc:
            raise self._not_a_root() from exc
        return _object(body, name)

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            self._http = httpx.AsyncClient(
                timeout=httpx.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT),
                limits=httpx.Limits(max_connections=4, max_keepalive_connections=2, keepalive_expiry=30.0),
                follow_redirects=False,
                headers={"Accept": "application/json", "User-Agent": "entra-onboarding"},
                transport=self._transport,
                # A corporate proxy is for the internet, never for the loopback.
                trust_env=urlsplit(self._base()).hostname not in _LOOPBACK,
            )
        return self._http

    def _base(self) -> str:
        """The root of the API: https, or http on this machine; nothing but scheme, host, port and path."""
        url = self.source.api_url or self._root
        if url is None:
            raise ReaderRefused(
                f"{setting_name(self.source, 'API_URL')} is not set: the address of this company's HR system.",
                code=hr.NOT_CONFIGURED,
            )
        try:
            parts = urlsplit(url)
            safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
            plain = parts.port != 0 and not (
                parts.username or parts.password or parts.query or parts.fragment
            )
        except ValueError:
            raise self._not_a_root() from None
        if not (safe and plain and parts.hostname):
            raise self._not_a_root()
        return url.rstrip("/")

    def _not_a_root(self) -> ReaderRefused:
        return ReaderRefused(
            f"{setting_name(self.source, 'API_URL')} must be https://host or https://host/path, without a user, a "
            "query or a fragment (http only for this machine).",
            code=hr.NOT_CONFIGURED,
        )

    def _wait(self, state: RetryCallState) -> float:
        error = _error(state)
        if isinstance(error, RetryLater) and error.retry_after is not None:
            return error.retry_after
        return self._fraction() * min(CAP, BASE * 2.0 ** (state.attempt_number - 1))

    async def aclose(self) -> None:
        if self._http is not None:
            await self._http.aclose()
            self._http = None


def segment(value: str) -> str:
    """An id as one segment of a path, whatever is in it."""
    return quote(value, safe="") if value not in {".", ".."} else "%2E" * len(value)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, never negative: decimals too, and HTTP dates by the answer's own `Date` (RFC 9110, 10.2.3)."""
    value = (headers.get("retry-after") or "").strip()
    if re.fullmatch(r"[0-9]{1,9}([.,][0-9]{1,9})?", value):
        return float(value.replace(",", "."))
    until, now = _http_date(value), _http_date(headers.get("date") or "")
    return None if until is None or now is None else max(0.0, (until - now).total_seconds())


def _http_date(text: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(text)
    except ValueError:
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def _refusal(response: httpx.Response, name: str) -> Exception | None:
    """The error of an answer; None for a good one."""
    status = response.status_code
    if 200 <= status < 300:
        return None
    wait = retry_after(response.headers)
    if status == 429 or (status == 503 and wait is not None):
        return Throttled(f"The HR system asked for patience ({name}).", retry_after=wait)
    if status >= 500 or status in _AGAIN:
        return Unavailable(f"The HR system answered {status} ({name}).", retry_after=wait)
    if status in {404, 410}:
        return RecordGone(f"The HR system has no such record ({name}).")
    if status == 401:
        return ReaderRefused(
            f"The HR system refuses the token ({name}): make a new one and set it as API_TOKEN.",
            code=hr.SIGN_IN,
        )
    if status == 403:
        return ReaderRefused(
            f"The HR system does not allow this read ({name}): give the token's user the permission.",
            code=hr.PERMISSION,
        )
    kind = RequestRefused if status >= 400 else ReaderRefused
    return kind(f"The HR system answered {status} to {name}: check API_URL.", code=hr.UNREADABLE)


async def _read(response: httpx.Response, name: str) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > LARGEST:
            raise ReaderRefused(
                f"The HR system answered more than {LARGEST} bytes to {name}.", code=hr.UNREADABLE
            )
    return bytes(body)


def _object(body: bytes, name: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        found = None
    if not isinstance(found, dict):
        raise ReaderRefused(
            f"The HR system answered no JSON object to {name}: check API_URL.", code=hr.UNREADABLE
        )
    return found


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome is not None else None


def _again(state: RetryCallState) -> bool:
    return isinstance(_error(state), RetryLater)


def _stop(state: RetryCallState) -> bool:
    spent = max(state.idle_for, state.seconds_since_start or 0.0)
    return state.attempt_number >= ATTEMPTS or spent + state.upcoming_sleep > BUDGET


def setting_name(source: SourceSettings, what: str) -> str:
    return f"ONBOARDING_HR_{source.source.upper().replace('-', '_')}_{what}"
