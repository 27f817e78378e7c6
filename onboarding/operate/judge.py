"""A person judged at the moment somebody looks: what was written last may rest on a report that stands still since, or
on the other side of the deadline. Reads two markers and writes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from onboarding.domain.case import Case
from onboarding.domain.confirmation import Assessment, assess
from onboarding.domain.evidence import Act, By
from onboarding.domain.provenance import PASS
from onboarding.domain.rules import Rules
from onboarding.followup import sources
from onboarding.followup.apply import is_read
from onboarding.operate.stamps import stamp
from onboarding.ports import Services


@dataclass(frozen=True, slots=True)
class Judged:
    """The case with today's answers in it, and what they rest on. `found` None: it is over, nothing is judged."""

    case: Case
    found: Assessment | None
    #: What is wrong with the sources, in sentences.
    sources: tuple[str, ...]
    #: Entra asks people to confirm their methods again after so many days; 0: never.
    reconfirm_days: int

    def as_json(self) -> dict[str, Any]:
        """Members of `docs/schemas/case.json`."""
        found = self.found
        return {
            "because": found and found.because,
            "missing": found and found.missing,
            "notes": list(found.notes) if found else [],
            "methods": found
            and {
                "required": found.required,
                "counted": list(found.counted),
                "present": list(found.present),
                "gone": list(found.gone),
            },
            "decided_by": list(found.evidence) if found else [],
            "sources": list(self.sources),
            "reconfirmation": reconfirmation(self.case, self.reconfirm_days),
        }


def unjudged(case: Case) -> Judged:
    """As it was written last."""
    return Judged(case, None, (), 0)


async def judge(s: Services, case: Case, now: datetime) -> Judged:
    """Both answers of this case at `now`."""
    seen = await sources.look(s, now)
    rules = sources.with_sources(Rules.of(s.settings, s.policy), seen)
    days = s.settings.reconfirm_days
    if not is_read(case):
        return Judged(case, None, tuple(seen.sentences), days)
    found = assess(case, rules, now)
    judged = replace(case, status=found.status, recoverable=found.recoverable, status_as_of=found.as_of)
    return Judged(judged, found, tuple(seen.sentences), days)


def reconfirmation(case: Case, days: int) -> dict[str, Any] | None:
    """When Entra asks this person to confirm again: `days` after they registered or agreed last. None: never.

    A pass may be logged as registered by the person (facts 2.1): it confirms nothing.
    """
    since = case.account.created_at if case.account else None
    acted = [
        e.at
        for e in case.evidence
        if (since is None or e.at >= since) and e.by is By.USER and e.act in _CONFIRMS and e.method != PASS
    ]
    if days == 0 or not acted:
        return None
    return {"every_days": days, "next_at": stamp(max(acted) + timedelta(days=days))}


_CONFIRMS = frozenset({Act.REGISTERED, Act.UPDATED, Act.REVIEWED})
