"""Graph's error answers, and the control interface's.

Shapes: "Microsoft Graph error responses and resource types" (concepts/errors). The codes are the contract;
the texts are as observed in public issues where the documentation gives none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any


class GraphError(Exception):
    """An answer other than 2xx: HTTP `status`, Graph's `code`, the text, optional details and headers."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = tuple(details)
        self.headers = dict(headers or {})

    def body(self, *, at: datetime, request_id: str, client_request_id: str) -> dict[str, Any]:
        """{"error": {code, message, details?, innerError{date, request-id, client-request-id}}}"""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details:
            error["details"] = [dict(detail) for detail in self.details]
        error["innerError"] = {
            "date": at.strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": request_id,
            "client-request-id": client_request_id,
        }
        return {"error": error}


class ControlError(Exception):
    """The control interface was asked for something it does not know. Never ignored: 400 (or `status`)."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


def not_modelled(what: str) -> GraphError:
    """501: real Graph may well answer this; the simulator does not know how and does not guess."""
    return GraphError(501, "NotImplemented", f"The simulator does not model {what}.")


def resource_not_found(key: str) -> GraphError:
    return GraphError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{key}' does not exist or one of its queried reference-property objects are not present.",
    )


def bad_request(message: str, *details: Mapping[str, str]) -> GraphError:
    return GraphError(400, "Request_BadRequest", message, details=details)


def invalid_value(name: str, code: str = "InvalidValue", *, resource: str = "User") -> GraphError:
    """A property outside its documented limit or character set."""
    message = f"Invalid value specified for property '{name}' of resource '{resource}'."
    return bad_request(message, {"code": code, "message": message, "target": name})


def object_conflict(name: str) -> GraphError:
    """A second object with a unique value: HTTP 400, not 409 (microsoft-graph-docs issue 1508)."""
    message = f"Another object with the same value for property {name} already exists."
    return bad_request(message, {"code": "ObjectConflict", "message": message, "target": name})


def unsupported_query(message: str) -> GraphError:
    """A query that the directory does not serve, or not without the advanced query parameters
    (aad-advanced-queries, error handling)."""
    return GraphError(400, "Request_UnsupportedQuery", message)


def bad_reference() -> GraphError:
    """A reference to what is none, or has not replicated (msgraph-bicep-types issue 193)."""
    return bad_request("Not a valid reference update.")


def denied() -> GraphError:
    return GraphError(
        403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."
    )


def unauthorized() -> GraphError:
    return GraphError(
        401,
        "InvalidAuthenticationToken",
        "Access token is empty.",
        headers={"WWW-Authenticate": 'Bearer realm="", authorization_uri="https://login.example/authorize"'},
    )


def throttled(seconds: float | None, headers: Mapping[str, str] | None = None) -> GraphError:
    """429 with a decimal Retry-After, as the sample of "Microsoft Graph throttling guidance" has it; without one
    where the service sends none (conditional access)."""
    wait = {} if seconds is None else {"Retry-After": f"{seconds:g}"}
    return GraphError(
        429, "TooManyRequests", "Please retry again later.", headers={**wait, **(headers or {})}
    )


def mailbox_busy() -> GraphError:
    """A fifth request to one mailbox at the same time (cal.diy pull request 343, corso issue 3695)."""
    return GraphError(
        429,
        "ApplicationThrottled",
        "Application is over its MailboxConcurrency limit.",
        headers={"Retry-After": "1"},
    )
