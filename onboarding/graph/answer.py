"""One answer of Graph: status, headers and body as they came, and what the adapter reads from them.

Bodies are read as plain JSON: the SDK's own models cost 10 ms per entity (measured; see docs of the package).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any

import msgspec

#: A code, a property or an id. What has another shape could be a value, and is dropped.
_SAFE = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,79}|[A-Za-z0-9]{1,12}(-[A-Za-z0-9]{1,12}){1,5}")


@dataclass(frozen=True)
class GraphError:
    """The members of Graph's error object (Learn: "Microsoft Graph error responses and resource types").

    `message` and `details` may quote what was sent: they are compared, never shown or logged.
    """

    code: str = ""
    message: str = ""
    #: (code, target) of each detail.
    details: tuple[tuple[str, str], ...] = ()

    def detail(self, code: str) -> str | None:
        """Target of the first detail with this code (any case), or None."""
        return next((target for name, target in self.details if name.lower() == code.lower()), None)


@dataclass(frozen=True)
class Answer:
    """Status, headers (names in lower case) and body of one HTTP answer."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def request_id(self) -> str | None:
        """`request-id` of the answer: what Microsoft support asks for. Safe to show."""
        value = self.headers.get("request-id")
        return (_safe(value) if value else "") or None

    def json(self) -> dict[str, Any]:
        """The body as an object. Raises msgspec.DecodeError when it is not one."""
        data = msgspec.json.decode(self.body)
        if not isinstance(data, dict):
            raise msgspec.DecodeError("not a JSON object")
        return data

    @cached_property
    def error(self) -> GraphError:
        """The error object; empty where the body is not Graph's (a proxy's page, an empty body)."""
        try:
            raw = self.json().get("error")
        except msgspec.DecodeError:
            return GraphError()
        if not isinstance(raw, dict):
            return GraphError()
        details = raw.get("details")
        return GraphError(
            code=_safe(_text(raw.get("code"))),
            message=_text(raw.get("message")),
            details=tuple(
                (_safe(_text(item.get("code"))), _safe(_text(item.get("target"))))
                for item in (details if isinstance(details, list) else ())
                if isinstance(item, dict)
            ),
        )

    @property
    def at(self) -> datetime | None:
        """The service's own time (`Date`), aware UTC."""
        return _http_date(self.headers.get("date"))

    @property
    def throttle_share(self) -> float | None:
        """`x-ms-throttle-limit-percentage`: 0.8 to 1.8 of a limit, None where the answer says nothing."""
        value = self.headers.get("x-ms-throttle-limit-percentage", "").strip()
        return float(value) if re.fullmatch(r"\d(\.\d{1,9})?", value) else None

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait, never negative: decimals ("2.128", as in Graph's throttling page) and HTTP dates.

        A date is judged by the answer's own `Date`, so that our clock does not matter; without one, a date
        cannot be judged and counts as absent (RFC 9110 section 10.2.3).
        """
        value = (self.headers.get("retry-after") or "").strip()
        if re.fullmatch(r"\d{1,9}([.,]\d{1,9})?", value):
            return float(value.replace(",", "."))
        until, now = _http_date(value), self.at
        if until is None or now is None:
            return None
        return max(0.0, (until - now).total_seconds())


def instant(value: object) -> datetime | None:
    """Aware UTC from an Edm.DateTimeOffset (up to seven decimals of a second); None when absent or broken."""
    if not isinstance(value, str):
        return None
    try:
        # datetime keeps microseconds; Graph may send seven digits.
        parsed = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value))
    except ValueError:
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def _http_date(value: str | None) -> datetime | None:
    if not value:
        return None
    try:
        parsed = parsedate_to_datetime(value)
    except ValueError:
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _safe(value: str) -> str:
    return value if _SAFE.fullmatch(value) else ""
