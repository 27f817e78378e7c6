"""Time, ids and randomness: arguments of everything that needs them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

#: How long a claim (of a rung, of a pass) is taken to be held by a living worker: the host's 10-minute lease
#: and a margin. After it, what is not finished is doubt.
CLAIM_LEASE = timedelta(minutes=15)

#: A new account may not be readable everywhere for this long: until then 404 does not say that there is none.
REPLICATION = timedelta(hours=24)


class Clock(Protocol):
    """The time that decides what is due."""

    async def now(self) -> datetime:
        """Aware UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait in real time, for seconds at most; anything over 30 s is a due row instead."""
        ...


class Entropy(Protocol):
    """Ids and randomness."""

    def case_id(self) -> str:
        """`c_` and twenty of a-z0-9."""
        ...

    def operation_id(self) -> str:
        """`o_` and twenty of a-z0-9."""
        ...

    def token(self, length: int) -> str:
        """Random a-z0-9, for marks."""
        ...

    def password(self) -> str:
        """A random initial password that satisfies Entra's rules; used once, never kept."""
        ...

    def fraction(self) -> float:
        """In [0, 1), for jitter."""
        ...
