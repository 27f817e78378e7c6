"""Languages: which ones a country writes in, and which of ours a person gets.

Source: Unicode CLDR "territory information" (official status and share of the population), through Babel.
Tags are BCP 47 ("de", "zh-Hant", "pt-BR").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from onboarding.domain.places.codes import ISO
from onboarding.domain.places.language_tags import canonical, read_language
from onboarding.domain.places.names import alpha2

#: Official in the whole country; regional and minority status does not make a country's language.
_NATIONAL = {"official": 0, "de_facto_official": 1}
_FALLBACK = "en"


@lru_cache(maxsize=512)
def _official(code: str) -> tuple[tuple[str, float], ...]:
    """(tag, percent of the population), national status first, then by share."""
    from babel.core import get_global

    rows: dict[str, tuple[int, float]] = {}
    for name, info in get_global("territory_languages").get(code, {}).items():
        rank = _NATIONAL.get(info["official_status"] or "")
        if rank is not None:
            rows.setdefault(canonical(name), (rank, -float(info["population_percent"])))
    ordered = sorted(rows.items(), key=lambda item: item[1])
    return tuple((tag, -share) for tag, (_, share) in ordered)


def languages(country: str | None) -> tuple[str, ...]:
    """A country's official languages as BCP 47 tags, the most used first; empty when unknown.

    `country` is an alpha-2 code or any text that `alpha2` knows.
    """
    code = alpha2(country)
    return tuple(tag for tag, _ in _official(code)) if code else ()


def main_language(country: str | None) -> str | None:
    """The language to address somebody in of whom only the country is known, or None.

    The most used official language if at least half of the population use it; else English where it is
    official (India, South Africa: picking one of many languages would be a guess).
    """
    code = alpha2(country)
    rows = _official(code) if code else ()
    if not rows:
        return None
    tag, share = rows[0]
    if share < 50 and any(other == "en" for other, _ in rows):
        return "en"
    return tag


@lru_cache(maxsize=1024)
def _script(tag: str) -> str:
    """The script a tag is written in, by CLDR's likely subtags ("zh-TW" → "Hant"); "" when unknown."""
    from babel.core import get_global

    parts = tag.split("-")
    for part in parts[1:]:
        if len(part) == 4:
            return part
    likely = get_global("likely_subtags")
    region = next((part for part in parts[1:] if len(part) == 2), None)
    full = (likely.get(f"{parts[0]}_{region}") if region else None) or likely.get(parts[0]) or ""
    return next((part for part in full.split("_")[1:] if len(part) == 4), "")


def _match(tag: str, supported: Sequence[str]) -> str | None:
    """The supported tag for `tag`: equal, then shorter, then the same language in the same script."""
    by_tag = {canonical(ours): ours for ours in reversed(supported)}
    parts = tag.split("-")
    for length in range(len(parts), 0, -1):
        shorter = "-".join(parts[:length])
        if shorter in by_tag and _script(shorter) == _script(tag):
            return by_tag[shorter]
    for ours in supported:
        if canonical(ours).split("-")[0] == parts[0] and _script(canonical(ours)) == _script(tag):
            return ours
    return None


def language(locale: str | None, country: str | None, supported: Sequence[str]) -> str:
    """The entry of `supported` to write in: the person's locale, its base, the country's main language, "en".

    A locale in the wrong script does not match: "zh-TW" gets "zh-Hant", never "zh-Hans".
    """
    for wanted in (read_language(locale), locale, main_language(country)):
        if wanted and wanted.strip() and (found := _match(canonical(wanted), supported)):
            return found
    return _FALLBACK


# --- preferredLanguage ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LanguageChoice:
    """A BCP 47 tag, whether it was assumed, and why (a sentence without personal data)."""

    tag: str
    assumed: bool
    why: str


def preferred_language(locale: str | None, country: str | None) -> LanguageChoice | None:
    """The person's language in Entra's form ("de-AT"): HR's where it can be read, else the country's, else None.

    Entra wants RFC 4646, a language and a country (Graph, user resource type: "en-US"). A bare language gets the
    country as its region where it is an official language there; "en" for somebody in Germany stays "en". In a
    country with several official languages the main one is `assumed`: good enough to write a mail in, not a fact.
    """
    code = alpha2(country)
    ignored = "; the HR system's language is not one that we know" if (locale or "").strip() else ""
    if said := read_language(locale):
        return LanguageChoice(_with_region(said, code), False, "the HR system named this language")
    main = main_language(code)
    if main is None:
        return None
    tag = _with_region(main, code)
    if len(languages(code)) == 1:
        return LanguageChoice(tag, False, f"the official language of {code}{ignored}")
    return LanguageChoice(tag, True, f"{code} has several official languages; assumed the main one{ignored}")


def _with_region(tag: str, code: str | None) -> str:
    """ "de" in Austria → "de-AT"; a script stays where the country writes the language in another one."""
    language, *rest = tag.split("-")
    if code not in ISO or any(len(part) != 4 for part in rest):
        return tag
    if language not in {other.split("-")[0] for other in _in_use(code)}:
        return tag
    short = f"{language}-{code}"
    return short if not rest or _script(short) == rest[0] else f"{tag}-{code}"


@lru_cache(maxsize=512)
def _in_use(code: str) -> frozenset[str]:
    """Tags of the languages that have any official status in a country, regional ones included."""
    from babel.core import get_global

    rows = get_global("territory_languages").get(code, {}).items()
    return frozenset(canonical(name) for name, info in rows if info["official_status"])
