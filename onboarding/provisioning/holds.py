"""One step of one case, run where nothing holds it back.

A step that the tenant refuses for want of a permission is refused for everybody, so it is held for everybody at once:
one stop (`safeguards.stops`), one alert, and nobody's tries are spent. Then one case at a time probes, at growing
intervals; the stop ends when the very call that was refused was made and let through (`safeguards.witness`): a step
that only looked, and found all done, proves nothing.

A refusal can also be about one account alone: Entra protects people with a role from most of what an application may
do. That shows when somebody else gets through: the case that raised the stop is then a suspect, and a further refusal
blocks this case only. Whoever was blocked so is tried once more whenever a stop of the step ends (`operate.release`).

What is done beside a case's own action (a pass called back, a lost phone) takes part in the same way (`beside`), but
that it has no step to block: whoever is refused alone goes on trying.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from onboarding import observe
from onboarding.errors import (
    DeployerError,
    Held,
    PermissionHeld,
    PermissionMissing,
    RetryLater,
    StoreConflict,
)
from onboarding.ports import CaseStore, Services
from onboarding.provisioning.plan import Planned
from onboarding.provisioning.step import Block, Context, Done, Outcome, Wait
from onboarding.safeguards import stops
from onboarding.safeguards.stops import Board, Release, Stop
from onboarding.safeguards.witness import Witness

log = logging.getLogger(__name__)
T = TypeVar("T")

#: What is true for every case of a step: no permission, no token.
REFUSALS = frozenset({PermissionMissing.code, "graph_sign_in"})
FIRST, MOST = timedelta(minutes=1), timedelta(hours=1)
#: A probe whose process died is given up after this.
PROBE_LEASE = timedelta(minutes=5)
#: Whoever was refused gives others this long to try first.
OTHERS_FIRST = timedelta(seconds=90)
#: Without word from the one who ends a stop, a case looks again after about this long.
LOOK_AGAIN = timedelta(hours=1)
#: Over which those come back who met an outage.
SPREAD = timedelta(minutes=5)
#: The same two of what is done beside the case's own action: it takes something away from whoever should not have it.
MOST_BESIDE, LOOK_AGAIN_BESIDE = timedelta(minutes=25), timedelta(minutes=30)
SUSPECT_FOR, SUSPECTS = timedelta(days=7), 50


@dataclass(slots=True)
class Gate:
    """What holds steps back, read once for one run through the plan, which takes seconds."""

    cases: CaseStore
    _board: Board | None = None

    async def find(self, step: str) -> Stop | None:
        if self._board is None:
            self._board = await stops.read(self.cases)
        return self._board.find(stops.PERMISSION, step)


@dataclass(slots=True)
class _Try:
    """One run of one step. `stop` is what held the step when it began; then this case is the probe."""

    ctx: Context
    name: str
    stop: Stop | None = None
    #: Longest pause between two probes.
    most: timedelta = MOST
    witness: Witness = field(default_factory=Witness)

    @property
    def jitter(self) -> timedelta:
        return timedelta(seconds=10) * self.ctx.s.entropy.fraction()

    def left(self, stop: Stop) -> list[str]:
        """Of the calls that were refused those that this run did not get through."""
        passed = self.witness.passed
        return [call for call in stop.calls if call not in passed and not (call == stops.ANY and passed)]


async def run(ctx: Context, planned: Planned, gate: Gate) -> Outcome:
    """The step's outcome, or a wait where it is held back. Raises as the step does for everything else."""
    trial = _Try(ctx, planned.step.name)
    if wait := await _held(trial, gate):
        return wait
    if ctx.case.reason_code in stops.HELD:
        ctx.case.reason_code = None  # it goes on; written with whatever the step writes next
    services, ctx.s = ctx.s, trial.witness.watch(ctx.s)
    try:
        outcome = await planned.run(ctx)
    except StoreConflict:
        raise
    except Held as exc:
        await _inconclusive(trial)
        return Wait(ctx.now + patience(ctx, exc), exc.code)
    except RetryLater:
        if trial.stop is None:
            raise
        return Wait(await _inconclusive(trial), stops.REASONS[stops.PERMISSION])
    except DeployerError as exc:
        if exc.code not in REFUSALS:
            raise
        return await _refused(trial, exc)
    finally:
        ctx.s = services
    if trial.stop is not None:
        through = not trial.left(trial.stop) if trial.stop.calls else isinstance(outcome, Done)
        await (_passed(trial) if through else _inconclusive(trial))
    return outcome


async def beside(ctx: Context, name: str, work: Callable[[Services], Awaitable[T]]) -> T:
    """What `work` answers, where nothing holds `name` back. Raises PermissionHeld where something does, for no longer
    than `LOOK_AGAIN_BESIDE`, and whatever `work` raises; also the refusal, where it is about this account alone."""
    trial = _Try(ctx, name, most=MOST_BESIDE)
    if wait := await _held(trial, Gate(ctx.s.cases)):
        raise _until(wait, ctx.now)
    try:
        answer = await work(trial.witness.watch(ctx.s))
    except StoreConflict:
        raise
    except RetryLater:
        if trial.stop is not None:
            await _inconclusive(trial)
        raise
    except DeployerError as exc:
        if exc.code not in REFUSALS:
            raise
        outcome = await _refused(trial, exc)
        if isinstance(outcome, Wait):
            raise _until(outcome, ctx.now) from exc
        raise
    if trial.stop is not None:
        through = not trial.stop.calls or not trial.left(trial.stop)
        await (_passed(trial) if through else _inconclusive(trial))
    return answer


