"""Languages: which ones a country writes in, and which of ours a person gets.

Source: Unicode CLDR "territory information" (official status and share of the population), through Babel.
Tags are BCP 47 ("de", "zh-Hant", "pt-BR").
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from onboarding.domain.country_names import alpha2

#: Official in the whole country; regional and minority status does not make a country's language.
_NATIONAL = {"official": 0, "de_facto_official": 1}
_FALLBACK = "en"

#: Tags that name the same written language (IANA language subtag registry; "no" is in practice Bokmål).
_SAME = {"no": "nb", "iw": "he", "in": "id", "ji": "yi", "tl": "fil", "mo": "ro", "sh": "sr-Latn"}


def _tag(text: str) -> str:
    """BCP 47 in its usual case: "DE_at" → "de-AT", "zh_hant_tw" → "zh-Hant-TW". Encodings are cut off."""
    parts = text.strip().split(".")[0].split("@")[0].replace("_", "-").split("-")
    cased = [parts[0].lower()]
    for part in parts[1:]:
        cased.append(part.title() if len(part) == 4 else part.upper() if len(part) == 2 else part)
    head = _SAME.get(cased[0], cased[0])
    return "-".join([head, *cased[1:]])


@lru_cache(maxsize=512)
def _official(code: str) -> tuple[tuple[str, float], ...]:
    """(tag, percent of the population), national status first, then by share."""
    from babel.core import get_global

    rows: dict[str, tuple[int, float]] = {}
    for name, info in get_global("territory_languages").get(code, {}).items():
        rank = _NATIONAL.get(info["official_status"] or "")
        if rank is not None:
            rows.setdefault(_tag(name), (rank, -float(info["population_percent"])))
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
    by_tag = {_tag(ours): ours for ours in reversed(supported)}
    parts = tag.split("-")
    for length in range(len(parts), 0, -1):
        shorter = "-".join(parts[:length])
        if shorter in by_tag and _script(shorter) == _script(tag):
            return by_tag[shorter]
    for ours in supported:
        if _tag(ours).split("-")[0] == parts[0] and _script(_tag(ours)) == _script(tag):
            return ours
    return None


def language(locale: str | None, country: str | None, supported: Sequence[str]) -> str:
    """The entry of `supported` to write in: the person's locale, its base, the country's main language, "en".

    A locale in the wrong script does not match: "zh-TW" gets "zh-Hant", never "zh-Hans".
    """
    for wanted in (locale, main_language(country)):
        if wanted and wanted.strip() and (found := _match(_tag(wanted), supported)):
            return found
    return _FALLBACK
