"""Which values of a hire cannot be used, and why. Pure; a finding holds a code, a field and at most a masked value.

The limits are those of the directory (Graph, user resource type): given name and surname 64 characters, display name
256, job title 128, department 64. What is longer is cut, never refused; HR is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from onboarding.domain.hire import Hire
from onboarding.domain.phone import phonebook
from onboarding.domain.phone.types import PhoneReason
from onboarding.domain.places import country

#: field → longest text that the directory takes.
LIMITS = {
    "given_name": 64,
    "family_name": 64,
    "display_name": 256,
    "job_title": 128,
    "department": 64,
}
#: reason code → what HR can do about it. Reasons of phones are those of `onboarding.domain.phone.types`.
WORDS = {
    "empty": "The number is empty.",
    "invalid": "It is no telephone number.",
    "too_short": "The number is too short.",
    "too_long": "The number is too long.",
    "text_too_long": "It is longer than the directory takes, and was cut.",
    "letters": "The number holds letters.",
    "scientific_notation": "A spreadsheet turned the number into 1.4E+10: enter it again.",
    "not_a_personal_number": "It is a service number, not one person's.",
    "no_region": "The number has no country: begin it with + and the country code.",
    "unknown_country": "The country is not known by this name: use its English name or two-letter code.",
    "two_numbers": "Two numbers stand in one field.",
    "ambiguous_prefix": "The beginning of the number can be read in two ways: begin it with + and the country code.",
    "possible_only": "The number has the right length, but no such number range exists.",
    "bad_email": "It is no e-mail address.",
    "bad_locale": "It is no language tag such as de-AT.",
    "unknown_timezone": "It is no time zone such as Europe/Vienna.",
    "bad_date": "The date cannot be read.",
    "address_type": "An address came whose type does not say that it is the person's own: mark it as personal.",
    "is_an_id": "It is an id of the HR system and no name.",
    "manager_by_name_only": "The manager is given by name only, which says nothing for certain: give an id or address.",
    "end_before_start": "The end lies before the start.",
    "no_permission": "The HR system's interface keeps this field from us: give it the permission to read it.",
    "unmapped": "The HR system sent a field that is not used: misspelt, or not mapped.",
    "wrong_type": "The field holds something else than expected.",
    "no_phone_field": "Nobody said which field holds the telephone number (API_PHONE_FIELDS).",
    "two_accounts": "This person has two records, each with an account or one under way: say which of them stays.",
    "read_failed": "The record could not be read from the HR system.",
}
PHONE_CODES = frozenset(str(reason) for reason in PhoneReason)
_EMAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+")
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}")

Found = tuple[str, str, str | None]


def assess(hire: Hire) -> list[Found]:
    """(reason code, field, masked value or None) of everything that cannot be used as it is."""
    return [*_texts(hire), *_countries(hire), *_contact(hire), *_phones(hire), *_work(hire)]


def _texts(hire: Hire) -> Iterator[Found]:
    for name, limit in LIMITS.items():
        if len(getattr(hire, name) or "") > limit:
            yield "text_too_long", name, None


def _countries(hire: Hire) -> Iterator[Found]:
    for name in ("work_country", "home_country"):
        said = getattr(hire, name)
        if said and country.alpha2(said) is None:
            yield "unknown_country", name, None


def _contact(hire: Hire) -> Iterator[Found]:
    for name in ("work_email", "personal_email"):
        said = getattr(hire, name)
        if said and not _EMAIL.fullmatch(said.strip()):
            yield "bad_email", name, None
    if hire.locale and not _LOCALE.fullmatch(hire.locale):
        yield "bad_locale", "locale", None
    if hire.timezone and not country.valid_zone(hire.timezone):
        yield "unknown_timezone", "timezone", None


def _phones(hire: Hire) -> Iterator[Found]:
    for item, result in phonebook.results(hire):
        if result.reason is not None:
            yield str(result.reason), item.source_field or f"phones[{item.label}]", result.raw_masked


def _work(hire: Hire) -> Iterator[Found]:
    manager = hire.manager
    if manager and not manager.id and not manager.email:
        yield "manager_by_name_only", "manager", None
    if hire.department and hire.department_is_id:
        yield "is_an_id", "department", None
    if hire.start_date and hire.end_date and hire.end_date < hire.start_date:
        yield "end_before_start", "end_date", None
