"""Settings and people for rows that run the service against the simulator."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterator
from typing import Any

import httpx

from onboarding import bootstrap
from onboarding.simulator.call import Call
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.urls import CONTROL

DOMAIN = "contoso.example"
MANAGER = f"petra.vogel@{DOMAIN}"
#: `whsec_` and base64 of bytes that say what they are.
SECRET = "whsec_" + "YmVuY2htYXJrLW9ubHktc2VjcmV0LTAwMDAwMDAwMDE="
SOURCE = "standard-webhooks"


def settings(store_path: str, graph: str, *, clock: str = "simulator") -> dict[str, str]:
    """Environment of a service on the embedded store."""
    return {
        "ONBOARDING_STORE": "embedded",
        "ONBOARDING_STORE_PATH": store_path,
        "ONBOARDING_GRAPH": "simulated",
        "ONBOARDING_GRAPH_BASE_URL": graph,
        "ONBOARDING_CLOCK": clock,
        "ONBOARDING_DOMAIN": DOMAIN,
        "ONBOARDING_SERVICE_DESK": f"servicedesk@{DOMAIN}",
        "ONBOARDING_HR_STANDARD_WEBHOOKS_SECRET": SECRET,
        "ONBOARDING_HASH_KEY": "benchmark-only",
        "ONBOARDING_DEV_ROLE": "operator",
    }


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without the lines of ordinary events, and without leaving our app behind as this process's own."""
    ours, app = logging.getLogger("onboarding"), bootstrap._app
    level = ours.level
    ours.setLevel(logging.WARNING)
    try:
        yield
    finally:
        ours.setLevel(level)
        bootstrap._app = app


def hire(number: int, start: str, at: str, **said: Any) -> dict[str, Any]:
    """A `hire.created` event. Every seventh name needs transliteration."""
    name = {0: ("Søren", "O'Neill-Groß"), 1: ("太郎", "山田"), 2: ("Łukasz", "Żółć")}.get(
        number % 7, ("Emma", "Hall")
    )
    return {
        "event_type": "hire.created",
        "occurred_at": at,
        "employee_id": str(10_000 + number),
        "given_name": name[0],
        "family_name": f"{name[1]} {_letters(number)}",
        "personal_email": f"person-{number}@personal.example",
        "work_country": "Germany",
        "job_title": "Analyst",
        "department": "Operations",
        "manager": {"email": MANAGER},
        "start_date": start,
        "timezone": "Europe/Berlin",
        "locale": ("de-DE", "en-GB", "fr-FR")[number % 3],
        "phones": [{"raw": f"0151 {23_000_000 + number}", "label": "mobile", "country_hint": "DE"}],
        **said,
    }


def _letters(number: int) -> str:
    """A second family name that is nobody else's, so that user names do not run out."""
    found = ""
    for _ in range(4):
        number, digit = divmod(number, 26)
        found = chr(ord("a") + digit) + found
    return found.title()


#: Where a simulator in this process would be; nothing listens there.
NEXT_DOOR = "http://127.0.0.1:9"


class Control:
    """The simulator's control interface."""

    def __init__(self, base_url: str) -> None:
        self.http = httpx.Client(base_url=base_url, timeout=120, trust_env=False)

    def get(self, path: str, **params: str) -> Any:
        answer = self.http.get(path, params=params)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: Any) -> Any:
        answer = self.http.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def delete(self, path: str, **params: str) -> None:
        self.http.delete(path, params=params).raise_for_status()

    def manager(self) -> None:
        """The manager whom the hires name, older than they are."""
        self.post(
            "/_control/users",
            {"userPrincipalName": MANAGER, "employeeId": "M1", "displayName": "Petra Vogel"},
        )

    def requests(self, after: int = 0) -> list[dict[str, Any]]:
        """What Graph was asked, in order."""
        items: list[dict[str, Any]] = self.get("/_control/requests", after=str(after))["items"]
        return items

    def close(self) -> None:
        self.http.close()


class NextDoor(Control):
    """The same for a simulator in this process, without a socket: what is posted is done when `post` returns."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def post(self, path: str, body: Any) -> Any:
        for method, template, handler in CONTROL:
            pattern = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", template)
            if method == "POST" and (found := re.fullmatch(pattern, path)) is not None:
                call = Call(method, path, found.groupdict(), {}, {}, body, NEXT_DOOR)
                answer = handler(self._tenant, call)
                assert answer.status < 300, answer.body
                return answer.body
        raise AssertionError(f"the control interface has no POST {path}")

    def close(self) -> None:
        """There is no connection."""
