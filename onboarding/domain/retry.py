"""When to try a step again: a decision, taken by the runner.

Full jitter between zero and min(cap, first · 2^n) spreads a crowd that failed together; what the other side
asked for in Retry-After is a floor. After `give_up_after_hours` without success an operator takes over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from onboarding.domain.policy import RetryPolicy


@dataclass(frozen=True, slots=True)
class TryAt:
    """Try again then."""

    when: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No more tries: block the case."""


def decide(
    policy: RetryPolicy,
    *,
    attempts: int,
    first_failed_at: datetime,
    now: datetime,
    fraction: float,
    retry_after: float | None = None,
) -> TryAt | GiveUp:
    """`attempts` counts tries so far (1 after the first failure); `fraction` is random in [0, 1)."""
    if now - first_failed_at >= timedelta(hours=policy.give_up_after_hours):
        return GiveUp()
    ceiling = min(policy.cap_seconds, policy.first_seconds * 2.0 ** min(attempts - 1, 40))
    delay = max(ceiling * fraction, retry_after or 0.0)
    return TryAt(now + timedelta(seconds=delay))


class Counted(Protocol):
    """What fails, and how often it did since it last went well."""

    attempts: int
    first_failed_at: datetime | None


def failed(
    policy: RetryPolicy,
    counted: Counted,
    *,
    now: datetime,
    fraction: float,
    retry_after: float | None = None,
) -> TryAt | GiveUp:
    """Count one more failure and decide."""
    counted.attempts += 1
    counted.first_failed_at = counted.first_failed_at or now
    return decide(
        policy,
        attempts=counted.attempts,
        first_failed_at=counted.first_failed_at,
        now=now,
        fraction=fraction,
        retry_after=retry_after,
    )
