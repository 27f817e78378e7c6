"""Plain requests to Microsoft Graph for the scripts: paging, throttling, and errors that say who acts.

Standard library and httpx. Nothing of the service itself is imported, so a directory administrator can run the
scripts with `pip install httpx azure-identity` and no more. Each error knows the exit code that it leads to; the
codes are those of the service's command line.

Sources: Learn "Microsoft Graph throttling guidance" (Retry-After, decimals seen), "Paging Microsoft Graph data in
your app", "Microsoft Graph error responses and resource types".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

OK, NEGATIVE, USAGE, NOT_FOUND, REFUSED, UNREACHABLE = 0, 1, 2, 3, 5, 6
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
#: Tries of one request, and the longest wait in seconds that a Retry-After may ask for.
TRIES, LONGEST_WAIT = 6, 120.0
_PASSING = frozenset({429, 500, 502, 503, 504})

Sleep = Callable[[float], None]


class Problem(Exception):
    """Why the script ends. `exit_code` is for the shell."""

    exit_code = REFUSED


class Usage(Problem):
    """The arguments do not fit."""

    exit_code = USAGE


class NotFound(Problem):
    """The named object does not exist, or is not visible yet."""

    exit_code = NOT_FOUND


class Refused(Problem):
    """The tenant, or this script, refuses."""


class Unreachable(Problem):
    """No sign-in, no connection, or no answer in time."""

    exit_code = UNREACHABLE


class GraphError(Problem):
    """An answer that is no success. `said` is Graph's own text, for comparing; only `code` is printed."""

    exit_code = UNREACHABLE

    def __init__(self, what: str, status: int, code: str, said: str, request_id: str) -> None:
        named = f"{code}, " if code else ""
        super().__init__(
            f"Graph answered HTTP {status} ({named}request id {request_id or 'none'}) to {what}."
        )
        self.status, self.code, self.said = status, code, said


class Forbidden(GraphError, Refused):
    """403. The text names who may do it."""

    exit_code = REFUSED


def check_root(root: str) -> str:
    """The root of Graph without `/v1.0`: https, or http on the loopback. Raises Usage."""
    parts = urlsplit(root)
    loopback = parts.hostname in LOOPBACK and parts.scheme == "http"
    safe = loopback or (parts.scheme == "https" and bool(parts.hostname))
    if not safe or parts.path.strip("/") or parts.query or parts.username:
        raise Usage("The root of Graph must look like https://graph.microsoft.com (no path, no version).")
    return f"{parts.scheme}://{parts.netloc}"


class Tenant:
    """Graph v1.0 of one tenant. `token` gives the text of an access token; `sleep` waits in seconds."""

    def __init__(
        self, root: str, token: Callable[[], str], sleep: Sleep, note: Callable[[str], None]
    ) -> None:
        self.root = check_root(root)
        self._token, self._sleep, self._note = token, sleep, note
        self._http = httpx.Client(timeout=30.0, follow_redirects=False)

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, **options: str) -> dict[str, Any]:
        """One object. Raises GraphError, Forbidden, NotFound, Unreachable."""
        return self._send("GET", f"{self.root}/v1.0{path}", params={f"${k}": v for k, v in options.items()})

    def items(self, path: str, **options: str) -> Iterator[dict[str, Any]]:
        """All rows of a collection, over all pages."""
        page = self.get(path, **options)
        while True:
            yield from page.get("value") or []
            following = page.get("@odata.nextLink")
            if not following:
                return
            # The link is used whole; the token goes to no other host than the one that was named.
            if _origin(following) != _origin(self.root):
                raise Refused("Graph named a next page on another host; nothing was sent there.")
            page = self._send("GET", following)

    def post(self, path: str, body: Mapping[str, str]) -> dict[str, Any]:
        """Create. Sent again after doubt: the caller must be able to tell "already there" from an error."""
        return self._send("POST", f"{self.root}/v1.0{path}", json=dict(body))

    def delete(self, path: str) -> None:
        """Remove. Raises NotFound when it is gone already."""
        self._send("DELETE", f"{self.root}/v1.0{path}")

    def wait(self, seconds: float) -> None:
        """Let the tenant replicate."""
        self._sleep(seconds)

    def _send(self, method: str, url: str, **more: Any) -> dict[str, Any]:
        what = f"{method} {urlsplit(url).path.removeprefix('/v1.0')}"
        for attempt in range(TRIES):
            last = attempt == TRIES - 1
            # A token for each try: a long wait may outlive one, and azure-identity caches them.
            headers = {"Authorization": f"Bearer {self._token()}", "Accept": "application/json"}
            try:
                answer = self._http.request(method, url, headers=headers, **_options(more))
            except httpx.HTTPError as exc:
                if last:
                    raise Unreachable(f"No answer from Graph ({type(exc).__name__}) to {what}.") from exc
                self._pause(2.0**attempt, f"no answer ({type(exc).__name__})")
                continue
            if answer.status_code not in _PASSING or last:
                return _result(answer, what)
            self._pause(_asked(answer, 2.0**attempt), f"HTTP {answer.status_code}")
        raise AssertionError("the last try returns or raises")

    def _pause(self, seconds: float, why: str) -> None:
        if seconds > LONGEST_WAIT:
            raise Unreachable(f"Graph asks to wait {seconds:.0f} s ({why}): run this again later.")
        self._note(f"Graph: {why}; trying again in {seconds:g} s.")
        self._sleep(seconds)


def _options(more: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in more.items() if value}


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _asked(answer: httpx.Response, otherwise: float) -> float:
    """Retry-After in seconds; Graph has been seen to send decimals."""
    try:
        return max(0.0, float(answer.headers.get("Retry-After", "")))
    except ValueError:
        return otherwise


def _result(answer: httpx.Response, what: str) -> dict[str, Any]:
    try:
        data: Any = answer.json() if answer.content else {}
    except ValueError:
        data = None
    if answer.is_success and isinstance(data, dict):
        return data
    error = data.get("error") if isinstance(data, dict) else None
    error = error if isinstance(error, dict) else {}
    code, said = str(error.get("code") or ""), str(error.get("message") or "")
    told = (what, answer.status_code, code, said, answer.headers.get("request-id", ""))
    if answer.status_code == 401:
        raise Unreachable(
            f"{GraphError(*told)} The token was not accepted: sign in again with"
            " `az login --tenant <tenant id>`."
        )
    if answer.status_code == 403:
        raise Forbidden(*told)
    if answer.status_code == 404:
        raise NotFound(str(GraphError(*told)))
    raise GraphError(*told)
