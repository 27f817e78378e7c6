"""Names: how a person is shown, and what their account is called.

`display_name` lives here; user names in `names.upn` and `names.local`, transliteration in `names.ascii` and what it
names, look-alikes in `names.lookalike`, names beside each other in `names.alike`, text hygiene in `names.text`. Import
them all from here. Nothing heavy is loaded before use.
"""

from __future__ import annotations

import unicodedata

from onboarding.domain.names.alike import folded, is_read_in_part, may_be_same, nothing_shared, same
from onboarding.domain.names.local import check_pattern
from onboarding.domain.names.lookalike import looks_like
from onboarding.domain.names.person import NameUnusable, PersonName, base_language, part, parts_in_use
from onboarding.domain.names.text import clean, has_letter, truncate
from onboarding.domain.names.upn import (
    Candidate,
    Naming,
    Refusal,
    candidates,
    check_domain,
    mail_nickname,
    upn_candidates,
)

__all__ = [
    "DISPLAY_NAME_LIMIT",
    "EMPLOYEE_ID_LIMIT",
    "NAME_PART_LIMIT",
    "Candidate",
    "NameUnusable",
    "Naming",
    "PersonName",
    "Refusal",
    "candidates",
    "check_domain",
    "check_pattern",
    "clean",
    "display_name",
    "folded",
    "given_name",
    "has_letter",
    "is_read_in_part",
    "looks_like",
    "mail_nickname",
    "may_be_same",
    "nothing_shared",
    "same",
    "surname",
    "truncate",
    "upn_candidates",
]

#: Property limits of the user resource (docstrings of the Graph SDK's user model).
DISPLAY_NAME_LIMIT = 256
NAME_PART_LIMIT = 64  # givenName, surname
EMPLOYEE_ID_LIMIT = 16

#: Languages that put the family name first (CLDR personNames, nameOrderLocales surnameFirst).
_FAMILY_FIRST = {"hu", "ja", "ko", "vi", "yue", "zh"}
#: Scripts of those languages that are read family name first wherever they stand, and need no space.
_EAST_ASIAN = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH")


def _east_asian(text: str) -> bool:
    letters = [char for char in text if char.isalpha()]
    return bool(letters) and all(unicodedata.name(char, "").startswith(_EAST_ASIAN) for char in letters)


def _ordered(given: str, family: str, language: str) -> str:
    """Unicode Technical Standard 35, part 8: a name's own script decides its order before the reader's language.

    So 山田太郎 is family first everywhere and closed up, "John Smith" in Tokyo stays as he is, and Hungarian and
    Vietnamese names, which are written in Latin letters, follow the language.
    """
    if _east_asian(given) and _east_asian(family):
        return family + given
    latin_order = language in {"ja", "ko", "yue", "zh"} and not (_east_asian(given) or _east_asian(family))
    if language in _FAMILY_FIRST and not latin_order:
        return f"{family} {given}"
    return f"{given} {family}"


def display_name(name: PersonName, locale: str | None = None, country: str | None = None) -> str:
    """`displayName`: HR's own where given, else the name in use in the order of the language; 256 at most.

    `locale` is a BCP 47 tag; without one the main language of `country` counts. NameUnusable when no field has
    a letter or digit.
    """
    if shown := part(name.display):
        return truncate(shown, DISPLAY_NAME_LIMIT)
    given, family = parts_in_use(name)
    whole = _ordered(given, family, base_language(locale, country)) if given and family else given or family
    if not whole:
        raise NameUnusable("The hire has no name that can be shown; HR has to send one.")
    return truncate(whole, DISPLAY_NAME_LIMIT)


def given_name(name: PersonName) -> str | None:
    """`givenName`: the given name in use, 64 at most; None where there is none (the property is optional)."""
    given, _ = parts_in_use(name)
    return truncate(given, NAME_PART_LIMIT) or None


def surname(name: PersonName) -> str | None:
    """`surname`: the family name, 64 at most; None where there is none (one-word names)."""
    return truncate(part(name.family), NAME_PART_LIMIT) or None
