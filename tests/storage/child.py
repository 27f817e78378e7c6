"""A second process at the same store: `python -m tests.storage.child STORE LOCATION JOB ARGUMENT…`.

Says "ready", and starts when it gets a line on standard input. Prints one line for each thing that the store
has answered, so that a killed child has said what must be there.
"""

from __future__ import annotations

import asyncio
import sys

from onboarding.domain.case import Alias, AliasKind
from onboarding.domain.records import TimelineEntry
from onboarding.errors import StoreConflict
from onboarding.ports import WORK_QUEUE, WorkMessage
from tests.storage.stores import T0, StoreUnderTest, case_id, make_case, open_store


def say(text: str) -> None:
    print(text, flush=True)


async def increment(store: StoreUnderTest, times: str) -> None:
    """Add one to the case's episode, `times` times, by compare-and-swap; print how often it had to retry."""
    retries = 0
    for _ in range(int(times)):
        while True:
            case = await store.cases.get(case_id(1))
            assert case is not None
            case.episode += 1
            try:
                await store.cases.save(case, [TimelineEntry(T0, "service", "incremented")])
                break
            except StoreConflict:
                retries += 1
    say(str(retries))


async def drain(store: StoreUnderTest, count: str) -> None:
    """Receive and delete until `count` receives in a row find nothing; print every message once deleted."""
    empty = 0
    while empty < int(count):
        leased = await store.host.receive(WORK_QUEUE, 4, 30)
        empty = 0 if leased else empty + 1
        for message in leased:
            await store.host.delete(WORK_QUEUE, message)
            say(message.body)
        # As long as a little work takes, so that the other process has its share.
        await asyncio.sleep(0.002 if leased else 0.02)


async def claim(store: StoreUnderTest, who: str, count: str) -> None:
    """Claim `count` aliases for one case; print the owner of each."""
    for n in range(int(count)):
        alias = Alias("tenant", AliasKind.UPN, f"user{n}@example.com")
        say(await store.cases.claim_alias(alias, case_id(int(who))))


async def write_on(store: StoreUnderTest) -> None:
    """Create cases, with a message each, until killed."""
    n = 0
    while True:
        n += 1
        await store.cases.create(make_case(n), [TimelineEntry(T0, "service", "opened")])
        say(f"case {n}")
        await store.queue.send(WorkMessage(case_id=case_id(n)))
        say(f"message {n}")


async def hold(store: StoreUnderTest, lease: str) -> None:
    """Lease one message and never finish."""
    leased = await store.host.receive(WORK_QUEUE, 1, float(lease))
    say(leased[0].body)
    await asyncio.sleep(60)


JOBS = {job.__name__: job for job in (increment, drain, claim, write_on, hold)}


async def main() -> None:
    name, location, job, *arguments = sys.argv[1:]
    store = open_store(name, location)
    await store.cases.ping()
    say("ready")
    sys.stdin.readline()
    await JOBS[job](store, *arguments)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main())
