"""What each message says, block by block, to whom: which sentences of the catalogue, in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from onboarding.domain import calendar
from onboarding.domain.account import PassStatus
from onboarding.domain.case import Case
from onboarding.domain.evidence import Act, By, Status
from onboarding.domain.nudges import working_time_of
from onboarding.domain.policy import Policy
from onboarding.domain.records import RungStatus
from onboarding.domain.run import seen
from onboarding.followup import catalogue
from onboarding.settings import Settings

_STEPS = ("steps.open", "steps.app", "steps.second")


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a message. `kind`: paragraph, steps, facts or code."""

    kind: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """What a message is made of. `say` formats one catalogue entry."""

    case: Case
    policy: Policy
    settings: Settings
    language: str
    facts: Mapping[str, str]
    now: datetime
    values: dict[str, str] = field(default_factory=dict)

    def say(self, key: str) -> str:
        return catalogue.texts(self.language)[key].format_map(self.values)

    def intro(self, message: str) -> str:
        """Which first sentence: for somebody who was registered once, "not yet" would be untrue."""
        lost = self.case.status is Status.REMOVED or self.facts.get("because") in _LOST
        return f"{message}.removed" if lost else f"{message}.intro"

    def sentences(self, *keys: str) -> list[Block]:
        """One paragraph of whole sentences."""
        return [Block("paragraph", (" ".join(self.say(key) for key in keys),))]

    def paragraph(self, *keys: str) -> list[Block]:
        return [Block("paragraph", (self.say(key),)) for key in keys]

    def steps(self) -> list[Block]:
        return [Block("steps", tuple(self.say(key) for key in _STEPS))]

    def listed(self, *keys: str) -> list[Block]:
        """Facts whose value is known."""
        known = [key for key in keys if self.values.get(_VALUE_OF[key])]
        return [Block("facts", tuple(self.say(key) for key in known))]


_VALUE_OF = {
    "fact.person": "person",
    "fact.user_name": "upn",
    "fact.start_date": "start_date",
    "fact.status": "status",
    "fact.case": "case_id",
    "fact.usable_from": "usable_from",
    "fact.usable_until": "usable_until",
    "fact.pass_usable": "pass_until",
    "fact.pass_ended": "pass_until",
    "fact.pass_unused": "pass_until",
}
_HINT_OF_STATUS = {
    Status.PARTIAL: "hint.partial",
    Status.ADMIN_REGISTERED: "hint.admin",
    Status.REMOVED: "hint.removed",
}
#: `because` of somebody who was registered once.
_LOST = frozenset({"method_deleted", "phone_lost"})
_HINT_OF_REASON = {"passkey_only": "hint.passkey", "registration_cancelled": "hint.cancelled"}


def _hints(r: Reader) -> list[Block]:
    """What this person in particular should know; `because` is the assessment's code."""
    because = r.facts.get("because", "")
    status = Status.REMOVED if because == "phone_lost" else r.case.status
    hint = _HINT_OF_STATUS.get(status) or _HINT_OF_REASON.get(because)
    return r.paragraph(hint) if hint else []


def reminders(case: Case) -> int:
    """How many reminders of this episode went out to the person for certain. The welcome is none."""
    return sum(
        record.episode == case.episode
        and record.audience == "person"
        and record.status is RungStatus.SENT
        and record.rung != "welcome"
        for record in case.rungs.values()
    )


def _reminded(r: Reader) -> list[str]:
    """The sentence about our reminders; none where none was sent for certain."""
    count = reminders(r.case)
    return [] if count == 0 else ["escalate.reminded_once" if count == 1 else "escalate.reminded"]


#: A status that says for certain that the person registered nothing.
_NOTHING_REGISTERED = frozenset({Status.DIRECTORY_ONLY, Status.ADMIN_REGISTERED, Status.USER_REVIEWED})


def _first_pass(r: Reader) -> list[str]:
    """The line about the first pass. One that is in doubt or was withdrawn has none: nobody may hold it."""
    case, record = r.case, r.case.access_pass
    if record is None or record.status is not PassStatus.DELIVERED or record.usable_until is None:
        return []
    if r.now < record.usable_until:
        return ["fact.pass_usable"]
    ever = case.confirmed_at or any(e.act is Act.REGISTERED and e.by is not By.ADMIN for e in seen(case))
    nothing = not ever and case.status in _NOTHING_REGISTERED
    return ["fact.pass_unused" if nothing else "fact.pass_ended"]


