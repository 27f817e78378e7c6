"""Composing the messages: which blocks each has, in which language, for which reader.

Mail to a person holds no credential, no image, no link and nothing to press: it would be what phishing looks
like. It names Microsoft's own short address as text. The one exception is the pass, which goes to the manager or
the desk. Every mail shows a reference, a keyed hash that `recognise` answers: "yes, we sent this".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from onboarding.domain.case import Act, By, Case, PassStatus, RungRecord, RungStatus, Status
from onboarding.domain.nudges import country_of, working_time_of
from onboarding.domain.places import country
from onboarding.domain.policy import Policy
from onboarding.errors import ConfigurationError
from onboarding.followup import catalogue, deliver
from onboarding.followup.text import plain
from onboarding.ports import Mail, Services
from onboarding.settings import Settings

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
#: Where people register, and nothing else (Learn, "Combined registration"): short, official, easy to type.
SETUP_ADDRESS = "aka.ms/mysecurityinfo"
SUBJECT_LIMIT = 140
_STEPS = ("steps.open", "steps.app", "steps.second")


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a message. `kind`: paragraph, steps, facts or code."""

    kind: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Reader:
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
        lost = self.case.status is Status.REMOVED or self.facts.get("because") == "method_deleted"
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
_HINT_OF_REASON = {"passkey_only": "hint.passkey", "registration_cancelled": "hint.cancelled"}


def _hints(r: _Reader) -> list[Block]:
    """What this person in particular should know; `because` is the assessment's code."""
    hint = _HINT_OF_STATUS.get(r.case.status) or _HINT_OF_REASON.get(r.facts.get("because", ""))
    return r.paragraph(hint) if hint else []


def _reminders(case: Case) -> int:
    """How many reminders of this episode went out to the person for certain. The welcome is none."""
    return sum(
        record.episode == case.episode
        and record.audience == "person"
        and record.status is RungStatus.SENT
        and record.rung != "welcome"
        for record in case.rungs.values()
    )


def _reminded(r: _Reader) -> list[str]:
    """The sentence about our reminders; none where none was sent for certain."""
    count = _reminders(r.case)
    return [] if count == 0 else ["escalate.reminded_once" if count == 1 else "escalate.reminded"]


#: A status that says for certain that the person registered nothing.
_NOTHING_REGISTERED = frozenset({Status.DIRECTORY_ONLY, Status.ADMIN_REGISTERED, Status.USER_REVIEWED})


def _first_pass(r: _Reader) -> list[str]:
    """The line about the first pass. One that is in doubt or was withdrawn has none: nobody may hold it."""
    case, record = r.case, r.case.access_pass
    if record is None or record.status is not PassStatus.DELIVERED or record.usable_until is None:
        return []
    if r.now < record.usable_until:
        return ["fact.pass_usable"]
    ever = case.confirmed_at or any(e.act is Act.REGISTERED and e.by is not By.ADMIN for e in case.evidence)
    nothing = not ever and case.status in _NOTHING_REGISTERED
    return ["fact.pass_unused" if nothing else "fact.pass_ended"]


def _welcome(r: _Reader) -> list[Block]:
    route = r.facts.get("first_credential", "none")
    return [
        *r.paragraph("welcome.intro" if r.values["start_date"] else "welcome.intro_undated"),
        *(r.paragraph("welcome.user_name") if r.values["upn"] else []),
        *r.paragraph(f"welcome.credential_{route if route in {'manager', 'desk', 'existing'} else 'none'}"),
        *r.paragraph("welcome.task"),
        *r.steps(),
        *r.paragraph("hint.only_you"),
    ]


def _nudge_first(r: _Reader) -> list[Block]:
    closing = r.paragraph("hint.only_you", "nudge_first.help")
    return [*r.paragraph(r.intro("nudge_first")), *_hints(r), *r.steps(), *closing]


def _nudge_second(r: _Reader) -> list[Block]:
    closing = r.paragraph("nudge_second.why", "hint.only_you")
    return [*r.paragraph(r.intro("nudge_second")), *_hints(r), *r.steps(), *closing]


def _nudge_third(r: _Reader) -> list[Block]:
    above = any(rung.audience != "person" for rung in r.policy.follow_up.ladder)
    closing = r.paragraph("hint.only_you", *(["nudge_third.tells"] if above else []))
    return [*r.paragraph(r.intro("nudge_third")), *_hints(r), *r.steps(), *closing]


def _nudge_last(r: _Reader) -> list[Block]:
    closing = r.paragraph("hint.only_you", "nudge_last.help")
    return [*r.paragraph(r.intro("nudge_last"), "nudge_last.why"), *_hints(r), *r.steps(), *closing]


def _escalate_manager(r: _Reader) -> list[Block]:
    opening = r.sentences(r.intro("escalate_manager"), *_reminded(r))
    task = r.paragraph("escalate_manager.why", "escalate_manager.steps")
    return [*opening, *task, *r.steps(), *r.paragraph("escalate_manager.not_for_them")]


def _escalate_desk(r: _Reader) -> list[Block]:
    known = ("fact.person", "fact.user_name", "fact.start_date", "fact.status", *_first_pass(r), "fact.case")
    closing = r.paragraph("escalate_desk.ask", "escalate_desk.not_for_them", "escalate_desk.stops")
    return [*r.sentences(r.intro("escalate_desk"), *_reminded(r)), *r.listed(*known), *closing]


def _resolved_desk(r: _Reader) -> list[Block]:
    """To the desk and to managers alike, in one mail."""
    opening = r.paragraph("resolved_desk.intro", "resolved_desk.nothing")
    return [*opening, *r.listed("fact.person", "fact.user_name", "fact.case")]


