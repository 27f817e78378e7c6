"""Short words for the calls of these tests."""

from __future__ import annotations

from typing import Any

import httpx

EVENTUAL = {"ConsistencyLevel": "eventual"}
PASSWORD = "xWwvJ]6NMw+bWH-d"


def new_user(upn: str = "adele@contoso.example", **changes: Any) -> dict[str, Any]:
    """The body of a new user."""
    return {
        "accountEnabled": True,
        "displayName": "Adele Vance",
        "mailNickname": "adele",
        "userPrincipalName": upn,
        "passwordProfile": {"password": PASSWORD},
        **changes,
    }


def create(http: httpx.Client, upn: str = "adele@contoso.example", **changes: Any) -> str:
    """A user made over Graph; its id."""
    return str(ok(http.post("/v1.0/users", json=new_user(upn, **changes)))["id"])


def person(http: httpx.Client, local: str, **given: Any) -> str:
    """A user who has been there for long; its id."""
    body = {"userPrincipalName": f"{local}@contoso.example", **given}
    return str(ok(http.post("/_control/users", json=body))["id"])


def group(http: httpx.Client, name: str, **given: Any) -> str:
    """A group that has been there for long; its id."""
    return str(ok(http.post("/_control/groups", json={"displayName": name, **given}))["id"])


def policy(http: httpx.Client, **changes: Any) -> None:
    ok(http.post("/_control/policy", json=changes))


def advance(http: httpx.Client, by: str) -> None:
    ok(http.post("/_control/clock", json={"advance": by}))


def ok(answer: httpx.Response) -> Any:
    """The body of an answer that must be one of success."""
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def refused(answer: httpx.Response) -> tuple[int, str, str]:
    """(status, code, message) of an error."""
    assert answer.is_error, answer.text
    error = answer.json()["error"]
    assert set(error) <= {"code", "message", "details", "innerError"}
    assert set(error["innerError"]) == {"date", "request-id", "client-request-id"}
    return answer.status_code, error["code"], error["message"]


def pages(http: httpx.Client, path: str, **kwargs: Any) -> list[dict[str, Any]]:
    """All pages of a list, by its links. The client sends the same headers with each."""
    found = [ok(http.get(path, **kwargs))]
    while "@odata.nextLink" in found[-1]:
        found.append(ok(http.get(found[-1]["@odata.nextLink"], headers=kwargs.get("headers"))))
    return found
