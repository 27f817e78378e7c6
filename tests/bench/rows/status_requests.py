"""How many requests a full status pass over 100,000 people makes: counted by the simulator, not by us."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from typing import Any

from onboarding import bootstrap
from onboarding.followup.track import TrackResult, track
from onboarding.settings import Settings
from tests.bench import processes
from tests.bench.row import Row, judged
from tests.bench.tenant import DOMAIN, Control, settings

REPORT = "/v1.0/reports/authenticationMethods/userRegistrationDetails"
AUDITS = "/v1.0/auditLogs/directoryAudits"
PAGE = 999
_METHODS: tuple[list[dict[str, str]], ...] = (
    [],
    [{"method": "mobilePhone", "actor": "user"}],
    [{"method": "fido2", "actor": "user"}],
)


def run(people: int = 100_000, chunk: int = 5_000) -> Row:
    """One `track` pass with an empty store: the report, and the audit log of the retention period."""
    with processes.simulator() as base, tempfile.TemporaryDirectory() as folder:
        control = Control(base)
        fill(control, people, chunk)
        before = len(control.requests())
        result = asyncio.run(_pass(settings(f"{folder}/store.db", base)))
        asked = Counter(item["path"].partition("?")[0] for item in control.requests(before))
        control.close()
    assert result.rows >= people, result
    others = sum(asked.values()) - asked[REPORT] - asked[AUDITS]
    limit = -(-people // PAGE) + 1
    return judged(
        "status_requests",
        f"≤ {limit} report pages + audit pages",
        f"{asked[REPORT]} report pages + {asked[AUDITS]} audit pages + {others} others",
        asked[REPORT] <= limit and others == 0,
        f"one pass over {people:,} people, {result.rows:,} rows; a loop over /authentication/methods would make "
        f"{people + 1:,}",
        {"report_pages": asked[REPORT], "audit_pages": asked[AUDITS], "others": others},
    )


def fill(control: Control, people: int, chunk: int = 5_000) -> None:
    """So many people in the tenant, `chunk` a request; a third has nothing, a third a passkey alone."""
    for first in range(0, people, chunk):
        control.post("/_control/users", [_person(n) for n in range(first, min(first + chunk, people))])


def _person(number: int) -> dict[str, Any]:
    return {
        "userPrincipalName": f"person.{number}@{DOMAIN}",
        "employeeId": str(number),
        "methods": _METHODS[number % len(_METHODS)],
    }


async def _pass(env: dict[str, str]) -> TrackResult:
    app = bootstrap.build(Settings.from_env(env))
    try:
        return await track(app.services)
    finally:
        await app.aclose()
