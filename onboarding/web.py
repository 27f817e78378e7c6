"""A request and an answer without a web framework: what every view and the door speak.

`function_app.py` decodes the host's request into `Request` and encodes `Response` back; nothing else knows
azure.functions. Errors are problem+json (RFC 9457) with a stable `code`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"
PROBLEM = "application/problem+json"
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. Header names are lower case; repeated ones are joined with a comma by the host."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    #: Values of the route's placeholders.
    params: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def header(self, name: str) -> str | None:
        return self.headers.get(name.lower())


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


def json_response(status: int, data: Any, headers: Mapping[str, str] | None = None) -> Response:
    """`data` as compact JSON in UTF-8."""
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(status, body, JSON, headers or {})


def problem(
    status: int, code: str, detail: str, headers: Mapping[str, str] | None = None, **members: Any
) -> Response:
    """RFC 9457 problem details. `detail` says what to do next and holds nothing from the request's body."""
    data = {"type": "about:blank", "title": code.replace("_", " "), "status": status, "code": code}
    body = json.dumps({**data, "detail": detail, **members}, ensure_ascii=False).encode()
    return Response(status, body, PROBLEM, headers or {})
