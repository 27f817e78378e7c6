"""A tenant that checks may touch: opened on purpose only, everything made in it taken away again.

Settings, all from the environment:

    LIVE_TENANT_DOMAIN   a verified domain of a tenant that exists for tests
    LIVE_TENANT_ALLOW    the same domain again: "users may be made and deleted there"
    LIVE_TENANT_TOKEN    an app-only token for Graph (docs/live-tenant-check.md says which permissions)
    LIVE_TENANT_ROOT     another cloud's Graph; default https://graph.microsoft.com
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

PREFIX = "zz-livecheck-"
_ROOT = "https://graph.microsoft.com"
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


class Refused(Exception):
    """Why no tenant is opened, in words for people."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to and with what. The token is never shown."""

    domain: str
    root: str
    token: str = field(repr=False)


def target(environ: Mapping[str, str]) -> Target:
    """Refused, with the reason, unless everything is given and the domain was named twice."""
    domain = environ.get("LIVE_TENANT_DOMAIN", "").strip().lower()
    if not domain:
        raise Refused("no live tenant: LIVE_TENANT_DOMAIN is not set")
    if not _DOMAIN.fullmatch(domain):
        raise Refused("LIVE_TENANT_DOMAIN is no domain")
    if environ.get("LIVE_TENANT_ALLOW", "").strip().lower() != domain:
        raise Refused("LIVE_TENANT_ALLOW does not repeat the domain: nothing is made in a tenant without it")
    token = environ.get("LIVE_TENANT_TOKEN", "").strip()
    if not token:
        raise Refused("LIVE_TENANT_TOKEN is not set")
    root = environ.get("LIVE_TENANT_ROOT", _ROOT).rstrip("/")
    parts = urlsplit(root)
    if parts.scheme != "https" and parts.hostname != "127.0.0.1":
        raise Refused("LIVE_TENANT_ROOT must be https")
    return Target(domain, root, token)


class Live:
    """Calls to Graph, and what was made by them. `sleep` waits real (or, for the simulator, virtual) seconds."""

    def __init__(self, where: Target, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.domain = where.domain
        self.notes: list[str] = []
        self.left: list[str] = []
        self._made: list[str] = []
        self._sleep = sleep
        self._run = secrets.token_hex(4)
        headers = {"Authorization": f"Bearer {where.token}"}
        secure = where.root.startswith("https://")
        self._http = httpx.Client(base_url=f"{where.root}/v1.0", headers=headers, timeout=60, verify=secure)

    def call(self, method: str, path: str, body: Any = None, **query: str) -> httpx.Response:
        """One request, repeated while Graph asks for patience."""
        params = {f"${name}": value for name, value in query.items()}
        for _ in range(5):
            answer = self._http.request(method, path, json=body, params=params or None)
            if answer.status_code not in (429, 503, 504):
                return answer
            self._sleep(float(answer.headers.get("Retry-After", "5")))
        return answer

    def name(self, local: str) -> str:
        """A user name that says what it is."""
        return f"{PREFIX}{self._run}-{local}@{self.domain}"

    def user_body(self, local: str, **more: Any) -> dict[str, Any]:
        upn = self.name(local)
        password = f"Aa1!{secrets.token_urlsafe(24)}"
        return {
            "accountEnabled": False,
            "displayName": f"Live check {local}",
            "mailNickname": upn.split("@", 1)[0],
            "userPrincipalName": upn,
            "passwordProfile": {"password": password, "forceChangePasswordNextSignIn": True},
            **more,
        }

    def user(self, local: str, **more: Any) -> str:
        """A new user, seen by reads; its object id. AssertionError where Graph refuses."""
        made = self.call("POST", "/users", self.user_body(local, **more))
        assert made.status_code == 201, told(made)
        key = str(made.json()["id"])
        self._made.append(key)
        seconds = self.until(lambda: self.call("GET", f"/users/{key}").status_code == 200, 300)
        assert seconds is not None, "a created user was not readable after 300 s"
        return key

    def keep(self, answer: httpx.Response) -> httpx.Response:
        """Remember for `close` what a creation made, whatever was expected of it."""
        if answer.status_code == 201:
            self._made.append(str(answer.json()["id"]))
        return answer

    def until(self, holds: Callable[[], bool], seconds: float, every: float = 5.0) -> float | None:
        """Seconds waited until it holds; None when it does not within `seconds`."""
        waited = 0.0
        while not holds():
            if waited >= seconds:
                return None
            self._sleep(every)
            waited += every
        return waited

    def note(self, text: str) -> None:
        """A measured fact, for the log of the run."""
        self.notes.append(text)

    def delete(self, key: str) -> None:
        """Soft delete one of ours, and for good where the tenant lets us. A 404 may be a user that has not
        replicated yet, so it is asked again for a minute."""
        answers: list[httpx.Response] = []

        def gone() -> bool:
            answers.append(self.call("DELETE", f"/users/{key}"))
            return answers[-1].status_code != 404

        self.until(gone, 60, every=15)
        if answers[-1].status_code not in (204, 404):
            self.left.append(f"user {key} is left: {told(answers[-1])}")
        self.call("DELETE", f"/directory/deletedItems/{key}")
        self._made.remove(key)

    def close(self) -> list[str]:
        """Take away everything that was made; what could not be is returned in words. Once is enough."""
        if not self._http.is_closed:
            for key in list(self._made):
                self.delete(key)
            self._http.close()
        return self.left


def told(answer: httpx.Response) -> str:
    """Status, code and text of an answer, without anything personal of the request."""
    try:
        error = answer.json().get("error", {})
    except ValueError:
        error = {}
    return f"{answer.status_code} {error.get('code', '')} {error.get('message', '')}".strip()
