"""Composing the messages: which blocks each has, in which language, for which reader.

Mail to a person holds no credential, no image, no link and nothing to press: it would be what phishing looks
like. It names Microsoft's own short address as text. The one exception is the pass, which goes to the manager or
the desk. Every mail shows a reference, a keyed hash that `recognise` answers: "yes, we sent this".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from onboarding.domain.case import Case
from onboarding.domain.nudges import country_of, working_time_of
from onboarding.domain.places import country
from onboarding.domain.policy import Policy
from onboarding.domain.records import RungRecord
from onboarding.errors import ConfigurationError
from onboarding.followup import catalogue, deliver
from onboarding.followup.shapes import MESSAGES, Reader, reminders
from onboarding.followup.text import plain
from onboarding.ports import Mail, Services
from onboarding.settings import Settings

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
#: Where people register, and nothing else (Learn, "Combined registration"): short, official, easy to type.
SETUP_ADDRESS = "aka.ms/mysecurityinfo"
SUBJECT_LIMIT = 140


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
        (RFC 3339), `new_pass` (it is there: the pass is not for the first sign-in).

        ConfigurationError for a message name that the ladder invents.
        """
        shape = MESSAGES.get(message)
        if shape is None:
            raise ConfigurationError(
                f"There is no message '{message}'. The ladder may name: {', '.join(sorted(MESSAGES))}."
            )
        language = language_of(case, shape.audience)
        ref = reference(self.settings.hash_key.reveal(), case.case_id, case.episode, message)
        reader = Reader(case, self.policy, self.settings, language, facts or {}, now)
        reader.values.update(_values(reader, ref))
        again = message.startswith("access_pass_") and "new_pass" in reader.facts
        subject = plain(reader.say(f"{message}.subject{'_again' if again else ''}"), SUBJECT_LIMIT)
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


def _values(r: Reader, ref: str) -> dict[str, str]:
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
        "reminders": str(reminders(case)),
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


def _footer(r: Reader, message: str) -> list[str]:
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