def _until(wait: Wait, now: datetime) -> PermissionHeld:
    pause = min(wait.until - now, LOOK_AGAIN_BESIDE)
    return PermissionHeld("Held until the permission is there.", retry_after=pause / timedelta(seconds=1))


def patience(ctx: Context, held: Held) -> timedelta:
    """Until the case looks again by itself, should nobody wake it. Spread, so that a crowd does not come at once."""
    if held.retry_after is None:
        return LOOK_AGAIN * (0.5 + ctx.s.entropy.fraction())
    return timedelta(seconds=held.retry_after) + SPREAD * ctx.s.entropy.fraction()


async def _held(trial: _Try, gate: Gate) -> Wait | None:
    """None: nothing holds the step, or this case is its probe now."""
    now = trial.ctx.now
    stop = await gate.find(trial.name)
    if stop is None:
        return None
    if stop.until is not None and now >= stop.until:
        if await _claim(trial):
            return None
        return Wait(now + PROBE_LEASE + trial.jitter, stops.REASONS[stops.PERMISSION])
    return Wait(await _turn(trial, stop), stops.REASONS[stops.PERMISSION])


async def _claim(trial: _Try) -> bool:
    """Become the probe, unless somebody else just did."""
    case_id, now = trial.ctx.case.case_id, trial.ctx.now

    def decide(board: Board) -> bool:
        trial.stop = board.find(stops.PERMISSION, trial.name)
        if trial.stop is None:
            return False  # it has ended meanwhile: an ordinary try
        if trial.stop.until is None or now < trial.stop.until:
            return False
        trial.stop.until = now + PROBE_LEASE
        if trial.stop.standby == case_id:
            trial.stop.standby = None
        return True

    return await stops.change(trial.ctx.s.cases, decide) or trial.stop is None


async def _turn(trial: _Try, stop: Stop) -> datetime:
    """When this case looks again: one of those who wait stands by for the next probe, the others are woken."""
    case_id, until = trial.ctx.case.case_id, stop.until or trial.ctx.now

    def decide(board: Board) -> bool:
        found = board.find(stops.PERMISSION, trial.name)
        if found is None or found.standby is not None or found.raised_by == case_id:
            return False
        found.standby = case_id
        return True

    if stop.raised_by == case_id:
        return until + OTHERS_FIRST + trial.jitter
    if stop.standby == case_id or (stop.standby is None and await stops.change(trial.ctx.s.cases, decide)):
        return until + trial.jitter
    return trial.ctx.now + LOOK_AGAIN * (0.5 + trial.ctx.s.entropy.fraction())


async def _refused(trial: _Try, error: DeployerError) -> Outcome:
    """Hold the step for everybody, or go on holding it; unless the refusal is about this account alone."""
    ctx, case_id, now = trial.ctx, trial.ctx.case.case_id, trial.ctx.now
    stop = Stop(stops.PERMISSION, trial.name, now, text=error.message, raised_by=case_id)
    # Without a token no call can be made: whichever gets through tells.
    refused = trial.witness.refused(error) if isinstance(error, PermissionMissing) else stops.ANY
    opened = alone = False

    def decide(board: Board) -> bool:
        nonlocal stop, opened, alone
        found = board.find(stops.PERMISSION, trial.name)
        known = board.suspects.get(trial.name, {}).get(case_id)
        opened = found is None
        alone = opened and known is not None and now - known < SUSPECT_FOR
        if alone:
            return False
        if found is None:
            found = stop
            board.open(found)
        elif trial.stop is None:
            stop = found
            return False  # it was opened while this try was under way
        else:
            found.tries, found.text = found.tries + 1, error.message
            found.calls = trial.left(found)
        if refused is not None and refused not in found.calls:
            found.calls.append(refused)
        found.until = now + stops.growing(FIRST, found.tries, trial.most)
        stop = found
        return True

    await stops.change(ctx.s.cases, decide)
    if alone:
        return Block(error.code)
    if opened:
        observe.event(
            log, "permission_hold_opened", level=logging.ERROR, step=trial.name, code=error.code,
            what=error.message,
        )  # fmt: skip
    return Wait((stop.until or now) + OTHERS_FIRST + trial.jitter, stops.REASONS[stops.PERMISSION])


async def _inconclusive(trial: _Try) -> datetime:
    """The probe came to nothing either way: somebody probes again soon. Returns when."""
    soon = trial.ctx.now + FIRST

    def decide(board: Board) -> bool:
        found = board.find(stops.PERMISSION, trial.name)
        if found is None:
            return False
        found.until = soon
        found.calls = trial.left(found) or found.calls
        return True

    if trial.stop is not None:
        await stops.change(trial.ctx.s.cases, decide)
    return soon + trial.jitter


async def _passed(trial: _Try) -> None:
    """The probe got through: everybody goes on."""
    case_id, now = trial.ctx.case.case_id, trial.ctx.now

    def decide(board: Board) -> bool:
        found = board.find(stops.PERMISSION, trial.name)
        if found is None:
            return False
        board.end(found, Release(now))
        known = board.suspects.setdefault(trial.name, {})
        known.pop(case_id, None)
        if found.raised_by is not None and found.raised_by != case_id:
            known[found.raised_by] = now
        fresh = sorted((at, who) for who, at in known.items() if now - at < SUSPECT_FOR)
        board.suspects[trial.name] = {who: at for at, who in fresh[-SUSPECTS:]}
        return True

    if await stops.change(trial.ctx.s.cases, decide):
        observe.event(log, "permission_hold_lifted", level=logging.WARNING, step=trial.name)
