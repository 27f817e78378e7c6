"""A mass arrival beside single hires: from the door to accounts with managers, in virtual time.

The whole service in two instances on one store: door, queues with the host's batches and polls, timers, steps, Graph
client with its limiters; and the pretend tenant with its published quotas, 30 to 70 ms away. Everybody of one source
arrives at once; somebody of another source arrives every ten seconds.
"""

from __future__ import annotations

import asyncio
import json
import logging
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

from onboarding.bootstrap import App
from onboarding.intake import catalog, receive, signing
from onboarding.operate import due, watchdog
from onboarding.web import Request
from tests.bench import tenant, virtual
from tests.bench.row import Row, judged, percentile

MUST, LIMIT, P95 = 0.9, 20.0, 60.0
STORM = 0.01
#: Two directory writes each: the account, and its manager.
WRITES = 2
NOTICE = timedelta(days=10)
EVERY = 10.0
SINGLE = "acme-hr"
#: An hour holds more than the default policy allows: an approver would have been asked.
POLICY = "[limits]\ncreations_per_hour = 0\n"


def run(people: int = 2_000, instances: int = 2) -> Row:
    """Directory writes a second while the mass is worked off, refusals, and the single hires' p95."""
    level = logging.getLogger("onboarding").level
    logging.getLogger("onboarding").setLevel(logging.ERROR)
    try:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "policy.toml").write_text(POLICY)
            found = virtual.run(lambda loop: _Play(loop, folder, people, instances).measured())
    finally:
        logging.getLogger("onboarding").setLevel(level)
    rate, refused, asked, single, singles, seconds = found
    return judged(
        "mass_arrival",
        f"≥ {MUST:.0%} of {LIMIT:.0f} writes/s, no 429 storm, single hires p95 ≤ {P95:.0f} s",
        f"{rate:.1f} writes/s, {refused} × 429 in {asked:,} requests, single hires p95 {single:.1f} s",
        rate >= MUST * LIMIT and refused <= STORM * asked and single <= P95,
        f"{people:,} hires at once, worked off in {seconds:,.0f} s by {instances} instances; {singles} single hires "
        "meanwhile; in virtual time, in which the store and the machine cost nothing",
        {
            "writes_per_s": rate,
            "refused": refused,
            "requests": asked,
            "single_p95_s": single,
            "singles": singles,
            "drained_s": seconds,
        },
    )


class _Play:
    def __init__(self, loop: virtual.VirtualLoop, folder: str, people: int, instances: int) -> None:
        self.loop = loop
        self.people = people
        self.instances = instances
        self.env = {
            **tenant.settings(f"{folder}/store.db", "http://127.0.0.1:9"),
            "ONBOARDING_POLICY_FILE": f"{folder}/policy.toml",
            "ONBOARDING_SOURCES": f"{SINGLE}=standard-webhooks",
            "ONBOARDING_HR_ACME_HR_SECRET": tenant.SECRET,
        }
        self.world = virtual.World(
            loop, virtual.BEGIN, quotas=["global", "units", "writes", "writes_per_second", "reports"]
        )
        self.singles: dict[str, float] = {}
        self._counted = self._looked_at = 0

    async def measured(self) -> tuple[float, int, int, float, int, float]:
        world = self.world
        apps = [await world.instance(self.env) for _ in range(self.instances)]
        _manager(world)
        begin = self.loop.virtual
        for number in range(self.people):
            await self._post(apps[number % len(apps)], tenant.SOURCE, number)
        timers = virtual.every(300.0, apps[0], due.enqueue_due, watchdog.watch)
        with virtual.hosted(apps, timers, self._arrive(apps)):
            while self._written() < WRITES * self.people:
                await asyncio.sleep(1.0)
            await asyncio.sleep(P95)  # whoever came last
        await world.close()
        return self._figures(begin)

    async def _arrive(self, apps: list[App]) -> None:
        """One at a time, of another source."""
        number = 0
        while self._written() < WRITES * self.people:
            await asyncio.sleep(EVERY)
            number += 1
            await self._post(apps[number % len(apps)], SINGLE, 100_000 + number)
            self.singles[_id(100_000 + number)] = self.loop.virtual

    async def _post(self, app: App, source: str, number: int) -> None:
        now = self.world.clock.at()
        body = tenant.hire(number, (now + NOTICE).date().isoformat(), now.isoformat())
        data = json.dumps(body, ensure_ascii=False).encode()
        adapter = catalog.adapters()[tenant.SOURCE]
        headers = signing.sign(adapter, tenant.SECRET, data, now=now, message_id=f"msg_{source}_{number}")
        lowered = {name.lower(): value for name, value in headers.items()} | {
            "content-length": str(len(data))
        }
        request = Request("POST", f"/api/hr/{source}", lowered, {}, {"source": source}, data)
        answer = await receive.receive(app.services, source, request)
        assert answer.status == 202, answer.body

    def _written(self) -> int:
        fresh = self.world.seen[self._looked_at :]
        self._looked_at += len(fresh)
        self._counted += sum(_wrote(seen) for seen in fresh)
        return self._counted

    def _figures(self, begin: float) -> tuple[float, int, int, float, int, float]:
        made = Counter(
            str(person.properties.get("employeeId")) for person in self.world.tenant.people.by_id.values()
        )
        assert all(made[_id(number)] == 1 for number in range(self.people)), "each has one account"
        assert all(made[who] <= 1 for who in self.singles)
        written = [seen.at for seen in self.world.seen if _wrote(seen)]
        last = written[WRITES * self.people - 1]
        born = {
            str(person.properties.get("employeeId")): person.created
            for person in self.world.tenant.people.by_id.values()
        }
        waits = [
            (born[who] - virtual.BEGIN).total_seconds() - at if who in born else P95 * 10
            for who, at in self.singles.items()
            if at < last
        ]
        refused = sum(seen.status == 429 for seen in self.world.seen)
        rate = (WRITES * self.people - 1) / (last - written[0])
        return rate, refused, len(self.world.seen), percentile(waits or [0.0], 0.95), len(waits), last - begin


def _wrote(seen: virtual.Seen) -> bool:
    created = seen.method == "POST" and seen.path.endswith("/users") and seen.status == 201
    return created or (seen.method == "PUT" and seen.path.endswith("/manager/$ref") and seen.status == 204)


def _id(number: int) -> str:
    return str(10_000 + number)


def _manager(world: virtual.World) -> None:
    """The manager whom the hires name, older than they are."""
    from onboarding.simulator.call import Call
    from onboarding.simulator.urls import CONTROL

    body = {"userPrincipalName": tenant.MANAGER, "employeeId": "M1", "displayName": "Petra Vogel"}
    handler = next(h for method, path, h in CONTROL if (method, path) == ("POST", "/_control/users"))
    handler(world.tenant, Call("POST", "/_control/users", body=body))
