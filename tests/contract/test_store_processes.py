"""Every store, from two operating-system processes at once, one of which may be killed at any moment."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onboarding.domain.case import TENANT, Alias, AliasKind
from onboarding.ports import WORK_QUEUE, CaseQuery, WorkMessage
from onboarding.storage.messages import from_json
from tests.storage.stores import StoreUnderTest, case_id, make_case
from tests.support import warm

ROOT = Path(__file__).parents[2]


class Child(warm.Process):
    """A process at the store that is told to go, and says one line for each thing that was answered."""

    def __init__(self, store: StoreUnderTest, job: str, *arguments: object) -> None:
        (stdin, self._in), (self._out, stdout) = os.pipe(), os.pipe()
        self.out = os.fdopen(self._out, "rb")
        super().__init__(
            "tests.storage.child", store.name, store.location, job, *map(str, arguments),
            cwd=ROOT, env=os.environ, stdin=stdin, stdout=stdout, stderr=2,
        )  # fmt: skip
        os.close(stdin)
        os.close(stdout)

    async def line(self) -> bytes:
        return await asyncio.to_thread(self.out.readline)

    async def rest(self) -> bytes:
        """Everything else that it says, until it has ended."""
        said = await asyncio.to_thread(self.out.read)
        await asyncio.to_thread(self.wait)
        return said

    def go(self) -> None:
        os.write(self._in, b"go\n")

    def close(self) -> None:
        self.kill()
        self.wait()
        self.out.close()
        os.close(self._in)


@contextlib.asynccontextmanager
async def child(store: StoreUnderTest, job: str, *arguments: object) -> AsyncIterator[Child]:
    process = Child(store, job, *arguments)
    try:
        assert await process.line() == b"ready\n"
        yield process
    finally:
        process.close()


def go(*processes: Child) -> None:
    """Start them together."""
    for process in processes:
        process.go()


async def lines(process: Child) -> list[str]:
    output = await process.rest()
    assert process.returncode == 0
    return output.decode().split("\n")[:-1]


async def test_two_processes_increment_one_case_and_no_step_is_lost(store: StoreUnderTest):
    await store.cases.create(make_case())
    async with child(store, "increment", 60) as one, child(store, "increment", 60) as two:
        go(one, two)
        retries = [int((await lines(process))[0]) for process in (one, two)]
    case = await store.cases.get(case_id(1))
    assert case is not None
    assert case.episode == 121
    assert len(await store.cases.timeline(case_id(1))) == 120
    assert sum(retries) > 0, "the processes did not meet: the test proves nothing"


async def test_two_processes_share_a_queue_and_each_message_is_done_once(store: StoreUnderTest):
    sent = [case_id(n) for n in range(120)]
    async with child(store, "drain", 10) as one, child(store, "drain", 10) as two:
        for each in sent:
            await store.queue.send(WorkMessage(case_id=each))
        go(one, two)
        done = [await lines(process) for process in (one, two)]
    assert Counter(from_json(body).case_id for body in (*done[0], *done[1])) == Counter(sent)
    assert all(done), "one process took everything: the test proves nothing"
    assert await store.host.depth(WORK_QUEUE) == (0, 0)


async def test_two_processes_claim_the_same_names_and_agree_on_every_owner(store: StoreUnderTest):
    async with child(store, "claim", 1, 80) as one, child(store, "claim", 2, 80) as two:
        go(one, two)
        said = [await lines(process) for process in (one, two)]
    assert said[0] == said[1]
    aliases = [Alias(TENANT, AliasKind.UPN, f"user{n}@example.com") for n in range(80)]
    owners = await store.cases.owners(aliases)
    assert [owners[alias] for alias in aliases] == said[0]


@pytest.mark.parametrize("after", [1, 40, 111])
async def test_a_killed_process_loses_nothing_that_was_answered(store: StoreUnderTest, after: int):
    async with child(store, "write_on") as process:
        go(process)
        said = [await process.line() for _ in range(after)]
        process.send_signal(signal.SIGKILL)
        output = await process.rest()
    said += output.splitlines(keepends=True)
    answered = [line.decode().split() for line in said if line.endswith(b"\n")]
    cases = [int(n) for kind, n in answered if kind == "case"]
    messages = [int(n) for kind, n in answered if kind == "message"]
    total = sum((await store.cases.counts()).values())
    assert total in (len(cases), len(cases) + 1)
    for n in cases:
        assert await store.cases.get(case_id(n)) is not None
        assert len(await store.cases.timeline(case_id(n))) == 1
    # A case that was written without an answer was written whole.
    found = await store.cases.search(CaseQuery(), size=500)
    assert len(found.items) == min(total, 500)
    for n in range(1, total + 1):
        assert len(await store.cases.timeline(case_id(n))) == 1
    visible, hidden = await store.host.depth(WORK_QUEUE)
    assert hidden == 0
    assert visible in (len(messages), len(messages) + 1)
    # And the store goes on working.
    await store.cases.create(make_case(9999))
    await store.cases.ping()


async def test_what_a_killed_process_had_leased_returns_after_its_lease(store: StoreUnderTest):
    await store.queue.send(WorkMessage(case_id=case_id(1)))
    async with child(store, "hold", 2) as process:
        go(process)
        body = (await process.line()).decode().strip()
        process.kill()
        process.wait()
    assert await store.host.receive(WORK_QUEUE, 1, 30) == []
    for _ in range(60):
        received = await store.host.receive(WORK_QUEUE, 1, 30)
        if received:
            break
        await asyncio.sleep(0.1)
    assert [(message.body, message.dequeue_count) for message in received] == [(body, 2)]
