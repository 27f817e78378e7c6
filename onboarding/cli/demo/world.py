"""The outside world of the demo, over HTTP: the HR systems that post, and the people who register."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from onboarding.cli.demo.people import Person
from onboarding.cli.processes import Pair
from onboarding.intake import catalog, signing

MANAGERS = ("Petra Vogel", "Marcus Bell", "Ingrid Dahl", "Carlos Reyes")
DOMAIN = "contoso.example"


class World:
    """HR systems, people, and the clock."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.secrets = pair.secrets()
        self.http = httpx.Client(timeout=120)
        self.accepted = 0
        self.refused = 0
        self.sent = 0

    # --- clock ---

    def now(self) -> datetime:
        """The simulated time."""
        return datetime.fromisoformat(self._get("/_control/clock")["now"])

    def move_to(self, moment: datetime) -> None:
        """Move the clock and let the service do everything that is due."""
        self._post("/_control/clock", {"to": moment.astimezone(UTC).isoformat()})
        self.settle()

    def settle(self) -> None:
        """Until queues and timers have nothing left that is due."""
        answer = self.http.post(f"{self.pair.service}/_dev/settle", json={"timeout_s": 60})
        answer.raise_for_status()

    # --- tenant ---

    def hire_managers(self) -> None:
        """People who were there before."""
        for name in MANAGERS:
            self._post(
                "/_control/users",
                {
                    "userPrincipalName": f"{name.lower().replace(' ', '.')}@{DOMAIN}",
                    "employeeId": f"M{MANAGERS.index(name)}",
                    "displayName": name,
                },
            )

    def account_of(self, person: Person) -> dict[str, Any] | None:
        """The person's user in the tenant, by the number that HR gave."""
        users: list[dict[str, Any]] = self._get("/_control/users")["items"]
        return next((user for user in users if user.get("employeeId") == person.employee_id), None)

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

    def users(self) -> list[dict[str, Any]]:
        """Everybody in the tenant."""
        items: list[dict[str, Any]] = self._get("/_control/users")["items"]
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

    def announce(self, person: Person, first_day: date) -> None:
        """Everything that HR sends about this person on the day of the announcement."""
        now = self.now()
        if person.source == "greenhouse":
            self.deliver(person, offer(person, first_day), now)
            self.deliver(person, hired(person, first_day), now)
            return
        created = event(person, "hire.created", first_day, now - timedelta(minutes=5))
        if person.out_of_order:
            title = {"job_title": "Senior Analyst"}
            self.deliver(person, {**event(person, "hire.updated", first_day, now), **title}, now)
        self.deliver(person, created, now)

    def withdraw(self, person: Person, first_day: date) -> None:
        """HR takes the hire back."""
        now = self.now()
        self.deliver(person, event(person, "hire.cancelled", first_day, now), now)

    def deliver(self, person: Person, body: dict[str, Any], now: datetime) -> None:
        """Post one signed delivery, twice where the person's HR system stutters."""
        adapter = catalog.adapters()[person.source]
        data = json.dumps(body, ensure_ascii=False).encode()
        self.sent += 1
        headers = signing.sign(
            adapter, self.secrets[person.source], data, now=now, message_id=f"msg_{self.sent:05d}"
        )
        for _ in range(2 if person.duplicate else 1):
            self._count(self.http.post(self._door(person.source), content=data, headers=headers))

    def forge(self, person: Person, first_day: date) -> None:
        """Somebody who does not know the secret posts a hire."""
        now = self.now()
        data = json.dumps(event(person, "hire.created", first_day, now)).encode()
        adapter = catalog.adapters()["standard-webhooks"]
        wrong = "whsec_" + "d3JvbmctYnV0LWxvbmctZW5vdWdoLXNlY3JldA=="
        headers = signing.sign(adapter, wrong, data, now=now, message_id="msg_forged")
        self._count(self.http.post(self._door("standard-webhooks"), content=data, headers=headers))

    def _count(self, answer: httpx.Response) -> None:
        if answer.status_code in {200, 202}:
            self.accepted += 1
        else:
            self.refused += 1

    def _door(self, source: str) -> str:
        return f"{self.pair.service}/api/hr/{source}"

    def _get(self, path: str) -> Any:
        answer = self.http.get(self.pair.simulator + path)
        answer.raise_for_status()
        return answer.json()

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self.http.post(self.pair.simulator + path, json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None


def own_address(person: Person) -> str:
    """The person's own mail address, made up."""
    return f"person-{person.employee_id}@personal.example"


def manager_address(person: Person) -> str:
    """The address under which HR knows the manager."""
    return f"{MANAGERS[person.manager].lower().replace(' ', '.')}@{DOMAIN}"


def event(person: Person, kind: str, first_day: date, at: datetime) -> dict[str, Any]:
    """One `HireEvent` body of the standard-webhooks door."""
    body: dict[str, Any] = {
        "schema_version": "1.0",
        "event_type": kind,
        "occurred_at": at.astimezone(UTC).isoformat(),
        "employee_id": person.employee_id,
        "given_name": person.given,
        "family_name": person.family,
        "personal_email": own_address(person),
        "work_country": person.country,
        "job_title": "Analyst",
        "department": "Operations",
        "manager": {"email": manager_address(person), "name": MANAGERS[person.manager]},
        "start_date": (first_day + timedelta(days=person.start)).isoformat(),
        "locale": person.locale,
        "timezone": person.zone,
        "phones": [{"raw": person.phone, "label": "mobile", "country_hint": person.phone_country}]
        if person.phone
        else [],
    }
    if person.behaviour == "incomplete":
        del body["start_date"]
    return {name: value for name, value in body.items() if value is not None}


def hired(person: Person, first_day: date) -> dict[str, Any]:
    """Greenhouse `hire_candidate`: offer accepted. Dates as 2015-01-23."""
    start = first_day + timedelta(days=person.start)
    return {
        "action": "hire_candidate",
        "payload": {
            "application": {
                "id": int(person.employee_id) + 500_000,
                "candidate": _candidate(person),
                "jobs": [
                    {
                        "id": 1,
                        "name": "Analyst",
                        "departments": [{"id": 1, "name": "Operations"}],
                        "offices": [
                            {"id": 1, "name": person.country, "location": f"Main Street, {person.country}"}
                        ],
                    }
                ],
                "offer": {"id": int(person.employee_id) + 900_000, "starts_at": start.isoformat()},
            }
        },
    }


def offer(person: Person, first_day: date) -> dict[str, Any]:
    """Greenhouse `offer_created`. Dates as 04/15/2013."""
    start = first_day + timedelta(days=person.start)
    return {
        "action": "offer_created",
        "payload": {
            "id": int(person.employee_id) + 900_000,
            "application_id": int(person.employee_id) + 500_000,
            "candidate_id": int(person.employee_id),
            "job_id": 1,
            "start_date": start.strftime("%m/%d/%Y"),
            "offer_status": "Created",
        },
    }


def _candidate(person: Person) -> dict[str, Any]:
    return {
        "id": int(person.employee_id),
        "first_name": person.given,
        "last_name": person.family,
        "external_id": None,
        "phone_numbers": [{"value": person.phone, "type": "mobile"}] if person.phone else [],
        "email_addresses": [{"value": own_address(person), "type": "personal"}],
        "addresses": [{"value": person.country, "type": "home"}],
    }
