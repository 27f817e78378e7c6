"""A hire under an id that a case has already, of somebody whose name has no word in common with the one before. Pure.

HR systems give numbers again (SCIM clients make them the `externalId`), and then it is another person: whose private
address, telephone and manager the case holds must not be taken for the new one's. So they are forgotten, and an
approver says whether it is the same person. The first day tells another hire from a name that is corrected; after a
hire that is over none is known any more. Names in two scripts cannot be compared.
"""

from __future__ import annotations

import unicodedata
from dataclasses import fields, replace
from datetime import datetime

from onboarding.domain import names
from onboarding.domain.case import Case
from onboarding.domain.hire import Certainty, Hire, HireEvent
from onboarding.domain.places.place import place_of
from onboarding.intake.merging import HIRING

APPROVE_OTHER_NAME = "needs_approval_other_name"
_NAMES = ("given_name", "family_name", "preferred_name", "display_name")
#: What says who it is, and when they work: compared, or said anew by whatever hires.
_KEPT = frozenset(
    {
        "employee_id",
        "employee_number",
        "candidate_id",
        "start_date",
        "end_date",
        "status",
        "original_start_date",
    }
)


def is_another(case: Case, event: HireEvent, at: datetime) -> bool:
    """The event, of `at`, hires or shows whole somebody of another name than the case had until then."""
    whole = event.event_type in HIRING or event.snapshot
    if not whole or event.certainty is not Certainty.EMPLOYEE:
        return False
    if any(word.at > at for name in _NAMES if (word := case.said.get(name)) is not None):
        return False  # it comes late, and the name that stands is the newer one
    known, said = case.hire, event.hire
    first, again = known.start_date, said.start_date
    if first is not None and again in {None, first}:
        return False  # of the same hire: a name that was written otherwise
    shown = [text for name in _NAMES if (text := getattr(known, name))]
    if not all(_is_latin(text) for text in (*shown, *(getattr(said, name) or "" for name in _NAMES))):
        return False
    person = names.PersonName(said.given_name, said.family_name, said.preferred_name, said.display_name)
    where = place_of(said).country or place_of(known).country
    return bool(shown) and names.nothing_shared(
        person, shown, locale=said.locale or known.locale, country=where
    )


def _is_latin(text: str) -> bool:
    """One in another script may be the same name."""
    return all(unicodedata.name(char, "").startswith("LATIN") for char in text if char.isalpha())


def forget(case: Case) -> None:
    """What is known of the person before, but for the ids and the dates."""
    for item in fields(Hire):
        if item.name not in _KEPT:
            case.hire = replace(case.hire, **{item.name: None})
            case.said.pop(item.name, None)
            case.emptied.pop(item.name, None)
    case.manager_named_at, case.manager_changed, case.manager_unannounced = None, False, False
