"""The outside world of the demo, over HTTP: the HR systems that post, and the people who register."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx

from onboarding.cli.demo import hr
from onboarding.cli.demo.people import Person
from onboarding.cli.processes import Pair
from onboarding.intake import catalog, signing

#: Of somebody who does not know ours.
WRONG_SECRET = "whsec_d3JvbmctYnV0LWxvbmctZW5vdWdoLXNlY3JldA=="  # noqa: S105


class World:
    """HR systems, people, and the clock. `posted` lists every delivery with what the door answered."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.secrets = pair.secrets()
        # Loopback only: proxies of the environment are left aside.
        # Whatever role the dashboard has: this reads cases.
        self.http = httpx.Client(timeout=120, trust_env=False, headers={"X-Dev-Role": "viewer"})
        self.posted: list[dict[str, Any]] = []
        self.written = 0

    # --- clock ---

    def now(self) -> datetime:
        """The simulated time."""
        return datetime.fromisoformat(self._get("/_control/clock")["now"])

    def move_to(self, moment: datetime) -> None:
        """Move the clock, never back, and let the service do everything that is due."""
        target = max(moment, self.now())
        self._post("/_control/clock", {"to": target.astimezone(UTC).isoformat()})
        self.settle()

    def settle(self) -> None:
        """Until queues and timers have nothing left that is due."""
        answer = self.http.post(f"{self.pair.service}/_dev/settle", json={"timeout_s": 60})
        answer.raise_for_status()

    # --- tenant ---

    def hire(self, name: str, employee_id: str) -> None:
        """Somebody who was there before."""
        body = {"userPrincipalName": hr.address(name), "employeeId": employee_id, "displayName": name}
        self._post("/_control/users", body)

    def users(self) -> list[dict[str, Any]]:
        """Everybody in the tenant, with their methods."""
        items: list[dict[str, Any]] = self._get("/_control/users")["items"]
        return items

    def account_of(self, person: Person) -> dict[str, Any] | None:
        """The person's user in the tenant, by the number that HR gave."""
        return next((user for user in self.users() if user.get("employeeId") == person.employee_id), None)

    def register(
        self, user: dict[str, Any], method: str, actor: str = "user", value: str | None = None
    ) -> None:
        """A method is registered, with its audit record."""
        body = {"method": method, "actor": actor, **({"value": value} if value else {})}
        self._post(f"/_control/users/{user['id']}/methods", body)

    def cancel(self, user: dict[str, Any]) -> None:
        """The person opens the registration page and gives up."""
        self._post(f"/_control/users/{user['id']}/cancel", {})

    def delete(self, user: dict[str, Any], method: str) -> None:
        """The person removes a method."""
        path = f"/_control/users/{user['id']}/methods/{method}"
        self.http.delete(self.pair.simulator + path, params={"actor": "user"}).raise_for_status()

    def mail(self) -> list[dict[str, Any]]:
        """Everything that was sent."""
        items: list[dict[str, Any]] = self._get("/_control/mail")["items"]
        return items

    def requests(self) -> list[dict[str, Any]]:
        """Every Graph request that the tenant saw."""
        items: list[dict[str, Any]] = self._get("/_control/requests")["items"]
        return items

    def cases(self) -> list[dict[str, Any]]:
        """Every case, whole."""
        found, page = [], ""
        while True:
            listed = self.http.get(f"{self.pair.service}/api/cases", params={"page": page} if page else {})
            listed.raise_for_status()
            for item in listed.json()["items"]:
                found.append(self.http.get(f"{self.pair.service}/api/cases/{item['case_id']}").json())
            page = listed.json()["next_page"]
            if not page:
                return found

    # --- HR ---

    def deliver(self, person: Person, body: dict[str, Any], *, secret: str | None = None) -> None:
        """Post one signed delivery; the HR systems of some people stutter and send the same bytes twice."""
        now, adapter = self.now(), catalog.adapters()[person.source]
        data = json.dumps(body, ensure_ascii=False).encode()
        self.written += 1
        headers = signing.sign(
            adapter,
            secret or self.secrets[person.source],
            data,
            now=now,
            message_id=f"msg_{self.written:05d}",
        )
        for _ in range(2 if person.duplicate and secret is None else 1):
            answer = self.http.post(
                f"{self.pair.service}/api/hr/{person.source}", content=data, headers=headers
            )
            self.posted.append(
                {
                    "at": now.isoformat(),
                    "source": person.source,
                    "employee_id": person.employee_id,
                    "event": body.get("event_type") or body["action"],
                    "status": answer.status_code,
                    "result": answer.json().get("result"),
                }
            )

    @property
    def accepted(self) -> int:
        """Deliveries that a door took, duplicates included."""
        return sum(200 <= item["status"] < 300 for item in self.posted)

    def _get(self, path: str) -> Any:
        answer = self.http.get(self.pair.simulator + path)
        answer.raise_for_status()
        return answer.json()

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self.http.post(self.pair.simulator + path, json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None
