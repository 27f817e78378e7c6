"""Recorded-shape sequences: raw JSON of Graph, through the adapter's parsing, into one case, and judged.

`data/*.json` holds lists of sequences. One sequence:
- `name`, `says`: what happens, in a sentence;
- `now`, and `account`, `rules`, `confirmed_at`, `hr_phone` where they differ from `DEFAULTS`;
- `arrivals`: in order of arrival, each with `class` (`documented`, `observed`, `inferred`) and `source` of its shape:
  `audit` (a directoryAudit), `row` (of the registration report), or `methods` with `at` (an answer of
  `/authentication/methods`, null for 404);
- `expected`: `status`, `recoverable`, `because`, and `missing`: words that the sentence holds, or null.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec

from onboarding.domain.account import Account
from onboarding.domain.case import Case
from onboarding.domain.confirmation import Assessment, assess
from onboarding.domain.hire import Hire
from onboarding.domain.lifecycle import State
from onboarding.domain.records import StepRecord
from onboarding.domain.rules import Rules
from onboarding.followup.evidence import take_events, take_list
from onboarding.graph import calls_security
from onboarding.graph.answer import Answer
from onboarding.graph.evidence import parse
from onboarding.graph.report import Rows, read_page
from onboarding.graph.security import methods_read

DATA = Path(__file__).parent / "data"
PERSON = "7d0a6f5e-51c2-4b7e-9a37-1f0d2c6b8e01"
CLASSES = ("documented", "observed", "inferred")


@dataclass(frozen=True)
class Story:
    """One sequence as in its file."""

    name: str
    says: str
    now: datetime
    arrivals: tuple[dict[str, Any], ...]
    expected: dict[str, Any]
    rules: dict[str, Any] = field(default_factory=dict)
    account: dict[str, Any] = field(default_factory=dict)
    confirmed_at: datetime | None = None
    hr_phone: bool = False


def load() -> list[Story]:
    """All sequences of all files."""
    found = []
    for path in sorted(DATA.glob("*.json")):
        for raw in json.loads(path.read_text(encoding="utf-8")):
            times = {k: datetime.fromisoformat(raw[k]) for k in ("now", "confirmed_at") if raw.get(k)}
            found.append(Story(**{**raw, "arrivals": tuple(raw["arrivals"]), **times}))
    return found


def new_case(item: Story) -> Case:
    """The person before anything arrived."""
    created = datetime.fromisoformat(item.account.get("created_at", "2026-11-16T08:00:00+00:00"))
    account = Account(
        PERSON,
        "wqz.planted@contoso.example",
        "mark",
        created,
        origin=item.account.get("origin", "created"),
        synced=item.account.get("synced", False),
    )
    case = Case("c_" + "0" * 20, "custom", State.FOLLOWING_UP, Hire(), created, created, account=account)
    detail = "created_with_mobile_phone" if item.hr_phone else "created"
    case.steps["create_account"] = StepRecord(detail=detail)
    case.confirmed_at = item.confirmed_at
    return case


def rules_of(item: Story) -> Rules:
    given = dict(item.rules)
    if "deadline" in given:
        given["deadline"] = date.fromisoformat(given["deadline"])
    if "frozen_as_of" in given:
        given["frozen_as_of"] = datetime.fromisoformat(given["frozen_as_of"])
    return Rules(**given)


def arrive(case: Case, arrival: dict[str, Any]) -> None:
    """One arrival, the way it takes in the service: parsed by the adapter, taken by the follow-up."""
    if "audit" in arrival:
        seen = parse(arrival["audit"])
        if seen is not None and seen.user_id == PERSON:
            take_events(case, [seen.evidence])
    elif "row" in arrival:
        rows = Rows()
        rows.fallback = case.created_at
        page = Answer(200, body=msgspec.json.encode({"value": [arrival["row"]]}))
        for found in rows.read(read_page(page, calls_security.REPORT)[0]):
            if found.user_id == PERSON:
                take_list(case, found.registration)
    else:
        take_list(case, methods_read(arrival["methods"], datetime.fromisoformat(arrival["at"])))


def play(item: Story, arrivals: Sequence[dict[str, Any]] | None = None) -> Assessment:
    """The answer at the end."""
    case = new_case(item)
    for arrival in item.arrivals if arrivals is None else arrivals:
        arrive(case, arrival)
    return assess(case, rules_of(item), item.now)
