"""The shared write budget: instances that create users as fast as they are let, in virtual time.

Each instance has a Graph client of its own and leases blocks of 20 directory writes a second from one store. The
pretend tenant enforces 20 writes in any second and 3,000 in any two and a half minutes, and answers 30 to 70 ms later.
"""

from __future__ import annotations

import asyncio
import tempfile

from onboarding.ports import NewUser
from tests.bench import tenant, virtual
from tests.bench.row import Row, judged

MUST, LIMIT = 0.9, 20.0
#: More refusals than this share of the writes would be a storm.
STORM = 0.01
#: Requests that one instance has under way: messages that a host runs at once (host.json).
WORKERS = virtual.BATCH + virtual.THRESHOLD


def run(writes: int = 4_000, instances: int = 3) -> Row:
    """Writes a second between the first and the last, and refusals."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/store.db"
        rate, refused = virtual.run(lambda loop: _measured(loop, path, writes, instances))
    return judged(
        "write_budget",
        f"≥ {MUST:.0%} of {LIMIT:.0f} writes/s, no 429 storm",
        f"{rate:.1f} writes/s, {refused} × 429",
        rate >= MUST * LIMIT and refused <= STORM * writes,
        f"{writes:,} users created by {instances} instances on one embedded store, {WORKERS} requests under way in "
        "each; in virtual time, in which the store and the machine cost nothing",
        {"writes_per_s": rate, "refused": refused, "writes": writes, "instances": instances},
    )


async def _measured(
    loop: virtual.VirtualLoop, store_path: str, writes: int, instances: int
) -> tuple[float, int]:
    world = virtual.World(loop, virtual.BEGIN, quotas=["units", "writes", "writes_per_second"])
    env = tenant.settings(store_path, "http://127.0.0.1:9")
    apps = [await world.instance(env) for _ in range(instances)]
    numbers = iter(range(writes))

    async def worker(number: int) -> None:
        for n in numbers:
            upn = f"person.{n}@{tenant.DOMAIN}"
            await apps[number % instances].graph.directory.create_user(
                NewUser(upn, f"person.{n}", f"Person {n}", str(n), "Correct-Horse-1")
            )

    await asyncio.gather(*(worker(number) for number in range(instances * WORKERS)))
    await world.close()
    made = [seen.at for seen in world.seen if seen.method == "POST" and seen.status == 201]
    refused = sum(seen.status == 429 for seen in world.seen)
    assert len(made) == writes
    return (len(made) - 1) / max(made[-1] - made[0], 1e-9), refused
