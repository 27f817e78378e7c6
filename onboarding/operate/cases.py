"""Finding and showing cases: what every view reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from onboarding.domain import phone, run
from onboarding.domain.case import TENANT, Case
from onboarding.domain.hire import Hire
from onboarding.domain.phone import phonebook
from onboarding.domain.places.place import place_of
from onboarding.domain.records import TimelineEntry
from onboarding.errors import Ambiguous, NotFound, Unavailable
from onboarding.operate.explain import explain
from onboarding.operate.judge import Judged, judge, unjudged
from onboarding.operate.quality import finding_json
from onboarding.operate.stamps import stamp as stamp
from onboarding.ports import CaseSummary, Services
from onboarding.provisioning import plan

_CASE_ID = re.compile(r"^c_[a-z0-9]{20}$")


async def find(s: Services, wanted: str) -> Case:
    """A case by case id, `SOURCE:ID`, or a bare id of any kind.

    Raises NotFound, or Ambiguous with the candidates when a bare id belongs to several cases.
    """
    wanted = wanted.strip()
    if _CASE_ID.match(wanted):
        return await _load(s, wanted)
    source, colon, value = wanted.partition(":")
    found = []
    if colon:
        found = [(a, o) for a, o in await s.cases.find_aliases(value) if a.source == source]
    # An id of HR may hold a colon itself; names of the tenant are filed in lower case.
    found = found or await s.cases.find_aliases(wanted)
    if not found:
        name = value if source == TENANT else wanted
        found = [(a, o) for a, o in await s.cases.find_aliases(name.lower()) if a.source == TENANT]
    owners = sorted({owner for _, owner in found})
    if not owners:
        raise NotFound("No case has this id. List cases, or give SOURCE:ID.")
    if len(owners) > 1:
        raise Ambiguous(
            "Several cases have this id: give one of the case ids, or SOURCE:ID.", candidates=owners
        )
    return await _load(s, owners[0])


async def _load(s: Services, case_id: str) -> Case:
    case = await s.cases.get(case_id)
    if case is None:
        raise NotFound("No case has this id. It may have been erased.")
    return case


async def show(s: Services, wanted: str) -> dict[str, Any]:
    """The case as `docs/schemas/case.json` describes it."""
    case = await find(s, wanted)
    timeline = await s.cases.timeline(case.case_id)
    try:
        now = await s.clock.now()
    except Unavailable:
        # The simulator is gone: what the store has can be read all the same.
        return case_json(case, timeline)
    judged = await judge(s, case, now)
    return case_json(judged.case, timeline, now, judged)


def summary_json(item: CaseSummary) -> dict[str, Any]:
    """One line of a list."""
    return {
        "case_id": item.case_id,
        "source": item.source,
        "state": item.state,
        "reason_code": item.reason_code,
        "status": item.status,
        "recoverable": item.recoverable,
        "display_name": item.display_name,
        "employee_id": item.employee_id,
        "user_principal_name": item.user_principal_name,
        "start_date": item.start_date,
        "next_action": {"what": item.next_what, "when": stamp(item.next_when)},
        "updated_at": stamp(item.updated_at),
    }


def case_json(
    case: Case, timeline: Sequence[TimelineEntry], now: datetime | None = None, judged: Judged | None = None
) -> dict[str, Any]:
    """`show --json`: absent is null and never left out; times are RFC 3339 in UTC.

    With `now` the explanation also says what has ended in the meantime. `judged` says what is missing, and why.
    """
    account = case.account
    return {
        "case_id": case.case_id,
        "source": case.source,
        "state": str(case.state),
        "reason_code": case.reason_code,
        "explanation": explain(case, now),
        "employee_id": case.employee_key,
        "hire": _hire(case),
        "place": _place(case.hire),
        "account": account
        and {
            "id": account.id,
            "user_principal_name": account.user_principal_name,
            "origin": account.origin,
            "created_at": stamp(account.created_at),
            "manager_id": account.manager_id,
        },
        "reserved_user_principal_name": _reserved(case),
        "found_account": case.found_account,
        "asked_about": case.asked_about,
        "status": str(case.status),
        "recoverable": str(case.recoverable),
        "status_as_of": stamp(case.status_as_of),
        **(judged or unjudged(case)).as_json(),
        "evidence": [
            {
                "id": item.id,
                "kind": item.kind,
                "act": str(item.act),
                "by": str(item.by),
                "method": item.method,
                "at": stamp(item.at),
                "said": item.said,
                "counts": run.counts(case, item.at),
            }
            for item in case.evidence
        ],
        "steps": [_step(case, planned.step.name) for planned in plan.shown(case)],
        "nudges": [
            {
                "rung": item.rung,
                "episode": item.episode,
                "audience": item.audience,
                "status": str(item.status),
                "sent_at": stamp(item.sent_at),
                "language": item.language,
                "why": item.why,
            }
            for item in case.rungs.values()
        ],
        "first_credential": case.access_pass
        and {
            "status": str(case.access_pass.status),
            "recipient": case.access_pass.recipient,
            "delivered_at": stamp(case.access_pass.delivered_at),
            "usable_from": stamp(case.access_pass.usable_from),
            "usable_until": stamp(case.access_pass.usable_until),
        },
        "lost_phone": case.lost_method
        and {
            "method": case.lost_method.method,
            "asked_at": stamp(case.lost_method.asked_at),
            "code": case.lost_method.code,
        },
        "data_quality": [finding_json(item) for item in case.findings],
        "timeline": [
            {"at": stamp(item.at), "actor": item.actor, "action": item.action, "detail": item.detail}
            for item in timeline
        ],
        "next_action": {
            "what": case.next_action.what,
            "when": stamp(case.next_action.when),
            "why": case.next_action.why,
        },
        "created_at": stamp(case.created_at),
        "updated_at": stamp(case.updated_at),
    }


def _reserved(case: Case) -> str | None:
    """The name that the account will have: taken in our store, created nowhere. None once there is an account."""
    return case.intent.user_principal_name if case.intent and not case.account else None


def _step(case: Case, name: str) -> dict[str, Any]:
    record = case.steps.get(name)
    return {
        "name": name,
        "status": str(record.status) if record else "pending",
        "attempts": record.attempts if record else 0,
        "at": stamp(record.at) if record else None,
        "code": record.code if record else None,
        "detail": record.detail if record else None,
    }


def _hire(case: Case) -> dict[str, Any]:
    hire, manager = case.hire, case.hire.manager
    return {
        "employee_id": hire.employee_id,
        "employee_number": hire.employee_number,
        "candidate_id": hire.candidate_id,
        "given_name": hire.given_name,
        "family_name": hire.family_name,
        "preferred_name": hire.preferred_name,
        "display_name": hire.display_name,
        "work_email": hire.work_email,
        "personal_email": hire.personal_email,
        "phones": _phones(case),
        "work_country": hire.work_country,
        "home_country": hire.home_country,
        "location": hire.location,
        "department": hire.department,
        "job_title": hire.job_title,
        "manager": {"id": manager.id, "email": manager.email, "name": manager.name} if manager else None,
        "start_date": stamp(hire.start_date),
        "locale": hire.locale,
        "timezone": hire.timezone,
    }


def _place(hire: Hire) -> dict[str, Any]:
    """How we read HR's fields about a place, and what of it was assumed."""
    found = place_of(hire)
    return {
        "country": found.country,
        "country_reason": found.reason and str(found.reason),
        "region": found.region,
        "time_zone": found.zone.zone,
        "time_zone_assumed": found.zone.assumed,
        "time_zone_why": found.zone.why,
        "language": found.language and found.language.tag,
        "language_assumed": bool(found.language and found.language.assumed),
        "language_why": found.language and found.language.why,
    }


def _phones(case: Case) -> list[dict[str, Any]]:
    """Masked: an operator needs to know which number and what is wrong with it, not the number."""
    if case.phone_hash or case.phone_reason:
        status = phone.PhoneStatus.OK if case.phone_hash else phone.PhoneStatus.REJECTED
        masked = phone.ending(case.phone_tail)
        return [{"masked": masked or None, "label": None, "status": str(status), "reason": case.phone_reason}]
    return [
        {
            "masked": found.shown or None,
            "label": item.label,
            "status": str(found.status),
            "reason": found.reason and str(found.reason),
        }
        for item, found in phonebook.results(case.hire)
    ]