def _ahead(r: Reader) -> bool:
    """The first day is not over, where the person works."""
    first = r.case.hire.start_date
    zone = working_time_of(r.case, r.policy).zone
    return first is not None and r.now < calendar.local_midnight(calendar.moved(first, 1), zone)


def _welcome(r: Reader) -> list[Block]:
    route = r.facts.get("first_credential", "none")
    return [
        *r.paragraph("welcome.intro" if _ahead(r) else "welcome.intro_undated"),
        *(r.paragraph("welcome.user_name") if r.values["upn"] else []),
        *r.paragraph(f"welcome.credential_{route if route in {'manager', 'desk', 'existing'} else 'none'}"),
        *r.paragraph("welcome.task"),
        *r.steps(),
        *r.paragraph("hint.only_you"),
    ]


def _nudge_first(r: Reader) -> list[Block]:
    closing = r.paragraph("hint.only_you", "nudge_first.help")
    return [*r.paragraph(r.intro("nudge_first")), *_hints(r), *r.steps(), *closing]


def _nudge_second(r: Reader) -> list[Block]:
    closing = r.paragraph("nudge_second.why", "hint.only_you")
    return [*r.paragraph(r.intro("nudge_second")), *_hints(r), *r.steps(), *closing]


def _nudge_third(r: Reader) -> list[Block]:
    above = any(rung.audience != "person" for rung in r.policy.follow_up.ladder)
    closing = r.paragraph("hint.only_you", *(["nudge_third.tells"] if above else []))
    return [*r.paragraph(r.intro("nudge_third")), *_hints(r), *r.steps(), *closing]


def _nudge_last(r: Reader) -> list[Block]:
    closing = r.paragraph("hint.only_you", "nudge_last.help")
    return [*r.paragraph(r.intro("nudge_last"), "nudge_last.why"), *_hints(r), *r.steps(), *closing]


def _escalate_manager(r: Reader) -> list[Block]:
    opening = r.sentences(r.intro("escalate_manager"), *_reminded(r))
    task = r.paragraph("escalate_manager.why", "escalate_manager.steps")
    return [*opening, *task, *r.steps(), *r.paragraph("escalate_manager.not_for_them")]


def _escalate_desk(r: Reader) -> list[Block]:
    known = ("fact.person", "fact.user_name", "fact.start_date", "fact.status", *_first_pass(r), "fact.case")
    closing = r.paragraph("escalate_desk.ask", "escalate_desk.not_for_them", "escalate_desk.stops")
    return [*r.sentences(r.intro("escalate_desk"), *_reminded(r)), *r.listed(*known), *closing]


def _resolved_desk(r: Reader) -> list[Block]:
    """To the desk and to managers alike, in one mail."""
    opening = r.paragraph("resolved_desk.intro", "resolved_desk.nothing")
    return [*opening, *r.listed("fact.person", "fact.user_name", "fact.case")]


def _access_pass(recipient: str) -> Callable[[Reader], list[Block]]:
    def blocks(r: Reader) -> list[Block]:
        name = f"access_pass_{recipient}"
        return [
            *r.paragraph(f"{name}.again" if "new_pass" in r.facts else f"{name}.intro"),
            Block("code", (r.facts["access_pass"],)),
            *r.listed("fact.user_name", "fact.usable_from", "fact.usable_until"),
            *r.paragraph(f"{name}.hand_over", f"{name}.next"),
            *r.steps(),
        ]

    return blocks


@dataclass(frozen=True, slots=True)
class Shape:
    """One message: who reads it, and its blocks."""

    audience: str
    blocks: Callable[[Reader], list[Block]]


MESSAGES: Mapping[str, Shape] = {
    "welcome": Shape("person", _welcome),
    "nudge_first": Shape("person", _nudge_first),
    "nudge_second": Shape("person", _nudge_second),
    "nudge_third": Shape("person", _nudge_third),
    "nudge_last": Shape("person", _nudge_last),
    "escalate_manager": Shape("manager", _escalate_manager),
    "escalate_desk": Shape("desk", _escalate_desk),
    "resolved_desk": Shape("desk", _resolved_desk),
    "access_pass_manager": Shape("manager", _access_pass("manager")),
    "access_pass_desk": Shape("desk", _access_pass("desk")),
}
