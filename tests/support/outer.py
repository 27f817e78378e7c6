"""The outer layer for tests: the real functions over the real embedded store in memory, with a clock that stands.

`Outer` is a `Host` whose tenant does not exist: what reaches for it fails. Cases are put straight into the store.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import azure.functions as func

from onboarding import bootstrap
from onboarding.domain.account import Account, PassRecord, PassStatus
from onboarding.domain.case import Alias, Case, aliases_of
from onboarding.domain.evidence import Act, By, Evidence, Recoverable, Status
from onboarding.domain.hire import Hire, ManagerRef, Phone
from onboarding.domain.lifecycle import State
from onboarding.domain.records import (
    NextAction,
    RungRecord,
    RungStatus,
    StepRecord,
    StepStatus,
    TimelineEntry,
)
from onboarding.intake import catalog, signing
from onboarding.settings import Settings
from tests.support import planted
from tests.support.doubles import T0, FixedClock, SeededEntropy
from tests.support.host import Host

ENV = {
    "ONBOARDING_STORE_PATH": ":memory:",
    "ONBOARDING_GRAPH": "simulated",
    "ONBOARDING_GRAPH_BASE_URL": "http://127.0.0.1:1",
    "ONBOARDING_DEV_ROLE": "operator",
    "ONBOARDING_HASH_KEY": "a-key-of-the-tests",
    "ONBOARDING_SERVICE_DESK": "servicedesk@contoso.example",
    "ONBOARDING_HR_STANDARD_WEBHOOKS_SECRET": planted.WHSEC,
    "ONBOARDING_HR_GREENHOUSE_SECRET": planted.GREENHOUSE,
}
AZURE_ROLE_CLAIM = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"


def case_id(number: int) -> str:
    return f"c_{number:020d}"


def make_case(number: int = 1, state: State = State.FOLLOWING_UP, **said: Any) -> Case:
    """A case about the planted person; `said` overwrites its fields."""
    hire = Hire(
        employee_id=f"{planted.EMPLOYEE}-{number}",
        given_name=planted.GIVEN,
        family_name=planted.FAMILY,
        personal_email=planted.ADDRESS,
        phones=(Phone(planted.PHONE, "mobile"),),
        work_country="DE",
        manager=ManagerRef(name=planted.MANAGER),
        start_date=date(2026, 9, 1),
    )
    fields: dict[str, Any] = {
        "case_id": case_id(number),
        "source": "standard-webhooks",
        "state": state,
        "hire": hire,
        "created_at": T0,
        "updated_at": T0 + timedelta(minutes=number),
    }
    return Case(**{**fields, **said})


def rich_case(number: int = 1, state: State = State.FOLLOWING_UP, **said: Any) -> Case:
    """A case with something in every part that a page shows."""
    upn = f"zzyzx{number}.qwxyplanted@contoso.example"
    rungs = [
        ("welcome", "person", RungStatus.SENT),
        ("day_2", "person", RungStatus.UNCERTAIN),
        ("day_5_manager", "manager", RungStatus.SKIPPED),
        ("day_10_desk", "desk", RungStatus.CLAIMED),
    ]
    fields: dict[str, Any] = {
        "account": Account(f"object-{number}", upn, "mark", T0),
        "steps": {
            "reserve_username": StepRecord(StepStatus.DONE, 1, T0),
            "create_account": StepRecord(StepStatus.RETRYING, 3, T0, T0, "throttled", "throttled"),
        },
        "access_pass": PassRecord(
            PassStatus.DELIVERED, T0, "manager", "p1", T0, T0, T0 + timedelta(minutes=480)
        ),
        "rungs": {
            f"1:{rung}": RungRecord(
                rung, 1, audience, status, T0, sent_at=T0 if status is RungStatus.SENT else None
            )
            for rung, audience, status in rungs
        },
        "status": Status.ADMIN_REGISTERED,
        "recoverable": Recoverable.NO,
        "status_as_of": T0,
        "evidence": [
            Evidence(
                "audit-1",
                "audit",
                Act.REGISTERED,
                By.ADMIN,
                "mobilePhone",
                T0,
                "Admin registered security info",
            )
        ],
        "next_action": NextAction("nudge", T0 + timedelta(days=2), "ladder"),
    }
    return make_case(number, state, **{**fields, **said})


def principal(*roles: str, claim: str = "roles", who: str = "11111111-2222-3333-4444-555555555555") -> str:
    """X-MS-CLIENT-PRINCIPAL as App Service writes it."""
    claims = [{"typ": "http://schemas.microsoft.com/identity/claims/objectidentifier", "val": who}]
    claims += [{"typ": claim, "val": role} for role in roles]
    data = {"auth_typ": "aad", "name_typ": "name", "role_typ": AZURE_ROLE_CLAIM, "claims": claims}
    return base64.b64encode(json.dumps(data).encode()).decode()


class Outer(Host):
    """Functions, store and clock; `close` lets go of them."""

    def __init__(self, env: Mapping[str, str] | None = None, *, settings: Settings | None = None) -> None:
        self.clock = FixedClock()
        self.before = bootstrap._app
        settings = settings or Settings.from_env({**ENV, **(env or {})})
        super().__init__(bootstrap.build(settings, clock=self.clock, entropy=SeededEntropy()))

    async def close(self) -> None:
        bootstrap._app = self.before
        await self.app.aclose()

    @property
    def s(self) -> Any:
        return self.app.services

    async def put(self, case: Case, *timeline: TimelineEntry) -> Case:
        """The case in the store, findable by its own ids."""
        made = await self.app.services.cases.create(case, timeline)
        for alias in aliases_of(case):
            await self.app.services.cases.claim_alias(alias, case.case_id)
        return made

    async def alias(self, source: str, kind: Any, value: str, owner: str) -> None:
        await self.app.services.cases.claim_alias(Alias(source, kind, value), owner)

    def signed(
        self,
        body: bytes,
        source: str = "standard-webhooks",
        secret: str = planted.WHSEC,
        message_id: str = "msg_1",
    ) -> dict[str, str]:
        """Headers of a delivery that the door accepts."""
        adapter = catalog.adapters()[source]
        return signing.sign(adapter, secret, body, now=self.clock.at, message_id=message_id)

    async def deliver(self, body: bytes, message_id: str = "msg_1") -> func.HttpResponse:
        return await self.post("standard-webhooks", body, self.signed(body, message_id=message_id))

    async def json(self, name: str, method: str = "GET", **more: Any) -> tuple[int, Any]:
        """Status and JSON body of one call; a dict given as `body` is sent as JSON."""
        if isinstance(more.get("body"), dict):
            more["headers"] = {"content-type": "application/json", **(more.get("headers") or {})}
            more["body"] = json.dumps(more["body"]).encode()
        answer = await self.http(name, method, f"/api/{name}", **more)
        return answer.status_code, json.loads(answer.get_body() or b"null")
