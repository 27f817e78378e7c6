"""The planted person goes the whole way, to an account, a pass, a mail and a nudge, and no log line tells of it.

The scanner reads the log of the run at its end; here it is made sure that there was something to read: every
layer logged while the planted values passed through it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from onboarding import bootstrap
from onboarding.intake import catalog, signing
from onboarding.settings import Settings
from onboarding.simulator.server import SimulatorThread, running_simulator
from tests.support import logscan, planted
from tests.support.host import Host, Tenant
from tests.support.outer import ENV

#: A Monday morning in Berlin, a week before the planted start date.
BEGIN = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorThread]:
    with running_simulator(seed=1, start=BEGIN) as running:
        yield running


@pytest.fixture
async def host(simulator: SimulatorThread, tmp_path: Path) -> AsyncIterator[Host]:
    more = {
        "ONBOARDING_STORE_PATH": str(tmp_path / "store.db"),
        "ONBOARDING_GRAPH_BASE_URL": simulator.base_url,
        "ONBOARDING_CLOCK": "simulator",
    }
    before = bootstrap._app
    made = Host(bootstrap.build(Settings.from_env({**ENV, **more})))
    yield made
    bootstrap._app = before
    await made.app.aclose()


async def send(host: Host, source: str, body: bytes, now: datetime, message_id: str) -> int:
    secret = {"standard-webhooks": planted.WHSEC, "greenhouse": planted.GREENHOUSE}[source]
    headers = signing.sign(catalog.adapters()[source], secret, body, now=now, message_id=message_id)
    answer = await host.post(source, body, headers)
    return int(answer.status_code)


async def test_the_planted_person_is_onboarded_and_no_log_line_tells_of_it(
    host: Host, simulator: SimulatorThread, tmp_path: Path
) -> None:
    handlers = logscan.handlers(tmp_path / "logs", "story")
    logging.getLogger().handlers[:0] = handlers  # before those that mask what they pass on
    try:
        with Tenant(simulator.base_url) as tenant:
            await _story(host, tenant)
    finally:
        for handler in handlers:
            logging.getLogger().removeHandler(handler)
            handler.close()
    files = sorted((tmp_path / "logs").glob("*.log"))
    assert [str(leak) for leak in logscan.scan(files)] == []
    rows = [json.loads(line) for line in files[0].read_text().splitlines()]
    assert len({row["logger"] for row in rows}) >= 2, "something was logged, by more than one module"
    assert any(row["action"] == "delivery.accepted" for row in rows)


async def _story(host: Host, tenant: Tenant) -> None:
    boss = {
        "userPrincipalName": "wqzplanted.boss@contoso.example",
        "employeeId": "M1",
        "displayName": "Wqzplanted",
    }
    tenant.post("/_control/users", boss)
    now = tenant.now()
    assert await send(host, "standard-webhooks", planted.body(), now, "m1") == 202
    assert await send(host, "standard-webhooks", planted.body(), now, "m1") == 202
    assert await send(host, "standard-webhooks", planted.body(start_date="soon"), now, "m2") == 400
    assert await send(host, "greenhouse", b'{"action": "x", "payload": "Zzyzx"}', now, "m3") in {200, 400}
    for day in (0, 4, 7, 9, 12, 14, 17, 21):
        tenant.move_to(BEGIN + timedelta(days=day, hours=2))
        await host.settle()
    user = tenant.user(employeeId=planted.EMPLOYEE)
    assert user, "the planted person has an account"
    subjects = [mail["subject"] for mail in tenant.mail()]
    assert len(subjects) >= 3, "welcome, nudges and the pass were sent"
    assert any(planted.found_in(json.dumps(mail)) for mail in tenant.mail()), "the mails are about the person"