def _access_pass(recipient: str) -> Callable[[_Reader], list[Block]]:
    def blocks(r: _Reader) -> list[Block]:
        name = f"access_pass_{recipient}"
        return [
            *r.paragraph(f"{name}.intro"),
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
    blocks: Callable[[_Reader], list[Block]]


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


def reference(key: str, case_id: str, episode: int, message: str) -> str:
    """The reference that a mail shows: `XXXX-XXXX-XXXX`, 60 bits of a keyed hash. Says nothing to others."""
    digest = hmac.new(
        key.encode(), f"message\n{case_id}\n{episode}\n{message}".encode(), hashlib.sha256
    ).digest()
    text = base64.b32encode(digest).decode()[:12]
    return f"{text[:4]}-{text[4:8]}-{text[8:]}"


def recognise(key: str, case: Case, text: str) -> str | None:
    """The message of this case that `text` (a reference as somebody typed it) belongs to, or None."""
    typed = "".join(c for c in text.upper() if c.isalnum()).encode()
    for episode in range(1, case.episode + 1):
        for message in MESSAGES:
            ours = reference(key, case.case_id, episode, message).replace("-", "").encode()
            if hmac.compare_digest(ours, typed):
                return message
    return None


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@dataclass(frozen=True, slots=True)
class CatalogueMessages:
    """`ports.Messages` over the catalogues and the two templates. Reads files on first use only."""

    settings: Settings
    policy: Policy

    def compose(
        self,
        message: str,
        case: Case,
        to: tuple[str, ...],
        *,
        now: datetime,
        facts: Mapping[str, str] | None = None,
    ) -> Mail:
        """One mail, complete. `facts`: `first_credential`, `because`, `access_pass`, `usable_from`, `usable_until`
        (RFC 3339). ConfigurationError for a message name that the ladder invents.
        """
        shape = MESSAGES.get(message)
        if shape is None:
            raise ConfigurationError(
                f"There is no message '{message}'. The ladder may name: {', '.join(sorted(MESSAGES))}."
            )
        language = language_of(case, shape.audience)
        ref = reference(self.settings.hash_key.reveal(), case.case_id, case.episode, message)
        reader = _Reader(case, self.policy, self.settings, language, facts or {}, now)
        reader.values.update(_values(reader, ref))
        subject = plain(reader.say(f"{message}.subject"), SUBJECT_LIMIT)
        named = shape.audience == "person" and reader.values["name"]
        parts = {
            "language": language,
            "direction": catalogue.direction(language),
            "subject": subject,
            "greeting": reader.say("common.greeting" if named else "common.greeting_plain"),
            "blocks": shape.blocks(reader),
            "closing": reader.say("common.closing"),
            "footer": _footer(reader, message),
        }
        html = _environment().get_template("message.html.j2").render(parts)
        text = _environment().get_template("message.txt.j2").render(parts)
        return Mail(to=to, subject=subject, html=html, text=text, language=language, ref=ref)

    async def deliver(
        self, s: Services, case: Case, rung: str, audience: str, mail: Mail, now: datetime
    ) -> RungRecord:
        """At most once a rung: see `onboarding.followup.deliver`."""
        return await deliver.deliver(s, case, rung, audience, mail, now)


def language_of(case: Case, audience: str) -> str:
    """Whose language: the person's own; the work country's for a manager; English for the desk.

    Nothing says which language a manager or a desk reads. A setting for the desk would be better than English.
    """
    supported = catalogue.languages()
    if audience == "desk":
        return "en"
    return country.language(case.hire.locale if audience == "person" else None, country_of(case), supported)


def _values(r: _Reader, ref: str) -> dict[str, str]:
    """Values of the placeholders, cleaned. Those that are not known are empty, and their entries left out."""
    case, hire, account = r.case, r.case.hire, r.case.account
    upn = account.user_principal_name if account else ""
    full = plain(hire.display_name) or plain(f"{hire.given_name or ''} {hire.family_name or ''}")
    zone, region = working_time_of(case, r.policy).zone, _region(case)

    def clock(value: datetime | None) -> str:
        return catalogue.moment(value, zone, r.language, region) if value else ""

    def at(name: str) -> str:
        return clock(datetime.fromisoformat(r.facts[name]) if r.facts.get(name) else None)

    return {
        "name": plain(hire.preferred_name) or plain(hire.given_name) or full,
        "person": full or upn or case.case_id,
        "company": plain(r.settings.company_name),
        "desk": r.settings.service_desk or "",
        "upn": upn,
        "start_date": catalogue.day(hire.start_date, r.language, region) if hire.start_date else "",
        "status": r.say(f"status.{case.status}"),
        "case_id": case.case_id,
        "setup_address": SETUP_ADDRESS,
        "usable_from": at("usable_from"),
        "usable_until": at("usable_until"),
        "pass_until": clock(case.access_pass.usable_until if case.access_pass else None),
        "reminders": str(_reminders(case)),
        "ref": ref,
    }


def _region(case: Case) -> str | None:
    """Whose way of writing dates: the region of the person's locale, else the country."""
    tail = (case.hire.locale or "").replace("_", "-").split(".")[0].split("-")[-1]
    return (
        tail.upper()
        if len(tail) == 2 and "-" in (case.hire.locale or "").replace("_", "-")
        else country_of(case)
    )


def _footer(r: _Reader, message: str) -> list[str]:
    """Who sent this, and what is stored: a reminder to somebody else is employee monitoring, so it is said."""
    audience = MESSAGES[message].audience
    keys = ["common.reference"]
    if r.settings.service_desk and audience != "desk":
        keys.append("common.desk")
    if audience == "person":
        keys += ["common.no_secrets", "common.stored_person"]
    elif not message.startswith("access_pass_"):
        keys.append("common.stored_done" if message == "resolved_desk" else "common.stored_others")
    return [r.say(key) for key in keys]
