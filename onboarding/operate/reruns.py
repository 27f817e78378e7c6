"""Reruns of everybody whom a filter finds: look first, then do exactly that.

A preview names the cases, the steps that would run and a hash of it all. To carry it out needs that hash: when a case
came or went, or one of them has moved on, the hash is another and nothing is done. A case that waits for a decision
about this very person (`rerun_plan.ANSWERED`) is shown with what it waits for, and left alone. While it is carried out,
each case is compared once more, by itself, in the same compare-and-swap that writes it; what changed meanwhile (an
automatic retry got through, another operator was first) is left alone and told. A process that dies in the middle has
done some of them; the next preview shows the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from onboarding.domain.case import Case
from onboarding.errors import IllegalTransition, NotFound, Refused, RequestError, StoreConflict
from onboarding.operate import actions, rerun_plan
from onboarding.operate.actions import Ask
from onboarding.operate.rerun_plan import Plan
from onboarding.ports import BULK_QUEUE, WORK_QUEUE, CaseQuery, Services
from onboarding.provisioning.plan import names_from

#: Members of a filter.
FILTERS = ("state", "reason_code", "source")
#: Cases of one plan; whoever has more repeats it. Each costs some writes, and a request must end within minutes.
MOST = 500
#: More than so many go through the lane of mass arrivals, so that single hires overtake them.
FEW = 20
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Reruns:
    """What a rerun by filter would do, or did."""

    #: Cases that the filter finds, those beyond the first `MOST` included.
    matched: int
    plans: Sequence[Plan]
    plan_hash: str
    #: case id → what came of it: `rerun`, `changed`, `refused` or `gone`, and the operation.
    results: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)

    @property
    def possible(self) -> int:
        """How many of them can be rerun now."""
        return sum(plan.why_not is None for plan in self.plans)

    def as_json(self) -> dict[str, Any]:
        """`{"matched", "items", "plan_hash"}`; `more`: cases that this plan does not hold."""
        items = []
        for plan in self.plans:
            result, operation_id = self.results.get(plan.case_id, (None, None))
            items.append({**plan.as_json(), "result": result, "operation_id": operation_id})
        return {
            "matched": self.matched,
            "items": items,
            "plan_hash": self.plan_hash,
            "more": max(0, self.matched - len(self.plans)),
        }


def query_of(given: Mapping[str, str | None]) -> CaseQuery:
    """RequestError (400) for a member that is no filter, or a state that does not exist."""
    if unknown := set(given) - set(FILTERS):
        raise RequestError(
            f"Unknown filter: {', '.join(sorted(unknown))}. Known: {', '.join(FILTERS)}.",
            code="unknown_filter",
        )
    return CaseQuery(**{name: given.get(name) or None for name in FILTERS})


async def preview(s: Services, query: CaseQuery, from_step: str | None) -> Reruns:
    """What would run, case by case. Writes nothing, and asks the tenant nothing."""
    if from_step is not None:
        names_from(from_step)
    now = await s.clock.now()
    found = await matching(s, query)
    plans = []
    for case_id in found[:MOST]:
        case = await s.cases.get(case_id)
        if case is not None and _fits(case, query):  # the list is a hint
            plans.append(rerun_plan.of(s, case, now, from_step, answered=()))
    gone = len(found[:MOST]) - len(plans)
    facts = [[getattr(query, name) for name in FILTERS], from_step, [plan.digest for plan in plans]]
    return Reruns(len(found) - gone, plans, rerun_plan.hashed(facts))


async def carry_out(s: Services, query: CaseQuery, ask: Ask) -> Reruns:
    """Rerun what the preview with `ask.plan_hash` showed. Raises RequestError without a reason or a hash, Refused
    `plan_stale` when it is not the present plan."""
    actions.check_reason(ask)
    if not ask.plan_hash:
        raise RequestError("Give the plan_hash of the preview that you looked at.", code="plan_hash_required")
    seen = await preview(s, query, ask.from_step)
    if seen.plan_hash != ask.plan_hash:
        raise Refused(
            "These cases have changed since the preview: look at a new one, and use its plan_hash.",
            code=rerun_plan.STALE,
        )
    queue = BULK_QUEUE if seen.possible > FEW else WORK_QUEUE
    results = {}
    for plan in seen.plans:
        if plan.why_not is None:
            one = Ask(ask.actor, ask.reason, ask.from_step, plan.digest, queue)
            results[plan.case_id] = await release(s, plan.case_id, one)
    return Reruns(seen.matched, seen.plans, seen.plan_hash, results)


async def release(s: Services, case_id: str, ask: Ask) -> tuple[str, str | None]:
    """Rerun one case of a plan: `rerun`, `changed`, `refused` or `gone`, and the operation."""
    try:
        operation = await actions.act(s, "rerun", case_id, ask)
    except Refused as exc:
        return ("changed" if exc.code == rerun_plan.STALE else "refused"), None
    except (IllegalTransition, StoreConflict):
        return "refused", None
    except NotFound:
        return "gone", None
    return "rerun", operation.operation_id


async def one(s: Services, case: Case, from_step: str | None) -> Plan:
    """The plan of one case."""
    return rerun_plan.of(s, case, await s.clock.now(), from_step or None)


async def matching(s: Services, query: CaseQuery) -> list[str]:
    """Ids in an order that does not change while cases are worked on."""
    found: set[str] = set()
    page: str | None = None
    while True:
        listed = await s.cases.search(query, page, _PAGE)
        found |= {item.case_id for item in listed.items}
        page = listed.next_page
        if page is None:
            return sorted(found)


def _fits(case: Case, query: CaseQuery) -> bool:
    wanted = (query.state, query.reason_code, query.source)
    held = (str(case.state), case.reason_code, case.source)
    return all(want is None or want == has for want, has in zip(wanted, held, strict=True))
