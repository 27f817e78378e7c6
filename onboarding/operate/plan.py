"""The plan of everything that waits: what would be created and sent, for whom, on which day; and its release.

While the service runs in dry-run mode, people whose turn has come stop with the reason `dry_run`. The plan rehearses
them and those who are not there yet (`operate.rehearse`). Once the mode is live, whoever names the plan's hash
releases those who stopped; a plan that is not the present one any more releases nobody. That somebody's turn has come
since it was looked at does not make it another plan: what is done for them was in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec

from onboarding.domain.case import Case
from onboarding.domain.lifecycle import State
from onboarding.errors import IllegalTransition, Refused, RequestError
from onboarding.operate import actions, rerun_plan, reruns
from onboarding.operate.actions import Ask
from onboarding.operate.rehearse import DRY_RUN, WORKED, Rehearsal, Rehearsed
from onboarding.operate.rerun_plan import hashed
from onboarding.operate.stamps import stamp
from onboarding.ports import BULK_QUEUE, WORK_QUEUE, CaseQuery, Services
from onboarding.safeguards import limits

#: People of one plan, where nobody says otherwise and at most; each is a handful of reads in the tenant.
USUAL, MOST = 50, 500
#: What stops first is shown first.
_ORDER = (State.BLOCKED, State.PROVISIONING, State.WAITING_START, State.FOLLOWING_UP)


#: What counts towards a limit → the limit.
_COUNTED = {"create_account": "creations", "create_pass": "passes", "send_message": "messages"}


@dataclass(frozen=True, slots=True)
class Reached:
    """A limit (`[limits]`) that the plan would reach: so many are due within an hour, and so many may be done now."""

    kind: str
    planned: int
    left: int

    @property
    def words(self) -> str:
        return (
            f"{self.planned} {self.kind} are due within an hour, and the policy lets {self.left} be done now: the rest "
            "waits until an approver approves the limit."
        )


@dataclass(frozen=True, slots=True)
class Survey:
    """The plan at one moment."""

    at: datetime
    mode: str
    matched: int
    people: Sequence[Rehearsed]
    plan_hash: str
    #: case id → digest of its rerun, for those who stopped.
    stopped: Mapping[str, str]
    #: case id → what came of releasing it: `rerun`, `changed` or `refused`, and the operation.
    results: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
    #: Limits that what is due within an hour would reach.
    reached: Sequence[Reached] = ()

    @property
    def released(self) -> int:
        """How many of those who stopped were let go."""
        return sum(result == "rerun" for result, _ in self.results.values())

    @property
    def totals(self) -> dict[str, int]:
        """Action → how often."""
        return dict(sorted(Counter(a.what for person in self.people for a in person.actions).items()))

    def as_json(self) -> dict[str, Any]:
        """`stopped`: people who are released by the plan's hash; the others go on by themselves once it is live."""
        items = []
        for person in self.people:
            result, operation_id = self.results.get(person.case_id, (None, None))
            items.append({**person.as_json(self.at), "result": result, "operation_id": operation_id})
        return {
            "at": stamp(self.at),
            "mode": self.mode,
            "matched": self.matched,
            "more": max(0, self.matched - len(self.people)),
            "stopped": len(self.stopped),
            "released": self.released,
            "totals": self.totals,
            "limits_reached": [
                {"kind": item.kind, "planned": item.planned, "left": item.left, "words": item.words}
                for item in self.reached
            ],
            "items": items,
            "plan_hash": self.plan_hash,
        }


async def survey(s: Services, limit: int = USUAL) -> Survey:
    """Rehearse those who stopped, then those whose turn is still to come. Writes nothing, here or in the tenant.

    Raises RequestError for a limit that cannot be; Unavailable where store or tenant do not answer.
    """
    if not 1 <= limit <= MOST:
        raise RequestError(f"Give a limit between 1 and {MOST}.", code="bad_limit")
    now = await s.clock.now()
    found = await _waiting(s)
    rehearsal = Rehearsal(s, now)
    people, stopped = [], {}
    for case_id in found[:limit]:
        case = await s.cases.get(case_id)
        if case is None or not _waits(case):
            continue
        people.append(await _rehearsed(rehearsal, case))
        if case.reason_code == DRY_RUN:
            stopped[case_id] = rerun_plan.of(s, case, now, None).digest
    gone = len(found[:limit]) - len(people)
    plan_hash = hashed([_rules(s), sorted(person.digest for person in people)])
    reached = await _limits_reached(s, people, now)
    return Survey(now, s.settings.mode, len(found) - gone, people, plan_hash, stopped, reached=reached)


async def _limits_reached(s: Services, people: Sequence[Rehearsed], now: datetime) -> list[Reached]:
    soon = (action for person in people for action in person.actions if action.at <= now + limits.HOUR)
    planned = Counter(_COUNTED[action.what] for action in soon if action.what in _COUNTED)
    found = []
    for kind, number in sorted(planned.items()):
        spent, _ = await limits.read(s.cases, kind)
        cap = s.policy.limits.cap(kind, spent.people)
        if cap is not None and number > (left := max(spent.left(cap, now), 0)):
            found.append(Reached(kind, number, left))
    return found


async def _rehearsed(rehearsal: Rehearsal, case: Case) -> Rehearsed:
    try:
        return await rehearsal.run(case)
    except IllegalTransition as exc:
        state, reason = str(case.state), case.reason_code
        digest = hashed([case.case_id, state, exc.code])
        return Rehearsed(case.case_id, state, reason, None, (), state, exc.code, digest)


def _rules(s: Services) -> Any:
    """The sections of the policy by which people are told, and when; the others are in each person's digest."""
    return msgspec.to_builtins([s.policy.follow_up, s.policy.working_time])


async def carry_out(s: Services, ask: Ask, limit: int = USUAL) -> Survey:
    """Release those who stopped, if `ask.plan_hash` is that of the plan as it is now.

    Raises RequestError without a reason or a hash; Refused `dry_run` while nothing may be written, and `plan_stale`.
    A request that comes again, its answer lost, finds nobody stopped and releases nobody.
    """
    actions.check_reason(ask)
    if not ask.plan_hash:
        raise RequestError("Give the hash of the plan that you looked at.", code="plan_hash_required")
    if s.settings.mode == "dry_run":
        raise Refused(
            "The service runs in dry-run mode, so nobody can be released: set ONBOARDING_MODE=live, restart it, and "
            "apply the same plan. Its hash stays good while time passes, until something changes for somebody in it.",
            code=DRY_RUN,
        )
    seen = await survey(s, limit)
    if seen.plan_hash != ask.plan_hash:
        raise Refused("The plan has changed: look at it again, and use its hash.", code=rerun_plan.STALE)
    queue = BULK_QUEUE if len(seen.stopped) > reruns.FEW else WORK_QUEUE
    results = {}
    for case_id, digest in seen.stopped.items():
        one = Ask(ask.actor, ask.reason, None, digest, queue)
        results[case_id] = await reruns.release(s, case_id, one)
    return replace(seen, results=results)


def _waits(case: Case) -> bool:
    return case.state in WORKED or (case.state is State.BLOCKED and case.reason_code == DRY_RUN)


async def _waiting(s: Services) -> list[str]:
    """Ids of everybody for whom something is to be done, those who stopped first."""
    found: list[str] = []
    for state in _ORDER:
        reason = DRY_RUN if state is State.BLOCKED else None
        found += await reruns.matching(s, CaseQuery(state=str(state), reason_code=reason))
    return found
