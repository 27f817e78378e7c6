"""When a call is sent again inside one call of ours. Longer waits belong to the caller: a planned retry.

- Idempotent calls (GET, PUT of a reference, DELETE): again after 429, 5xx, timeouts and lost connections,
  until the waits and the time already spent would pass `BUDGET` seconds.
- Others (POST): only a 429 that names a wait of at most `SHORT` seconds, because it says that nothing was
  done. Everything else is decided by whoever can look whether it took effect.

Retry-After rules, decimals and HTTP dates included; a wait that does not fit the budget ends the call and is
handed on in `Throttled.retry_after`. Without one: exponential with full jitter
(AWS Architecture Blog, "Exponential Backoff And Jitter"), whose randomness and sleep are arguments.
The SDK's own retries are off: it repeats POST on 504 and reads no decimals (Learn "Throttling guidance").
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState

from onboarding.errors import OnboardingError, RetryLater, Throttled, Unavailable

#: Seconds that one call may take with its repetitions, waits included.
BUDGET = 20.0
#: Longest Retry-After that a POST waits for in the call.
SHORT = 5.0
#: Backoff without Retry-After: base and cap in seconds, before jitter.
BASE, CAP = 0.5, 8.0
ATTEMPTS = 6

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]
Fraction = Callable[[], float]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The policy of one process; `sleep` waits, `fraction` gives [0, 1)."""

    sleep: Sleep
    fraction: Fraction

    async def run(self, attempt: Callable[[], Awaitable[T]], *, idempotent: bool) -> T:
        """Call `attempt` until it answers or the policy ends; raises its last error."""
        began = time.monotonic()
        try:
            return await attempt()  # nearly always all there is to do
        except (Throttled, Unavailable) as exc:
            first: list[OnboardingError] = [exc]

        async def again() -> T:
            if first:
                raise first.pop()
            return await attempt()

        retrying = AsyncRetrying(
            sleep=self.sleep,
            retry=_again if idempotent else _again_if_refused,
            wait=self._wait,
            stop=partial(_stop, began),
            reraise=True,
        )
        return await retrying(again)

    def _wait(self, state: RetryCallState) -> float:
        error = _error(state)
        if isinstance(error, RetryLater) and error.retry_after is not None:
            return error.retry_after
        return self.fraction() * min(CAP, BASE * 2.0 ** (state.attempt_number - 1))


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome is not None else None


def _again(state: RetryCallState) -> bool:
    return isinstance(_error(state), (Throttled, Unavailable))


def _again_if_refused(state: RetryCallState) -> bool:
    error = _error(state)
    return isinstance(error, Throttled) and error.retry_after is not None and error.retry_after <= SHORT


def _stop(began: float, state: RetryCallState) -> bool:
    spent = max(state.idle_for, time.monotonic() - began)
    return state.attempt_number >= ATTEMPTS or spent + state.upcoming_sleep > BUDGET
