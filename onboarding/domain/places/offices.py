"""Which country an office is in, for HR systems that have the name of an office and no country beside it."""

from __future__ import annotations

from functools import lru_cache

from onboarding.domain.places.keys import forms, key
from onboarding.domain.places.languages import languages
from onboarding.domain.places.names import alpha2
from onboarding.domain.places.tables import ALIASES

_TOWNS_TEXT = """
    armenia cuba georgia greece grenada holland jersey jordan lebanon liberia macedonia malta monaco panama peru
    sanmarino sainthelena
"""
#: Keys of countries' names that towns elsewhere bear, or states, or that are part of a town's name: Lebanon in
#: Tennessee, Monaco for Munich, Jersey City. Better none than a wrong one: mostly that of the address is the same.
_TOWNS = frozenset(_TOWNS_TEXT.split())
#: A shorter text is a code, and an office's code is the company's own: `CA`, `IND`.
_SHORTEST_NAME = 4


def country_of_office(location: str | None) -> str | None:
    """The name of the country, where an office is called by nothing else ("Ireland"); None: it is called otherwise.

    Counted are names in English and in the country's own languages: others are towns more often than not (Granada is
    Grenada in Spanish, Salvador El Salvador in French).
    """
    name = (location or "").strip()
    code = alpha2(name) if len(name) >= _SHORTEST_NAME else None
    if code is None or key(name) in _TOWNS or key(name) not in _own_names(code):
        return None
    return name


@lru_cache(maxsize=512)
def _own_names(code: str) -> frozenset[str]:
    """Keys of the country's names in English and its own languages (CLDR), and of those in our table."""
    from babel import Locale, localedata

    found = {key(name) for name in ALIASES.get(code, "").split(";")}
    for tag in dict.fromkeys(("en", *languages(code))):
        locale = tag.replace("-", "_")
        if localedata.exists(locale) and (name := Locale.parse(locale).territories.get(code)):
            found.update(key(form) for form in forms(name, locale.split("_")[0]))
    return frozenset(found)
