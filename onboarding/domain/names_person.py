"""The name as HR gives it, and which of its parts are in use."""

from __future__ import annotations

import re
from dataclasses import dataclass

from onboarding.domain.country import main_language
from onboarding.domain.names_text import clean, has_letter

#: What HR people type where a system insists on a value. "Null", "None" and "Na" are not here: people bear them.
_PLACEHOLDERS = frozenset(
    ("fnu", "lnu", "n/a", "(none)", "no last name", "no first name", "no surname", "unknown", "not provided")
)


class NameUnusable(ValueError):
    """Nothing in the name can be shown or addressed. The text never holds the name: it may be logged."""


@dataclass(frozen=True)
class PersonName:
    """The four name fields of a hire, as HR wrote them; None where HR did not say."""

    given: str | None = None
    family: str | None = None
    preferred: str | None = None
    display: str | None = None


def part(text: str | None) -> str:
    """A name part, cleaned; "" when there is none, or only a placeholder ("N/A", "LNU", ".")."""
    cleaned = clean(text)
    return cleaned if has_letter(cleaned) and cleaned.casefold() not in _PLACEHOLDERS else ""


def parts_in_use(name: PersonName) -> tuple[str, str]:
    """(given, family) as the person uses them, cleaned; either may be "".

    The preferred name takes the given name's place everywhere that others see: a new colleague who goes by
    another name than their papers say should not find the old one in their address. Some systems put the whole
    name into the preferred field; the family name is then taken off it.
    """
    family = part(name.family)
    preferred = part(name.preferred)
    if preferred and family:
        preferred = _without(preferred, family)
    return preferred or part(name.given), family


def _without(whole: str, family: str) -> str:
    """`whole` without the family name at its end or beginning; "" when it is nothing else."""
    words, last = whole.split(), family.casefold().split()
    folded = [word.casefold().strip(",") for word in words]
    count = len(last)
    if folded[-count:] == last:
        return " ".join(words[:-count])
    if folded[:count] == last:
        return " ".join(words[count:])
    return whole


def base_language(locale: str | None, country: str | None) -> str:
    """The language that decides order and spelling: the locale's, else the country's main one; "" if unknown."""
    tag = (locale or "").strip() or main_language(country) or ""
    return re.split("[-_.@]", tag)[0].lower()
