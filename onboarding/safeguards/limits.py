"""Blast radius: how many accounts, passes, licences and messages an hour may hold, over all instances.

    take: what this process has left of its block → else a block from the store → else the stop `limit:<kind>`

The store counts in pieces of ten minutes, and a piece counts until it is an hour old throughout. An instance takes a
small block (a fiftieth of the limit, ten at most) before it acts, so that a crash counts too much by the rest of a
block, and never too little. Once the limit is reached nothing of that kind is done, also in the next hour, until an
approver says so (`operate.trouble`); that begins the count anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from onboarding import observe
from onboarding.domain.lifecycle import State
from onboarding.domain.policy import LIMITED, LimitsPolicy
from onboarding.errors import LimitReached, StoreConflict, Unavailable
from onboarding.ports import CaseStore, Clock
from onboarding.safeguards import stops
from onboarding.safeguards.stops import Board, Stop

log = logging.getLogger(__name__)

PREFIX = "limit_"
HOUR, PIECE = timedelta(hours=1), timedelta(minutes=10)
#: Most of one block, and its share of the limit.
BLOCK, SHARE = 10, 50
#: Whom a percentage is of: people who are through, closed ones included, whatever closed them. Those who have just been
#: announced would raise the very limit that they are to be held by.
WORKFORCE = (State.FOLLOWING_UP, State.CONFIRMED, State.CLOSED)
#: How long a number of known people is good.
COUNTED_FOR = timedelta(minutes=15)
#: How long what an approver allowed on top of the limit may be used, and how long a lower number stands.
EXTRA_FOR = timedelta(hours=24)
_TRIES = 20
#: Seconds between tries to write the count, doubled each time.
FIRST_PAUSE, LONGEST_PAUSE = 0.01, 0.25


@dataclass(slots=True)
class Spent:
    """The row of one kind."""

    #: Start of a piece of ten minutes, RFC 3339 → actions counted in it.
    pieces: dict[str, int] = field(default_factory=dict)
    #: What an approver allowed on top of the limit.
    extra: int = 0
    #: What is left of the number that an approver allowed instead of the limit, because it is lower; None: the limit.
    only: int | None = None
    #: Until when either of these counts.
    extra_until: datetime | None = None
    people: int = 0
    counted_at: datetime | None = None

    def within_hour(self, now: datetime) -> int:
        """Drops the pieces that no longer count. A clock that was set back leaves pieces in the future: dropped."""
        oldest, newest = now - HOUR - PIECE, now + PIECE
        self.pieces = {at: n for at, n in self.pieces.items() if oldest < datetime.fromisoformat(at) < newest}
        if self.extra_until is None or now >= self.extra_until:
            self.extra, self.only = 0, None
        return sum(self.pieces.values())

    def left(self, cap: int, now: datetime) -> int:
        """How many may be done now."""
        used = self.within_hour(now)
        return max(cap - used, 0) + self.extra if self.only is None else self.only

    def spend(self, number: int, cap: int, now: datetime) -> None:
        """Count a block: what is over the limit comes out of the extra."""
        regular = min(number, max(cap - self.within_hour(now), 0))
        piece = _piece(now)
        self.pieces[piece] = self.pieces.get(piece, 0) + regular
        self.extra -= number - regular
        if self.only is not None:
            self.only -= number


@dataclass(slots=True)
class _Block:
    left: int
    until: datetime


class Limits:
    """The limits of one process; `clock` is the one by which things are due."""

    def __init__(self, cases: CaseStore, clock: Clock, policy: LimitsPolicy) -> None:
        self._cases = cases
        self._clock = clock
        self._policy = policy
        self._blocks: dict[str, _Block] = {}
        self._lock = asyncio.Lock()

    async def take(self, kind: str, number: int = 1) -> None:
        """Count what is about to be done. LimitReached where it may not be."""
        if self._policy.cap(kind, 0) is None:
            return
        now = await self._clock.now()
        async with self._lock:
            block = self._blocks.get(kind)
            if block is None or not now < block.until <= now + PIECE:
                block = _Block(0, now + PIECE)
            if block.left < number:
                fresh = await self._lease(kind, now, number, number - block.left)
                block = self._blocks[kind] = _Block(block.left + fresh.left, fresh.until)
            block.left -= number

    async def put_back(self, kind: str, number: int = 1) -> None:
        """The tenant refused what was counted: nothing was done, so the next one may use it."""
        async with self._lock:
            if block := self._blocks.get(kind):
                block.left += number

    async def _lease(self, kind: str, now: datetime, action: int, wanted: int) -> _Block:
        """A block of at least `wanted`, which lack for an action that counts as `action`."""
        if (await stops.read(self._cases)).find(stops.LIMIT, kind) is not None:
            raise _reached(kind)
        for lost in range(_TRIES):
            spent, etag = await read(self._cases, kind)
            await self._count(spent, now)
            cap = self._policy.cap(kind, spent.people) or 0
            left = spent.left(cap, now)
            if left < wanted:
                await self._stop(kind, now, cap, spent, action)
                raise _reached(kind)
            number = max(wanted, min(BLOCK, cap // SHARE, left))
            spent.spend(number, cap, now)
            try:
                await write(self._cases, kind, spent, etag)
            except StoreConflict:
                # Whoever is slower loses every race against one that never rests.
                await self._clock.sleep(min(FIRST_PAUSE * 2**lost, LONGEST_PAUSE))
                continue
            return _Block(number, now + PIECE)
        raise Unavailable("The count of a limit is being written by many: it is tried again later.")

    async def _count(self, spent: Spent, now: datetime) -> None:
        known = spent.counted_at
        if known is None or not timedelta(0) <= now - known < COUNTED_FOR:
            counts = await self._cases.counts()
            spent.people, spent.counted_at = sum(counts.get(state, 0) for state in WORKFORCE), now

    async def _stop(self, kind: str, now: datetime, cap: int, spent: Spent, action: int) -> None:
        """Stop this kind for everybody, and say so once."""
        used, people = spent.within_hour(now), spent.people
        text = f"{used} {kind} within an hour; the policy allowed {cap} with {people} people known."
        if spent.only is not None:
            text = f"{text} An approver allowed fewer than that, and they are used up."
        if action > cap:
            text = f"{text} One person needs {action} at once: allow at least as many."

        def decide(board: Board) -> bool:
            if board.find(stops.LIMIT, kind) is not None:
                return False
            board.open(Stop(stops.LIMIT, kind, now, text=text, wanted=action))
            return True

        if await stops.change(self._cases, decide):
            observe.event(
                log, "limit_reached", level=logging.ERROR, kind=kind, used=used, allowed=cap, people=people
            )


def is_off(stop: Stop, policy: LimitsPolicy) -> bool:
    """It is the stop of a limit that the policy no longer has: nothing is counted, and no approver is waited for."""
    return stop.kind == stops.LIMIT and stop.what in LIMITED and policy.cap(stop.what, 0) is None


async def read(cases: CaseStore, kind: str) -> tuple[Spent, str | None]:
    """The row of a kind, and its etag (None: there is none yet)."""
    marker = await cases.read_marker(PREFIX + kind)
    if marker is None:
        return Spent(), None
    value: Mapping[str, Any] = marker.value
    return msgspec.convert(dict(value), Spent), marker.etag


async def write(cases: CaseStore, kind: str, spent: Spent, etag: str | None) -> None:
    """StoreConflict when somebody else was first."""
    await cases.write_marker(PREFIX + kind, msgspec.to_builtins(spent), etag)


def _piece(now: datetime) -> str:
    seconds = PIECE.total_seconds()
    return datetime.fromtimestamp(now.timestamp() // seconds * seconds, UTC).isoformat()


def _reached(kind: str) -> LimitReached:
    return LimitReached(
        f"No more {kind}: the limit of the policy is reached. An approver lets it go on: python -m onboarding trouble."
    )
