"""The name as HR gives it, and which of its parts are in use."""

from __future__ import annotations

import re
from dataclasses import dataclass

from onboarding.domain.names.text import clean, has_letter
from onboarding.domain.places.country import main_language, read_language

#: What HR people type where a system insists on a value. "Null", "None" and "Na" are not here: people bear them.
_PLACEHOLDERS = frozenset(
    ("fnu", "lnu", "n/a", "(none)", "no last name", "no first name", "no surname", "unknown", "not provided")
)

_TITLES_TEXT = """
    mr mr. mrs mrs. ms ms. mx mx. dr dr. dr.-ing. dra. drs. prof prof. herr frau hr. fr. mag. ing. dipl.-ing. ir. mgr.
    bc. rev. hon. sra. srta. mme mme. mlle mlle. dott. dott.ssa sig. sig.ra med. phil. rer. nat. jur. h.c.
"""
#: In front of a given name, where another word follows. "Sir", "Don", "Miss" are not here: people are called that.
_TITLES = frozenset(_TITLES_TEXT.split())
_SUFFIXES_TEXT = """
    jr jr. jnr jnr. sr sr. snr snr. ii iii iv phd ph.d ph.d. m.d. md. mba m.b.a. esq esq. cpa msc m.sc. bsc b.sc.
    obe cbe mbe
"""
#: Behind a family name. "MD", "MA" and "V" are not here: people are called that.
_SUFFIXES = frozenset(_SUFFIXES_TEXT.split())
_BRACKETS = re.compile(r"[(\[{<（【〈].*?[)\]}>）】〉]")
_BIRTH_NAME = re.compile(r"[\s,]+(?:née|nee|geb\.|geborene|geborener|roz\.|szül\.)\s.*", re.IGNORECASE)
#: Dutch 't and 's belong to the word behind them.
_SHORT_ARTICLE = re.compile(r"(?:(?<=\s)|^)['’‘`´]([ts])\s+", re.IGNORECASE)
_INITIAL = re.compile(r"[^\W\d_]\.?")


class NameUnusable(ValueError):
    """Nothing in the name can be shown or addressed. The text never holds the name: it may be logged."""


@dataclass(frozen=True, slots=True)
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
    return preferred_given(name) or part(name.given), family


def preferred_given(name: PersonName) -> str:
    """The preferred name without the family name; "" where HR sent none."""
    family, preferred = part(name.family), part(name.preferred)
    return _without(preferred, family) if preferred and family else preferred


def core_given(text: str, *, with_family: bool) -> str:
    """A given name without what no address has: brackets, titles in front, and, beside a family name, initials behind.

    "Dr. Katherine J. (Kate)" is Katherine. A name that is nothing else stays as it is.
    """
    words = _unbracketed(text).split()
    while len(words) > 1 and words[0].casefold() in _TITLES:
        words = words[1:]
    whole = any(len(word.strip(".")) > 1 for word in words)
    while (
        with_family and whole and len(words) > 1 and _INITIAL.fullmatch(words[-1]) and words[-1][0] < "\u0250"
    ):
        words = words[:-1]
    return " ".join(words)


def core_family(text: str) -> str:
    """A family name without brackets, a name at birth ("née"), and what stands behind names (Jr., III, PhD)."""
    text = _SHORT_ARTICLE.sub(r"\1", _BIRTH_NAME.sub("", _unbracketed(text)))
    words = text.replace(",", " ").split()
    while len(words) > 1 and words[-1].casefold() in _SUFFIXES:
        words = words[:-1]
    return " ".join(words)


def _unbracketed(text: str) -> str:
    without = _BRACKETS.sub(" ", text)
    return without if has_letter(without) else text


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
    tag = read_language(locale) or main_language(country) or ""
    return re.split("[-_.@]", tag)[0].lower()
